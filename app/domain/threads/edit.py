"""Edit a thread's fields and type, and correct a note by its author."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.core.storage import StoredFile
from app.domain.events.actions import Actor, record
from app.domain.threads.actions import lock_thread, subject_of
from app.domain.threads.models import Attachment, Message, MessageType, Thread, ThreadType
from app.domain.threads.search_words import note_words_of

EDITABLE = frozenset({"subject", "thread_type", "tags", "team_id", "contact_id", "partner_contact_id", "external_references"})


class NotYours(Exception):
    """Raised when a user may not edit a message: only notes can be edited, and only by their author."""


def edit_thread(session: Session, thread: Thread, columns: Mapping[str, Any], *, actor: Actor, now: datetime) -> Thread:
    """Set columns of a locked thread. Values that are the same as before change nothing.

    Raises `ValueError` if a column is not in EDITABLE.
    """
    changed = sorted(name for name, value in columns.items() if getattr(thread, name) != value)
    if not EDITABLE.issuperset(columns):
        raise ValueError(f"not editable: {sorted(columns.keys() - EDITABLE)}")
    for name in changed:
        setattr(thread, name, columns[name])
    if changed:
        thread.version += 1
        record(session, "ThreadEdited", subject=subject_of(thread), now=now, actor=actor, payload={"fields": changed})
    return thread


def change_type(
    session: Session, thread: Thread, kind: ThreadType, *, because: Sequence[str] = (), actor: Actor, now: datetime
) -> None:
    """Set the type of a locked thread. Does nothing if the former or the new type is internal ticket.

    `because`: the words on which a rule guessed the type.
    """
    former = thread.thread_type
    if ThreadType.INTERNAL_TICKET in (former, kind) or kind == former:
        return
    edit_thread(session, thread, {"thread_type": kind}, actor=actor, now=now)
    payload = {"from": former.value, "to": kind.value, **({"because": list(because)} if because else {})}
    record(session, "ThreadTypeChanged", subject=subject_of(thread), now=now, actor=actor, payload=payload)


def edit_note(session: Session, *, message_id: uuid.UUID, text: str, actor: Actor, now: datetime) -> Message:
    """Change the text of a note; its former text is stored. Raises `NotYours` if it is no note or `actor` did not write it."""
    thread = lock_thread(session, session.get_one(Message, message_id).thread_id)
    query = sa.select(Message).where(Message.id == message_id).with_for_update().execution_options(populate_existing=True)
    message = session.execute(query).scalar_one()
    if message.message_type != MessageType.INTERNAL_NOTE or message.sender_user_id != actor.user_id:
        raise NotYours(str(message_id))
    if message.text != text:
        original = message.edits or [{"at": message.occurred_at.isoformat(), "text": message.text}]
        message.edits, message.text = [*original, {"at": now.isoformat(), "text": text}], text
        note_words_of(session, message.id)
        thread.version += 1
        record(session, "MessageChanged", subject=subject_of(thread, message), now=now, actor=actor, payload={"kind": "edit"})
    return message


def keep_upload(
    session: Session, stored: StoredFile, *, filename: str, content_type: str, user_id: uuid.UUID, now: datetime
) -> Attachment:
    """Add the row of an uploaded file that is not sent yet. `filename` is sanitised already."""
    attachment = Attachment(
        id=new_id(),
        uploaded_by_user_id=user_id,
        filename=filename,
        content_type=content_type,
        size_bytes=stored.size_bytes,
        sha256=stored.sha256,
        storage_key=stored.key,
        state="stored",
        is_inline=False,
        created_at=now,
    )
    session.add(attachment)
    session.flush()
    return attachment
