"""A forward that is being written: kept like the draft of a reply, with whom it is for and what goes along."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.inbox.actions import TEXT_LIMIT, discard_draft
from app.inbox.models import Draft

KIND = "forward"
WORTH_KEEPING = ("to", "cc", "bcc")


def find_forward_draft(session: Session, *, user_id: uuid.UUID, thread_id: uuid.UUID) -> Draft | None:
    return session.get(Draft, (user_id, thread_id, KIND), populate_existing=True)


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
    """Keep what was typed; one without words, files and addresses is removed.

    `options` as in Draft.options; its "forward" holds "message_id", "to", "cc", "bcc", "subject", "mailbox_id", "file_ids" and
    "unsigned".
    """
    fields = options.get("forward", {})
    if not text.strip() and not attachment_ids and not any(fields.get(name, "").strip() for name in WORTH_KEEPING):
        discard_draft(session, user_id=user_id, thread_id=thread_id, kind=KIND)
        return
    values = {"text": text[:TEXT_LIMIT], "attachment_ids": list(attachment_ids), "options": dict(options), "updated_at": now}
    statement = postgresql.insert(Draft).values(user_id=user_id, thread_id=thread_id, kind=KIND, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["user_id", "thread_id", "kind"], set_=values))
