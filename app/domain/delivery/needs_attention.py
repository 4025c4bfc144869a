"""List the deliveries of a viewer's brands that need attention: waiting too long, failed, or of unknown outcome.

For each channel, one keyset scan reads the small index of such deliveries (`ix_deliveries_attention`); the results are
merged. Deliveries older than LOOK_BACK are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.base import DeliveryStatus
from app.core.paging import Page, cut_page, read_cursor
from app.core.work import DONE
from app.domain.accounts.access import Viewer
from app.domain.connections.models import Channel
from app.domain.contacts.models import Contact
from app.domain.delivery.actions import MAY_BE_SENT_AGAIN
from app.domain.delivery.ledger import reason_text
from app.domain.delivery.models import ENDS_BADLY, Delivery, DeliveryAttempt
from app.domain.threads.models import Thread

WAITS_TOO_LONG = timedelta(minutes=5)
LOOK_BACK = timedelta(days=30)
COUNT_CAP = 1000


@dataclass(frozen=True)
class StuckDelivery:
    """A delivery that needs attention. `why`: "waiting", "failed" or "unknown". `reason`: the last known problem.
    `next_try_at`: the time of the next try, or None if there will be no try."""

    delivery: Delivery
    thread: Thread
    contact_name: str
    channel_name: str
    why: str
    reason: str
    attempts: int
    next_try_at: datetime | None
    may_repeat: bool


def list_stuck(
    session: Session, *, viewer: Viewer, now: datetime, cursor: str | None = None, limit: int = 50
) -> Page[StuckDelivery]:
    """List the viewer's deliveries that need attention, newest first. One query. Raises `BadCursor`."""
    found = _scan(viewer, now, cursor, limit + 1)
    tries = sa.select(
        sa.func.max(DeliveryAttempt.attempt_no).label("attempts"),
        sa.func.array_agg(DeliveryAttempt.detail).label("details"),
    ).where(DeliveryAttempt.delivery_id == found.c.id)
    last = tries.lateral("tries")
    query = (
        sa.select(Delivery, Thread, Contact.name, Channel.name, last.c.attempts, last.c.details)
        .join(found, found.c.id == Delivery.id)
        .join(Thread, Thread.id == Delivery.thread_id)
        .join(Channel, Channel.id == Delivery.channel_id)
        .outerjoin(Contact, Contact.id == Thread.contact_id)
        .outerjoin(last, sa.true())
        .order_by(Delivery.created_at.desc(), Delivery.id.desc())
    )
    rows = [_row(record) for record in session.execute(query)]
    return cut_page(rows, limit, lambda row: (row.delivery.created_at, row.delivery.id))


def count_stuck(session: Session, *, viewer: Viewer, now: datetime) -> int:
    """Count the viewer's deliveries that need attention. The count stops at COUNT_CAP."""
    found = _scan(viewer, now, None, COUNT_CAP)
    return session.execute(sa.select(sa.func.count()).select_from(found)).scalar_one()


def _scan(viewer: Viewer, now: datetime, cursor: str | None, limit: int) -> sa.Subquery:
    channels = sa.select(Channel.id).where(Channel.brand_id.in_(viewer.brand_ids)).subquery("of_brands")
    of_one = sa.select(Delivery.id, Delivery.created_at).where(Delivery.channel_id == channels.c.id, *_conditions(now))
    if cursor is not None:
        at, row_id = read_cursor(cursor)
        place = sa.tuple_(sa.literal(at, sa.DateTime(timezone=True)), sa.literal(row_id, sa.Uuid))
        of_one = of_one.where(sa.tuple_(Delivery.created_at, Delivery.id) < place)
    newest = of_one.order_by(Delivery.created_at.desc(), Delivery.id.desc()).limit(limit).lateral("newest")
    merged = sa.select(newest.c.id).select_from(channels.join(newest, sa.true()))
    return merged.order_by(newest.c.created_at.desc(), newest.c.id.desc()).limit(limit).subquery("found")


def _conditions(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    ended = Delivery.status.in_([*sorted(ENDS_BADLY), DeliveryStatus.UNKNOWN])
    waits = sa.and_(Delivery.state != DONE, Delivery.created_at < now - WAITS_TOO_LONG)
    indexed = sa.text("(deliveries.state <> 'done' OR deliveries.status IN ('failed', 'bounced', 'expired', 'unknown'))")
    return sa.or_(ended, waits), Delivery.created_at > now - LOOK_BACK, sa.and_(sa.true(), indexed)


def _row(record: Any) -> StuckDelivery:
    delivery, thread, contact_name, channel_name, attempts, details = record
    failed = delivery.status in ENDS_BADLY
    told = [detail for detail in details or () if detail]
    return StuckDelivery(
        delivery=delivery,
        thread=thread,
        contact_name=contact_name or "",
        channel_name=channel_name,
        why="failed" if failed else "unknown" if delivery.status == DeliveryStatus.UNKNOWN else "waiting",
        reason=reason_text(delivery.reason) or (told[-1] if told else ""),
        attempts=attempts or 0,
        next_try_at=delivery.run_at if delivery.state == "ready" and not failed else None,
        may_repeat=delivery.status in MAY_BE_SENT_AGAIN,
    )
