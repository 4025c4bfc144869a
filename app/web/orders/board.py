"""Board of orders: a column per status, cards moved by mouse and keys."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from app.core.db import db
from app.domain.orders.models import OrderStatus
from app.domain.orders.queries import count_by_status, list_columns
from app.web.accounts.session import current_viewer
from app.web.orders.blueprint import bp
from app.web.pages import page

CARDS = 20


@bp.get("/orders/board")
def board() -> ResponseReturnValue:
    """The newest orders of each status, with how many there are. As a fragment: `order-board`."""
    session, viewer = db.session(), current_viewer()
    counts = count_by_status(session, viewer=viewer)
    rows = list_columns(session, viewer=viewer, limit=CARDS)
    columns = [(status, counts.get(status, 0), rows.get(status, [])) for status in OrderStatus]
    return page("orders/board.html", blocks=("order_board",), columns=columns)
