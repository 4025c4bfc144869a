"""Read the tasks of a month for a calendar, by day."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.prepared import KEPT, as_written
from app.domain.accounts.access import Viewer
from app.domain.tasks.models import OPEN_STATUSES, Task, TaskStatus
from app.domain.tasks.queries import TaskFilter, conditions_of


@dataclass(frozen=True)
class CalendarTask:
    """A task as shown on a day of the calendar. `due_time` is in the task's own time zone, or None if the task has no time."""

    id: uuid.UUID
    title: str
    due_time: time | None
    is_open: bool
    is_overdue: bool


class DayOfTasks(NamedTuple):
    """The first tasks of a day. `number` is how many tasks the day has, up to a limit."""

    tasks: tuple[CalendarTask, ...]
    number: int


NO_TASKS = DayOfTasks((), 0)


def list_by_day(
    session: Session, *, viewer: Viewer, filter: TaskFilter, days: Iterable[date], now: datetime, shown: int, counted: int
) -> dict[date, DayOfTasks]:
    """Return day -> its first `shown` tasks: open tasks first, then by due time. Days without tasks are left out. One query.

    The number of a day's tasks is counted up to `counted`.
    """
    found: dict[date, list[sa.Row[Any]]] = {}
    query = _by_day(tuple(viewer.brand_ids), filter, shown, counted)
    for record in session.execute(query, {"days": list(days)}):
        found.setdefault(record.on, []).append(record)
    return {day: DayOfTasks(tuple(_task(record, now) for record in records), records[0].number) for day, records in found.items()}


@lru_cache(maxsize=256)
def _by_day(brand_ids: tuple[uuid.UUID, ...], filter: TaskFilter, shown: int, counted: int) -> sa.Select[*tuple[Any, ...]]:
    """Build the statement of `list_by_day`. It is cached for each set of arguments, because building takes longer than running
    it."""
    wanted = sa.bindparam("days", type_=sa.ARRAY(sa.Date))
    day = sa.func.unnest(wanted).table_valued(sa.column("on", sa.Date), name="day").render_derived()
    is_completed = Task.status == sa.literal(TaskStatus.COMPLETED, Task.status.type, literal_execute=True)
    columns = (Task.id, Task.title, Task.due_time, Task.due_at, Task.status, is_completed.label("is_completed"))
    of_day = sa.select(*columns).where(Task.due_date == day.c.on, Task.brand_id.in_(brand_ids), *conditions_of(filter))
    first = of_day.order_by(is_completed, Task.due_at, Task.id.desc()).limit(as_written(counted)).correlate(day).subquery("first")
    order = (first.c.is_completed, first.c.due_at, first.c.id.desc())
    seen = sa.select(*first.c, sa.func.count().over().label("number")).order_by(*order).limit(as_written(shown)).lateral("seen")
    query = sa.select(day.c.on, *seen.c).select_from(day.join(seen, sa.true()))
    query = query.order_by(day.c.on, seen.c.is_completed, seen.c.due_at, seen.c.id.desc())
    return query.execution_options(**KEPT)


def _task(record: sa.Row[Any], now: datetime) -> CalendarTask:
    is_open = record.status in OPEN_STATUSES
    return CalendarTask(record.id, record.title, record.due_time, is_open, is_open and record.due_at <= now)
