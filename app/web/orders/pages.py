"""The list of orders and the page of one."""

from __future__ import annotations

import uuid
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.core.db import db
from app.core.keyset import Sort
from app.core.paging import BadCursor
from app.core.text import storable
from app.domain.accounts.permissions import Permission
from app.domain.appointments.queries import AppointmentRow, list_appointments_of_order
from app.domain.appointments.reminders import list_reminders
from app.domain.orders.articles import list_articles
from app.domain.orders.machines import ORDER
from app.domain.orders.models import ENDED, OrderPriority, OrderStatus
from app.domain.orders.payments import balance_of, list_payments
from app.domain.orders.queries import OrderConditions, OrderRow, get_order, list_events_of_order, list_orders, list_tax_totals
from app.domain.orders.taxes import codes_like
from app.domain.threads.order_threads import list_threads_by_id
from app.domain.transitions.queries import list_history, list_steps
from app.web.accounts.session import current_viewer
from app.web.orders import case
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
        "appointments": appointments,
        **_case(session, row, appointments),
        "typed": request.form if errors else {},
        "priorities": list(OrderPriority),
        "reminders": list_reminders(session, [one.appointment.id for one in appointments]),
        "errors": errors or {},
    }
    return page("orders/order.html", blocks=("order_case", "order_place", "order_appointments"), status=status, **context)


def _case(session: Session, row: OrderRow, appointments: list[AppointmentRow]) -> dict[str, Any]:
    """What the head, the lines and the history show."""
    order, viewer = row.order, current_viewer()
    history, payments = list_history(session, ORDER, [order.id]), list_payments(session, order.id)
    balance = balance_of(order, payments)
    may_edit = order.status not in ENDED
    steps = list_steps(session, ORDER, order, may_reopen=viewer.may(Permission.ORDERS_REOPEN))
    edited = request.args.get("edit") or str((request.view_args or {}).get("line_id", ""))
    return {
        "steps": case.forward_first(steps, order, history),
        "stops": case.stops(order, history),
        "next_words": case.next_words(order, history, appointments, balance),
        "told": case.timeline(list_events_of_order(session, order.id), order.currency),
        "payments": payments,
        "balance": balance,
        "taxes": list_tax_totals(session, order.id),
        "may_edit": may_edit,
        "editing": next((str(line.item.id) for line in row.lines if str(line.item.id) == edited), ""),
        "articles": list_articles(session, brand_ids=[order.brand_id]) if may_edit else [],
        "tax_codes": codes_like(row.lines[0].item.tax_code) if row.lines else [],
        "token": str(uuid.uuid4()),
    }
