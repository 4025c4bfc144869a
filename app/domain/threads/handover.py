"""Hand a thread over to a person or team with a note, and check who may answer it. The caller owns the transaction."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.accounts.models import Brand, Team, User
from app.domain.events.actions import Actor, record
from app.domain.threads.actions import add_note, assign_thread, lock_thread, subject_of
from app.domain.threads.models import Thread


@dataclass(frozen=True)
class HandoverNote:
    """The note for the new assignee. `author_name` is shown as its author.

    A note with a `token` that was used before is not written again.
    """

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
    """Assign the thread to a user, or to nobody (None), and write the note if there is one. Raises ThreadMissing."""
    _write(session, thread_id, note, actor=actor, now=now)
    return assign_thread(session, thread_id=thread_id, assignee_user_id=assignee_user_id, actor=actor, now=now)


def hand_to_team(
    session: Session, *, thread_id: uuid.UUID, team: Team | None, note: HandoverNote | None, actor: Actor, now: datetime
) -> Thread:
    """Hand the thread to a team, or take it from its team (None), and write the note if there is one. Raises ThreadMissing.

    If the team is a new one for the thread, the thread becomes unassigned until a member takes it.
    """
    _write(session, thread_id, note, actor=actor, now=now)
    thread = lock_thread(session, thread_id)
    team_id = team.id if team else None
    if thread.team_id != team_id:
        former, thread.team_id = thread.team_id, team_id
        thread.version += 1
        payload = {"from": str(former) if former else None, "to": str(team_id) if team_id else None}
        payload |= {"team": team.name} if team else {}
        record(session, "ThreadHandedOver", subject=subject_of(thread), now=now, actor=actor, payload=payload)
        if team is not None:
            assign_thread(session, thread_id=thread.id, assignee_user_id=None, actor=actor, now=now)
    return thread


def _write(session: Session, thread_id: uuid.UUID, note: HandoverNote | None, *, actor: Actor, now: datetime) -> None:
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


def name_of_only_answerer(session: Session, thread: Thread, *, actor: Actor) -> str | None:
    """Return the assignee's name if the brand lets only the assignee answer and `actor` is another user.

    Return None if `actor` may answer. Everybody may answer an unassigned thread and thereby becomes its assignee. The system
    itself may always answer. One query at most.
    """
    if thread.assignee_user_id is None or actor.user_id in (None, thread.assignee_user_id):
        return None
    query = sa.select(User.name).join(Brand, Brand.id == thread.brand_id).where(User.id == thread.assignee_user_id)
    return session.execute(query.where(Brand.only_assignee_answers)).scalar_one_or_none()
