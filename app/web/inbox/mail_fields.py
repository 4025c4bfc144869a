"""Read the composer's fields of a mail: To, Cc, Bcc, signature; and fill them in again."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from flask import request
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.core.db import db
from app.domain.accounts.access import Viewer
from app.domain.accounts.models import Brand
from app.domain.connections.models import Channel, Medium
from app.domain.delivery.actions import UnableToReply
from app.domain.delivery.third_parties import FORWARD_OF, addresses_of
from app.domain.threads.models import Draft, MessageType, Thread
from app.domain.threads.timeline import Timeline

MAX_COPIES = 50
SIGN_OFF_LINES = 4
ADDRESS = re.compile(r"[^\s<>\"',;:()\[\]\\@]{1,64}@(?:[^\s<>\"',;:()\[\]\\@.]+\.)+[^\s<>\"',;:()\[\]\\@.]{2,63}")
BETWEEN = re.compile(r"[,;\n]+")
IN_BRACKETS = re.compile(r".*<([^<>]*)>\s*")


def read_addresses(name: str) -> tuple[str, ...]:
    """Return the addresses typed into the field `name`, each once, in lower case. Commas, semicolons or line breaks separate
    them.

    Raises UnableToReply if one is no address, or if there are too many.
    """
    parts = [part.strip() for text in request.form.getlist(name) for part in BETWEEN.split(text)]
    found = dict.fromkeys(_checked(name, part) for part in parts if part)
    if len(found) > MAX_COPIES:
        raise UnableToReply(name, _("At most %(num)s addresses", num=MAX_COPIES))
    return tuple(found)


def _checked(name: str, part: str) -> str:
    bracketed = IN_BRACKETS.fullmatch(part)
    address = (bracketed[1] if bracketed else part).strip()
    local = address.rpartition("@")[0]
    if not ADDRESS.fullmatch(address) or not local.isascii() or local.startswith(".") or local.endswith(".") or ".." in address:
        raise UnableToReply(name, _("“%(address)s” is not an email address", address=part[:200]))
    return address.lower()


def without_own(session: Session, addresses: Iterable[str]) -> tuple[str, ...]:
    """Return the addresses without those of our own mailboxes. A +tag in an address is ignored. One query, or none without
    addresses."""
    wanted = tuple(addresses)
    bare = {address: _bare(address) for address in wanted}
    if not wanted:
        return ()
    ours = set(
        session.execute(
            sa.select(sa.func.lower(Channel.address)).where(sa.func.lower(Channel.address).in_(list(bare.values())))
        ).scalars()
    )
    return tuple(address for address in wanted if bare[address] not in ours)


def _bare(address: str) -> str:
    local, _at, domain = address.lower().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def mail_fields(channel: Channel, viewer: Viewer) -> dict[str, Any]:
    """Return the arguments of a Reply that only a mail has, read from the form: `cc`, `bcc`, `signature` and `options`.

    `options` are stored to fill the fields in again. Returns {} if the channel is not email. Raises UnableToReply for a
    wrong address.
    """
    if channel.medium != Medium.EMAIL:
        return {}
    session = db.session()
    cc = without_own(session, read_addresses("cc"))
    bcc = tuple(address for address in without_own(session, read_addresses("bcc")) if address not in cc)
    shown, signed = "signature_shown" in request.form, "signed" in request.form
    signed = signed and not is_signed_off(request.form.get("text", ""), viewer.name)
    return {
        "cc": cc,
        "bcc": bcc,
        "signature": signature_of(session, channel.brand_id, viewer) if shown and signed else "",
        "options": {"cc": ", ".join(cc), "bcc": ", ".join(bcc), "unsigned": shown and "signed" not in request.form},
    }


def is_signed_off(text: str, name: str) -> bool:
    """Return whether the text already ends with its writer's name, as many templates do; then no signature is added."""
    last = [line.strip(" ,-–\t").casefold() for line in text.strip().splitlines() if line.strip()][-SIGN_OFF_LINES:]
    names = {name.casefold(), name.split()[0].casefold()} if name.strip() else set()
    return len(last) > 1 and any(line.partition(",")[0].strip() in names for line in last[1:])


def options_of_form() -> dict[str, Any]:
    """Return the mail fields as typed, in the shape in which a draft stores them."""
    unsigned = "signature_shown" in request.form and "signed" not in request.form
    return {"cc": request.form.get("cc", "")[:5000], "bcc": request.form.get("bcc", "")[:5000], "unsigned": unsigned}


def signature_of(session: Session, brand_id: uuid.UUID, viewer: Viewer) -> str:
    """Return the signature of a mail: the brand's lines and the writer's name.

    The name follows the first line if that line is a greeting that ends with a comma. Otherwise the name comes first.
    """
    brand: str = session.execute(sa.select(Brand.email_signature).where(Brand.id == brand_id)).scalar_one()
    if not brand.strip():
        return viewer.name
    first, *rest = brand.strip().splitlines()
    return "\n".join([first, viewer.name, *rest] if first.rstrip().endswith(",") else [viewer.name, first, *rest])


def mail_context(
    thread: Thread, channel: Channel | None, draft: Draft | None, timeline: Timeline, viewer: Viewer
) -> dict[str, Any]:
    """Return the template context of the mail fields: their values, the signature, and the further recipients of a reply to
    all.

    Returns {"mail": None} if the channel is not email.
    """
    if channel is None or channel.medium != Medium.EMAIL:
        return {"mail": None}
    kept = draft.options if draft else {}
    others = _others(timeline, channel)
    cc = ", ".join(others) if request.args.get("reply_all") else kept.get("cc", "")
    return {
        "mail": {
            "cc": cc,
            "bcc": kept.get("bcc", ""),
            "unsigned": kept.get("unsigned", False),
            "signature": signature_of(db.session(), thread.brand_id, viewer),
            "others": tuple(address for address in others if address not in cc),
        }
    }


def _others(timeline: Timeline, channel: Channel) -> tuple[str, ...]:
    """Return the other recipients (To and Cc) of the last mail that we received, without its sender and this mailbox."""
    messages = [item.message for item in reversed(timeline.items) if item.message is not None]
    outsiders = frozenset[str]().union(*(addresses_of(m.recipients) for m in messages if FORWARD_OF in m.meta))
    theirs = (m for m in messages if m.message_type == MessageType.INCOMING and m.medium == "email" and not m.automatic)
    last = next((m for m in theirs if (m.sender.get("address") or "").lower() not in outsiders), None)
    if last is None:
        return ()
    sender = {(last.sender.get("address") or "").lower(), (last.meta.get("reply_to") or "").lower(), _bare(channel.address)}
    named = [(party.get("address") or "").lower() for kind in ("to", "cc") for party in last.recipients.get(kind, ())]
    return tuple(dict.fromkeys(a for a in named if ADDRESS.fullmatch(a) and a not in sender and _bare(a) not in sender))
