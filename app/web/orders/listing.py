"""List of orders: filters, saved views, bulk change with undo."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.paging import BadCursor
from app.core.runtime import runtime
from app.core.text import storable
from app.core.translation import gettext as _
from app.core.translation import ngettext
from app.domain.accounts.permissions import Permission
from app.domain.orders.machines import ORDERS
from app.domain.orders.models import OrderStatus
from app.domain.orders.summaries import OrderSummary, list_ordered, list_summaries
from app.domain.orders.views import NAME_CHARACTERS, change_many, delete_view, list_views, save_view, undo_many
from app.web.accounts.session import current_viewer, require
from app.web.inbox.blueprint import parse_uuid
from app.web.orders.blueprint import bp
from app.web.orders.filters import COLUMNS, NEWEST, Filters, choices, read_filters
from app.web.orders.row_cache import rows_html
from app.web.orders.writing import REASON_CHARACTERS
from app.web.pages import page

PAGE_ORDERS = 50
UNDO_FOR = timedelta(hours=1)
TOLD_REFUSALS = 5


@bp.get("/orders")
def show_list() -> ResponseReturnValue:
    """List orders, newest first, filtered by `filters.FIELDS`. As a fragment: `order-list`."""
    session, viewer, args = db.session(), current_viewer(), request.args
    filters = read_filters(args)
    asked: dict[str, Any] = {"conditions": filters.conditions, "sort": NEWEST, "limit": PAGE_ORDERS}
    try:
        found = list_summaries(session, viewer=viewer, cursor=args.get("cursor"), **asked)
    except BadCursor:
        found = list_summaries(session, viewer=viewer, **asked)
    batch = parse_uuid(args.get("done"))
    whole: dict[str, Any] = (
        {} if request.headers.get("HX-Request") else {"choices": choices(), "views": list_views(session, viewer)}
    )
    context: dict[str, Any] = {"next_cursor": found.next_cursor, "kept": filters.kept, "batch": batch}
    context["rows"] = _rows(session, found.items, filters)
    context |= {"columns": filters.columns, "all_columns": COLUMNS}
    return page("orders/list.html", blocks=("order_list",), statuses=list(OrderStatus), codes=_codes(), **context, **whole)


@bp.post("/orders/views")
def keep_view() -> ResponseReturnValue:
    """Save the filtered list as a view under `name`, in place of the viewer's view of the same name.

    With `shared=yes` everybody gets the view, if the viewer may share views.
    """
    viewer, filters = require(Permission.ORDERS_SEE), read_filters(request.form)
    name = " ".join(storable(request.form.get("name", "")).split())[:NAME_CHARACTERS]
    if not name:
        flash(_("Give the view a name."))
    else:
        with transaction() as session:
            is_shared = request.form.get("shared") == "yes"
            save_view(session, name=name, filters=filters.kept, is_shared=is_shared, viewer=viewer, now=utc_now())
        flash(_("The view is saved."))
    return _back(filters)


@bp.post("/orders/views/<uuid:order_view_id>/deletion")
def drop_view(order_view_id: uuid.UUID) -> ResponseReturnValue:
    """Delete a view of the order list."""
    with transaction() as session:
        if not delete_view(session, order_view_id, current_viewer()):
            abort(404)
    flash(_("View deleted."))
    return redirect(url_for("orders.show_list"), 303)


@bp.post("/orders/bulk")
def change_orders() -> ResponseReturnValue:
    """Move the chosen orders (`order_id`, several) to the status `to`. Orders that cannot be moved stay, and a message names
    them."""
    viewer, form = require(Permission.ORDERS_CHANGE), request.form
    filters = read_filters(form)
    ids = [found for text in form.getlist("order_id") if (found := parse_uuid(text))]
    to = next((one for one in OrderStatus if one.value == form.get("to")), None)
    if not ids or to is None:
        flash(_("Choose orders and a status."))
        return _back(filters)
    reason = " ".join(storable(form.get("reason", "")).split())[:REASON_CHARACTERS]
    code = form.get("reason_code", "") if form.get("reason_code") in ORDERS.codes.get(to, ()) else ""
    with transaction() as session:
        came = change_many(session, ids, to, reason=reason, reason_code=code, viewer=viewer, now=utc_now())
    runtime().nudger.nudge()
    flash(ngettext("%(num)s order changed.", "%(num)s orders changed.", came.changed))
    for number, why in list(came.refused.items())[:TOLD_REFUSALS]:
        flash(_("%(number)s was not changed: %(why)s", number=number, why=_(why)))
    if len(came.refused) > TOLD_REFUSALS:
        flash(_("Other orders that were not changed: %(count)s.", count=len(came.refused) - TOLD_REFUSALS))
    done = came.batch if came.changed else None
    return _back(filters, done=done)


@bp.post("/orders/bulk/<uuid:order_batch_id>/undo")
def undo_orders(order_batch_id: uuid.UUID) -> ResponseReturnValue:
    """Undo a change of many orders, within an hour."""
    viewer, now = require(Permission.ORDERS_CHANGE), utc_now()
    with transaction() as session:
        back, left = undo_many(session, order_batch_id, now=now, actor=viewer.actor, since=now - UNDO_FOR)
    runtime().nudger.nudge()
    flash(ngettext("%(num)s order reverted.", "%(num)s orders reverted.", back))
    if left:
        flash(
            ngettext(
                "%(num)s order was changed again in the meantime; we did not revert it.",
                "%(num)s orders were changed again in the meantime; we did not revert them.",
                left,
            )
        )
    return _back(read_filters(request.form))


def _rows(session: Session, orders: Sequence[OrderSummary], filters: Filters) -> list[Markup]:
    """Return the HTML of each order's row. The order lines are queried only if the list shows the column "lines"."""
    lines = list_ordered(session, [one.id for one in orders]) if "lines" in filters.columns else {}
    look: dict[str, Any] = {"kept": filters.kept, "columns": filters.columns}
    return rows_html(orders, lines=lines, is_pickable=current_viewer().may(Permission.ORDERS_CHANGE), **look)


def _back(filters: Filters, *, done: uuid.UUID | None = None) -> ResponseReturnValue:
    kept: dict[str, Any] = {**filters.kept, "done": done}
    return redirect(url_for("orders.show_list", **kept), 303)


def _codes() -> list[str]:
    """Return the reason codes of all statuses, for the one form that changes many orders."""
    return list(dict.fromkeys(code for codes in ORDERS.codes.values() for code in codes))
