"""Read order mails: their sender, waiting and decided mails, layouts, and counts from reviews."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.partners.mail_models import WAITING, PartnerMailCount, PartnerMailLayout, PartnerMailReading, ReadingState
from app.domain.partners.models import Partner
from app.domain.threads.models import Message, Thread

SAME_LAYOUT = 0.8  # of the labels of both


class ReadingMissing(Exception):
    """Raised when the order mail does not exist, or its brand is not visible to the viewer."""


@dataclass(frozen=True)
class ReadingRow:
    reading: PartnerMailReading
    partner: Partner
    message: Message
    thread: Thread


@dataclass(frozen=True)
class DayFigures:
    """Numbers of order mails in the last 24 hours. `came`: all mails. `by_themselves`: mails that no person had to review."""

    came: int
    by_themselves: int


def find_sender(session: Session, message: Message) -> Partner | None:
    """Return the active partner that sends orders from the sender's address or domain, in the message's brand. Return None if
    there is none."""
    address = str(message.sender.get("address") or "").strip().lower()
    domain = address.rpartition("@")[2]
    if not domain:
        return None
    query = sa.select(Partner).where(
        Partner.brand_id == message.brand_id, Partner.is_active, Partner.order_mail_senders.overlap([address, domain])
    )
    return session.execute(query.order_by(Partner.id).limit(1)).scalar_one_or_none()


def anybody_sends(session: Session) -> bool:
    """Return whether any partner sends orders by mail."""
    return (
        session.execute(sa.select(Partner.id).where(sa.func.cardinality(Partner.order_mail_senders) > 0).limit(1)).first()
        is not None
    )


def list_waiting(session: Session, *, brand_ids: Collection[uuid.UUID]) -> list[ReadingRow]:
    """List order mails that wait for a person's decision, the oldest first, at most 200."""
    query = _rows(brand_ids).where(PartnerMailReading.decided_at.is_(None), PartnerMailReading.state.in_(WAITING))
    rows = session.execute(query.order_by(PartnerMailReading.created_at, PartnerMailReading.id).limit(200))
    return [ReadingRow(*row) for row in rows]


def list_decided(session: Session, *, brand_ids: Collection[uuid.UUID], limit: int = 50) -> list[ReadingRow]:
    """List decided order mails, the newest first."""
    done = sa.or_(PartnerMailReading.decided_at.is_not(None), PartnerMailReading.state.not_in(WAITING))
    query = _rows(brand_ids).where(done).order_by(PartnerMailReading.created_at.desc(), PartnerMailReading.id.desc())
    return [ReadingRow(*row) for row in session.execute(query.limit(limit))]


def get_reading(session: Session, reading_id: uuid.UUID, *, brand_ids: Collection[uuid.UUID], lock: bool = False) -> ReadingRow:
    """Return an order mail of these brands. With `lock`, its row is locked for an update. Raises `ReadingMissing`."""
    query = _rows(brand_ids).where(PartnerMailReading.id == reading_id)
    query = query.with_for_update(of=PartnerMailReading) if lock else query
    row = session.execute(query.execution_options(populate_existing=True)).one_or_none()
    if row is None:
        raise ReadingMissing(str(reading_id))
    return ReadingRow(row[0], row[1], row[2], row[3])


def read_day(session: Session, *, brand_ids: Collection[uuid.UUID], now: datetime) -> DayFigures:
    """Read the figures of the last 24 hours. One query."""
    alone = sa.func.count().filter(
        PartnerMailReading.decided_by_user_id.is_(None),
        PartnerMailReading.state.in_((ReadingState.ACCEPTED, ReadingState.DUPLICATE, ReadingState.NOT_AN_ORDER)),
    )
    query = sa.select(sa.func.count(), alone).join(Partner, Partner.id == PartnerMailReading.partner_id)
    row = session.execute(
        query.where(Partner.brand_id.in_(brand_ids), PartnerMailReading.created_at > now - timedelta(days=1))
    ).one()
    return DayFigures(int(row[0]), int(row[1]))


def find_layout(session: Session, partner_id: uuid.UUID, labels: Collection[str]) -> PartnerMailLayout | None:
    """Return the partner's layout that shares the most of these labels. Return None if none shares enough (`SAME_LAYOUT`)."""
    wanted, best, most = set(labels), None, 0.0
    query = sa.select(PartnerMailLayout).where(PartnerMailLayout.partner_id == partner_id).order_by(PartnerMailLayout.id)
    for layout in session.execute(query.execution_options(populate_existing=True)).scalars():
        theirs = set(layout.labels)
        share = len(theirs & wanted) / len(theirs | wanted) if theirs | wanted else 0.0
        if share > most:
            best, most = layout, share
    return best if most >= SAME_LAYOUT else None


def read_counts(session: Session, buckets: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Return bucket -> (right, seen): how often its values were right, and how often they were reviewed. Unknown buckets are
    absent."""
    query = sa.select(PartnerMailCount).where(PartnerMailCount.bucket.in_(list(buckets)))
    rows = session.execute(query.execution_options(populate_existing=True)).scalars()
    return {one.bucket: (one.right_count, one.seen_count) for one in rows}


def list_of_layout(session: Session, layout_id: uuid.UUID, *, limit: int = 50) -> list[tuple[PartnerMailReading, Message]]:
    """List the mails of a layout that became orders, the newest first."""
    query = sa.select(PartnerMailReading, Message).join(Message, Message.id == PartnerMailReading.message_id)
    query = query.where(PartnerMailReading.layout_id == layout_id, PartnerMailReading.state == ReadingState.ACCEPTED)
    rows = session.execute(query.order_by(PartnerMailReading.created_at.desc(), PartnerMailReading.id.desc()).limit(limit))
    return [(row[0], row[1]) for row in rows]


def _rows(brand_ids: Collection[uuid.UUID]) -> sa.Select[PartnerMailReading, Partner, Message, Thread]:
    query = sa.select(PartnerMailReading, Partner, Message, Thread).join(Partner, Partner.id == PartnerMailReading.partner_id)
    query = query.join(Message, Message.id == PartnerMailReading.message_id).join(Thread, Thread.id == Message.thread_id)
    return query.where(Partner.brand_id.in_(brand_ids))
