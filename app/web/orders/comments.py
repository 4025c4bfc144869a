"""Comments of colleagues on an order, as a block on the order's page and as a page of their own."""

from __future__ import annotations

import uuid

from flask import flash, request
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.ids import new_id
from app.core.runtime import runtime
from app.core.text import storable
from app.core.translation import gettext as _
from app.domain.accounts.permissions import Permission
from app.domain.orders.models import Order
from app.domain.orders.queries import get_order
from app.domain.threads.order_comments import add_order_comment, list_order_comments
from app.web.accounts.session import current_viewer, require
from app.web.inbox.blueprint import parse_uuid
from app.web.orders.beside import to_order
from app.web.orders.blueprint import bp
from app.web.pages import page

TEXT_CHARACTERS = 5_000


@bp.get("/orders/<uuid:order_id>/comments")
def order_comments(order_id: uuid.UUID) -> ResponseReturnValue:
    """Show the comments, oldest first, and a form for a new one. As a fragment: `order-comments`."""
    return _page(_order(order_id))


@bp.post("/orders/<uuid:order_id>/comments")
def add_comment(order_id: uuid.UUID) -> ResponseReturnValue:
    """Add the comment `text`; the same form sent twice adds one."""
    viewer, order = require(Permission.THREADS_REPLY), _order(order_id)
    text = storable(request.form.get("text", "")).replace("\r\n", "\n").strip()
    if not text or len(text) > TEXT_CHARACTERS:
        return _page(order, error=_("Write a comment of at most %(count)s characters.", count=TEXT_CHARACTERS), status=422)
    with transaction() as session:
        kept, token = session.get_one(Order, order.id), parse_uuid(request.form.get("client_token"))
        add_order_comment(session, kept, text, viewer=viewer, now=utc_now(), client_token=token)
    runtime().nudger.nudge()
    if request.headers.get("HX-Request"):
        return _page(_order(order_id))
    flash(_("Comment added"))
    return to_order(order_id)


def _order(order_id: uuid.UUID) -> Order:
    return get_order(db.session(), viewer=current_viewer(), order_id=order_id, with_threads=False).order


def _page(order: Order, *, error: str = "", status: int = 200) -> Response:
    comments = list_order_comments(db.session(), viewer=current_viewer(), order_id=order.id)
    typed = request.form.get("text", "") if error else ""
    context = {"order": order, "comments": comments, "error": error, "typed": typed, "token": new_id()}
    return page("orders/comments.html", blocks=("order_comments",), status=status, **context)
