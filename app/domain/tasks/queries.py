"""Read tasks of the viewer's brands: lists, the columns of the board, the viewer's own tasks, one task."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from app.core.keyset import REFUSAL, Place, Sort, cut, make_cursor, read_cursor
from app.core.paging import BadCursor, Page
from app.core.prepared import KEPT, as_written
from app.domain.accounts.access import Viewer
from app.domain.accounts.models import Brand, User
from app.domain.contacts.models import Contact
from app.domain.tasks.models import OPEN_STATUSES, Task, TaskStatus, TaskType
from app.domain.threads.counts import Counted
from app.domain.threads.models import Priority, Thread

LIST_LIMIT = 200
CHOICES = 100
Before = aliased(Task)
# The rail shows them, and every page asks for the rail: counted in the same breath as the threads.
_OPEN_AND_MINE = "assignee_user_id = :me AND brand_id = ANY(:brands) AND status IN ('open', 'in_progress', 'waiting')"
OPEN_AND_MINE = Counted("tasks", _OPEN_AND_MINE)
OVERDUE = Counted("tasks", "brand_id = ANY(:brands) AND status IN ('open', 'in_progress', 'waiting') AND due_at <= now()")
_BY_DUE = Sort("due_at")
_NO_DATE = "none"
_TIME = sa.DateTime(timezone=True)
_Read = Callable[[Sequence[uuid.UUID]], sa.Select[*tuple[Any, ...]]]


class TaskMissing(Exception):
    """Raised when the task does not exist, or the viewer may not see it."""


@dataclass(frozen=True)
class TaskFilter:
    """The filters of a list of tasks. If `status` is None, tasks with one of `statuses` are listed: by default all open tasks."""

    assignee_user_id: uuid.UUID | None = None
    task_type: TaskType | None = None
    status: TaskStatus | None = None
    statuses: tuple[TaskStatus, ...] = OPEN_STATUSES
    thread_id: uuid.UUID | None = None
    order_id: uuid.UUID | None = None
    contact_id: uuid.UUID | None = None  # of the task's thread


@dataclass(frozen=True)
class TaskRow:
    """A task as shown in lists. `contact_name` and `subject` are those of its thread; `about` is one of the two.

    `blocked_by` is the title of the open task for which it waits, or "".
    """

    task: Task
    brand_name: str
    assignee_name: str
    about: str
    blocked_by: str = ""
    brand_hue: int = 0
    contact_name: str = ""
    subject: str = ""

    def is_overdue(self, now: datetime) -> bool:
        return self.task.is_open and self.task.due_at is not None and self.task.due_at <= now


def list_tasks(session: Session, *, viewer: Viewer, filter: TaskFilter, limit: int = LIST_LIMIT) -> list[TaskRow]:
    """List tasks by due time. Tasks without a date come last, the newest first. One query.

    If the filter is for completed or cancelled tasks, the newest comes first.
    """
    return [_row(record) for record in session.execute(_listed(tuple(viewer.brand_ids), filter, limit))]


@lru_cache(maxsize=256)
def _listed(brand_ids: tuple[uuid.UUID, ...], filter: TaskFilter, limit: int) -> sa.Select[*tuple[Any, ...]]:
    """Build the statement of `list_tasks`. It is cached for each set of arguments, because building takes longer than running
    it."""
    return _rows(brand_ids).where(*conditions_of(filter)).order_by(*_order_of(filter.status)).limit(as_written(limit))


def _order_of(status: TaskStatus | None) -> tuple[sa.ColumnElement[Any], ...]:
    is_ended = status in (TaskStatus.COMPLETED, TaskStatus.CANCELLED)
    return (Task.id.desc(),) if is_ended else (Task.due_at.asc().nulls_last(), Task.id.desc())


def list_columns(
    session: Session, *, viewer: Viewer, filter: TaskFilter, limits: Mapping[TaskStatus, int]
) -> dict[TaskStatus, list[TaskRow]]:
    """Return status -> its first tasks, in the order of `list_tasks`. `limits` is the number of tasks for each status. One
    query."""
    found: dict[TaskStatus, list[TaskRow]] = {status: [] for status in limits}
    for record in session.execute(_columns(tuple(viewer.brand_ids), filter, tuple(limits.items()))):
        found[record[0].status].append(_row(record))
    return found


@lru_cache(maxsize=256)
def _columns(
    brand_ids: tuple[uuid.UUID, ...], filter: TaskFilter, limits: tuple[tuple[TaskStatus, int], ...]
) -> sa.Select[*tuple[Any, ...]]:
    """Build the statement of `list_columns`. It is cached in the same way as in `_listed`."""
    columns = [
        sa.select(Task.id, sa.func.row_number().over(order_by=_order_of(status)).label("place"))
        .where(Task.brand_id.in_(brand_ids), *conditions_of(replace(filter, status=status)))
        .order_by(*_order_of(status))
        .limit(as_written(limit))
        .subquery()
        for status, limit in limits
    ]
    first = sa.union_all(*(sa.select(column) for column in columns)).subquery("first")
    return _rows(brand_ids).join(first, first.c.id == Task.id).order_by(first.c.place)


def list_own_tasks(
    session: Session,
    *,
    viewer: Viewer,
    due_by: datetime | None = None,
    due_until: datetime | None = None,
    of_all: bool = False,
    brand_id: uuid.UUID | None = None,
    priority: Priority | None = None,
    cursor: str | None = None,
    limit: int,
) -> Page[TaskRow]:
    """Return one page of the viewer's open tasks by due time. Tasks without a date come last. Raises `BadCursor`.

    `due_by` and `due_until`: only tasks that are due by these times. `of_all`: the tasks of everybody. One query, which uses
    `ix_tasks_open_assignee` or `ix_tasks_open`.
    """
    until = min((at for at in (due_by, due_until) if at is not None), default=None)
    asked = {"due_by": until, "brand_id": brand_id, "priority": priority, "cursor": cursor, "limit": limit + 1}
    query, values = _own(_rows, viewer, of_all=of_all, **asked)  # type: ignore[arg-type]
    return cut([_row(record) for record in session.execute(query, values)], limit, _BY_DUE, _place)


def list_own_dues(
    session: Session,
    *,
    viewer: Viewer,
    due_until: datetime | None = None,
    of_all: bool = False,
    brand_id: uuid.UUID | None = None,
    priority: Priority | None = None,
    cursor: str | None = None,
    limit: int,
) -> list[datetime | None]:
    """List the due times of the first `limit` tasks of `list_own_tasks`, in the same order. None stands for a task without a
    date.

    Only the index is read. Raises `BadCursor`.
    """
    asked = {"due_by": due_until, "brand_id": brand_id, "priority": priority, "cursor": cursor, "limit": limit}
    query, values = _own(_dues, viewer, of_all=of_all, **asked)  # type: ignore[arg-type]
    return list(session.execute(query, values).scalars())


def _own(
    read: _Read,
    viewer: Viewer,
    *,
    of_all: bool,
    due_by: datetime | None,
    brand_id: uuid.UUID | None,
    priority: Priority | None,
    cursor: str | None,
    limit: int,
) -> tuple[sa.Select[*tuple[Any, ...]], dict[str, Any]]:
    """Return the statement for the viewer's open tasks, and the values of its parameters."""
    brands = tuple(brand for brand in viewer.brand_ids if brand_id in (None, brand))
    wanted = {"due_by": due_by, "priority": priority}
    asked = {name: value for name, value in wanted.items() if value is not None}
    edge, place = _edge(cursor) if cursor is not None else ("", {})
    mine = {} if of_all else {"me": viewer.user_id}
    return _own_statement(read, brands, (*mine, *asked), edge, limit), {**mine, **asked, **place}


