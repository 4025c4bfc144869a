"""Store when each technician's phone last called and how many unsent actions it has. The caller owns the transaction."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.accounts.models import BrandMember
from app.domain.events.actions import Subject, record
from app.domain.field.models import PhoneKey

NOTED_EVERY, LATE = timedelta(minutes=1), timedelta(hours=2)


@dataclass(frozen=True)
class Waiting:
    """The number of unsent actions on a phone, and the time of the oldest."""

    count: int
    since: datetime


@dataclass(frozen=True)
class PhoneState:
    """The state of all phones of one user taken together.

    `seen_at`: when one of the phones last called. `waiting`: the number of actions not sent yet. `waiting_since`: the time
    of the oldest unsent action, None if there is none.
    """

    seen_at: datetime
    waiting: int
    waiting_since: datetime | None


def note_seen(session: Session, *, user_id: uuid.UUID, device_id: uuid.UUID, waiting: Waiting | None, now: datetime) -> None:
    """Store that a technician's phone sent a request, and how many unsent actions it has. If nothing has changed, write this at
    most once in NOTED_EVERY."""
    count, since = (waiting.count, min(waiting.since, now)) if waiting else (0, None)
    news = sa.or_(
        PhoneKey.seen_at.is_(None),
        PhoneKey.seen_at < now - NOTED_EVERY,
        PhoneKey.waiting != count,
        PhoneKey.waiting_since.is_distinct_from(since),
    )
    statement = sa.update(PhoneKey).where(PhoneKey.user_id == user_id, PhoneKey.device_id == device_id, news)
    session.execute(statement.values(seen_at=now, waiting=count, waiting_since=since))


def phones_of(session: Session, user_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, PhoneState]:
    """Return {user id: state of that user's phones}. Users without a phone that ever called are missing. One query."""
    seen, since = sa.func.max(PhoneKey.seen_at).label("seen"), sa.func.min(PhoneKey.waiting_since).label("since")
    query = sa.select(PhoneKey.user_id, seen, sa.func.sum(PhoneKey.waiting).label("waiting"), since)
    query = query.where(PhoneKey.user_id.in_(user_ids), PhoneKey.seen_at.is_not(None)).group_by(PhoneKey.user_id)
    return {row.user_id: PhoneState(row.seen, row.waiting, row.since) for row in session.execute(query) if row.seen}


def note_late(session: Session, *, now: datetime) -> int:
    """Record `PhoneWaits` for each phone whose oldest unsent action has waited longer than LATE. Return the number of events
    recorded.

    The event is recorded once for the same oldest action.
    """
    late = PhoneKey.waiting > 0, PhoneKey.waiting_since < now - LATE
    untold = PhoneKey.told_of_since.is_distinct_from(PhoneKey.waiting_since)
    query = sa.select(PhoneKey).where(*late, untold).order_by(PhoneKey.id).with_for_update(skip_locked=True)
    told = 0
    for phone in session.execute(query).scalars().all():
        phone.told_of_since = phone.waiting_since
        brand_id = session.execute(
            sa.select(BrandMember.brand_id).where(BrandMember.user_id == phone.user_id).order_by(BrandMember.brand_id).limit(1)
        ).scalar_one_or_none()
        if brand_id is None or phone.waiting_since is None:
            continue
        payload = {"user_id": str(phone.user_id), "count": phone.waiting, "since": phone.waiting_since.isoformat()}
        record(session, "PhoneWaits", subject=Subject(brand_id=brand_id), now=now, payload=payload, about=("user", phone.user_id))
        told += 1
    session.flush()
    return told
