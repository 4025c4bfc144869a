"""Tasks of a thread, as a block beside the thread and as a page of their own."""

from __future__ import annotations

import uuid
from typing import Any

from flask import g
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from app.core.db import db
from app.domain.tasks.models import TaskType
from app.domain.tasks.queries import TaskFilter, list_tasks
from app.domain.threads.queries import get_thread
from app.web.accounts.session import current_viewer
from app.web.pages import page
from app.web.tasks.blueprint import bp
from app.web.tasks.forms import TaskForm


@bp.get("/threads/<uuid:thread_id>/tasks")
def thread_tasks(thread_id: uuid.UUID) -> ResponseReturnValue:
    """Show open tasks of the thread and a form for a new one; as a fragment: `thread-tasks`."""
    return thread_tasks_page(thread_id)


def thread_tasks_page(thread_id: uuid.UUID, form: TaskForm | None = None, *, status: int = 200) -> Response:
    """Render the tasks of a thread. Two queries besides those of the rail. Raises ThreadMissing."""
    viewer, session = current_viewer(), db.session()
    thread = get_thread(session, viewer=viewer, thread_id=thread_id)
    rows = list_tasks(session, viewer=viewer, filter=TaskFilter(thread_id=thread.id), limit=50)
    g.current_view = "tasks"
    context: dict[str, Any] = {"thread": thread, "task_rows": rows, "form": form or TaskForm({}), "types": list(TaskType)}
    return page("tasks/thread_page.html", blocks=("thread_tasks",), status=status, **context)
