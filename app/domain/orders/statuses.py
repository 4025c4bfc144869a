"""Lock, check and write the statuses of orders and lines for the status engine (`app/domain/transitions`).

When an order changes its status, its lines follow with transitions of their own, which name the order's transition. If the
order's transition is undone, or the order is reopened, those transitions of the lines are undone too.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.text import mark as N_
from app.domain.events.actions import Actor
from app.domain.orders.actions import lock_order, record_of_order, touch
from app.domain.orders.machines import LINE_ITEM, LINES, ORDERS, follow
from app.domain.orders.models import LineItem, LineItemStatus, Order, OrderStatus
from app.domain.orders.pricing import recompute_totals
from app.domain.transitions.actions import TransitionRefused, change_entity_status, undo_transition
from app.domain.transitions.models import Transition
from app.domain.transitions.registry import EntityKind, Guard, Lack

NO_LINES = N_("The order is empty: add a line.")
NOT_PRICED = N_("A line has no price.")
NO_ADDRESS = N_("No address is known.")
INSTALLATION = "installation"


def order_kind(visit_guards: Mapping[str, Guard]) -> EntityKind:
    """Return the definition of orders for the status engine. `visit_guards` come from appointments, a feature that this one
    must not import."""
    own: dict[str, Guard] = {"lines": _lines, "priced": _priced, "address": _address}
    return EntityKind(
        machine=ORDERS,
        lock=lock_order,
        status_of=lambda order: str(order.status),
        brand_of=lambda _session, order: order.brand_id,
        write=_write_order,
        guards={**own, **visit_guards},
    )


def line_kind() -> EntityKind:
    return EntityKind(
        machine=LINES,
        lock=_lock_line,
        status_of=lambda line: str(line.status),
        brand_of=lambda session, line: session.get_one(Order, line.order_id).brand_id,
        write=_write_line,
        guards={},
    )


def lacks_of_lines(lines: Iterable[LineItem]) -> dict[str, Lack | None]:
    """Return {guard name: what the order's lines lack for it}. The value is None if nothing is missing. Cancelled lines do not
    count."""
    wanted = [line for line in lines if line.status is not LineItemStatus.CANCELLED]
    return {
        "lines": None if wanted else Lack(NO_LINES),
        "priced": Lack(NOT_PRICED) if any(line.unit_price is None for line in wanted) else None,
    }


def _lines(session: Session, order: Order) -> Lack | None:
    return lacks_of_lines(_lines_of(session, order))["lines"]


def _priced(session: Session, order: Order) -> Lack | None:
    return lacks_of_lines(_lines_of(session, order))["priced"]


def _lines_of(session: Session, order: Order) -> Sequence[LineItem]:
    return session.execute(sa.select(LineItem).where(LineItem.order_id == order.id)).scalars().all()


def _address(_session: Session, order: Order) -> Lack | None:
    """Guard: return what is missing if an installation order has no address, otherwise None. A user may give a reason instead
    of an address."""
    if order.order_type != INSTALLATION or order.address_id is not None:
        return None
    return Lack(NO_ADDRESS, or_reason=True)


def _write_order(session: Session, order: Order, transition: Transition, now: datetime, actor: Actor) -> None:
    order.status = OrderStatus(transition.to_status)
    touch(session, order, now)
    payload = {
        "status": transition.to_status,
        "from": transition.from_status,
        "reason": transition.reason,
        "reason_code": transition.reason_code,
        "transition_id": str(transition.id),
        "seq": transition.seq,
        "undoes_id": str(transition.undoes_id) if transition.undoes_id else None,
    }
    if transition.undoes_id is not None:
        _take_lines_back(session, order, transition.undoes_id, now=now)
    elif transition.from_status == OrderStatus.CANCELLED:
        cancelled = sa.select(Transition.id).where(Transition.entity_type == ORDERS.entity_type, Transition.entity_id == order.id)
        cancelled = cancelled.where(Transition.to_status == OrderStatus.CANCELLED).order_by(Transition.seq.desc()).limit(1)
        _take_lines_back(session, order, session.execute(cancelled).scalar_one(), now=now)
    _lead_lines(session, order, transition, now=now)
    record_of_order(session, "OrderStatusChanged", order, now=now, actor=actor, payload=payload)


def _lead_lines(session: Session, order: Order, transition: Transition, *, now: datetime) -> None:
    context = {"follows": str(transition.id)}
    query = sa.select(LineItem.id, LineItem.status).where(LineItem.order_id == order.id).order_by(LineItem.id)
    for line_id, status in session.execute(query).all():
        following = follow(status, order.status)
        if following is not status:
            change_entity_status(
                session,
                entity_type=LINE_ITEM,
                entity_id=line_id,
                to_status=following,
                business_context=context,
                now=now,
                actor=Actor(),
            )


def _take_lines_back(session: Session, order: Order, order_transition_id: uuid.UUID, *, now: datetime) -> None:
    """Undo the transitions of lines that followed this transition of the order. Lines that have changed since are left as they
    are."""
    lines = sa.select(LineItem.id).where(LineItem.order_id == order.id).scalar_subquery()
    followed = sa.select(Transition).where(Transition.entity_type == LINE_ITEM, Transition.entity_id.in_(lines))
    followed = followed.where(Transition.business_context["follows"].astext == str(order_transition_id))
    for one in session.execute(followed.order_by(Transition.entity_id)).scalars().all():
        with suppress(TransitionRefused):
            undo_transition(session, one.id, now=now, actor=Actor(), at_any_time=True)


def _lock_line(session: Session, line_id: uuid.UUID) -> LineItem:
    """Lock the line's order, then the line, and return the line. Everything that changes orders and lines locks in this
    sequence."""
    lock_order(session, session.execute(sa.select(LineItem.order_id).where(LineItem.id == line_id)).scalar_one())
    query = sa.select(LineItem).where(LineItem.id == line_id).with_for_update().execution_options(populate_existing=True)
    return session.execute(query).scalar_one()


def _write_line(session: Session, line: LineItem, transition: Transition, now: datetime, actor: Actor) -> None:
    """Write the line's status and record the event. If the line only follows its order, or if this is an undo, no event is
    recorded here."""
    line.status = LineItemStatus(transition.to_status)
    session.flush()
    if "follows" in transition.business_context or transition.undoes_id is not None:
        return
    order = session.get_one(Order, line.order_id)
    recompute_totals(session, order)
    touch(session, order, now)
    payload = {"line_item_id": str(line.id), "status": transition.to_status, "from": transition.from_status}
    record_of_order(session, "OrderLineStatusChanged", order, now=now, actor=actor, payload=payload)
