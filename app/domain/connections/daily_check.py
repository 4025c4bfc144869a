"""Periodic job that checks each channel once a day and alerts administrators of failures."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.core.clock import utc_now
from app.core.db import transaction
from app.domain.connections.alerts import alert_of_expiries, alert_of_troubles, take_occasion
from app.domain.connections.connection_check import check_channel
from app.domain.connections.models import Channel
from app.domain.connections.queries import list_channels

FROM_HOUR = 5  # UTC: before people come to work


def watch_channels(**_ignored: Any) -> None:
    """RQ entry point, periodic: check each channel once a day. Alert administrators of failed checks, of failed calls since the
    last check, and of credentials that expire soon.
    """
    now = utc_now()
    with transaction() as session:
        alert_of_expiries(session, now=now)
    if now.hour >= FROM_HOUR:
        check_today(now=now)
    tell_of_troubles(now=now)


def check_today(*, now: datetime) -> int:
    """Check every active channel that was not checked today, and return the number of channels that are down. No transaction is
    open during the calls."""
    with transaction() as session:
        channels = list_channels(session, active_only=True)
        due = [channel for channel in channels if take_occasion(session, channel.id, f"check {now.date()}", now=now)]
        session.expunge_all()
    return sum(_is_down(channel) for channel in due)


def tell_of_troubles(*, now: datetime) -> int:
    """Alert administrators once when a channel fails and once when it works again. Returns the number of alerts."""
    with transaction() as session:
        return alert_of_troubles(session, now=now)


def _is_down(channel: Channel) -> bool:
    health = check_channel(channel)
    return health is not None and not health.ok
