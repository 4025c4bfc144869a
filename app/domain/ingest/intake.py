"""Store a raw inbound event before the provider gets its acknowledgement, without duplicates."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.db import transaction
from app.core.ids import new_id
from app.core.text import storable, storable_json
from app.providers.registry import PROVIDERS

_OF_PROVIDERS = (name for one in PROVIDERS for name in one.kept_headers)
KEPT_HEADERS = frozenset({"content-type", "content-length", "user-agent", "x-request-id", "date", *_OF_PROVIDERS})


@dataclass(frozen=True)
class RawEvent:
    """A raw inbound event. `dedupe_key` is the id that the provider or we gave the event; it is unique per `source`."""

    source: str
    dedupe_key: str
    body: bytes
    channel_id: uuid.UUID | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    meta: Mapping[str, Any] = field(default_factory=dict)
    quarantine_reason: str | None = None


# In the driver's own words: the door does this alone, thousands of times a second, and every layer of it counts.
_STORE = """
    INSERT INTO inbound_events (id, source, dedupe_key, channel_id, received_at, headers, meta, body, body_sha256, reason,
                                results, state, run_at, attempts)
    VALUES (%(id)s, %(source)s, %(dedupe_key)s, %(channel_id)s, now(), CAST(%(headers)s AS jsonb), CAST(%(meta)s AS jsonb),
            %(body)s, %(sha256)s, %(reason)s, '[]', %(state)s, now(), 0)
    ON CONFLICT (source, dedupe_key) DO NOTHING
"""

_COUNT_AT_THE_DOOR = """
    INSERT INTO intake_counts (day, source, reason, count) VALUES (%(day)s, %(source)s, %(reason)s, 1)
    ON CONFLICT (day, source, reason) DO UPDATE SET count = intake_counts.count + 1
    RETURNING count
"""

_COUNT = sa.text(
    """
    INSERT INTO intake_counts (day, source, reason, count) VALUES (:day, :source, :reason, 1)
    ON CONFLICT (day, source, reason) DO UPDATE SET count = intake_counts.count + 1
    """
)


def store_event(session: Session, raw: RawEvent) -> uuid.UUID | None:
    """Insert the event and return its id. Return None if the event is stored already. The caller commits before it answers the
    provider."""
    values = _values(raw)
    stored = session.connection().exec_driver_sql(_STORE, values).rowcount
    return values["id"] if stored else None


def store_at_the_door(connection: sa.PoolProxiedConnection, raw: RawEvent) -> None:
    """Insert the event on an `autocommitted` connection, so that it is committed when this returns. A repeat changes nothing."""
    with closing(connection.cursor()) as cursor:
        cursor.execute(_STORE, _values(raw))


def store_large(raw: RawEvent) -> None:
    """Insert an event with a large body, on a connection that is closed afterwards, as the driver would keep its memory."""
    with transaction() as session:
        session.connection().detach()
        store_event(session, raw)


def count_at_the_door(connection: sa.PoolProxiedConnection, *, source: str, reason: str, day: date) -> int:
    """Count a refused post on a connection from `autocommitted`. Return the number of refused posts of this source and reason
    on that day."""
    with closing(connection.cursor()) as cursor:
        cursor.execute(_COUNT_AT_THE_DOOR, {"day": day, "source": source, "reason": reason})
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def _values(raw: RawEvent) -> dict[str, Any]:
    headers = {k.lower(): storable(v)[:1000] for k, v in raw.headers.items() if k.lower() in KEPT_HEADERS}
    return {
        "id": new_id(),
        "source": raw.source,
        "dedupe_key": raw.dedupe_key[:500],
        "channel_id": raw.channel_id,
        "headers": json.dumps(headers),
        "meta": json.dumps(storable_json(dict(raw.meta))),
        "body": raw.body,
        "sha256": hashlib.sha256(raw.body).digest(),
        "reason": raw.quarantine_reason,
        "state": "quarantined" if raw.quarantine_reason else "ready",
    }


def count_refusal(session: Session, *, source: str, reason: str, day: date) -> None:
    """Count a refused post by source, reason and day. Nothing else of the post is stored."""
    session.execute(_COUNT, {"day": day, "source": source, "reason": reason})
