"""Look after the channels by the clock: each is asked once a day whether it works, and administrators hear of what is wrong."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from app.connections.models import Channel
from app.connections.occasions import DOWN, alert, alert_of_expiries, take_occasion
from app.connections.queries import list_channels
from app.core.clock import utc_now
from app.core.db import transaction
from app.delivery.check import check_channel

FROM_HOUR = 5  # UTC: before people come to work


def watch_channels(**_ignored: Any) -> None:
    """RQ entry point, periodic. Any number of rounds a day make one check and one alert."""
    now = utc_now()
    with transaction() as session:
        alert_of_expiries(session, now=now)
    if now.hour >= FROM_HOUR:
        check_today(now=now)


def check_today(*, now: datetime) -> int:
    """Check every active channel that this has not checked today; returns how many are down. No transaction meanwhile."""
    with transaction() as session:
        channels = list_channels(session, active_only=True)
        due = [channel for channel in channels if take_occasion(session, channel.id, f"check {now.date()}", now=now)]
        session.expunge_all()
    return sum(_check(channel, now) for channel in due)


def _check(channel: Channel, now: datetime) -> bool:
    health = check_channel(channel)
    if health is None or health.ok:
        return False
    _tell(channel.id, health.detail, now)
    return True


def _tell(channel_id: uuid.UUID, why: str, now: datetime) -> None:
    with transaction() as session:
        channel = session.get_one(Channel, channel_id)
        alert(session, channel, f"down {now.date()}", DOWN % {"channel": channel.name, "why": why}, now=now)