@lru_cache(maxsize=256)
def _own_statement(
    read: _Read, brand_ids: tuple[uuid.UUID, ...], asked: tuple[str, ...], edge: str, limit: int
) -> sa.Select[*tuple[Any, ...]]:
    """Build the statement of `_own`. It is cached in the same way as in `_listed`. Joined columns are read only for the tasks
    of the page."""
    conditions = [_is(Task.status, *OPEN_STATUSES)]
    if "me" in asked:
        conditions.append(Task.assignee_user_id == sa.bindparam("me", type_=sa.Uuid))
    if "due_by" in asked:
        conditions.append(Task.due_at <= sa.bindparam("due_by", type_=_TIME))
    if "priority" in asked:
        conditions.append(Task.priority == sa.bindparam("priority", type_=Task.priority.type))
    if edge:
        conditions.append(_behind(edge))
    order = (Task.due_at.asc().nulls_last(), Task.id.asc())
    if read is _dues:
        return read(brand_ids).where(*conditions).order_by(*order).limit(as_written(limit))
    page = sa.select(Task.id).where(Task.brand_id.in_(brand_ids), *conditions).order_by(*order).limit(as_written(limit))
    return read(brand_ids).where(Task.id.in_(page.correlate(None))).order_by(*order)


def _dues(brand_ids: Sequence[uuid.UUID]) -> sa.Select[*tuple[Any, ...]]:
    query: sa.Select[*tuple[Any, ...]] = sa.select(Task.due_at).where(Task.brand_id.in_(brand_ids))
    return query.execution_options(**KEPT)


