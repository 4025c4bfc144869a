"""Read failed reactions: outbox entries whose handler failed on every try."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.work import FAILED
from app.domain.events.models import Event, OutboxEntry


@dataclass(frozen=True)
class FailedReaction:
    """An outbox entry (reaction of one handler) with its event."""

    entry: OutboxEntry
    event: Event


def list_failed_reactions(
    session: Session, *, brand_ids: Collection[uuid.UUID] | None = None, limit: int = 50
) -> list[FailedReaction]:
    """List failed reactions, newest first. `brand_ids` None: reactions of all brands, and those without a brand."""
    query = sa.select(OutboxEntry, Event).join(Event, Event.id == OutboxEntry.event_id).where(OutboxEntry.state == FAILED)
    if brand_ids is not None:
        query = query.where(Event.brand_id.in_(brand_ids))
    rows = session.execute(query.order_by(OutboxEntry.created_at.desc(), OutboxEntry.id.desc()).limit(limit))
    return [FailedReaction(row[0], row[1]) for row in rows]


def find_reaction(session: Session, entry_id: int, *, brand_ids: Collection[uuid.UUID] | None = None) -> FailedReaction | None:
    """Return one reaction, in any state, or None. Its event must belong to one of these brands (`brand_ids` None: any brand)."""
    query = sa.select(OutboxEntry, Event).join(Event, Event.id == OutboxEntry.event_id).where(OutboxEntry.id == entry_id)
    if brand_ids is not None:
        query = query.where(Event.brand_id.in_(brand_ids))
    row = session.execute(query).one_or_none()
    return FailedReaction(row[0], row[1]) if row else None
