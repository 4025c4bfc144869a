"""Apply STOP and START texts (SMS): record or end the opt-out in the message's transaction."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.contract.base import InboundMessage
from app.contract.receive import Consent
from app.core.text import storable
from app.domain.connections.models import Channel
from app.domain.contacts.actions import normalise_identity
from app.domain.contacts.opt_outs import ask_for_no_more, take_back_opt_out
from app.domain.events.actions import record
from app.domain.threads.actions import subject_of
from app.domain.threads.models import Message, Thread


def hear_consent(session: Session, message: InboundMessage, *, channel: Channel, thread: Thread, stored: Message) -> None:
    """Apply a contact's STOP or START text. It is valid for the whole brand, and an event shows it in the thread. HELP is
    treated as an ordinary message."""
    identity = message.sender.identities[0] if message.sender.identities else None
    known = normalise_identity(identity.kind.value, storable(identity.value), identity.scope) if identity else None
    if known is None or message.consent not in (Consent.STOP, Consent.START):
        return
    brand_id, medium, at = thread.brand_id, channel.medium.value, stored.occurred_at
    if message.consent is Consent.STOP:
        said = storable(message.text)
        is_new = ask_for_no_more(
            session, brand_id=brand_id, medium=medium, address=known.value, said=said, message_id=stored.id, at=at
        )
    else:
        is_new = take_back_opt_out(session, brand_id=brand_id, medium=medium, address=known.value, at=at)
    if is_new:
        event = "ContactOptedOut" if message.consent is Consent.STOP else "ContactOptedIn"
        payload = {"medium": medium, "address": known.value, "because": message.consent.value}
        record(session, event, subject=subject_of(thread, stored), now=at, payload=payload)
