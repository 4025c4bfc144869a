"""Commissions of an order that came by a partner: one for each level of its channel, from the top of the tree down.

Provisional when the order is made, final when it is completed, reversed when it is cancelled; opened again, provisional again.
The base is what the lines come to without tax. A final amount is what it was at that moment. The caller owns the transaction.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.domain.contacts.models import Contact
from app.domain.events.actions import Actor, audit
from app.domain.orders.models import LineItem, Order, OrderStatus
from app.domain.partners.models import CommissionState, Partner, PartnerCommission, PartnerOrder, PartnerRate

ZONE = ZoneInfo("Europe/Amsterdam")  # whose months and days count
USUAL: Mapping[int, Decimal] = {1: Decimal(5), 2: Decimal(3), 3: Decimal(2)}  # percent by level, of the documents
LEVELS = tuple(USUAL)
_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Statement:
    """What a partner's channel earned in a month: what became final in it, what was taken back; and what is still provisional."""

    month: date
    final: tuple[StatementLine, ...]
    reversed: tuple[StatementLine, ...]
    provisional: Decimal

    @property
    def total(self) -> Decimal:
        return sum((line.commission.amount for line in self.final), Decimal(0))


@dataclass(frozen=True)
class StatementLine:
    commission: PartnerCommission
    order_number: str
    partner_order_id: str
    beneficiary: str


def settle_commissions(session: Session, order: Order, *, now: datetime) -> None:
    """Bring the commissions of an order in step with its state and its lines; an order of no partner has none."""
    row = session.execute(sa.select(PartnerOrder).where(PartnerOrder.order_id == order.id)).scalar_one_or_none()
    if row is None:
        return
    known = {one.level: one for one in session.execute(_of_order(order.id)).scalars()}
    rates = read_rates(session, row.partner_id, on=row.created_at.astimezone(ZONE).date())
    base, state = _base(session, order.id), _state_for(order.status)
    for level, contact_id in enumerate(order.channel_contact_ids, start=1):
        if level not in rates:
            continue
        one = known.get(level) or PartnerCommission(
            id=new_id(), partner_id=row.partner_id, order_id=order.id, level=level, contact_id=contact_id, created_at=now
        )
        session.add(one)
        if one.state == state and state != CommissionState.PROVISIONAL:
            continue
        if level not in known or state != CommissionState.REVERSED:  # what is taken back is what was given
            one.percent, one.base, one.amount = rates[level], base, share_of(base, rates[level])
        one.state, one.state_at = state, now
    session.flush()


def share_of(base: Decimal, percent: Decimal) -> Decimal:
    """In euros, half a cent up."""
    return (base * percent / 100).quantize(_CENT, rounding=ROUND_HALF_UP)


def read_rates(session: Session, partner_id: uuid.UUID, *, on: date) -> dict[int, Decimal]:
    """Percent by level on a day: those agreed with the partner, else the usual ones."""
    query = sa.select(PartnerRate).where(PartnerRate.partner_id == partner_id, PartnerRate.valid_from <= on)
    agreed = {one.level: one.percent for one in session.execute(query.order_by(PartnerRate.valid_from)).scalars()}
    return {**USUAL, **agreed}


def set_rate(
    session: Session, partner: Partner, level: int, percent: Decimal, *, valid_from: date, now: datetime, actor: Actor
) -> None:
    """Agree a percentage for a level from a day on; orders of before keep theirs."""
    session.merge(PartnerRate(partner_id=partner.id, level=level, valid_from=valid_from, percent=percent))
    session.flush()
    detail = {"level": level, "percent": str(percent), "valid_from": valid_from.isoformat()}
    audit(session, action="PartnerRateSet", object_type="partner", object_id=str(partner.id), now=now, actor=actor, detail=detail)


def read_statement(session: Session, partner_id: uuid.UUID, *, month: date, beneficiary_id: uuid.UUID | None = None) -> Statement:
    """Of the month that `month`, its first day, begins; `beneficiary_id`: what is of this organization alone. Two queries."""
    begins, ends = _bounds(month)
    of_whom = sa.true() if beneficiary_id is None else PartnerCommission.contact_id == beneficiary_id
    query = sa.select(PartnerCommission, PartnerOrder, Contact.name)
    query = query.join(PartnerOrder, PartnerOrder.order_id == PartnerCommission.order_id)
    query = query.join(Contact, Contact.id == PartnerCommission.contact_id).where(PartnerCommission.partner_id == partner_id)
    ended = PartnerCommission.state.in_((CommissionState.FINAL, CommissionState.REVERSED))
    inside = sa.and_(ended, PartnerCommission.state_at >= begins, PartnerCommission.state_at < ends)
    rows = session.execute(query.where(inside, of_whom).order_by(PartnerCommission.state_at, PartnerCommission.level))
    lines = [StatementLine(one, row.order_number, row.partner_order_id, name) for one, row, name in rows]
    waiting = sa.select(sa.func.coalesce(sa.func.sum(PartnerCommission.amount), 0)).where(
        PartnerCommission.partner_id == partner_id, PartnerCommission.state == CommissionState.PROVISIONAL, of_whom
    )
    return Statement(
        month,
        tuple(line for line in lines if line.commission.state == CommissionState.FINAL),
        tuple(line for line in lines if line.commission.state == CommissionState.REVERSED),
        Decimal(session.execute(waiting).scalar_one()),
    )


def list_commissions_of_order(session: Session, order_id: uuid.UUID) -> list[tuple[PartnerCommission, str]]:
    """By level, with whose it is."""
    query = sa.select(PartnerCommission, Contact.name).join(Contact, Contact.id == PartnerCommission.contact_id)
    rows = session.execute(query.where(PartnerCommission.order_id == order_id).order_by(PartnerCommission.level))
    return [(one, name) for one, name in rows]


def _of_order(order_id: uuid.UUID) -> sa.Select[PartnerCommission]:
    return sa.select(PartnerCommission).where(PartnerCommission.order_id == order_id).with_for_update()


def _base(session: Session, order_id: uuid.UUID) -> Decimal:
    """What the lines come to, without those that were cancelled and those nobody priced."""
    amount = sa.func.coalesce(sa.func.sum(LineItem.quantity * LineItem.unit_price), 0)
    query = sa.select(amount).where(LineItem.order_id == order_id, LineItem.status != "cancelled")
    return Decimal(session.execute(query).scalar_one()).quantize(_CENT, rounding=ROUND_HALF_UP)


def _state_for(status: OrderStatus) -> CommissionState:
    if status == OrderStatus.COMPLETED:
        return CommissionState.FINAL
    return CommissionState.REVERSED if status == OrderStatus.CANCELLED else CommissionState.PROVISIONAL


def _bounds(month: date) -> tuple[datetime, datetime]:
    following = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    begins, ends = (datetime(day.year, day.month, 1, tzinfo=ZONE) for day in (month, following))
    return begins, ends
