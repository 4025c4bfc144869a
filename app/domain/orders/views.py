"""Save lists of orders (views), and change or undo many orders at once. The caller owns the transaction."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.domain.accounts.access import Viewer
from app.domain.accounts.permissions import Permission
from app.domain.events.actions import Actor
from app.domain.orders.machines import ORDER
from app.domain.orders.models import Order, OrderStatus, OrderView
from app.domain.transitions.actions import TransitionRefused, change_entity_status, undo_transition
from app.domain.transitions.models import Transition

MOST_AT_ONCE, MOST_VIEWS, NAME_CHARACTERS = 200, 50, 80


@dataclass(frozen=True)
class ChangedMany:
    """The result of changing many orders. `batch`: the id with which the change can be undone. `changed`: the number of changed
    orders. `refused`: {order number: reason in English}."""

    batch: uuid.UUID
    changed: int
    refused: Mapping[str, str]


def list_views(session: Session, viewer: Viewer) -> list[OrderView]:
    """List the viewer's own views and the shared ones, by name. One query."""
    mine = sa.or_(OrderView.owner_user_id == viewer.user_id, OrderView.is_shared)
    return list(
        session.execute(sa.select(OrderView).where(mine).order_by(OrderView.name, OrderView.id).limit(MOST_VIEWS)).scalars()
    )


def save_view(
    session: Session, *, name: str, filters: Mapping[str, str], is_shared: bool, viewer: Viewer, now: datetime
) -> OrderView:
    """Save a list as a view. If the viewer already has a view of this name, replace it.

    `is_shared` is ignored if the viewer lacks `Permission.VIEWS_SHARE`.
    """
    known = sa.select(OrderView).where(OrderView.owner_user_id == viewer.user_id, OrderView.name == name).with_for_update()
    view = session.execute(known).scalars().first()
    if view is None:
        view = OrderView(id=new_id(), name=name, owner_user_id=viewer.user_id, created_at=now)
        session.add(view)
    view.filters, view.is_shared = dict(filters), is_shared and viewer.may(Permission.VIEWS_SHARE)
    session.flush()
    return view


def delete_view(session: Session, view_id: uuid.UUID, viewer: Viewer) -> bool:
    """Delete a view of the viewer, or a shared one if the viewer may share views. Return False if there is no such view."""
    view = session.get(OrderView, view_id)
    if view is None or not (view.owner_user_id == viewer.user_id or (view.is_shared and viewer.may(Permission.VIEWS_SHARE))):
        return False
    session.delete(view)
    return True


def change_many(
    session: Session,
    order_ids: Collection[uuid.UUID],
    to: OrderStatus,
    *,
    reason: str,
    reason_code: str,
    viewer: Viewer,
    now: datetime,
) -> ChangedMany:
    """Change the status of those orders that the viewer may see, at most MOST_AT_ONCE. Each order is changed on its own. Orders
    for which this is refused stay as they are, and are listed in the result."""
    batch, changed, refused = new_id(), 0, {}
    seen = sa.select(Order.id, Order.order_number, Order.status).where(Order.id.in_(list(order_ids)[:MOST_AT_ONCE]))
    rows = session.execute(seen.where(Order.brand_id.in_(viewer.brand_ids)).order_by(Order.id)).all()
    for row in rows:
        if row.status is to:
            continue
        try:
            change_entity_status(
                session,
                entity_type=ORDER,
                entity_id=row.id,
                to_status=to,
                transition_reason=reason,
                reason_code=reason_code,
                business_context={"batch": str(batch)},
                now=now,
                actor=viewer.actor,
            )
            changed += 1
        except TransitionRefused as error:
            refused[row.order_number] = error.reasons[0]
    return ChangedMany(batch, changed, refused)


def undo_many(session: Session, batch: uuid.UUID, *, now: datetime, actor: Actor, since: datetime) -> tuple[int, int]:
    """Undo a change of many orders that the actor made after `since`. Return the number of orders that were undone, and the
    number that were not, because they have changed since."""
    made = sa.select(Transition.id).where(Transition.entity_type == ORDER, Transition.at >= since)
    made = made.where(Transition.business_context["batch"].astext == str(batch), Transition.actor_id == actor.user_id)
    back, left = 0, 0
    for transition_id in session.execute(made.order_by(Transition.entity_id)).scalars().all():
        try:
            undo_transition(session, transition_id, now=now, actor=actor, at_any_time=True)
            back += 1
        except TransitionRefused:
            left += 1
    return back, left
