"""Read tasks for the API, with any filter. Only tasks of the viewer's brands are found.

A list runs one keyset scan of `ix_tasks_created` for each of these brands, and merges the results.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from app.core.keyset import Place, Sort, after, cut, matching, ordering, read_cursor
from app.core.paging import Page
from app.domain.accounts.access import Viewer
from app.domain.accounts.models import Brand, User
from app.domain.tasks.models import Task, TaskStatus, TaskType
from app.domain.tasks.queries import TaskMissing
from app.domain.threads.models import Priority

NOBODY = "none"
Assignee, Creator = aliased(User), aliased(User)


@dataclass(frozen=True)
class TaskConditions:
    """The filters of a list of tasks. None means no filter. Users are given by the ids of their contacts.

    `NOBODY` finds tasks without an assignee.
    """

    status: TaskStatus | None = None
    task_type: TaskType | None = None
    priority: Priority | None = None
    brand: str | None = None
    assigned_to_contact_id: uuid.UUID | str | None = None
    created_by_contact_id: uuid.UUID | None = None
    thread_id: uuid.UUID | None = None
    order_id: uuid.UUID | None = None
    due_date: date | None = None


@dataclass(frozen=True)
class TaskRecord:
    task: Task
    brand_key: str
    assigned_to_contact_id: uuid.UUID | None
    created_by_contact_id: uuid.UUID | None


def list_task_records(
    session: Session, *, viewer: Viewer, conditions: TaskConditions, sort: Sort, cursor: str | None = None, limit: int = 50
) -> Page[TaskRecord]:
    """Return a page of tasks. `sort.field` must be created_at. One query. Raises `BadCursor`."""
    scan = sa.select(Task.id, Task.created_at).where(*_conditions(conditions))
    if cursor is not None:
        scan = scan.where(after(read_cursor(sort, cursor), sort, Task.created_at, Task.id))
    brands = sa.func.unnest(sa.cast(list(viewer.brand_ids), sa.ARRAY(sa.Uuid))).table_valued("id", name="brand").render_derived()
    each = scan.where(Task.brand_id == brands.c.id).order_by(*ordering(sort, Task.created_at, Task.id)).limit(limit + 1)
    of_brand = each.lateral("scan")
    merged = sa.select(of_brand.c.id).select_from(brands.join(of_brand, sa.true()))
    found = merged.order_by(*ordering(sort, of_brand.c.created_at, of_brand.c.id)).limit(limit + 1).subquery("found")
    query = _query().join(found, found.c.id == Task.id).order_by(*ordering(sort, Task.created_at, Task.id))
    records = [_record(row) for row in session.execute(query)]
    return cut(records, limit, sort, lambda r: Place(r.task.created_at, r.task.id))


def get_task_record(session: Session, *, viewer: Viewer, task_id: uuid.UUID) -> TaskRecord:
    """Return the task. Raises `TaskMissing` if it does not exist, or if the viewer may not see its brand."""
    query = _query().where(Task.id == task_id, Task.brand_id.in_(viewer.brand_ids))
    row = session.execute(query.execution_options(populate_existing=True)).one_or_none()
    if row is None:
        raise TaskMissing(str(task_id))
    return _record(row)


def _query() -> sa.Select[*tuple[Any, ...]]:
    return (
        sa.select(Task, Brand.key, Assignee.contact_id.label("assignee"), Creator.contact_id.label("creator"))
        .join(Brand, Brand.id == Task.brand_id)
        .outerjoin(Assignee, Assignee.id == Task.assignee_user_id)
        .outerjoin(Creator, Creator.id == Task.created_by_user_id)
    )


def _record(row: sa.Row[*tuple[Any, ...]]) -> TaskRecord:
    return TaskRecord(row.Task, row.key, row.assignee, row.creator)


def _conditions(wanted: TaskConditions) -> list[sa.ColumnElement[bool]]:
    conditions = matching(
        {
            Task.status: wanted.status,
            Task.task_type: wanted.task_type,
            Task.priority: wanted.priority,
            Task.thread_id: wanted.thread_id,
            Task.order_id: wanted.order_id,
            Task.due_date: wanted.due_date,
        }
    )
    if wanted.brand is not None:
        conditions.append(Task.brand_id == sa.select(Brand.id).where(Brand.key == wanted.brand).scalar_subquery())
    if wanted.assigned_to_contact_id == NOBODY:
        conditions.append(Task.assignee_user_id.is_(None))
    elif wanted.assigned_to_contact_id is not None:
        conditions.append(Task.assignee_user_id == _user_of(wanted.assigned_to_contact_id))
    if wanted.created_by_contact_id is not None:
        conditions.append(Task.created_by_user_id == _user_of(wanted.created_by_contact_id))
    return conditions


def _user_of(contact_id: uuid.UUID | str) -> sa.ScalarSelect[uuid.UUID]:
    return sa.select(User.id).where(User.contact_id == contact_id).scalar_subquery()
