"""Page of one order."""

from __future__ import annotations

import uuid
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.core.db import db
from app.core.text import storable
from app.domain.accounts.permissions import Permission
from app.domain.appointments.models import AppointmentKind
from app.domain.appointments.queries import AppointmentRow, list_appointments_of_order
from app.domain.appointments.reminders import list_reminders
from app.domain.appointments.statuses import lacks_of_visits
from app.domain.orders.articles import find_articles_like
from app.domain.orders.machines import ORDER
from app.domain.orders.models import ENDED, LINE_CHARACTERS, OrderPriority
from app.domain.orders.payments import balance_of
from app.domain.orders.queries import OrderRow, get_order, list_events_of_order, list_money
from app.domain.orders.statuses import lacks_of_lines
from app.domain.orders.taxes import codes_like
from app.domain.threads.order_comments import is_of_comments
from app.domain.threads.order_threads import list_threads_about
from app.domain.transitions.queries import list_history, list_steps
from app.web.accounts.session import current_viewer
from app.web.inbox.blueprint import parse_uuid
from app.web.orders import case
from app.web.orders.beside import opened_from
from app.web.orders.blueprint import bp
from app.web.pages import page

BLOCKS = ("order_case", "order_head", "order_place", "order_appointments")


@bp.get("/orders/<uuid:order_id>")
def show_order(order_id: uuid.UUID) -> ResponseReturnValue:
    """Show one order: customer, address, lines, status, and its threads."""
    return order_page(order_id)


@bp.get("/orders/<uuid:order_id>/articles")
def suggest_articles(order_id: uuid.UUID) -> ResponseReturnValue:
    """Return the `<option>` elements of the articles of the order's brand that match `description`, as a fragment for
    `order-articles`."""
    session = db.session()
    brand_id = get_order(session, viewer=current_viewer(), order_id=order_id, with_threads=False).order.brand_id
    words = " ".join(storable(request.args.get("description", "")).split())[:LINE_CHARACTERS]
    return page("orders/article_options.html", articles=find_articles_like(session, brand_id=brand_id, words=words))


def order_page(order_id: uuid.UUID, *, errors: dict[str, str] | None = None, status: int = 200) -> Response:
    """Render the page of an order. `errors`: the errors of a refused form, by field. Raises OrderMissing."""
    session, viewer = db.session(), current_viewer()
    row = get_order(session, viewer=viewer, order_id=order_id, with_threads=False)
    about = list_threads_about(session, viewer=viewer, order_id=order_id)
    threads = [thread for thread in about if not is_of_comments(thread)]
    appointments = list_appointments_of_order(session, viewer=viewer, order_id=order_id)
    context: dict[str, Any] = {
        "row": row,
        "order": row.order,
        "threads": threads,
        "appointments": appointments,
        **_case(session, row, appointments, is_refused=bool(errors)),
        "typed": request.form if errors else {},
        "priorities": list(OrderPriority),
        "reminders": list_reminders(session, [one.appointment.id for one in appointments]),
        "errors": errors or {},
        "undo_of": _undo_of(),
        "opened_from": opened_from(),
    }
    return page(
        "orders/order.html", blocks=("order_case", "order_head", "order_place", "order_appointments"), status=status, **context
    )


def _case(session: Session, row: OrderRow, appointments: list[AppointmentRow], *, is_refused: bool) -> dict[str, Any]:
    """Return the template context of an order's head, lines and history.

    A line that was just saved is shown closed and gets the focus. If it was refused, it stays open for editing.
    """
    order, viewer = row.order, current_viewer()
    history, (taxes, payments) = list_history(session, ORDER, [order.id]), list_money(session, order.id)
    balance = balance_of(order, payments)
    may_edit = order.status not in ENDED and viewer.may(Permission.ORDERS_CHANGE)
    visits = [one.appointment.state for one in appointments if one.appointment.kind is AppointmentKind.VISIT]
    known = {**lacks_of_lines(line.item for line in row.lines), **lacks_of_visits(visits)}
    steps = list_steps(session, ORDER, order, may_reopen=viewer.may(Permission.ORDERS_REOPEN), known=known)
    saved = str((request.view_args or {}).get("line_id", ""))
    edited = request.args.get("edit") or (saved if is_refused else "")
    return {
        "steps": case.forward_first(steps, order, history),
        "stops": case.stops(order, history),
        "next_words": case.next_words(order, history, appointments, balance),
        "told": case.timeline(list_events_of_order(session, order.id), order),
        "payments": payments,
        "balance": balance,
        "taxes": taxes,
        "may_edit": may_edit,
        "editing": next((str(line.item.id) for line in row.lines if str(line.item.id) == edited), ""),
        "saved": "" if is_refused else saved,
        "tax_codes": codes_like(row.lines[0].item.tax_code) if row.lines else [],
        "token": str(uuid.uuid4()),
    }


def _undo_of() -> tuple[uuid.UUID, uuid.UUID] | None:
    """Return the pair (order id, event id) of the regrouping whose undo the URL offers. Return None if it offers none."""
    order_id, event_id = parse_uuid(request.args.get("of")), parse_uuid(request.args.get("undo"))
    return (order_id, event_id) if order_id and event_id else None
