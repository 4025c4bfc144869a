"""The calendar events of a mailbox, whichever provider keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.contract.base import ChannelAccount, Json


@dataclass(frozen=True)
class CalendarEvent:
    """`starts_at` is aware UTC; of an event of whole days, midnight UTC of its first. `key` stays while the event changes.

    `reference` is ours, of an event that we wrote. `changed_at`: when it was last written, by whomever.
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
    """What is to stand in a calendar; times are aware UTC. `reference`: by it a repeat is known."""

    reference: str
    subject: str
    starts_at: datetime
    ends_at: datetime
    place: str = ""
    text: str = ""


@dataclass(frozen=True)
class WrittenEvent:
    """What the provider calls it, and when it says it was written."""

    key: str
    changed_at: datetime | None


@dataclass(frozen=True)
class CalendarPage:
    """One page of changes. `state` replaces the stored state; `more`: ask again at once. `removed`: keys of what is gone."""

    events: tuple[CalendarEvent, ...]
    removed: tuple[str, ...]
    state: Json
    more: bool = False


class EventGone(Exception):
    """The event we wrote is not in the calendar any more."""


class HasCalendar(Protocol):
    def poll_calendar(self, *, account: ChannelAccount, state: Json) -> CalendarPage:
        """{} starts from the beginning. Raises ProviderError, and then nothing has changed."""
        ...

    def write_event(
        self, *, account: ChannelAccount, event: WantedEvent, key: str | None, may_be_there: bool = False
    ) -> WrittenEvent:
        """Write it anew, or over the one called `key`; twice is once. `may_be_there`: an earlier try may have written it.

        Nobody is invited. Raises EventGone if there is none called `key` any more, ProviderError.
        """
        ...

    def remove_event(self, *, account: ChannelAccount, reference: str, key: str | None) -> None:
        """Take it out, by its key, else by our reference; one that is gone already is fine. Raises ProviderError."""
        ...
