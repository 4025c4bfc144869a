"""Run a macro's steps on a thread. The caller owns the transaction.

All or nothing: a caller that catches StepFailed rolls back the transaction, or the savepoint around the thread.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.core.text import mark as N_
from app.domain.accounts.models import Team
from app.domain.events.actions import Actor, Subject, record
from app.domain.events.models import Event
from app.domain.threads.about import UnableToSay, say_about
from app.domain.threads.actions import add_note, assign_thread, change_priority, change_status, lock_thread, subject_of
from app.domain.threads.edit import change_type
from app.domain.threads.handover import hand_to_team
from app.domain.threads.macro_models import Macro, MacroRun
from app.domain.threads.macros import ME, NOBODY, MacroSteps, OutsideCall
from app.domain.threads.models import Thread
from app.domain.threads.snooze import snooze_thread, snooze_times
from app.domain.threads.tags import BadTag, change_tags
from app.domain.threads.timeline import list_assignable_users

REMEMBERED = timedelta(days=2)  # so long a menu that was opened once runs a macro once
OTHER_BRAND = N_("This macro is for another brand")
NO_SUCH_PERSON = N_("This person no longer has an account, or cannot see the thread")
NO_SUCH_TEAM = N_("This team does not exist any more")
TOO_MANY_TAGS = N_("The thread has too many tags")


class StepFailed(Exception):
    """Raised when a step cannot be carried out. `step` is the step's field in `MacroSteps`; the message says why, in English."""

    def __init__(self, step: str, why: str) -> None:
        super().__init__(why)
        self.step = step


@dataclass(frozen=True)
class Run:
    """One run of a macro. `token` is the same for a repeat of the run. `until` is when the snooze of its steps ends.

    `asked` collects the events by which the run asked for outside calls. If nothing was called, an event's `why_not` says
    why.
    """

    actor: Actor
    author_name: str
    now: datetime
    token: uuid.UUID
    until: datetime | None = None
    asked: list[Event] = field(default_factory=list, compare=False)


def snooze_end(steps: MacroSteps, *, now: datetime, zone: ZoneInfo) -> datetime | None:
    """Return when the snooze of these steps ends, or None if they do not snooze. Late in the evening, "later" means tomorrow
    morning."""
    if steps.snooze is None:
        return None
    times = snooze_times(now=now, zone=zone)
    return times.get(steps.snooze, times["tomorrow"])


def is_first_run(session: Session, run: Run, *, macro: Macro, thread: Thread) -> bool:
    """Record the run and return True, or return False if the macro already ran from the same menu.

    A simultaneous repeat waits for the first transaction.
    """
    old = (MacroRun.user_id == run.actor.user_id, MacroRun.run_at < run.now - REMEMBERED)
    session.execute(sa.delete(MacroRun).where(*old).execution_options(synchronize_session=False))
    values = {"user_id": run.actor.user_id, "token": run.token, "macro_id": macro.id, "thread_id": thread.id, "run_at": run.now}
    noting = postgresql.insert(MacroRun).values(values).on_conflict_do_nothing().returning(MacroRun.token)
    return session.execute(noting).first() is not None


def check_brand(macro_brand_id: uuid.UUID | None, thread: Thread) -> None:
    """Raise StepFailed if the macro is for another brand than the thread's. A macro without a brand fits every thread."""
    if macro_brand_id not in (None, thread.brand_id):
        raise StepFailed("brand_id", OTHER_BRAND)


def note_run(session: Session, macro: Macro, thread: Thread, run: Run) -> None:
    """Record the event `MacroRun` on the thread."""
    payload = {"macro_id": str(macro.id), "name": macro.name}
    record(session, "MacroRun", subject=subject_of(thread), now=run.now, actor=run.actor, payload=payload)


def take_first_steps(session: Session, *, thread_id: uuid.UUID, steps: MacroSteps, run: Run) -> Thread:
    """Carry out the steps before the reply, and return the locked thread. Raises StepFailed, ThreadMissing."""
    thread = lock_thread(session, thread_id)
    if steps.team_id is not None:
        team = session.get(Team, steps.team_id)
        if team is None:
            raise StepFailed("team_id", NO_SUCH_TEAM)
        hand_to_team(session, thread_id=thread.id, team=team, note=None, actor=run.actor, now=run.now)
    if steps.assignee is not None:
        _assign(session, thread, steps.assignee, run)
    if steps.priority is not None:
        change_priority(session, thread_id=thread.id, priority=steps.priority, actor=run.actor, now=run.now)
    if steps.thread_type is not None:
        found = (run.actor.by or {}).get("found", ())
        change_type(session, thread, steps.thread_type, because=found, actor=run.actor, now=run.now)
    if steps.says_about:
        with _naming_what():
            say_about(session, thread, steps, actor=run.actor, now=run.now)
    if steps.add_tags or steps.remove_tags:
        with _naming("add_tags"):
            change_tags(session, thread_id=thread.id, add=steps.add_tags, remove=steps.remove_tags, actor=run.actor, now=run.now)
    if steps.note:
        token = uuid.uuid5(run.token, f"note {thread.id}")
        add_note(
            session,
            thread_id=thread.id,
            text=steps.note,
            actor=run.actor,
            author_name=run.author_name,
            now=run.now,
            client_token=token,
        )
    _ask(session, thread, steps, run)
    return thread


def _ask(session: Session, thread: Thread, steps: MacroSteps, run: Run) -> None:
    """Record the events by which tasks and outside calls are asked for. Other features react to these events in the same
    transaction."""
    if steps.task is not None:
        payload = {"task": steps.task.model_dump(mode="json")}
        record(session, "TaskAsked", subject=subject_of(thread), now=run.now, actor=run.actor, payload=payload)
    ask_outside(session, steps.calls, subject=subject_of(thread), run=run)


def ask_outside(session: Session, calls: tuple[OutsideCall, ...], *, subject: Subject, run: Run) -> None:
    """Record an event `OutsideCallAsked` for each call, and add it to `run.asked`. `subject` may be without a thread."""
    for call in calls:
        payload = {"call": call.model_dump(exclude_defaults=True)}
        run.asked.append(record(session, "OutsideCallAsked", subject=subject, now=run.now, actor=run.actor, payload=payload))


def take_last_steps(session: Session, *, thread_id: uuid.UUID, steps: MacroSteps, run: Run) -> None:
    """Carry out the steps after the reply: status and snooze."""
    if steps.status is not None:
        change_status(session, thread_id=thread_id, status=steps.status, actor=run.actor, now=run.now)
    if run.until is not None:
        snooze_thread(session, thread_id=thread_id, until=run.until, actor=run.actor, now=run.now)


def _assign(session: Session, thread: Thread, to: str, run: Run) -> None:
    user_id = None if to == NOBODY else run.actor.user_id if to == ME else uuid.UUID(to)
    if user_id is not None and user_id not in dict(list_assignable_users(session, thread.brand_id)):
        raise StepFailed("assignee", NO_SUCH_PERSON)
    assign_thread(session, thread_id=thread.id, assignee_user_id=user_id, actor=run.actor, now=run.now)


@contextmanager
def _naming_what() -> Iterator[None]:
    try:
        yield
    except UnableToSay as error:
        raise StepFailed(error.step, str(error)) from error


@contextmanager
def _naming(step: str) -> Iterator[None]:
    try:
        yield
    except BadTag as error:
        raise StepFailed(step, TOO_MANY_TAGS) from error
