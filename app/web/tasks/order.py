"""Tasks about an order, as a block on the order's page and as a page of their own."""

from __future__ import annotations

import uuid
from typing import Any

from flask import g
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from app.core.db import db
from app.domain.orders.queries import get_order
from app.domain.tasks.models import TaskType
from app.domain.tasks.queries import TaskFilter, list_tasks
from app.web.accounts.session import current_viewer
from app.web.pages import page
from app.web.tasks.blueprint import bp
from app.web.tasks.forms import TaskForm


@bp.get("/orders/<uuid:order_id>/tasks")
def order_tasks(order_id: uuid.UUID) -> ResponseReturnValue:
    """Show open tasks about the order and a form for a new one; as a fragment: `order-tasks`."""
    return order_tasks_page(order_id)


def order_tasks_page(order_id: uuid.UUID, form: TaskForm | None = None, *, status: int = 200) -> Response:
    """Render the tasks about an order. Two queries besides those of the rail. Raises OrderMissing."""
    viewer, session = current_viewer(), db.session()
    order = get_order(session, viewer=viewer, order_id=order_id, with_threads=False).order
    rows = list_tasks(session, viewer=viewer, filter=TaskFilter(order_id=order.id), limit=50)
    g.current_view = "orders"
    context: dict[str, Any] = {"order": order, "task_rows": rows, "form": form or TaskForm({}), "types": list(TaskType)}
    return page("tasks/order_page.html", blocks=("order_tasks",), status=status, **context)
