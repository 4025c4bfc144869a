"""Apply an inbound edit, deletion, reaction or quote to the message that it names. If that message has not arrived yet, store
the change until then (`hold_change`)."""

from __future__ import annotations

import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.base import Direction, InboundMessage
from app.core.text import mark as N_
from app.core.text import storable
from app.domain.ingest.context import ApplyContext, ItemResult
from app.domain.threads.changes import INCOMING, OUTGOING, apply_change, hold_change
from app.domain.threads.models import Message


def apply_to_its_message(session: Session, message: InboundMessage, context: ApplyContext) -> ItemResult:
    """Apply the change (edit, deletion, reaction …) in an inbound message to the message that it names.

    The result is "changed"; "ignored" if the change is known, too late, or not by the writer of the message; or "held" if
    the named message has not arrived yet.
    """
    change = message.change
    assert change is not None
    target_id = find_message_id(session, change.target_external_id, context)
    if target_id is None:
        _hold(session, change.target_external_id, message.external_id, _values(message), context)
        return ItemResult("held", reason=N_("waiting for the message that this event changes"))
    has_changed = apply_change(session, target_id, _values(message), now=context.now)
    thread_id = session.execute(sa.select(Message.thread_id).where(Message.id == target_id)).scalar_one()
    return ItemResult("changed" if has_changed else "ignored", thread_id, target_id, change.kind)


def find_message_id(session: Session, external_id: str, context: ApplyContext) -> uuid.UUID | None:
    """Return the id of the stored message with this provider id, incoming or outgoing. Return None if there is none."""
    same = (
        Message.external_id == storable(external_id),
        Message.brand_id == context.channel.brand_id,
        Message.medium == context.channel.medium.value,
    )
    return session.execute(sa.select(Message.id).where(*same).limit(1)).scalar_one_or_none()


def wait_for_quoted(session: Session, message: InboundMessage, stored: Message, context: ApplyContext) -> None:
    """Store that `stored` quotes a message that has not arrived yet. The quote is linked when that message arrives."""
    quote = {"kind": "quote", "text": "", "message_id": str(stored.id), "at": message.occurred_at.isoformat()}
    _hold(session, str(message.reply_to_external_id), message.external_id, quote, context)


def _values(message: InboundMessage) -> dict[str, Any]:
    change = message.change
    assert change is not None
    is_ours = message.direction == Direction.OUTGOING
    return {
        "kind": change.kind,
        "text": storable(change.text),
        "by": storable(message.sender.name or message.sender.address()),
        "who": _who(message),
        "side": OUTGOING if is_ours else INCOMING,
        "at": message.occurred_at.isoformat(),
    }


def _who(message: InboundMessage) -> str:
    """Return a key for the person who reacts: "us" for our side, "them" for the contact of a chat, or the member's address in a
    group."""
    if message.direction == Direction.OUTGOING:
        return "us"
    return storable(message.sender.address())[:320] if message.meta.get("group_id") else "them"


def _hold(session: Session, target: str, external_id: str, change: dict[str, Any], context: ApplyContext) -> None:
    hold_change(
        session,
        brand_id=context.channel.brand_id,
        medium=context.channel.medium.value,
        target_external_id=storable(target),
        external_id=storable(external_id),
        change=change,
        now=context.now,
    )
