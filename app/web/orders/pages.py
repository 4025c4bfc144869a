"""The list of orders and the page of one."""

from __future__ import annotations

import uuid
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from app.core.db import db
from app.core.keyset import Sort
from app.core.paging import BadCursor
from app.core.text import storable
from app.domain.appointments.queries import list_appointments_of_order
from app.domain.appointments.reminders import list_reminders
from app.domain.orders.models import OrderPriority, OrderStatus
from app.domain.orders.payments import list_payments
from app.domain.orders.queries import OrderConditions, get_order, list_orders
from app.domain.threads.order_threads import list_threads_by_id
from app.web.accounts.session import current_viewer
from app.web.orders.blueprint import bp
from app.web.pages import page

NEWEST = Sort("created_at", descending=True)
PAGE_ORDERS = 50


@bp.get("/orders")
def show_list() -> ResponseReturnValue:
    """Orders, newest first; `q` looks in numbers and names, `status` is one state. As a fragment: `order-list`."""
    session, viewer, args = db.session(), current_viewer(), request.args
    words = " ".join(storable(args.get("q", "")).split())[:200]
    status = next((one for one in OrderStatus if one.value == args.get("status")), None)
    asked = {"conditions": OrderConditions(status=status, words=words), "sort": NEWEST, "limit": PAGE_ORDERS}
    try:
        found = list_orders(session, viewer=viewer, cursor=args.get("cursor"), **asked)  # type: ignore[arg-type]
    except BadCursor:
        found = list_orders(session, viewer=viewer, **asked)  # type: ignore[arg-type]
    context: dict[str, Any] = {"rows": found.items, "next_cursor": found.next_cursor, "q": words, "chosen": status}
    return page("orders/list.html", blocks=("order_list",), statuses=list(OrderStatus), **context)


@bp.get("/orders/<uuid:order_id>")
def show_order(order_id: uuid.UUID) -> ResponseReturnValue:
    """One order: for whom, where, what, in which state, and the conversations about it."""
    return order_page(order_id)


def order_page(order_id: uuid.UUID, *, errors: dict[str, str] | None = None, status: int = 200) -> Response:
    """The page; `errors` by field of the form that was refused. Raises OrderMissing."""
    session, viewer = db.session(), current_viewer()
    row = get_order(session, viewer=viewer, order_id=order_id)
    threads = list_threads_by_id(session, viewer=viewer, thread_ids=row.thread_ids)
    appointments = list_appointments_of_order(session, viewer=viewer, order_id=order_id)
    context: dict[str, Any] = {
        "row": row,
        "order": row.order,
        "threads": threads,
        "payments": list_payments(session, order_id),
        "appointments": appointments,
        "priorities": list(OrderPriority),
        "reminders": list_reminders(session, [one.appointment.id for one in appointments]),
        "errors": errors or {},
    }
    return page(
        "orders/order.html", blocks=("order_place", "order_appointments"), statuses=list(OrderStatus), status=status, **context
    )
