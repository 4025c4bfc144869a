"""Create the thread about a partner's order, and write notes into it."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime

from sqlalchemy.orm import Session

from app.core.translation import gettext as _
from app.core.translation import in_language, told
from app.domain.accounts.models import Brand
from app.domain.connections.models import Channel
from app.domain.contacts.models import Contact
from app.domain.events.actions import SYSTEM, gathered, record
from app.domain.partners.incoming import UNKNOWN_FIELD, IncomingOrder
from app.domain.partners.models import Partner, PartnerOrder
from app.domain.threads.actions import (
    NewMessage,
    NewThread,
    add_message,
    add_note,
    create_thread,
    subject_of,
)
from app.domain.threads.automatic import BEGINS
from app.domain.threads.models import MessageType, Thread
from app.domain.threads.order_threads import find_thread_of_order


def begin_order_thread(
    session: Session, partner: Partner, customer: Contact, incoming: IncomingOrder, row: PartnerOrder, *, now: datetime
) -> Thread:
    """Create the thread of a new partner order, with the customer as its contact and the partner as its partner.

    Replies use the partner's channel. If the partner has no channel, the thread is internal.
    """
    channel = session.get(Channel, partner.channel_id) if partner.channel_id else None
    new = NewThread(
        brand_id=partner.brand_id,
        medium=channel.medium.value if channel else "internal",
        subject=f"{partner.name} · {incoming.partner_order_id}",
        channel_id=channel.id if channel else None,
        contact_id=customer.id,
        external_references={"partner": partner.slug, "partner_order_id": incoming.partner_order_id},
    )
    text = _in_words(session, partner, incoming, row)
    message = NewMessage(
        message_type=MessageType.INCOMING,
        medium=new.medium,
        occurred_at=now,
        text=text,
        subject=new.subject,
        channel_id=new.channel_id,
        values={
            "sender_contact_id": partner.contact_id,
            "sender": {"name": partner.name, "address": ""},
            "external_id": f"partner:{row.id}",
            "meta": {"partner_order": incoming.partner_order_id},
            "content_hash": hashlib.sha256(text.encode()).hexdigest(),
        },
    )
    with gathered(session):
        thread = create_thread(session, new, now=now)  # nobody else has seen it yet
        thread.partner_contact_id = partner.contact_id
        added = add_message(session, thread, message, now=now)
        record(session, "MessageReceived", subject=subject_of(thread, added), now=now, payload=BEGINS)
    return thread


def note_in_thread(session: Session, order_id: uuid.UUID, text: str, *, author_name: str, now: datetime) -> None:
    """Write a note into the newest thread of the order. Do nothing if the order has no thread."""
    thread_id = find_thread_of_order(session, order_id)
    if thread_id is not None:
        add_note(session, thread_id=thread_id, text=text, actor=SYSTEM, author_name=author_name, now=now)


def _in_words(session: Session, partner: Partner, incoming: IncomingOrder, row: PartnerOrder) -> str:
    """Return the order as text. Products without an article are marked, and the warnings follow in the brand's first language."""
    unmapped = {sku.casefold() for sku in row.unmapped_skus}
    doubts = [one["message"] for one in incoming.warnings if one["code"] != UNKNOWN_FIELD]
    no_article = ""
    if unmapped or doubts:  # else nothing is said in words of ours
        with in_language(session.get_one(Brand, partner.brand_id).languages[0]):
            no_article, doubts = _("(no article)"), [told(doubt) for doubt in doubts]
    lines = [f"{partner.name}: {incoming.partner_order_id}", ""]
    lines += [incoming.customer_name, *filter(None, (incoming.email, incoming.phone))]
    if incoming.address is not None and incoming.address.typed:
        lines.append(incoming.address.typed)
    lines.append("")
    for line in incoming.lines:
        known = f" {no_article}" if line.sku.casefold() in unmapped else ""
        lines.append(f"{line.quantity.normalize():f} × {' · '.join(filter(None, (line.sku, line.description)))}{known}")
    wishes = [f"{name}: {text}" for name, text in {**incoming.preferences, **incoming.references}.items()]
    lines += ["", *wishes] if wishes else []
    return "\n".join([*lines, *(["", *doubts] if doubts else [])])
