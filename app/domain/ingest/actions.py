"""Make quarantined inbound events due again, so that they are processed once more."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.base import UnableToParse
from app.core.work import READY
from app.domain.connections.models import Channel, ChannelType
from app.domain.events.actions import SYSTEM, Actor, audit
from app.domain.ingest.models import QUARANTINED, InboundEvent
from app.providers.registry import DOORS

BATCH = 500
ADDRESSED = {door.source: door for door in DOORS}


class NotQuarantined(Exception):
    """Raised when the event is not in quarantine: it waits, is being processed, or is done."""


def replay_event(
    session: Session, event_id: uuid.UUID, *, channel_id: uuid.UUID | None = None, now: datetime, actor: Actor = SYSTEM
) -> None:
    """Make one quarantined event due again. If the event has no channel, `channel_id` sets it.

    Raises `NotQuarantined` if the event is not in quarantine.
    """
    if not put_back(session, [event_id]):
        raise NotQuarantined(str(event_id))
    if channel_id is not None:
        unknown = sa.and_(InboundEvent.id == event_id, InboundEvent.channel_id.is_(None))
        session.execute(sa.update(InboundEvent).where(unknown).values(channel_id=channel_id))
    _find_channels(session, [event_id])
    audit(session, action="InboundEventReplayed", object_type="inbound_event", object_id=str(event_id), now=now, actor=actor)


def replay_quarantined(
    session: Session, *, brand_ids: Collection[uuid.UUID] | None = None, now: datetime, actor: Actor = SYSTEM
) -> int:
    """Make all quarantined events of these brands due again, in batches. Return the number of events. If `brand_ids` is None,
    all events are meant."""
    of_brand = sa.select(Channel.id).where(Channel.brand_id.in_(brand_ids)) if brand_ids is not None else None
    waiting = sa.select(InboundEvent.id).where(InboundEvent.state == QUARANTINED).limit(BATCH)
    if of_brand is not None:
        waiting = waiting.where(InboundEvent.channel_id.in_(of_brand))
    total = 0
    while event_ids := list(session.execute(waiting).scalars()):
        _find_channels(session, event_ids)
        total += put_back(session, event_ids)
    if total:
        detail = {"count": total}
        audit(
            session,
            action="InboundEventsReplayed",
            object_type="inbound_event",
            object_id="",
            now=now,
            actor=actor,
            detail=detail,
        )
    return total


def put_back(session: Session, event_ids: Collection[uuid.UUID]) -> int:
    """Make those of the given events due again that are in quarantine. Return their number."""
    statement = (
        sa.update(InboundEvent)
        .where(InboundEvent.id.in_(event_ids), InboundEvent.state == QUARANTINED)
        .values(state=READY, run_at=sa.func.now(), attempts=0, hinted_at=None, reason=None, done_at=None)
        .returning(InboundEvent.id)
        .execution_options(synchronize_session=False)
    )
    return len(session.execute(statement).all())


def _find_channels(session: Session, event_ids: Collection[uuid.UUID]) -> None:
    """Set the channel of events whose number was unknown when they came, if a channel with this number exists now."""
    orphans = sa.select(InboundEvent.id, InboundEvent.source, InboundEvent.body).where(
        InboundEvent.id.in_(event_ids), InboundEvent.channel_id.is_(None), InboundEvent.source.in_(ADDRESSED)
    )
    for event_id, source, body in session.execute(orphans).all():
        channel_id = _channel_of_number(session, source, body)
        if channel_id is not None:
            session.execute(sa.update(InboundEvent).where(InboundEvent.id == event_id).values(channel_id=channel_id))


def _channel_of_number(session: Session, source: str, body: bytes) -> uuid.UUID | None:
    door = ADDRESSED[source]
    try:
        names = door.names(body)
    except UnableToParse:
        return None
    ours = sa.and_(Channel.channel_type == ChannelType(door.channel_type), Channel.address.in_(names))
    return session.execute(sa.select(Channel.id).where(ours).order_by(Channel.address).limit(1)).scalar_one_or_none()
