"""Read and close the monthly statement of the commissions of a partner's channel.

A person closes a month after its end. From then on, changes of orders do not change its statement. If a commission is
reversed later, it is deducted in the month of the reversal.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.db import advisory_xact_lock
from app.domain.contacts.models import Contact
from app.domain.events.actions import Actor, audit
from app.domain.partners.commission_models import CommissionState, PartnerCommission, PartnerStatement
from app.domain.partners.commissions import ZONE
from app.domain.partners.models import Partner, PartnerOrder

FINAL, REVERSED = CommissionState.FINAL, CommissionState.REVERSED


class UnableToClose(Exception):
    """Raised when the month is not over, or is closed already."""


@dataclass(frozen=True)
class StatementLine:
    """A commission in a statement. `counts` is the amount in euros that it adds to the total.

    It is `amount` for a final commission, 0 if the commission was reversed before it was paid, and negative if it was
    reversed after.
    """

    order_id: uuid.UUID
    order_number: str
    partner_order_id: str
    contact_id: uuid.UUID
    beneficiary: str
    level: int
    percent: Decimal
    base: Decimal
    amount: Decimal
    state: CommissionState
    counts: Decimal


@dataclass(frozen=True)
class Statement:
    """The statement of one month: all commissions that became final or were reversed in this month.

    `provisional` is the sum of all provisional commissions in euros, whatever the month of the order.
    """

    month: date
    lines: tuple[StatementLine, ...]
    provisional: Decimal
    closed_at: datetime | None = None

    @property
    def total(self) -> Decimal:
        return sum((line.counts for line in self.lines), Decimal(0))


def read_statement(session: Session, partner_id: uuid.UUID, *, month: date, beneficiary_id: uuid.UUID | None = None) -> Statement:
    """Return the statement of the month whose first day is `month`. At most three queries.

    `beneficiary_id`: only the commissions of this organization.
    """
    of_whom = sa.true() if beneficiary_id is None else PartnerCommission.contact_id == beneficiary_id
    waiting = sa.select(sa.func.coalesce(sa.func.sum(PartnerCommission.amount), 0)).where(
        PartnerCommission.partner_id == partner_id, PartnerCommission.state == CommissionState.PROVISIONAL, of_whom
    )
    provisional = Decimal(session.execute(waiting).scalar_one())
    closed = session.get(PartnerStatement, (partner_id, month))
    lines = [_kept(one) for one in closed.lines] if closed else [line for _one, line in _list(session, partner_id, month)]
    mine = tuple(line for line in lines if beneficiary_id in (None, line.contact_id))
    return Statement(month, mine, provisional, closed.closed_at if closed else None)


def close_month(session: Session, partner: Partner, *, month: date, now: datetime, actor: Actor) -> PartnerStatement:
    """Store the statement of a past month in its present state, so that it no longer changes. Raises `UnableToClose`."""
    advisory_xact_lock(session, f"partner statement:{partner.id}")
    is_over = month < now.astimezone(ZONE).date().replace(day=1)
    if not is_over or session.get(PartnerStatement, (partner.id, month), populate_existing=True) is not None:
        raise UnableToClose
    found = _list(session, partner.id, month, lock=True)
    for one, line in found:
        if line.counts:
            one.paid_month = month if line.state == FINAL else None
    lines = [line for _one, line in found]
    made = PartnerStatement(partner_id=partner.id, month=month, lines=[_json(line) for line in lines], closed_at=now)
    made.total, made.closed_by_user_id = sum((line.counts for line in lines), Decimal(0)), actor.user_id
    session.add(made)
    session.flush()
    detail = {"month": month.isoformat(), "total": str(made.total)}
    audit(
        session,
        action="PartnerMonthClosed",
        object_type="partner",
        object_id=str(partner.id),
        now=now,
        actor=actor,
        detail=detail,
    )
    return made


def following(month: date) -> date:
    """Return the first day of the month after `month`."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def _list(
    session: Session, partner_id: uuid.UUID, month: date, *, lock: bool = False
) -> Sequence[tuple[PartnerCommission, StatementLine]]:
    """List the commissions of an open month with their lines: those that became final or were reversed in this month.

    Final commissions that another month paid are left out. A commission that became final in an already closed month is
    listed in the first month after the last closed one.
    """
    begins, ends = _bounds(month)
    closed = sa.select(PartnerStatement.month).where(PartnerStatement.partner_id == partner_id)
    newest = session.execute(sa.select(sa.func.max(closed.subquery().c.month))).scalar_one()
    its_month = sa.cast(sa.func.date_trunc("month", sa.func.timezone(ZONE.key, PartnerCommission.state_at)), sa.Date)
    unpaid = sa.and_(PartnerCommission.state == FINAL, PartnerCommission.paid_month.is_(None))
    inside = sa.and_(PartnerCommission.state_at >= begins, PartnerCommission.state_at < ends)
    is_next = newest is not None and month == following(newest)
    late = sa.and_(unpaid, its_month.in_(closed)) if is_next else sa.false()
    query = sa.select(PartnerCommission, PartnerOrder, Contact.name)
    query = query.join(PartnerOrder, PartnerOrder.order_id == PartnerCommission.order_id)
    query = query.join(Contact, Contact.id == PartnerCommission.contact_id).where(
        PartnerCommission.partner_id == partner_id,
        sa.or_(sa.and_(inside, sa.or_(unpaid, PartnerCommission.state == REVERSED)), late),
    )
    query = query.with_for_update(of=PartnerCommission) if lock else query
    rows = session.execute(query.order_by(PartnerCommission.state, PartnerCommission.state_at, PartnerCommission.level))
    return [(one, _line(one, row, name)) for one, row, name in rows]


def _line(one: PartnerCommission, row: PartnerOrder, beneficiary: str) -> StatementLine:
    taken_back = -one.amount if one.paid_month is not None else Decimal(0)
    return StatementLine(
        one.order_id,
        row.order_number,
        row.partner_order_id,
        one.contact_id,
        beneficiary,
        one.level,
        one.percent,
        one.base,
        one.amount,
        one.state,
        one.amount if one.state == FINAL else taken_back,
    )


def _json(line: StatementLine) -> dict[str, Any]:
    return {name: value if isinstance(value, int) else str(value) for name, value in asdict(line).items()}


def _kept(values: dict[str, Any]) -> StatementLine:
    ids = {name: uuid.UUID(values[name]) for name in ("order_id", "contact_id")}
    amounts = {name: Decimal(values[name]) for name in ("percent", "base", "amount", "counts")}
    return StatementLine(**{**values, **ids, **amounts, "state": CommissionState(values["state"])})


def _bounds(month: date) -> tuple[datetime, datetime]:
    begins, ends = (datetime(day.year, day.month, 1, tzinfo=ZONE) for day in (month, following(month)))
    return begins, ends
