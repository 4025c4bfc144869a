"""Go to the order before or after an order, in the list from which it was opened.

The URL of the order's page contains that list's filters, and `from=board` if the list was a column of the board.
"""

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
    """Redirect to the order after this one in the list, or back to this one, with a message, if it is the last."""
    return _beside(order_id, NEWEST) or _stay(order_id, _("This is the last order in the list."))


@bp.get("/orders/<uuid:order_id>/previous")
def previous_order(order_id: uuid.UUID) -> ResponseReturnValue:
    """Redirect to the order before this one in the list, or back to this one, with a message, if it is the first."""
    return _beside(order_id, Sort(NEWEST.field)) or _stay(order_id, _("This is the first order in the list."))


def opened_from() -> dict[str, Any]:
    """Return the list from which an order was opened, as query parameters (filters, and `from`).

    They are read from the URL of the order's page. For a posted form this is the URL of the page that sent the form.
    """
    args = request.args if request.method == "GET" else dict(parse_qsl(urlsplit(request.referrer or "").query))
    return {**read_filters(args).kept, **(BOARD if args.get("from") == "board" else {})}


def to_order(order_id: uuid.UUID, *, status: int = 303) -> Response:
    """Redirect to the page of an order. The URL keeps the list from which it was opened."""
    return redirect(url_for("orders.show_order", order_id=order_id, **opened_from()), status)


def _beside(order_id: uuid.UUID, sort: Sort) -> Response | None:
    session, viewer, conditions = db.session(), current_viewer(), read_filters(request.args).conditions
    order = get_order(session, viewer=viewer, order_id=order_id, with_threads=False).order
    found = find_order_beside(session, order, viewer=viewer, conditions=conditions, sort=sort)
    return to_order(found, status=302) if found else None


def _stay(order_id: uuid.UUID, why: str) -> Response:
    flash(why)
    return to_order(order_id, status=302)
