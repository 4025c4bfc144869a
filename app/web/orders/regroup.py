"""Routes that duplicate, split and merge orders, each with an undo."""

from __future__ import annotations

import uuid
from typing import Any

import sqlalchemy as sa
from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.runtime import runtime
from app.core.text import storable
from app.core.translation import gettext as _
from app.domain.events.models import Event
from app.domain.orders.models import Order
from app.domain.orders.queries import get_order
from app.domain.orders.regroup import EVENT, UnableToRegroup, duplicate_order, merge_orders, split_order, undo_regroup
from app.domain.orders.totals import TooMuchDiscount
from app.domain.transitions.actions import TransitionRefused
from app.web.accounts.session import current_viewer
from app.web.inbox.blueprint import parse_uuid
from app.web.orders.beside import opened_from, to_order
from app.web.orders.blueprint import bp
from app.web.orders.pages import order_page


@bp.post("/orders/<uuid:order_id>/duplicate")
def duplicate(order_id: uuid.UUID) -> ResponseReturnValue:
    """Duplicate the order, and open the copy."""
    return _make(order_id, lambda session, who: duplicate_order(session, order_id, **who))


@bp.post("/orders/<uuid:order_id>/split")
def split(order_id: uuid.UUID) -> ResponseReturnValue:
    """Move the chosen lines (`line_id`, several) to a new order, and open that."""
    ids = [found for text in request.form.getlist("line_id") if (found := parse_uuid(text))]
    return _make(order_id, lambda session, who: split_order(session, order_id, ids, **who))


@bp.post("/orders/<uuid:order_id>/merge")
def merge(order_id: uuid.UUID) -> ResponseReturnValue:
    """Merge the order with the number `number` into this one."""
    viewer = current_viewer()
    get_order(db.session(), viewer=viewer, order_id=order_id)
    number = storable(request.form.get("number", "")).strip()[:40]
    named = sa.select(Order.id).where(sa.func.lower(Order.order_number) == number.lower(), Order.brand_id.in_(viewer.brand_ids))
    other_id = db.session().execute(named).scalar_one_or_none()
    if other_id is None:
        return order_page(order_id, errors={"regroup": _("There is no order with this number.")}, status=422)

    def act(session: Any, who: dict[str, Any]) -> tuple[Any, Event]:
        event = merge_orders(session, order_id, other_id, **who)
        return session.get_one(Order, order_id), event

    return _make(order_id, act)


@bp.post("/orders/<uuid:order_id>/regroupings/<uuid:regroup_id>/undo")
def undo_regrouping(order_id: uuid.UUID, regroup_id: uuid.UUID) -> ResponseReturnValue:
    """Undo a duplicate, split or merge."""
    viewer = current_viewer()
    get_order(db.session(), viewer=viewer, order_id=order_id)
    event = db.session().get(Event, regroup_id)
    if event is None or event.type != EVENT or "versions" not in event.payload or event.payload["order_id"] != str(order_id):
        abort(404)
    try:
        with transaction() as session:
            undo_regroup(session, event, now=utc_now(), actor=viewer.actor)
    except (UnableToRegroup, TransitionRefused) as error:
        return order_page(order_id, errors={"regroup": _(str(error))}, status=409)
    runtime().nudger.nudge()
    flash(_("Undone"))
    return to_order(order_id)


def _make(order_id: uuid.UUID, act: Any) -> ResponseReturnValue:
    viewer = current_viewer()
    get_order(db.session(), viewer=viewer, order_id=order_id)
    try:
        with transaction() as session:
            made, event = act(session, {"now": utc_now(), "actor": viewer.actor})
            opened, undo = made.id, event.id
    except TooMuchDiscount:
        return order_page(
            order_id, errors={"regroup": _("The discount is more than the amount it is deducted from.")}, status=409
        )
    except (UnableToRegroup, TransitionRefused) as error:
        return order_page(order_id, errors={"regroup": _(str(error))}, status=409)
    runtime().nudger.nudge()
    return redirect(url_for("orders.show_order", order_id=opened, undo=undo, of=order_id, **opened_from()), 303)
