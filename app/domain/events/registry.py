"""Store the table of handlers by event type, which `app/wiring.py` installs."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.domain.events.models import Event


@dataclass(frozen=True)
class Together:
    """An in-transaction handler that takes several events of a type in one call, which costs less than one call for each event.

    `is_apart` True: no other handler reads the rows that this handler writes. It then runs once for the events of all its
    types, after the other handlers.
    """

    run: Callable[[Session, Sequence[Event]], None]
    is_apart: bool = False


def one_by_one(run: Callable[[Session, Event], None]) -> Together:
    """Return a handler of several events that calls `run` for each event. So the events of `run` can be handled at the end of a
    `gathered` block."""

    def run_each(session: Session, events: Sequence[Event]) -> None:
        for event in events:
            run(session, event)

    return Together(run_each)


InTransaction = Callable[[Session, Event], None] | Together


@dataclass(frozen=True)
class AfterCommit:
    """An after-commit handler of an event. It runs as a job, with its own retries.

    `run` opens its own transactions and may run twice. `name` is stored in the outbox; never reuse a name. `run_all` handles
    many events in one call at less cost; it may return {event id: seconds} for events to be run again later. `among` returns
    only those events that need the handler; it is called in the transaction of the events, and only reads.
    """

    name: str
    run: Callable[[Event], Any]
    queue: str = "live"
    among: Callable[[Session, Sequence[Event]], Sequence[Event]] | None = None
    run_all: Callable[[Sequence[Event]], Mapping[uuid.UUID, float] | None] | None = None


@dataclass(frozen=True)
class Wiring:
    in_transaction: Mapping[str, tuple[InTransaction, ...]]
    after_commit: Mapping[str, tuple[AfterCommit, ...]]

    def with_reaction(self, reaction: InTransaction, *, to: Sequence[str]) -> Wiring:
        """Return a copy of the table with one more in-transaction handler for these event types. It runs after the present
        handlers of these types."""
        more = {name: (*self.in_transaction.get(name, ()), reaction) for name in to}
        return Wiring({**self.in_transaction, **more}, self.after_commit)

    def orders_events(self, event_type: str) -> bool:
        """Return whether the event type has an in-transaction handler that needs a thread's events in order."""
        return any(not (isinstance(one, Together) and one.is_apart) for one in self.in_transaction.get(event_type, ()))

    def handler(self, name: str) -> AfterCommit | None:
        """Return the after-commit handler with this name, or None if it was removed since the entry was written."""
        return next((h for handlers in self.after_commit.values() for h in handlers if h.name == name), None)


_installed = Wiring({}, {})


def install(wiring: Wiring) -> None:
    """Install the table of handlers; `create_app` calls it once."""
    global _installed
    _installed = wiring


def installed() -> Wiring:
    return _installed
