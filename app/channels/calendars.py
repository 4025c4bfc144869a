"""What the calendar of a mailbox gives, whichever provider keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.channels.base import ChannelAccount, Json


@dataclass(frozen=True)
class CalendarEvent:
    """`starts_at` is aware UTC; of an event of whole days, midnight UTC of its first. `key` stays while the event changes."""

    key: str
    subject: str
    starts_at: datetime
    place: str = ""
    is_all_day: bool = False
    is_cancelled: bool = False


@dataclass(frozen=True)
class CalendarPage:
    """One page of changes. `state` replaces the stored state; `more`: ask again at once. `removed`: keys of what is gone."""

    events: tuple[CalendarEvent, ...]
    removed: tuple[str, ...]
    state: Json
    more: bool = False


class HasCalendar(Protocol):
    def poll_calendar(self, *, account: ChannelAccount, state: Json) -> CalendarPage:
        """{} starts from the beginning. Raises ProviderError, and then nothing has changed."""
        ...
