"""Cache a task's row in a list as HTML, as row_cache.py does for threads."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from flask import current_app
from flask_babel import get_locale
from markupsafe import Markup

from app.core.clock import utc_now
from app.core.links import url_for
from app.core.translation import gettext as _
from app.domain.tasks.models import TaskStatus, TaskType
from app.domain.tasks.queries import TaskRow
from app.domain.threads.models import Priority
from app.web.accounts.session import current_viewer
from app.web.inbox.row_cache import ROWS_KEPT


@dataclass(frozen=True, slots=True)
class TaskLook:
    """The values on which the HTML of one task row depends, including the reader's language. Times are already formatted for
    the reader."""

    locale: str
    id: str
    href: str
    done_url: str
    """Where its completion is sent."""
    token: str
    """For a form of its own; "" where it stands in the form of the list."""
    is_in_thread: bool
    is_current: bool
    is_late: bool
    at: str
    """ISO 8601, "" without a date."""
    due: str
    who: str
    task_type: TaskType
    title: str
    blocked_by: str
    subject: str
    priority: Priority
    status: TaskStatus
    brand_name: str
    has_brands: bool
    brand_hue: int
    assignee: str
    """Whose it is; "" for the reader's own."""


def task_html(
    row: TaskRow, *, url: Callable[[uuid.UUID], str], token: str, current_id: uuid.UUID | None, has_brands: bool
) -> Markup:
    """Return the `<li>` of a task in a list. It is marked if its thread is `current_id`, which is open beside the list.

    `url`: a function that returns the URL of a thread from its id.
    """
    task = row.task
    due_words = current_app.jinja_env.filters["due_words"]  # app/web/tasks imports app/web/inbox, not the reverse
    return _made(
        TaskLook(
            locale=str(get_locale()),
            id=str(task.id),
            href=url(task.thread_id) if task.thread_id else url_for("tasks.show_task", task_id=task.id),
            done_url=url_for("tasks.set_status", task_id=task.id, back="inbox"),
            token=token,
            is_in_thread=task.thread_id is not None,
            is_current=task.thread_id is not None and task.thread_id == current_id,
            is_late=row.is_overdue(utc_now()),
            at=task.due_at.isoformat() if task.due_at else "",
            due=due_words(task) if task.due_at else "",
            who=row.contact_name,
            task_type=task.task_type,
            title=task.title,
            blocked_by=row.blocked_by,
            subject=row.subject,
            priority=task.priority,
            status=task.status,
            brand_name=row.brand_name,
            has_brands=has_brands,
            brand_hue=row.brand_hue,
            assignee="" if task.assignee_user_id == current_viewer().user_id else row.assignee_name or _("Unassigned"),
        )
    )


@lru_cache(maxsize=ROWS_KEPT)
def _made(look: TaskLook) -> Markup:
    row: Markup = current_app.jinja_env.get_template("inbox/task_row.html").module.task_row(look)  # type: ignore[attr-defined]
    return row
