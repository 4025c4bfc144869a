"""Read the traffic of channels: time of the last sent message, messages waiting in either direction, recent failures."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

DAY = timedelta(days=1)
_FLOWS = sa.text(
    "SELECT c.id,"
    " (SELECT d.accepted_at FROM deliveries d WHERE d.channel_id = c.id AND d.accepted_at IS NOT NULL"
    "  ORDER BY d.created_at DESC LIMIT 1) AS last_out_at,"
    " (SELECT min(d.created_at) FROM deliveries d WHERE d.channel_id = c.id AND d.state IN ('ready', 'running'))"
    "  AS waiting_out_since,"
    " (SELECT count(*) FROM deliveries d WHERE d.channel_id = c.id AND d.state IN ('ready', 'running')) AS waiting_out,"
    " (SELECT d.reason FROM deliveries d WHERE d.channel_id = c.id AND d.state IN ('ready', 'running') AND d.reason IS NOT NULL"
    "  ORDER BY d.created_at LIMIT 1) AS waiting_out_for,"
    " (SELECT min(e.received_at) FROM inbound_events e WHERE e.channel_id = c.id AND e.state IN ('ready', 'running'))"
    "  AS waiting_in_since,"
    " (SELECT count(*) FROM deliveries d WHERE d.channel_id = c.id AND d.created_at > :since) AS tried,"
    " (SELECT count(*) FROM deliveries d WHERE d.channel_id = c.id AND d.created_at > :since"
    "  AND d.status IN ('failed', 'bounced', 'expired')) AS failed"
    " FROM channels c WHERE c.id = ANY(:ids)"
).bindparams(sa.bindparam("ids", type_=sa.ARRAY(sa.Uuid)), sa.bindparam("since", type_=sa.DateTime(timezone=True)))


@dataclass(frozen=True)
class Flow:
    """The traffic of a channel. `tried` and `failed` are numbers of messages in the last 24 hours.

    `waiting_out` messages are not sent yet, the oldest since `waiting_out_since`. `waiting_out_for` is the problem of the
    oldest of them that was tried: {"title", "detail", "advice", …}. `waiting_in_since` is when the oldest waiting inbound
    event was received.
    """

    last_out_at: datetime | None = None
    waiting_out_since: datetime | None = None
    waiting_out: int = 0
    waiting_out_for: dict[str, Any] | None = None
    waiting_in_since: datetime | None = None
    tried: int = 0
    failed: int = 0


def read_flows(session: Session, channel_ids: Sequence[uuid.UUID], *, now: datetime) -> dict[uuid.UUID, Flow]:
    """Return the traffic of each of these channels by id. One query."""
    rows = session.execute(_FLOWS, {"ids": list(channel_ids), "since": now - DAY}).mappings()
    return {row["id"]: Flow(**{name: value for name, value in row.items() if name != "id"}) for row in rows}
