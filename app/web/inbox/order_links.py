"""Routes that link orders with a thread, and unlink them."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Sequence

from flask import abort, flash, redirect
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from htmx_flask import request
from werkzeug.wrappers import Response

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.keyset import Sort
from app.core.links import url_for
from app.core.runtime import runtime
from app.core.text import storable
from app.domain.orders.models import ENDED, Order
from app.domain.orders.queries import OrderConditions, OrderMissing, OrderRow, get_order, list_orders, list_orders_of_contact
from app.domain.threads.actions import lock_thread
from app.domain.threads.models import Thread
from app.domain.threads.order_links import AlreadyAbout, link_order, unlink_order
from app.domain.threads.order_mentions import Because
from app.domain.threads.order_threads import list_orders_of_thread
from app.domain.threads.queries import get_thread
from app.web.accounts.session import current_viewer
from app.web.inbox.blueprint import bp, parse_uuid
from app.web.inbox.dialogs import dialog_done
from app.web.pages import page

NEWEST = Sort("created_at", descending=True)
MOST_FOUND = 8


@bp.get("/threads/<uuid:thread_id>/orders")
def thread_orders(thread_id: uuid.UUID) -> ResponseReturnValue:
    """Show the thread's linked orders, the customer's other orders (open ones first), and the orders that `q` finds.

    As a fragment: `thread_orders`.
    """
    return orders_page(get_thread(db.session(), viewer=current_viewer(), thread_id=thread_id))


@bp.post("/threads/<uuid:thread_id>/orders")
def add_order_link(thread_id: uuid.UUID) -> ResponseReturnValue:
    """Link the order `order_id` with the thread. Answers 422 if it is not an order of the thread's brand."""
    viewer = current_viewer()
    thread = get_thread(db.session(), viewer=viewer, thread_id=thread_id)
    order = _find(thread, parse_uuid(request.form.get("order_id")))
    if order is None:
        return orders_page(thread, status=422)
    with contextlib.suppress(AlreadyAbout), transaction() as session:
        locked, order = lock_thread(session, thread.id), session.get_one(Order, order.id)
        link_order(session, order, locked, because=Because.HAND, now=utc_now(), actor=viewer.actor)
    undo = url_for("inbox.remove_order_link", thread_id=thread.id, order_id=order.id)
    return _answer(thread.id, _("This thread is now linked to %(number)s.", number=order.order_number), undo=undo)


@bp.post("/threads/<uuid:thread_id>/orders/<uuid:order_id>/removal")
def remove_order_link(thread_id: uuid.UUID, order_id: uuid.UUID) -> ResponseReturnValue:
    """Unlink the order from the thread for good: it is never linked again automatically."""
    viewer = current_viewer()
    thread = get_thread(db.session(), viewer=viewer, thread_id=thread_id)
    order = _find(thread, order_id)
    if order is None:
        abort(404)
    with transaction() as session:
        locked, order = lock_thread(session, thread.id), session.get_one(Order, order.id)
        unlink_order(session, order, locked, now=utc_now(), actor=viewer.actor)
    return _answer(thread.id, _("This thread is no longer linked to %(number)s.", number=order.order_number))


def orders_page(thread: Thread, *, status: int = 200) -> Response:
    session, viewer = db.session(), current_viewer()
    linked = list_orders_of_thread(session, viewer=viewer, thread_id=thread.id)
    known = {order.id for order in linked}
    words = " ".join(storable(request.args.get("q", "")).split())[:100]
    theirs = list_orders_of_contact(session, viewer=viewer, contact_id=thread.contact_id) if thread.contact_id else []
    offered = _not_linked(theirs, thread, known)
    found = _search(thread, words, known) if words else []
    context = {"thread": thread, "linked": linked, "offered": offered[:MOST_FOUND], "found": found, "q": words}
    return page("inbox/thread_orders.html", blocks=("thread_orders",), status=status, **context)


def orders_to_link(thread: Thread, words: str) -> list[OrderRow]:
    """Return the orders that can be linked with the thread and are not linked yet.

    If `words` is not empty, these are the orders that match it, newest first. Otherwise they are the customer's orders, open
    ones first.
    """
    session, viewer = db.session(), current_viewer()
    known = {order.id for order in list_orders_of_thread(session, viewer=viewer, thread_id=thread.id)}
    if words:
        return _search(thread, words, known)
    theirs = list_orders_of_contact(session, viewer=viewer, contact_id=thread.contact_id) if thread.contact_id else []
    return _not_linked(theirs, thread, known)[:MOST_FOUND]


def _not_linked(rows: Sequence[OrderRow], thread: Thread, known: set[uuid.UUID]) -> list[OrderRow]:
    kept = (row for row in rows if row.order.id not in known and row.order.brand_id == thread.brand_id)
    return sorted(kept, key=lambda row: row.order.status in ENDED)


def _search(thread: Thread, words: str, known: set[uuid.UUID]) -> list[OrderRow]:
    session, viewer = db.session(), current_viewer()
    asked = OrderConditions(words=words)
    rows = list_orders(session, viewer=viewer, conditions=asked, sort=NEWEST, limit=MOST_FOUND * 3).items
    return [row for row in rows if row.order.brand_id == thread.brand_id and row.order.id not in known][:MOST_FOUND]


def _find(thread: Thread, order_id: uuid.UUID | None) -> Order | None:
    """Return the order if it is of the thread's brand and the viewer sees it; None if not."""
    if order_id is None:
        return None
    try:
        found = get_order(db.session(), viewer=current_viewer(), order_id=order_id).order
    except OrderMissing:
        return None
    return found if found.brand_id == thread.brand_id else None


def _answer(thread_id: uuid.UUID, words: str, *, undo: str = "") -> ResponseReturnValue:
    """Answer a change of order links. htmx gets the block of orders, or the event that closes the dialog if the dialog asked.

    Without JavaScript, redirect to the thread.
    """
    runtime().nudger.nudge()
    if request.htmx.target == "move-place":
        return dialog_done(thread_id, words, undo=undo)
    if request.htmx:
        response = orders_page(get_thread(db.session(), viewer=current_viewer(), thread_id=thread_id))
        if request.htmx.target != "thread-orders":
            response.headers["HX-Trigger"] = "orders-changed"
        return response
    flash(words)
    return redirect(url_for("inbox.show_thread", thread_id=thread_id), 303)
