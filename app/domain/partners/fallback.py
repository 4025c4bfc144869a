"""The mail to a partner when a callback was given up: what it did not hear, why, and where to look. One for each delivery.

It has order numbers, the event and the kind of failure; no secret, and nothing of the answer. An edge: it opens its own
transactions, and sends outside any.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask_babel import force_locale
from sqlalchemy.orm import Session

from app.contract.notice_outcome import Outcome
from app.core.clock import utc_now
from app.core.db import transaction
from app.core.runtime import runtime
from app.core.translation import gettext as _
from app.domain.accounts.models import User
from app.domain.contacts.models import ContactIdentity
from app.domain.events.models import Event
from app.domain.notifications.mail.compose import SystemMail, compose
from app.domain.notifications.senders import mail_sender
from app.domain.partners.models import Partner, PartnerPerson
from app.domain.webhooks.health import ASKED, note_fallback


class MailNotTaken(Exception):
    """The mail server is not there for the moment: the handler is tried again."""


@dataclass(frozen=True)
class _Reader:
    address: str
    name: str
    locale: str


def mail_given_up(event: Event) -> None:
    """After-commit handler of `CallbackGivenUp`. Twice is harmless: what was sent is noted at the delivery."""
    if not event.payload.get("email_fallback") or event.payload.get("kind") != "partner":
        return
    delivery_id = uuid.UUID(event.payload["delivery_id"])
    with transaction() as session:
        partner = session.get(Partner, uuid.UUID(event.payload["owner_id"]))
        reader = _find_reader(session, partner) if partner else None
        if reader is None:
            note_fallback(session, delivery_id, "impossible")
            return
        if note_fallback(session, delivery_id, ASKED) != ASKED:
            return
    sender = mail_sender()
    if not sender.is_set_up:
        outcome = "no_mail_server"
    else:
        mail = _letter(event.payload, delivery_id, reader)
        answer = sender.send(compose(mail, sender=sender.sender, now=utc_now()), to=reader.address)
        if answer.outcome is None:
            raise MailNotTaken(answer.words)
        outcome = "sent" if answer.outcome in (Outcome.ACCEPTED, Outcome.UNKNOWN) else "refused"
    with transaction() as session:
        note_fallback(session, delivery_id, outcome)


def _find_reader(session: Session, partner: Partner) -> _Reader | None:
    """Whoever of the partner itself has a place in the portal, the first; else the address of its organization."""
    query = sa.select(User).join(PartnerPerson, PartnerPerson.user_id == User.id)
    query = query.where(PartnerPerson.partner_id == partner.id, PartnerPerson.contact_id.is_(None), User.disabled_at.is_(None))
    user = session.execute(query.order_by(PartnerPerson.created_at, PartnerPerson.id).limit(1)).scalar_one_or_none()
    if user is not None:
        return _Reader(user.email, user.name, user.locale)
    known = sa.select(ContactIdentity.value).where(
        ContactIdentity.contact_id == partner.contact_id, ContactIdentity.kind == "email"
    )
    address = session.execute(known.order_by(ContactIdentity.created_at, ContactIdentity.id).limit(1)).scalar_one_or_none()
    return _Reader(address, partner.name, "en") if address else None


def _letter(payload: dict[str, Any], delivery_id: uuid.UUID, reader: _Reader) -> SystemMail:
    about, why = payload.get("about") or {}, payload.get("why") or {}
    url = f"{runtime().settings.public_url}/portal/endpoints/{payload['endpoint_id']}/deliveries/{delivery_id}"
    with force_locale(reader.locale):
        order, event = about.get("label") or "–", payload["event_type"]
        subject = _("We could not reach you about order %(order)s", order=order)
        lines = (
            _("We tried to tell your address %(event)s of order %(order)s and did not get through.", event=event, order=order),
            _("What went wrong: %(outcome)s.", outcome=why.get("outcome", "–")),
            _("What was sent, what was answered, and a button to send it again:"),
        )
    return SystemMail(reader.address, reader.name, subject, "\n\n".join(lines) + f"\n{url}\n", delivery_id.hex)
