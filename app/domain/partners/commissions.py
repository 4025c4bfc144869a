"""Calculate the commissions of a partner's order, one for each level of its channel.

A commission is provisional when the order is created, final when the order is completed, and reversed when the order is
cancelled or all payments were refunded. Reopening the order makes it provisional again. The base is the order's total
without tax. While a commission is final, its amount does not change. `statements.py` calculates the payout of each month.
The caller owns the transaction.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.domain.events.actions import Actor, audit
from app.domain.orders.models import LineItem, LineItemStatus, Order, OrderStatus, PaymentKind, PaymentState
from app.domain.orders.payments import balance_of, list_payments
from app.domain.partners.commission_models import CommissionState, PartnerCommission, PartnerRate
from app.domain.partners.models import Partner, PartnerOrder

ZONE = ZoneInfo("Europe/Amsterdam")  # whose months and days count
USUAL: Mapping[int, Decimal] = {1: Decimal(5), 2: Decimal(3), 3: Decimal(2)}  # percent by level, of the documents
LEVELS = tuple(USUAL)
_CENT = Decimal("0.01")
_AGREED = (
    sa.select(PartnerRate.level, PartnerRate.percent)
    .where(PartnerRate.partner_id == sa.bindparam("of_partner"), PartnerRate.valid_from <= sa.bindparam("on", type_=sa.Date))
    .order_by(PartnerRate.valid_from)
)


def settle_commissions(session: Session, order: Order, *, now: datetime) -> None:
    """Update the commissions of an order from its state and lines. Do nothing if the order did not come from a partner."""
    row = session.execute(sa.select(PartnerOrder).where(PartnerOrder.order_id == order.id)).scalar_one_or_none()
    if row is not None:
        _settle(session, order, row, {one.level: one for one in session.execute(_of_order(order.id)).scalars()}, now=now)


def begin_commissions(session: Session, order: Order, row: PartnerOrder, *, now: datetime) -> None:
    """Write the first commissions of an order that is being created."""
    _settle(session, order, row, {}, now=now)


def _settle(session: Session, order: Order, row: PartnerOrder, known: Mapping[int, PartnerCommission], *, now: datetime) -> None:
    rates = read_rates(session, row.partner_id, on=row.created_at.astimezone(ZONE).date())
    base, state = _base(session, order), _state_of(session, order)
    for level, contact_id in enumerate(order.channel_contact_ids, start=1):
        if level not in rates:
            continue
        one = known.get(level) or PartnerCommission(
            id=new_id(), partner_id=row.partner_id, order_id=order.id, level=level, contact_id=contact_id, created_at=now
        )
        session.add(one)
        if one.state == state and state != CommissionState.PROVISIONAL:
            continue
        if level not in known or (state != CommissionState.REVERSED and one.paid_month is None):  # taken back is what was given
            one.percent, one.base, one.amount = rates[level], base, share_of(base, rates[level])
        one.state, one.state_at = state, now
    session.flush()


def share_of(base: Decimal, percent: Decimal) -> Decimal:
    """Return `percent` percent of the amount `base` in euros, rounded to the cent (half a cent up)."""
    return (base * percent / 100).quantize(_CENT, rounding=ROUND_HALF_UP)


def read_rates(session: Session, partner_id: uuid.UUID, *, on: date) -> dict[int, Decimal]:
    """Return the commission percentages that are valid on the day `on`, by level.

    A level without a percentage agreed with the partner has the default percentage (`USUAL`).
    """
    agreed = {row.level: row.percent for row in session.execute(_AGREED, {"of_partner": partner_id, "on": on})}
    return {**USUAL, **agreed}


def set_rate(
    session: Session, partner: Partner, level: int, percent: Decimal, *, valid_from: date, now: datetime, actor: Actor
) -> None:
    """Set the commission percentage of a level from the day `valid_from` on. Earlier orders keep their percentage."""
    session.merge(PartnerRate(partner_id=partner.id, level=level, valid_from=valid_from, percent=percent))
    session.flush()
    detail = {"level": level, "percent": str(percent), "valid_from": valid_from.isoformat()}
    audit(session, action="PartnerRateSet", object_type="partner", object_id=str(partner.id), now=now, actor=actor, detail=detail)


def _of_order(order_id: uuid.UUID) -> sa.Select[PartnerCommission]:
    return sa.select(PartnerCommission).where(PartnerCommission.order_id == order_id).with_for_update()


def _base(session: Session, order: Order) -> Decimal:
    """Return the order's total without tax, in euros. If a line has no price, return the sum of the other lines."""
    if order.net_total is not None:
        return order.net_total
    query = sa.select(sa.func.sum(LineItem.line_total))
    query = query.where(LineItem.order_id == order.id, LineItem.status != LineItemStatus.CANCELLED)
    return session.execute(query).scalar_one() or Decimal(0)


def _state_of(session: Session, order: Order) -> CommissionState:
    if order.status == OrderStatus.CANCELLED:
        return CommissionState.REVERSED
    if order.status != OrderStatus.COMPLETED:
        return CommissionState.PROVISIONAL
    payments = list_payments(session, order.id)
    went_back = any(one.kind is PaymentKind.REFUND and one.state is PaymentState.RECEIVED for one in payments)
    return CommissionState.REVERSED if went_back and balance_of(order, payments).paid <= 0 else CommissionState.FINAL
