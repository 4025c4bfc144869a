"""Derive and store the facts of marked subjects, due wake-ups and rebuilds. One batch is one transaction.

There is only one writer at a time: an advisory lock lets a second worker return at once. If a worker is killed, its marks
stay, and a repeat derives the same facts. A mark that is added while its thread is being read has its own id and is
processed in the next batch.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.core.db import table_of
from app.core.ids import new_id
from app.domain.analytics.derive import Derived, Fact, Scope, derive_survey, derive_task, derive_thread
from app.domain.analytics.histories import list_merged, read_tasks, read_threads
from app.domain.analytics.kinds import Kind, SubjectKind
from app.domain.analytics.models import ReportFact, ReportMark, ReportRebuild, ReportScope, ReportState, ReportWakeup
from app.domain.analytics.order_facts import derive_order, read_orders
from app.domain.analytics.rollups import LOCK, break_seals
from app.domain.analytics.verdicts import read_surveys
from app.domain.orders.models import Order
from app.domain.surveys.models import SurveyInvitation
from app.domain.tasks.models import Task
from app.domain.threads.models import Thread

BATCH = 200
FACTS, SCOPES, MARKS = table_of(ReportFact), table_of(ReportScope), table_of(ReportMark)
_MARK = sa.insert(MARKS).inline()
WAKEUPS, REBUILDS, STATE = table_of(ReportWakeup), table_of(ReportRebuild), table_of(ReportState)
_KEYS = {
    SubjectKind.THREAD: Thread.id,
    SubjectKind.TASK: Task.id,
    SubjectKind.SURVEY: SurveyInvitation.id,
    SubjectKind.ORDER: Order.id,
}
_SCOPE = ("brand_id", "channel_id", "medium", "team_id", "user_id", "thread_type", "priority", "partner_id")


@dataclass
class _Round:
    """The subjects of one batch by kind, and the marks to delete when the batch is done."""

    ids: dict[SubjectKind, set[uuid.UUID]] = field(default_factory=lambda: {kind: set() for kind in SubjectKind})
    marks: list[int] = field(default_factory=list)

    @property
    def count(self) -> int:
        return sum(map(len, self.ids.values()))


def mark(session: Session, kind: SubjectKind, ids: Iterable[uuid.UUID | None]) -> None:
    """Mark these subjects, so that their facts are derived anew within seconds. An id of None is ignored. Takes no locks."""
    rows = [{"kind": int(kind), "subject_id": one} for one in ids if one is not None]
    if rows:
        session.connection().execute(_MARK, rows)


def ask_for_rebuild(session: Session, *, now: datetime) -> uuid.UUID:
    """Ask for all facts to be derived anew in the background, and return the id of the rebuild. Needed for data older than the
    reports, and after a definition changed."""
    count = sa.select(sa.func.count())
    total = sum(session.execute(count.select_from(table)).scalar_one() for table in (Thread, Task, SurveyInvitation, Order))
    row = ReportRebuild(id=new_id(), kind=int(SubjectKind.THREAD), cursor=None, total=total, done=0, asked_at=now)
    session.add(row)
    session.flush()
    return row.id


def settle_batch(session: Session, *, now: datetime, limit: int = BATCH) -> int:
    """Process the next marks, wake-ups and part of a rebuild. Return the number of subjects, or 0 if another worker is doing
    this."""
    if not session.execute(LOCK).scalar_one():
        return 0
    todo = _Round()
    _take_marks(session, todo, limit)
    _take_wakeups(session, todo, now, limit)
    _go_on_with_rebuild(session, todo, now, limit)
    if todo.count:
        _derive_and_write(session, todo, now)
    if todo.marks:
        session.execute(sa.delete(MARKS).where(MARKS.c.id.in_(todo.marks)))
    return todo.count


def _take_marks(session: Session, todo: _Round, limit: int) -> None:
    for row in session.execute(sa.select(MARKS).order_by(MARKS.c.id).limit(limit)):
        todo.marks.append(row.id)
        todo.ids[SubjectKind(row.kind)].add(row.subject_id)


def _take_wakeups(session: Session, todo: _Round, now: datetime, limit: int) -> None:
    due = sa.select(WAKEUPS).where(WAKEUPS.c.wake_at <= now).order_by(WAKEUPS.c.wake_at).limit(max(0, limit - todo.count))
    for row in session.execute(due):
        todo.ids[SubjectKind(row.kind)].add(row.subject_id)


def _go_on_with_rebuild(session: Session, todo: _Round, now: datetime, limit: int) -> None:
    room = limit - todo.count
    query = sa.select(ReportRebuild).where(ReportRebuild.ended_at.is_(None)).order_by(ReportRebuild.asked_at, ReportRebuild.id)
    row = session.execute(query.limit(1)).scalar_one_or_none()
    if row is None or room <= 0:
        return
    kind = SubjectKind(row.kind)
    key: Any = _KEYS[kind]
    ids = sa.select(key).order_by(key).limit(room)
    found = session.execute(ids if row.cursor is None else ids.where(key > row.cursor)).scalars().all()
    if found:
        todo.ids[kind].update(found)
        row.cursor, row.done = found[-1], min(row.total, row.done + len(found))
    elif kind != max(SubjectKind):
        row.kind, row.cursor = kind + 1, None
        session.flush()
        _go_on_with_rebuild(session, todo, now, limit)
    else:
        row.done, row.ended_at = row.total, now
    session.flush()


def _derive_and_write(session: Session, todo: _Round, now: datetime) -> None:
    derived, gone = _derive(session, todo, now)
    batch_at = _next_batch(session, now)
    stored = _stored(session, [*derived, *gone])
    scopes: dict[Scope, int] = {}
    closed, added = _compare(derived, stored)
    for subject_id in gone - derived.keys():
        closed += [one_id for one_id, _fact in stored[subject_id]]
    ended = set(closed)
    days = {fact.local_day for _subject, fact in added}
    days |= {fact.local_day for facts in stored.values() for one_id, fact in facts if one_id in ended}
    break_seals(session, days)
    if closed:
        session.execute(sa.update(FACTS).where(FACTS.c.id.in_(closed)).values(removed_at=batch_at))
    if added:
        scopes = _scope_ids(session, {fact.scope for _subject, fact in added})
        session.execute(sa.insert(FACTS), [_row(subject, fact, scopes, batch_at) for subject, fact in added])
    _note_wakeups(session, todo, derived)


def _derive(session: Session, todo: _Round, now: datetime) -> tuple[dict[uuid.UUID, Derived], set[uuid.UUID]]:
    """Derive the present facts. Return them by subject id, together with the ids of subjects that were merged or deleted.

    An erased thread keeps its facts, without a link to the thread.
    """
    derived: dict[uuid.UUID, Derived] = {}
    thread_ids, task_ids = todo.ids[SubjectKind.THREAD], todo.ids[SubjectKind.TASK]
    if thread_ids:
        derived |= {one: derive_thread(history, now=now) for one, history in read_threads(session, thread_ids).items()}
    missing = thread_ids - derived.keys()
    merged = list_merged(session, missing) if missing else set()
    if missing - merged:
        session.execute(sa.update(FACTS).where(FACTS.c.subject_id.in_(missing - merged)).values(thread_id=None))
    survey_ids = todo.ids[SubjectKind.SURVEY]
    if survey_ids:
        derived |= {one: derive_survey(history) for one, history in read_surveys(session, survey_ids).items()}
    order_ids = todo.ids[SubjectKind.ORDER]
    if order_ids:
        derived |= {one: derive_order(history) for one, history in read_orders(session, order_ids).items()}
    if task_ids:
        derived |= {one: derive_task(history, now=now) for one, history in read_tasks(session, task_ids).items()}
    return derived, merged | ((task_ids | survey_ids | order_ids) - derived.keys())


def _next_batch(session: Session, now: datetime) -> datetime:
    """Store and return the time of this batch, which is always later than that of the last one."""
    before = session.execute(sa.select(STATE.c.batch_at).where(STATE.c.id == 1)).scalar_one_or_none()
    at = now if before is None else max(now, before + timedelta(milliseconds=1))
    written = postgresql.insert(STATE).values(id=1, batch_at=at)
    session.execute(written.on_conflict_do_update(index_elements=["id"], set_={"batch_at": at}))
    return at


def _stored(session: Session, ids: Collection[uuid.UUID]) -> defaultdict[uuid.UUID, list[tuple[int, Fact]]]:
    columns = [FACTS.c[name] for name in ("kind", "at", "local_day", "local_hour", "thread_id", "ref", "open_seconds")]
    columns += [FACTS.c[name] for name in ("wall_seconds", "met", "score", "amount", "currency", "subject_id")]
    query = sa.select(FACTS.c.id, *columns, *(SCOPES.c[name] for name in _SCOPE)).join(SCOPES, SCOPES.c.id == FACTS.c.scope_id)
    found: defaultdict[uuid.UUID, list[tuple[int, Fact]]] = defaultdict(list)
    for row in session.execute(query.where(FACTS.c.subject_id.in_(ids), FACTS.c.removed_at.is_(None))):
        scope = Scope(*(getattr(row, name) for name in _SCOPE))
        fact = Fact(
            Kind(row.kind),
            row.at,
            row.local_day,
            row.local_hour,
            scope,
            row.thread_id,
            row.ref,
            row.open_seconds,
            row.wall_seconds,
            row.met,
            row.score,
            row.amount,
            row.currency,
        )
        found[row.subject_id].append((row.id, fact))
    return found


def _compare(
    derived: Mapping[uuid.UUID, Derived], stored: Mapping[uuid.UUID, list[tuple[int, Fact]]]
) -> tuple[list[int], list[tuple[uuid.UUID, Fact]]]:
    """Return the ids of stored facts that are no longer true, and the new facts as pairs of subject id and fact. Unchanged
    facts are in neither list."""
    closed: list[int] = []
    added: list[tuple[uuid.UUID, Fact]] = []
    for subject_id, found in derived.items():
        wanted = set(found.facts)
        here = stored.get(subject_id, [])
        closed += [one_id for one_id, fact in here if fact not in wanted]
        known = {fact for _id, fact in here}
        added += [(subject_id, fact) for fact in found.facts if fact not in known]
    return closed, added


def _scope_ids(session: Session, wanted: Collection[Scope]) -> dict[Scope, int]:
    rows = [asdict(scope) for scope in sorted(wanted, key=str)]
    session.execute(postgresql.insert(SCOPES).on_conflict_do_nothing(), rows)
    brands = {scope.brand_id for scope in wanted}
    found = session.execute(sa.select(SCOPES).where(SCOPES.c.brand_id.in_(brands)))
    return {Scope(*(getattr(row, name) for name in _SCOPE)): row.id for row in found}


def _row(subject_id: uuid.UUID, fact: Fact, scopes: Mapping[Scope, int], batch_at: datetime) -> dict[str, Any]:
    values = {name: getattr(fact, name) for name in ("at", "local_day", "local_hour", "thread_id", "ref", "open_seconds")}
    values |= {
        "wall_seconds": fact.wall_seconds,
        "met": fact.met,
        "score": fact.score,
        "amount": fact.amount,
        "currency": fact.currency,
        "kind": int(fact.kind),
        "subject_id": subject_id,
    }
    return values | {"scope_id": scopes[fact.scope], "recorded_at": batch_at, "removed_at": None}


def _note_wakeups(session: Session, todo: _Round, derived: Mapping[uuid.UUID, Derived]) -> None:
    everything = [one for ids in todo.ids.values() for one in ids]
    session.execute(sa.delete(WAKEUPS).where(WAKEUPS.c.subject_id.in_(everything)))
    rows = [
        {"subject_id": one, "kind": int(kind), "wake_at": derived[one].next_at}
        for kind, ids in todo.ids.items()
        for one in ids
        if one in derived and derived[one].next_at is not None
    ]
    if rows:
        session.execute(sa.insert(WAKEUPS), rows)
