"""Data classes and methods for calendar events of a mailbox, the same for all providers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.contract.base import ChannelAccount, Json


@dataclass(frozen=True)
class CalendarEvent:
    """A calendar event. `starts_at` is aware UTC; an all-day event starts at midnight UTC of its first day.

    `key` is the provider's id, which stays the same when the event changes. `reference` is our id if we wrote the event,
    else "". `changed_at` is when anybody last wrote the event.
    """

    key: str
    subject: str
    starts_at: datetime
    place: str = ""
    is_all_day: bool = False
    is_cancelled: bool = False
    ends_at: datetime | None = None
    reference: str = ""
    changed_at: datetime | None = None


@dataclass(frozen=True)
class WantedEvent:
    """An event to write into a calendar. Times are aware UTC. A second write with the same `reference` is a repeat."""

    reference: str
    subject: str
    starts_at: datetime
    ends_at: datetime
    place: str = ""
    text: str = ""


@dataclass(frozen=True)
class WrittenEvent:
    """A written event: the provider's id (`key`) and time of writing."""

    key: str
    changed_at: datetime | None


@dataclass(frozen=True)
class CalendarPage:
    """One page of calendar changes. `removed` has the keys of deleted events. `state` replaces the stored state. `more` is True
    if there is another page: ask again at once."""

    events: tuple[CalendarEvent, ...]
    removed: tuple[str, ...]
    state: Json
    more: bool = False


class EventGone(Exception):
    """Raised when the event that we wrote is no longer in the calendar."""


class HasCalendar(Protocol):
    def poll_calendar(self, *, account: ChannelAccount, state: Json) -> CalendarPage:
        """Return the changes since `state`. {} starts from the beginning. Raises `ProviderError`; then the same `state` can be
        used again."""
        ...

    def write_event(
        self, *, account: ChannelAccount, event: WantedEvent, key: str | None, may_be_there: bool = False
    ) -> WrittenEvent:
        """Write a new event, or change the event with this `key`. A repeat with the same reference makes no second event.

        `may_be_there` is True if an earlier attempt may have written the event. Nobody is invited. Raises `EventGone` if no
        event has `key` any more, and `ProviderError`.
        """
        ...

    def remove_event(self, *, account: ChannelAccount, reference: str, key: str | None) -> None:
        """Delete the event with `key`, or without a key the event with our `reference`. If there is none, nothing happens.
        Raises `ProviderError`."""
        ...
