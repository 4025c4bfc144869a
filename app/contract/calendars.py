"""Calendar events of a mailbox, of any provider."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.contract.base import ChannelAccount, Json


@dataclass(frozen=True)
class CalendarEvent:
    """A calendar event. `starts_at` is aware UTC; for all-day events, midnight UTC of the first day.

    `key` is the provider's id, which stays when the event changes. `reference` is our id, of an event we wrote. `changed_at`:
    when the event was last written, by anybody.
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
    """An event to write into a calendar; times are aware UTC. `reference` identifies a repeat."""

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
    """One page of changes. `state` replaces the stored state; `more`: ask again at once. `removed`: keys of deleted events."""

    events: tuple[CalendarEvent, ...]
    removed: tuple[str, ...]
    state: Json
    more: bool = False


class EventGone(Exception):
    """The event we wrote is no longer in the calendar."""


class HasCalendar(Protocol):
    def poll_calendar(self, *, account: ChannelAccount, state: Json) -> CalendarPage:
        """Return the changes since `state`; {} starts from the beginning. Raises ProviderError; then the state still holds."""
        ...

    def write_event(
        self, *, account: ChannelAccount, event: WantedEvent, key: str | None, may_be_there: bool = False
    ) -> WrittenEvent:
        """Write a new event, or change the one with `key`; a repeat writes it once. `may_be_there`: an earlier try may have
        written it.

        Nobody is invited. Raises EventGone if no event has `key` any more, ProviderError.
        """
        ...

    def remove_event(self, *, account: ChannelAccount, reference: str, key: str | None) -> None:
        """Delete the event with `key`, else with our reference; a deleted one changes nothing. Raises ProviderError."""
        ...
