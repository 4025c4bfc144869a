"""Mix tasks into a list of threads, each at the place of its due time.

Two keyset queries, one for threads and one for tasks, are merged here. Each uses its own index and reads no more rows than
the page needs. Lists without tasks do not use this module.

A cursor is a place in the threads' order by due time. A task has the place of a thread older than all others, so it comes
before the threads with the same due time.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from app.core.db import db
from app.core.paging import Page
from app.domain.tasks.queries import TaskRow, cursor_behind, list_own_dues, list_own_tasks
from app.domain.threads.queries import ThreadRow, list_threads
from app.domain.threads.sorting import NEVER, Key, ListSort, cursor_at, place_of
from app.web.accounts.session import current_viewer
from app.web.inbox.list_request import Asked

BEFORE_ALL = datetime(1, 1, 2, tzinfo=UTC)
LAST_ID = uuid.UUID(int=2**128 - 1)
Row = ThreadRow | TaskRow


def list_with_tasks(asked: Asked, *, cursor: str | None, limit: int) -> Page[Row]:
    """Return one page of threads and tasks, by due time. At most three queries. Raises BadCursor.

    The list's brand and priority filter the tasks too. Threads are read only up to the first task of the next page, and
    tasks only up to the last thread of this page.
    """
    session, viewer = db.session(), current_viewer()
    tasks = _tasks_behind(asked, cursor)
    dues = list_own_dues(session, viewer=viewer, **tasks, limit=limit + 1) if tasks is not None else []
    threads = list_threads(
        session,
        viewer=viewer,
        filter=asked.filter,
        sort=ListSort.DUE,
        cursor=cursor,
        due_by=dues[limit] if len(dues) > limit else None,
        limit=limit,
    )
    due_by = threads.items[-1].thread.response_due_at if threads.next_cursor is not None else None
    found: Page[TaskRow] = Page(())
    if tasks is not None and _is_any_due(dues, due_by):
        found = list_own_tasks(session, viewer=viewer, **tasks, due_by=due_by, limit=limit)
    rows: list[Row] = sorted([*threads.items, *found.items], key=_place)
    goes_on = len(rows) > limit or threads.next_cursor is not None or found.next_cursor is not None
    shown = tuple(rows[:limit])
    return Page(shown, cursor_at(ListSort.DUE, _key(shown[-1])) if goes_on and shown else None)


def _is_any_due(dues: Sequence[datetime | None], by: datetime | None) -> bool:
    return bool(dues) and (by is None or (dues[0] is not None and dues[0] <= by))


def _tasks_behind(asked: Asked, cursor: str | None) -> dict[str, Any] | None:
    """Return the arguments of the query for the tasks behind `cursor`. Return None if the page has no tasks."""
    edge, whose = _edge(place_of(ListSort.DUE, cursor)) if cursor is not None else "", asked.filters.assignee
    if edge is None or whose not in (None, current_viewer().user_id):
        return None  # a list filtered to another assignee has no tasks of the reader
    wanted = {"brand_id": asked.filters.brand, "priority": asked.filters.priority, "cursor": edge or None}
    return {**wanted, "due_until": asked.due_until, "of_all": asked.filters.tasks == "all" and whose is None}


def _edge(key: Key) -> str | None:
    """Return the task cursor for a place in the merged list. Return None if no tasks follow this place."""
    _rank, at, row_id, due = key
    due_at = None if due == NEVER else due
    if at == BEFORE_ALL:
        return cursor_behind(due_at, row_id)
    return None if due_at is None else cursor_behind(due_at, LAST_ID)


def _key(row: Row) -> Key:
    if isinstance(row, TaskRow):
        return 0, BEFORE_ALL, row.task.id, row.task.due_at
    return row.thread.priority_rank, row.thread.last_message_at, row.thread.id, row.thread.response_due_at


def _place(row: Row) -> tuple[datetime, datetime, uuid.UUID]:
    _rank, at, row_id, due = _key(row)
    return due or NEVER, at, row_id
