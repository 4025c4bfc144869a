"""Save, find and move drafts of forwards."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.core.db import table_of
from app.domain.threads.actions import TEXT_LIMIT, discard_draft
from app.domain.threads.models import Draft, Message
from app.domain.threads.move_models import ThreadMoveItem

KIND = "forward"
WORTH_KEEPING = ("to", "cc", "bcc")


def find_forward_draft(session: Session, *, user_id: uuid.UUID, thread_id: uuid.UUID) -> Draft | None:
    return session.get(Draft, (user_id, thread_id, KIND), populate_existing=True)


def move_forward_drafts(session: Session, *, origin: uuid.UUID, target: uuid.UUID, moved_by: uuid.UUID | None = None) -> None:
    """Move drafts of forwards from `origin` to `target` if the message they forward is now in `target`.

    `moved_by` is a move that is being undone: then only drafts that forward a message of this move go to `target`. If a user
    already has a forward draft in `target`, none of this user's drafts move.
    """
    there = table_of(Draft).alias("there")
    own = sa.and_(there.c.thread_id == target, there.c.user_id == Draft.user_id, there.c.kind == KIND)
    taken = sa.exists(sa.select(there.c.kind).where(own))
    message_id = sa.cast(Draft.options[KIND]["message_id"].astext, sa.Uuid)
    messages = sa.select(Message.id).where(Message.thread_id == target)
    if moved_by is not None:
        messages = sa.select(ThreadMoveItem.item_id).where(ThreadMoveItem.move_id == moved_by, ThreadMoveItem.kind == "messages")
    theirs = sa.and_(Draft.thread_id == origin, Draft.kind == KIND, message_id.in_(messages), ~taken)
    session.execute(sa.update(Draft).where(theirs).values(thread_id=target).execution_options(synchronize_session=False))
    session.expire_all()


def save_forward_draft(
    session: Session,
    *,
    user_id: uuid.UUID,
    thread_id: uuid.UUID,
    text: str,
    attachment_ids: Sequence[str],
    options: Mapping[str, Any],
    now: datetime,
) -> None:
    """Save the draft of a forward. A draft without text, files and addresses is deleted.

    `options` is as in `Draft.options`. Its "forward" is a dict with the keys "message_id", "to", "cc", "bcc", "subject",
    "mailbox_id", "file_ids" and "unsigned".
    """
    fields = options.get("forward", {})
    if not text.strip() and not attachment_ids and not any(fields.get(name, "").strip() for name in WORTH_KEEPING):
        discard_draft(session, user_id=user_id, thread_id=thread_id, kind=KIND)
        return
    values = {"text": text[:TEXT_LIMIT], "attachment_ids": list(attachment_ids), "options": dict(options), "updated_at": now}
    statement = postgresql.insert(Draft).values(user_id=user_id, thread_id=thread_id, kind=KIND, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["user_id", "thread_id", "kind"], set_=values))