def cursor_behind(due_at: datetime | None, task_id: uuid.UUID) -> str:
    """Return a cursor with which `list_own_tasks` continues after this task. `due_at` is the task's due time, None without a
    date."""
    return make_cursor(_BY_DUE, Place(due_at.isoformat() if due_at else _NO_DATE, task_id))


def _place(row: TaskRow) -> Place:
    return Place(row.task.due_at.isoformat() if row.task.due_at else _NO_DATE, row.task.id)


def _edge(cursor: str) -> tuple[str, dict[str, Any]]:
    """Return ("dated" or "undated", values for `_behind`) for the task in the cursor. Raises `BadCursor`."""
    place = read_cursor(_BY_DUE, cursor, str)
    if place.value == _NO_DATE:
        return "undated", {"edge_id": place.row_id}
    try:
        due_at = datetime.fromisoformat(str(place.value))
    except ValueError as error:
        raise BadCursor(REFUSAL) from error
    if due_at.tzinfo is None:
        raise BadCursor(REFUSAL)
    return "dated", {"edge_due": due_at, "edge_id": place.row_id}


def _behind(edge: str) -> sa.ColumnElement[bool]:
    task_id = sa.bindparam("edge_id", type_=sa.Uuid)
    if edge == "undated":
        return sa.and_(Task.due_at.is_(None), Task.id > task_id)
    place = sa.tuple_(sa.bindparam("edge_due", type_=_TIME), task_id)
    return sa.or_(sa.tuple_(Task.due_at, Task.id) > place, Task.due_at.is_(None))


def get_task(session: Session, *, viewer: Viewer, task_id: uuid.UUID) -> TaskRow:
    """Return the task as shown in lists. Raises `TaskMissing`."""
    record = session.execute(_rows(viewer.brand_ids).where(Task.id == task_id)).one_or_none()
    if record is None:
        raise TaskMissing(str(task_id))
    return _row(record)


