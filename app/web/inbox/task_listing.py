"""List the viewer's tasks in the inbox, with the rows and paging of threads."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import request, url_for

from app.core.db import db
from app.core.paging import BadCursor, Page
from app.domain.tasks.queries import TaskRow, list_own_tasks
from app.web.accounts.session import current_viewer

TASK_VIEWS = ("tasks",)
PAGE_ROWS = 30


def task_list_context(view: str, *, with_rows: bool) -> dict[str, Any]:
    """Return the template context (rows, URL) of `view`, one of TASK_VIEWS. An invalid cursor gives the first page. At most one
    query."""
    return {
        "rows": _rows() if with_rows else Page(()),
        "first_page": "cursor" not in request.args,
        "list_url": partial(url_for, "inbox.list_view", view=view),
    }


def _rows() -> Page[TaskRow]:
    list_from = partial(list_own_tasks, db.session(), viewer=current_viewer(), limit=PAGE_ROWS)
    try:
        return list_from(cursor=request.args.get("cursor"))
    except BadCursor:
        return list_from()
