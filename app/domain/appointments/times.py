"""Convert a day and a local time at a place to an instant (UTC). Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo, available_timezones

ZONE = "Europe/Amsterdam"
# What the form offers beside the reader's own.
USUAL_ZONES = (ZONE, "Europe/Brussels", "Europe/Paris", "Europe/Berlin", "Europe/London")


class NoSuchTime(ValueError):
    """Raised when the local time does not exist on that day, because the clock skips it at the change to summer time."""


def is_zone(name: str) -> bool:
    """Return whether this is the name of a known time zone."""
    return name in available_timezones()


def instant(day: date, at: time, zone: str) -> datetime:
    """Return the aware UTC instant of a local time. If the local time occurs twice on that day, return the first instant.
    Raises `NoSuchTime` if it does not exist."""
    local = datetime.combine(day, at, tzinfo=ZoneInfo(zone))
    found = local.astimezone(UTC)
    if found.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != local.replace(tzinfo=None):
        raise NoSuchTime(f"{day} {at} {zone}")
    return found
