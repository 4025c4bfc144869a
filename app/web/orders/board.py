"""Board of orders: a column per status, cards moved by mouse and keys."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from app.core.db import db
from app.domain.orders.models import OrderStatus
from app.domain.orders.queries import ColumnSums, list_columns, sum_by_status
from app.web.accounts.session import current_viewer
from app.web.orders.blueprint import bp
from app.web.orders.filters import choices, read_filters
from app.web.pages import page

CARDS = 20


@bp.get("/orders/board")
def board() -> ResponseReturnValue:
    """The newest orders of each status as `filters.FIELDS` limit them, with how many there are and what they come to. As a
    fragment: `order-board`."""
    session, viewer, filters = db.session(), current_viewer(), read_filters(request.args)
    asked: dict[str, Any] = {"viewer": viewer, "conditions": replace(filters.conditions, status=None)}
    sums, rows = sum_by_status(session, **asked), list_columns(session, limit=CARDS, **asked)
    columns = [(status, sums.get(status, ColumnSums()), rows.get(status, [])) for status in OrderStatus]
    whole: dict[str, Any] = {} if request.headers.get("HX-Request") else {"choices": choices()}
    kept = {name: value for name, value in filters.kept.items() if name not in ("status", "columns")}
    return page("orders/board.html", blocks=("order_board",), columns=columns, kept=kept, **whole)