def list_before(session: Session, *, viewer: Viewer, task: Task) -> list[tuple[uuid.UUID, str]]:
    """List (id, title) of the open tasks for which this task may wait. Tasks of the same thread come first.

    They are of the same brand, and none of them waits for this task.
    """
    waits = sa.select(sa.literal(task.id, sa.Uuid).label("id")).cte("waits", recursive=True)
    waits = waits.union(sa.select(Task.id).join(waits, Task.depends_on_id == waits.c.id))
    query = sa.select(Task.id, Task.title).where(
        Task.brand_id == task.brand_id,
        Task.brand_id.in_(viewer.brand_ids),
        _is(Task.status, *OPEN_STATUSES),
        Task.id.not_in(sa.select(waits.c.id)),
    )
    near = sa.func.coalesce(Task.thread_id == task.thread_id, sa.false()).desc()
    query = query.order_by(near, Task.due_at.asc().nulls_last(), Task.id.desc()).limit(CHOICES)
    return [(record.id, record.title) for record in session.execute(query)]


def may_wait_for(
    session: Session, *, viewer: Viewer, brand_id: uuid.UUID, before_id: uuid.UUID, task_id: uuid.UUID | None = None
) -> bool:
    """Return True if a task of this brand may wait for the task `before_id`.

    That task must be open and of the brand, and must not itself wait for the task `task_id`.
    """
    query = sa.select(Task.id).where(
        Task.id == before_id,
        Task.brand_id == brand_id,
        Task.brand_id.in_(viewer.brand_ids),
        _is(Task.status, *OPEN_STATUSES),
    )
    if task_id is not None:
        waits = sa.select(sa.literal(task_id, sa.Uuid).label("id")).cte("waits", recursive=True)
        waits = waits.union(sa.select(Task.id).join(waits, Task.depends_on_id == waits.c.id))
        query = query.where(Task.id.not_in(sa.select(waits.c.id)))
    return session.execute(query).first() is not None


def _rows(brand_ids: Sequence[uuid.UUID]) -> sa.Select[*tuple[Any, ...]]:
    query: sa.Select[*tuple[Any, ...]] = sa.select(
        Task,
        Brand.name.label("brand_name"),
        Brand.hue.label("brand_hue"),
        User.name.label("assignee_name"),
        Thread.subject,
        Contact.name,
        Before.title.label("blocked_by"),
    )
    query = query.outerjoin(Before, sa.and_(Before.id == Task.depends_on_id, _is(Before.status, *OPEN_STATUSES)))
    query = query.join(Brand, Brand.id == Task.brand_id).outerjoin(User, User.id == Task.assignee_user_id)
    query = query.outerjoin(Thread, Thread.id == Task.thread_id).outerjoin(Contact, Contact.id == Thread.contact_id)
    return query.where(Task.brand_id.in_(brand_ids)).execution_options(**KEPT)


def _row(record: sa.Row[Any]) -> TaskRow:
    return TaskRow(
        task=record[0],
        brand_name=record.brand_name,
        assignee_name=record.assignee_name or "",
        about=record.name or record.subject or "",
        blocked_by=record.blocked_by or "",
        brand_hue=record.brand_hue,
        contact_name=record.name or "",
        subject=record.subject or "",
    )


def _is(status: Any, *wanted: TaskStatus) -> sa.ColumnElement[bool]:
    """Return the condition that the status is one of the wanted values, written as literals.

    With parameters, the query plan could not use the indexes of open tasks.
    """
    words = [sa.literal(one, status.type, literal_execute=True) for one in wanted]
    found: sa.ColumnElement[bool] = status == words[0] if len(words) == 1 else status.in_(words)
    return found


def conditions_of(filter: TaskFilter) -> list[sa.ColumnElement[bool]]:
    """Return the SQL conditions of a filter on tasks. With a filter by contact, the statement must join the threads."""
    found = [_is(Task.status, *([filter.status] if filter.status else filter.statuses))]
    for column, value in (
        (Task.assignee_user_id, filter.assignee_user_id),
        (Task.task_type, filter.task_type),
        (Task.thread_id, filter.thread_id),
        (Task.order_id, filter.order_id),
        (Thread.contact_id, filter.contact_id),
    ):
        if value is not None:
            found.append(column == value)
    return found
