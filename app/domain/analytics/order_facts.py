"""Derive the facts of an order from its transitions and its total, anew each time, and read the histories of orders for this."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.analytics.derive import Derived, Fact, Scope
from app.domain.analytics.histories import reporting_zone
from app.domain.analytics.kinds import IN_STATE, Kind
from app.domain.orders.machines import ORDER
from app.domain.orders.models import Order, OrderStatus
from app.domain.sla.active_policies import read_book
from app.domain.transitions.models import Transition

APPROVED = (OrderStatus.APPROVED, OrderStatus.SCHEDULED, OrderStatus.IN_PROGRESS, OrderStatus.COMPLETED)


@dataclass(frozen=True)
class Step:
    """A transition of an order into `status`. `undoes_id`: the transition that this one undoes."""

    id: uuid.UUID
    at: datetime
    status: str
    undoes_id: uuid.UUID | None = None


@dataclass(frozen=True)
class OrderHistory:
    """The history of an order as reports need it. `amount`: the total without tax, or None if a line has no price. `steps`: the
    transitions of the order, the first one first."""

    order_id: uuid.UUID
    brand_id: uuid.UUID
    user_id: uuid.UUID | None
    partner_id: uuid.UUID | None
    priority: str
    created_at: datetime
    amount: Decimal | None
    currency: str
    steps: tuple[Step, ...]
    zone: ZoneInfo


def derive_order(history: OrderHistory) -> Derived:
    """Derive the facts of an order: created, quoted price approved or not, completed, and the time in each state that it has
    left."""
    return Derived(tuple(_Way(history).facts()))


class _Way:
    """The sequence of states of one order. Undone steps and the steps that undid them are left out."""

    def __init__(self, history: OrderHistory) -> None:
        self.history = history
        undone = {step.undoes_id for step in history.steps if step.undoes_id is not None}
        self.steps = [step for step in history.steps if step.undoes_id is None and step.id not in undone]
        person, priority = history.user_id, history.priority
        self.scope = Scope(history.brand_id, None, "", None, person, "", priority, history.partner_id)

    def facts(self) -> Iterator[Fact]:
        history = self.history
        currency = history.currency if history.amount is not None else None
        yield self.fact(Kind.ORDER, history.created_at, amount=history.amount, currency=currency)
        yield from self.quoted()
        yield from self.left()
        done = next((step.at for step in self.steps if step.status == OrderStatus.COMPLETED), None)
        if done is not None:
            yield self.fact(Kind.ORDER_DONE, done, seconds=_seconds(history.created_at, done))

    def quoted(self) -> Iterator[Fact]:
        """Yield the fact of the first quoted price. It is met if the price was approved later, not met if the order was
        cancelled, and otherwise undecided."""
        statuses = [step.status for step in self.steps]
        if OrderStatus.QUOTED not in statuses:
            return
        first = statuses.index(OrderStatus.QUOTED)
        later = statuses[first + 1 :]
        met = True if any(one in APPROVED for one in later) else False if statuses[-1] == OrderStatus.CANCELLED else None
        yield self.fact(Kind.ORDER_QUOTED, self.steps[first].at, met=met)

    def left(self) -> Iterator[Fact]:
        """Yield a fact for each state that the order has left. It counts at the time of leaving and has the seconds in that
        state."""
        for step, following in zip(self.steps, self.steps[1:], strict=False):
            if step.status in IN_STATE and step.status != following.status:
                yield self.fact(IN_STATE[step.status], following.at, ref=following.id, seconds=_seconds(step.at, following.at))

    def fact(
        self,
        kind: Kind,
        at: datetime,
        *,
        ref: uuid.UUID | None = None,
        seconds: int | None = None,
        met: bool | None = None,
        amount: Decimal | None = None,
        currency: str | None = None,
    ) -> Fact:
        local = at.astimezone(self.history.zone)
        times = {"open_seconds": seconds, "wall_seconds": seconds}
        money = {"amount": amount, "currency": currency}
        return Fact(kind, at, local.date(), local.hour, self.scope, None, ref, met=met, **times, **money)  # type: ignore[arg-type]


def _seconds(begin: datetime, end: datetime) -> int:
    return max(0, int((end - begin).total_seconds()))


def read_orders(session: Session, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, OrderHistory]:
    """Return the histories of these orders by order id. Deleted orders are left out. Three queries, and those for the time
    zones."""
    rows = session.execute(sa.select(Order).where(Order.id.in_(ids)).execution_options(populate_existing=True)).scalars().all()
    moves = sa.select(Transition.entity_id, Transition.id, Transition.at, Transition.to_status, Transition.undoes_id)
    moves = moves.where(Transition.entity_type == ORDER, Transition.entity_id.in_(ids)).order_by(
        Transition.entity_id, Transition.seq
    )
    steps: defaultdict[uuid.UUID, list[Step]] = defaultdict(list)
    for row in session.execute(moves):
        steps[row.entity_id].append(Step(row.id, row.at, row.to_status, row.undoes_id))
    book = read_book(session)
    zones = {brand_id: reporting_zone(session, book, brand_id) for brand_id in {row.brand_id for row in rows}}
    return {
        row.id: OrderHistory(
            order_id=row.id,
            brand_id=row.brand_id,
            user_id=row.created_by_user_id,
            partner_id=row.account_contact_id,
            priority=row.priority.value,
            created_at=row.created_at,
            amount=row.net_total,
            currency=row.currency,
            steps=tuple(steps[row.id]),
            zone=zones[row.brand_id],
        )
        for row in rows
    }
