"""Undo a macro's changes of one thread, except what somebody changed since. Its note stays.

Tasks and calls belong to other features. The caller (app/web/inbox/macros.py) passes the events in `Undone` to these
features, in the same transaction.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.events.actions import Actor, record
from app.domain.events.models import Event
from app.domain.threads.about import UnableToSay
from app.domain.threads.actions import lock_thread, subject_of
from app.domain.threads.bulk import NothingToUndo, Refused, restore
from app.domain.threads.macro_models import Macro, MacroRun
from app.domain.threads.macro_run import Run
from app.domain.threads.models import Thread
from app.domain.threads.tags import BadTag

ASKING = ("TaskAsked", "OutsideCallAsked", "NoteAdded")


@dataclass(frozen=True)
class Undone:
    """What the caller still has to undo after `undo_run`. `name` is the macro's name, `has_note` True if the macro wrote a
    note.

    `message_id` is the message the macro sent, to be taken back if it has not left yet. `asked` has, by event type, the ids
    of the events that asked for tasks (`TaskAsked`) and calls (`OutsideCallAsked`).
    """

    name: str
    message_id: uuid.UUID | None
    asked: dict[str, list[uuid.UUID]]
    has_note: bool


def note_outcome(
    session: Session, run: Run, *, former: dict[str, Any], latter: dict[str, Any], message_id: uuid.UUID | None
) -> None:
    """Store the thread's state before and after this run, and the message it sent."""
    mine = sa.and_(MacroRun.user_id == run.actor.user_id, MacroRun.token == run.token)
    values = {"former": former, "latter": latter, "message_id": message_id}
    session.execute(sa.update(MacroRun).where(mine).values(values).execution_options(synchronize_session=False))


def undo_run(session: Session, thread: Thread, *, token: uuid.UUID, actor: Actor, now: datetime) -> Undone:
    """Restore each value that the actor's run changed and nobody changed since. Raises `NothingToUndo`, also at a second undo."""
    mine = sa.and_(MacroRun.user_id == actor.user_id, MacroRun.token == token, MacroRun.undone_at.is_(None))
    query = sa.select(MacroRun).where(mine, MacroRun.former.is_not(None)).with_for_update()
    run = session.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()
    if run is None:
        raise NothingToUndo(str(token))
    locked = lock_thread(session, run.thread_id)
    if locked.id != thread.id:
        raise NothingToUndo(str(token))
    try:
        restore(session, locked, was=run.latter or {}, wanted=run.former or {}, actor=actor, now=now)
    except (Refused, BadTag, UnableToSay) as error:
        raise NothingToUndo(str(token)) from error
    run.undone_at = now
    wrote = _events_of(session, run, locked)
    macro = session.get(Macro, run.macro_id)
    name = macro.name if macro is not None else ""
    payload = {"macro_id": str(run.macro_id), "name": name}
    record(session, "MacroUndone", subject=subject_of(locked), now=now, actor=actor, payload=payload)
    return Undone(name, run.message_id, wrote, "NoteAdded" in wrote)


def _events_of(session: Session, run: MacroRun, thread: Thread) -> dict[str, list[uuid.UUID]]:
    """Return the ids of the events that the run recorded, by event type. They are found by the run's user and time."""
    mine = (Event.thread_id == thread.id, Event.occurred_at == run.run_at, Event.actor_user_id == run.user_id)
    query = sa.select(Event.type, Event.id).where(*mine, Event.type.in_(ASKING)).order_by(Event.id)
    found: dict[str, list[uuid.UUID]] = {}
    for kind, event_id in session.execute(query):
        found.setdefault(kind, []).append(event_id)
    return found
