"""Move threads when contacts are merged, and back when that is undone. Called in the transaction of the event."""

from __future__ import annotations

import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.contacts.models import ContactMerge
from app.domain.events.models import Event
from app.domain.threads.models import Message, Thread


def follow_merged_contact(session: Session, event: Event) -> None:
    """Handle `ContactsMerged`: move threads and messages to the kept contact, and store their ids in the row of the merge."""
    merge = session.get_one(ContactMerge, uuid.UUID(event.payload["merge_id"]))
    kept, gone = merge.kept_id, merge.merged_id
    threads = _move(session, Thread, Thread.contact_id, [Thread.contact_id == gone], kept)
    written = [Message.thread_id.in_(threads), Message.sender_contact_id == gone]
    merge.moved = {
        **merge.moved,
        "threads": threads,
        "partner_threads": _move(session, Thread, Thread.partner_contact_id, [Thread.partner_contact_id == gone], kept),
        "messages": _move(session, Message, Message.sender_contact_id, written, kept),
    }
    session.flush()


def give_back_merged_contact(session: Session, event: Event) -> None:
    """Handle `ContactMergeUndone`: move threads and messages back to the merged contact if they still belong to the kept
    contact."""
    merge = session.get_one(ContactMerge, uuid.UUID(event.payload["merge_id"]))
    kept, back, moved = merge.kept_id, merge.merged_id, merge.moved
    for model, column, name in (
        (Thread, Thread.contact_id, "threads"),
        (Thread, Thread.partner_contact_id, "partner_threads"),
        (Message, Message.sender_contact_id, "messages"),
    ):
        _move(session, model, column, [model.id.in_(moved[name]), column == kept], back)
    since = [Message.thread_id.in_(moved["threads"]), Message.sender_contact_id == kept, Message.created_at >= merge.merged_at]
    _move(session, Message, Message.sender_contact_id, since, back)  # late messages came into the kept contact's name
    session.flush()


def _move(session: Session, model: Any, column: Any, conditions: list[Any], target: uuid.UUID) -> list[str]:
    values: dict[Any, Any] = {column: target}
    if model is Thread:
        values[Thread.version] = Thread.version + 1
    statement = sa.update(model).where(*conditions).values(values).returning(model.id)
    return [str(row_id) for row_id in session.execute(statement.execution_options(synchronize_session=False)).scalars()]
