"""Read quarantined inbound events and the counts of refused posts. Leads see the events of their brands. Only administrators
see events without a brand."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session, defer

from app.core.paging import Page, cut_page, read_cursor
from app.domain.accounts.access import Viewer
from app.domain.accounts.permissions import Permission
from app.domain.connections.models import Channel
from app.domain.ingest.models import QUARANTINED, InboundEvent, IntakeCount

REFUSAL_DAYS = 14


class EventMissing(Exception):
    """Raised when there is no such inbound event, or when the viewer may not see it."""


@dataclass(frozen=True)
class EventRow:
    """An inbound event with the name of its channel. In rows from `list_quarantined`, the event's body is not loaded."""

    event: InboundEvent
    channel_name: str | None


@dataclass(frozen=True)
class Refusals:
    """The number of posts refused on one day, by source and reason."""

    day: date
    source: str
    reason: str
    count: int


def visible_to(viewer: Viewer) -> sa.ColumnElement[bool]:
    """Return the SQL condition that limits inbound events to those the viewer may see. The query must outer join `Channel`."""
    return sa.true() if viewer.may(Permission.BRANDS_ALL) else Channel.brand_id.in_(viewer.brand_ids)


def list_quarantined(session: Session, *, viewer: Viewer, cursor: str | None = None, limit: int = 50) -> Page[EventRow]:
    """List one page of quarantined events, newest first. Raises BadCursor."""
    query = (
        sa.select(InboundEvent, Channel.name)
        .outerjoin(Channel, Channel.id == InboundEvent.channel_id)
        .where(InboundEvent.state == QUARANTINED, visible_to(viewer))
        .options(defer(InboundEvent.body, raiseload=True))
        .order_by(InboundEvent.received_at.desc(), InboundEvent.id.desc())
        .limit(limit + 1)
    )
    if cursor:
        query = query.where(sa.tuple_(InboundEvent.received_at, InboundEvent.id) < sa.tuple_(*_literals(cursor)))
    rows = [EventRow(row[0], row[1]) for row in session.execute(query)]
    return cut_page(rows, limit, lambda row: (row.event.received_at, row.event.id))


def _literals(cursor: str) -> tuple[sa.ColumnElement[datetime], sa.ColumnElement[uuid.UUID]]:
    at, row_id = read_cursor(cursor)
    return sa.literal(at, sa.DateTime(timezone=True)), sa.literal(row_id, sa.Uuid)


def count_quarantined(session: Session, *, viewer: Viewer) -> int:
    query = sa.select(sa.func.count()).select_from(InboundEvent).outerjoin(Channel, Channel.id == InboundEvent.channel_id)
    return session.execute(query.where(InboundEvent.state == QUARANTINED, visible_to(viewer))).scalar_one()


def get_event(session: Session, event_id: uuid.UUID, *, viewer: Viewer) -> EventRow:
    """Return one inbound event in any state, with its body. Raises EventMissing."""
    query = sa.select(InboundEvent, Channel.name).outerjoin(Channel, Channel.id == InboundEvent.channel_id)
    row = session.execute(query.where(InboundEvent.id == event_id, visible_to(viewer))).one_or_none()
    if row is None:
        raise EventMissing(str(event_id))
    return EventRow(row[0], row[1])


def list_refusals(session: Session, *, today: date) -> list[Refusals]:
    """List the counts of refused posts of the last REFUSAL_DAYS days, newest first."""
    query = sa.select(IntakeCount).where(IntakeCount.day > today - timedelta(days=REFUSAL_DAYS))
    rows = session.execute(query.order_by(IntakeCount.day.desc(), IntakeCount.source, IntakeCount.reason)).scalars()
    return [Refusals(row.day, row.source, row.reason, row.count) for row in rows]
