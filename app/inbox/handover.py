"""Hand a thread over with a word about it; who may answer where only the assignee may. The caller owns the transaction."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts.models import Brand, User
from app.events.actions import Actor
from app.inbox.actions import add_note, assign_thread
from app.inbox.models import Thread


@dataclass(frozen=True)
class HandoverNote:
    """What to tell whoever gets the thread. The same `token` twice is the same note; `author_name` as it stands in the note."""

    text: str
    author_name: str
    token: uuid.UUID | None = None


def hand_over(
    session: Session,
    *,
    thread_id: uuid.UUID,
    assignee_user_id: uuid.UUID | None,
    note: HandoverNote | None,
    actor: Actor,
    now: datetime,
) -> Thread:
    """Give the thread to a user, or to nobody, and write the note if there is one. Raises ThreadMissing."""
    if note is not None and note.text:
        add_note(
            session,
            thread_id=thread_id,
            text=note.text,
            actor=actor,
            author_name=note.author_name,
            now=now,
            client_token=note.token,
        )
    return assign_thread(session, thread_id=thread_id, assignee_user_id=assignee_user_id, actor=actor, now=now)


def name_of_only_answerer(session: Session, thread: Thread, *, actor: Actor) -> str | None:
    """The assignee's name where the brand lets only them answer and `actor` is somebody else; None where `actor` may answer.

    A thread of nobody is open to all: answering takes it. The system itself may always answer. One query at most.
    """
    if thread.assignee_user_id is None or actor.user_id in (None, thread.assignee_user_id):
        return None
    query = sa.select(User.name).join(Brand, Brand.id == thread.brand_id).where(User.id == thread.assignee_user_id)
    return session.execute(query.where(Brand.only_assignee_answers)).scalar_one_or_none()
