"""Read a partner's figures of orders and calls. Never writes."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.months import add_months
from app.domain.orders.models import LineItem, OrderStatus, OrderThread
from app.domain.orders.settings import settings_of
from app.domain.partners.models import Environment, Partner, PartnerCall, PartnerOrder
from app.domain.surveys.models import SurveyAnswer, SurveyInvitation, SurveyKind
from app.domain.threads.models import ThreadAlias

MONTH, DAY = timedelta(days=30), timedelta(days=1)
NOT_APPROVED = (OrderStatus.INTAKE_RECEIVED.value, OrderStatus.NEW.value, "quoted", OrderStatus.CANCELLED.value)


@dataclass(frozen=True)
class CallFigures:
    """Figures of a partner's API calls in a period.

    `failed`: calls that failed on our side (5xx). `p95_ms`: the 95th percentile of the response time, None if there were no
    calls. `refused`: pairs (error code, number of calls), the most frequent first. `slowest_order_ms`: the slowest call that
    created an order.
    """

    calls: int
    failed: int
    p95_ms: int | None
    refused: tuple[tuple[str, int], ...]
    slowest_order_ms: int | None = None

    @property
    def success_percent(self) -> Decimal | None:
        """Return the percentage (0 to 100) of calls that did not fail on our side. Return None if there were no calls.

        A call that we refused is not a failure.
        """
        return (Decimal(100) * (self.calls - self.failed) / self.calls).quantize(Decimal("0.01")) if self.calls else None


@dataclass(frozen=True)
class OrderFigures:
    """Figures of a partner's live orders of the last 30 days. `before` is the number of orders in the 30 days before.

    `average`: mean order value in euros without tax; orders without a price are left out. `answers`: the number of answered
    surveys about the orders. `satisfaction`: their mean score.
    """

    orders: int
    before: int
    average: Decimal | None
    approved_percent: int | None
    differing: int
    answers: int = 0
    satisfaction: Decimal | None = None

    @property
    def growth_percent(self) -> int | None:
        return round(100 * (self.orders - self.before) / self.before) if self.before else None


@dataclass(frozen=True)
class OrderMonth:
    """The number of a partner's live orders in a month, which begins on `first`, and in the same month a year before."""

    first: date
    orders: int
    year_before: int


def read_calls(session: Session, partner_id: uuid.UUID, *, since: datetime) -> CallFigures:
    """Read the figures of a partner's API calls from `since` on. Two queries."""
    mine = sa.and_(PartnerCall.partner_id == partner_id, PartnerCall.called_at >= since)
    p95 = sa.func.percentile_cont(0.95).within_group(PartnerCall.took_ms)
    failed = sa.func.count().filter(PartnerCall.status >= 500)
    slowest = sa.func.max(PartnerCall.took_ms).filter(PartnerCall.method == "POST", PartnerCall.status == 201)
    row = session.execute(sa.select(sa.func.count(), failed, p95, slowest).where(mine)).one()
    by_code = sa.select(PartnerCall.code, sa.func.count()).where(mine, PartnerCall.code != "", PartnerCall.status < 500)
    by_code = by_code.group_by(PartnerCall.code).order_by(sa.func.count().desc(), PartnerCall.code)
    refused = tuple((code, count) for code, count in session.execute(by_code))
    return CallFigures(row[0], row[1], round(row[2]) if row[2] is not None else None, refused, row[3])


def read_orders(session: Session, partner_id: uuid.UUID, *, now: datetime) -> OrderFigures:
    """Read the figures of a partner's live orders of the last 30 days. Three queries."""
    live = sa.and_(PartnerOrder.partner_id == partner_id, PartnerOrder.environment == Environment.LIVE)
    recent = PartnerOrder.created_at > now - MONTH
    count = sa.func.count
    row = session.execute(
        sa.select(
            count().filter(recent),
            count().filter(sa.not_(recent)),
            count().filter(recent, PartnerOrder.order_status.not_in(NOT_APPROVED)),
            count().filter(recent, PartnerOrder.differing.is_not(None)),
        ).where(live, PartnerOrder.created_at > now - 2 * MONTH)
    ).one()
    amount = sa.func.sum(LineItem.line_total)
    of_order = sa.select(amount.label("amount")).join(PartnerOrder, PartnerOrder.order_id == LineItem.order_id)
    amounts = of_order.where(live, recent, LineItem.line_total.is_not(None)).group_by(LineItem.order_id).subquery()
    average = session.execute(sa.select(sa.func.avg(amounts.c.amount))).scalar_one()
    approved = round(100 * row[2] / row[0]) if row[0] else None
    answers, score = session.execute(_answers(partner_id, since=now - MONTH)).one()
    return OrderFigures(
        orders=row[0],
        before=row[1],
        average=None if average is None else round(Decimal(average), 2),
        approved_percent=approved,
        differing=row[3],
        answers=answers,
        satisfaction=None if score is None else round(Decimal(score), 1),
    )


def read_season(session: Session, partner: Partner, *, now: datetime) -> tuple[OrderMonth, ...]:
    """Count a partner's live orders in each of the last 12 months, by the time zone of its brand's orders, oldest first. The
    current month is the last. Return () if there were none in two years. Two queries."""
    zone = settings_of(session, partner.brand_id).zone
    this = now.astimezone(ZoneInfo(zone)).date().replace(day=1)
    firsts = [add_months(this, -number) for number in range(23, -1, -1)]
    month = sa.cast(sa.func.date_trunc("month", sa.func.timezone(zone, PartnerOrder.created_at)), sa.Date)
    mine = (PartnerOrder.partner_id == partner.id, PartnerOrder.environment == Environment.LIVE)
    since = datetime(firsts[0].year, firsts[0].month, 1, tzinfo=ZoneInfo(zone))
    rows = session.execute(sa.select(month, sa.func.count()).where(*mine, PartnerOrder.created_at >= since).group_by(month))
    counts = {row[0]: row[1] for row in rows}
    found = zip(firsts[12:], firsts[:12], strict=True)
    return tuple(OrderMonth(first, counts.get(first, 0), counts.get(before, 0)) for first, before in found) if counts else ()


def _answers(partner_id: uuid.UUID, *, since: datetime) -> sa.Select[int, Decimal | None]:
    """Return a query for the number of answered surveys about the partner's orders and their mean score (1 to 5)."""
    about = sa.select(OrderThread.thread_id).join(PartnerOrder, PartnerOrder.order_id == OrderThread.order_id)
    former = sa.select(ThreadAlias.old_id).where(ThreadAlias.thread_id == SurveyInvitation.thread_id)
    asked = sa.or_(
        OrderThread.thread_id == SurveyInvitation.thread_id, OrderThread.thread_id.in_(former.correlate(SurveyInvitation))
    )
    about = about.where(asked, PartnerOrder.partner_id == partner_id)
    query = sa.select(sa.func.count(), sa.func.avg(SurveyAnswer.score))
    query = query.join(SurveyInvitation, SurveyInvitation.id == SurveyAnswer.invitation_id)
    return query.where(
        SurveyAnswer.changed_at > since,
        sa.not_(SurveyAnswer.is_suspect),
        SurveyInvitation.kind == SurveyKind.CSAT,
        sa.exists(about.correlate(SurveyInvitation)),
    )
