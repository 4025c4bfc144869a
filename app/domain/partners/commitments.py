"""Measure the commitments that every partner is promised, and report once a day which of them are at risk.

Four values are compared with the agreed ones: the time to answer a call, the percentage of calls that do not fail on our
side, the time until an order is stored, and the time until the first attempt of a callback. An alert row for the day is
written before the report, so repeated or parallel runs report once.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.domain.events.actions import Subject, record
from app.domain.partners.health import DAY, MONTH, CallFigures, read_calls
from app.domain.partners.models import Partner, PartnerCommitmentAlert
from app.domain.webhooks.queries import first_try_seconds


class Commitment(StrEnum):
    ANSWER = "answer"  # ms, of 95 calls in 100
    SUCCESS = "success"  # percent of calls that do not fail at our side
    PROCESSING = "processing"  # seconds until an order that is posted is in our books, of the slowest
    CALLBACK = "callback"  # seconds until a callback is tried first, of 95 in 100


AGREED: Mapping[Commitment, Decimal] = {
    Commitment.ANSWER: Decimal(500),
    Commitment.SUCCESS: Decimal("99.9"),
    Commitment.PROCESSING: Decimal(300),
    Commitment.CALLBACK: Decimal(60),
}
NEAR = Decimal("0.8")  # of the time that was agreed; of the failures, half of what may fail
FEWEST_CALLS = 20  # below that a slow one says little of the others


@dataclass(frozen=True)
class Measured:
    """A commitment to a partner with its measured `value`: milliseconds (answer), percent (success) or seconds (the others).

    `value` is None if nothing happened in the period. `says_little` is True if there were too few calls for a reliable
    value.
    """

    commitment: Commitment
    value: Decimal | None
    says_little: bool = False

    @property
    def agreed(self) -> Decimal:
        return AGREED[self.commitment]

    @property
    def is_broken(self) -> bool:
        if self.value is None:
            return False
        return self.value < self.agreed if self.commitment == Commitment.SUCCESS else self.value > self.agreed

    @property
    def is_at_risk(self) -> bool:
        """Return True if the commitment is broken, or close to being broken."""
        if self.value is None:
            return False
        if self.commitment == Commitment.SUCCESS:
            return self.value < (self.agreed + 100) / 2
        return self.value > self.agreed * NEAR


def read_commitments(
    session: Session, partner_id: uuid.UUID, calls: CallFigures, *, since: datetime, now: datetime
) -> tuple[Measured, ...]:
    """Return the measured value of every commitment from `since` to `now`. Runs one query.

    `calls` are the call figures of the same period.
    """
    callback = first_try_seconds(
        session, partner_id, since=since, now=now, late_seconds=float(AGREED[Commitment.CALLBACK] * NEAR)
    )
    return (
        Measured(Commitment.ANSWER, _whole(calls.p95_ms), says_little=calls.calls < FEWEST_CALLS),
        Measured(Commitment.SUCCESS, calls.success_percent),
        Measured(Commitment.PROCESSING, _whole(None if calls.slowest_order_ms is None else calls.slowest_order_ms / 1000)),
        Measured(Commitment.CALLBACK, _whole(callback)),
    )


def read_day_and_month(
    session: Session, partner_id: uuid.UUID, *, day: CallFigures, month: CallFigures, now: datetime
) -> list[tuple[Measured, Measured]]:
    """Return for each commitment the pair (last 24 hours, last 30 days) of its measured values. Runs two queries.

    `day` and `month` are the call figures of these two periods.
    """
    times = ((day, DAY), (month, MONTH))
    found = [read_commitments(session, partner_id, calls, since=now - time, now=now) for calls, time in times]
    return list(zip(*found, strict=True))


def tell_of_risks(session: Session, *, now: datetime) -> int:
    """Record an event for each commitment that was at risk in the last 24 hours, at most once a day. Return the number of
    events.

    Commitments with too few calls (`says_little`) are left out.
    """
    count, active = 0, sa.select(Partner).where(Partner.is_active).order_by(Partner.id)
    for partner in session.execute(active).scalars():
        calls = read_calls(session, partner.id, since=now - DAY)
        for one in read_commitments(session, partner.id, calls, since=now - DAY, now=now):
            if one.is_at_risk and not one.says_little and _is_first(session, partner, one, now):
                _tell(session, partner, one, now)
                count += 1
    return count


def _is_first(session: Session, partner: Partner, one: Measured, now: datetime) -> bool:
    values = {"partner_id": partner.id, "commitment": one.commitment.value, "day": now.date(), "value": one.value, "told_at": now}
    insert = postgresql.insert(PartnerCommitmentAlert).values(values).on_conflict_do_nothing()
    return session.execute(insert.returning(PartnerCommitmentAlert.partner_id)).scalar_one_or_none() is not None


def _tell(session: Session, partner: Partner, one: Measured, now: datetime) -> None:
    payload = {
        "partner_id": str(partner.id),
        "contact_id": str(partner.contact_id),
        "name": partner.name,
        "commitment": one.commitment.value,
        "value": str(one.value),
        "agreed": str(one.agreed),
    }
    record(session, "CommitmentAtRisk", subject=Subject(brand_id=partner.brand_id), now=now, payload=payload)


def _whole(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(round(value))
