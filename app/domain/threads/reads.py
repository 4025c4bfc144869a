"""Mark up to which message a user has read a thread."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.domain.threads.models import ThreadRead


def mark_read(
    session: Session,
    *,
    user_id: uuid.UUID,
    thread_id: uuid.UUID,
    seen_seq: int,
    now: datetime,
    besides: postgresql.Insert | None = None,
) -> None:
    """Store that the user has seen the thread up to the message with number `seen_seq`. A higher stored number stays.

    `besides` is a further INSERT to run in the same statement.
    """
    statement = postgresql.insert(ThreadRead).values(user_id=user_id, thread_id=thread_id, seen_seq=seen_seq, seen_at=now)
    if besides is not None:
        statement = statement.add_cte(besides.cte("besides"))
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["user_id", "thread_id"],
            set_={"seen_seq": statement.excluded.seen_seq, "seen_at": now},
            where=ThreadRead.seen_seq < statement.excluded.seen_seq,
        )
    )
