"""Find the troubles of the installation at this moment: quarantine, channels, services, backlog, storage, workers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.db import table_of
from app.core.shortage import WAITS_FOR_STORAGE
from app.core.storage import Storage, StorageFailed
from app.core.text import known
from app.core.text import mark as N_
from app.domain.connections.models import Channel
from app.domain.delivery.models import Delivery
from app.domain.events.models import OutboxEntry
from app.domain.ingest.models import InboundEvent
from app.domain.services.queries import list_failing

GROWS_WITHIN = timedelta(hours=1)
WAITS_AT_MOST = timedelta(minutes=5)
QUARANTINE = known("Incoming events that failed in the last hour: %(count)s.")
REFUSED = known("The channel %(name)s does not work: %(why)s")
SERVICE = known("The service %(name)s does not work: %(why)s")
WAITING = known("Background work has been waiting for over %(minutes)s minutes: %(what)s.")
NOT_SERVED = known("No worker is processing the queue %(queue)s.")
NO_STORAGE = known("The file store is down (%(why)s); email has to wait until it works again.")
UNKNOWN = N_("unknown reason")
PROMISES = (table_of(InboundEvent), table_of(OutboxEntry), table_of(Delivery))


@dataclass(frozen=True)
class Trouble:
    """Something that is wrong with the installation now. `key` stays the same while it lasts.

    `text` describes it in English. `place` is the path of the page where to look.
    """

    key: str
    text: str
    place: str


def find_troubles(
    session: Session, *, now: datetime, queues: Collection[str], served: Collection[str] | None, storage_fault: str = ""
) -> list[Trouble]:
    """Return every trouble that exists now.

    `queues` are the names of all queues. `served` are those from which a worker takes jobs, or None if this is unknown.
    `storage_fault` is the result of `find_storage_fault`.
    """
    return [
        *_quarantine(session, now),
        *_channels(session),
        *_services(session, now),
        *_waiting(session, now),
        *_workers(queues, served),
        *_storage(session, storage_fault),
    ]


def find_storage_fault(storage: Storage) -> str:
    """Return the reason why nothing can be written to the file store. Return "" if writing works."""
    try:
        storage.check()
    except StorageFailed as failed:
        return str(failed) or type(failed).__name__
    return ""


def _quarantine(session: Session, now: datetime) -> list[Trouble]:
    query = sa.select(sa.func.count()).where(InboundEvent.state == "quarantined", InboundEvent.received_at > now - GROWS_WITHIN)
    count = session.execute(query).scalar_one()
    return [Trouble("quarantine", QUARANTINE % {"count": count}, "/settings/events")] if count else []


def _channels(session: Session) -> list[Trouble]:
    query = sa.select(Channel.id, Channel.name, Channel.health_detail).where(Channel.is_active, Channel.health == "down")
    return [
        Trouble(
            f"channel {row.id}",
            REFUSED % {"name": row.name, "why": row.health_detail or UNKNOWN},
            f"/settings/channels/{row.id}",
        )
        for row in session.execute(query.order_by(Channel.name))
    ]


def _services(session: Session, now: datetime) -> list[Trouble]:
    """Return one trouble for each service, other than a channel, that failed the daily check."""
    return [
        Trouble(f"service {one.key}", SERVICE % {"name": one.name, "why": one.detail or UNKNOWN}, one.place)
        for one in list_failing(session, now=now)
    ]


def _waiting(session: Session, now: datetime) -> list[Trouble]:
    found = []
    for table in PROMISES:
        name, columns = table.name, table.c
        late = sa.select(columns.id).where(columns.state.in_(("ready", "running")), columns.run_at < now - WAITS_AT_MOST)
        if "channel_id" in columns:  # deliveries of a paused channel wait on purpose
            resting = sa.or_(Channel.paused_at.is_not(None), Channel.is_active.is_(False))
            late = late.where(~sa.exists(sa.select(Channel.id).where(Channel.id == columns.channel_id, resting)))
        if session.execute(late.limit(1)).first() is not None:
            minutes = int(WAITS_AT_MOST.total_seconds() // 60)
            found.append(Trouble(f"waiting {name}", WAITING % {"minutes": minutes, "what": name}, "/settings/events"))
    return found


def _storage(session: Session, fault: str) -> list[Trouble]:
    """Return a trouble if nothing can be written to the file store, or if an inbound event waits for the file store."""
    waits = InboundEvent.reason.like(WAITS_FOR_STORAGE % {"why": "%"})
    query = sa.select(InboundEvent.reason).where(InboundEvent.state.in_(("ready", "running")), waits).limit(1)
    why = fault or (session.execute(query).scalar() or "").removeprefix(WAITS_FOR_STORAGE % {"why": ""})
    return [Trouble("storage", NO_STORAGE % {"why": why}, "/settings/events")] if why else []


def _workers(queues: Collection[str], served: Collection[str] | None) -> list[Trouble]:
    missing = sorted(set(queues) - set(served)) if served is not None else []
    return [Trouble(f"worker {queue}", NOT_SERVED % {"queue": queue}, "/settings/events") for queue in missing]
