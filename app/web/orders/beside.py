"""Go to the order before or after one in the list it was opened from. The address of its page names that list: its filters, and
`from=board` for a column of the board."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from app.core.db import db
from app.core.keyset import Sort
from app.core.translation import gettext as _
from app.domain.orders.queries import find_order_beside, get_order
from app.web.accounts.session import current_viewer
from app.web.orders.blueprint import bp
from app.web.orders.filters import NEWEST, read_filters

BOARD = {"from": "board"}


@bp.get("/orders/<uuid:order_id>/next")
def next_order(order_id: uuid.UUID) -> ResponseReturnValue:
    """Open the order after this in the list, else this."""
    return _beside(order_id, NEWEST) or _stay(order_id, _("This is the last order of the list."))


@bp.get("/orders/<uuid:order_id>/previous")
def previous_order(order_id: uuid.UUID) -> ResponseReturnValue:
    """Open the order before this in the list, else this."""
    return _beside(order_id, Sort(NEWEST.field)) or _stay(order_id, _("This is the first order of the list."))


def opened_from() -> dict[str, Any]:
    """The list an order was opened from, as the address of its page has it; of a form, of the page that sent it."""
    args = request.args if request.method == "GET" else dict(parse_qsl(urlsplit(request.referrer or "").query))
    return {**read_filters(args).kept, **(BOARD if args.get("from") == "board" else {})}


def to_order(order_id: uuid.UUID, *, status: int = 303) -> Response:
    """Redirect to the page of an order, which keeps the list."""
    return redirect(url_for("orders.show_order", order_id=order_id, **opened_from()), status)


def _beside(order_id: uuid.UUID, sort: Sort) -> Response | None:
    session, viewer, conditions = db.session(), current_viewer(), read_filters(request.args).conditions
    order = get_order(session, viewer=viewer, order_id=order_id, with_threads=False).order
    found = find_order_beside(session, order, viewer=viewer, conditions=conditions, sort=sort)
    return to_order(found, status=302) if found else None


def _stay(order_id: uuid.UUID, why: str) -> Response:
    flash(why)
    return to_order(order_id, status=302)
