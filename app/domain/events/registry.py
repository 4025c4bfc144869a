"""Hold the table of who reacts to which event, which `app/wiring.py` installs."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.domain.events.models import Event


@dataclass(frozen=True)
class Together:
    """A reaction inside the transaction that takes several events of a type, for less than one after the other costs.

    `is_apart`: no other reaction reads what it writes, so events of one thread need not wait for each other because of it, and
    it takes those of several types.
    """

    run: Callable[[Session, Sequence[Event]], None]
    is_apart: bool = False


def one_by_one(run: Callable[[Session, Event], None]) -> Together:
    """A reaction to one event as one that takes several, so that its events may be gathered with others."""

    def run_each(session: Session, events: Sequence[Event]) -> None:
        for event in events:
            run(session, event)

    return Together(run_each)


InTransaction = Callable[[Session, Event], None] | Together


@dataclass(frozen=True)
class AfterCommit:
    """A reaction that runs as a job, alone or after others, and is retried alone.

    `run` opens its own transactions and must bear running twice. `name` is stored in the outbox: never reuse one.
    `run_all` does the same for many events at once, for less than one after the other costs; it may return those that are to come
    again, by their ids with the seconds until then.
    `among` is asked in the transaction of the events, quickly and by reading alone: those of them that somebody waits for.
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
        """Return a copy in which `reaction` to these events runs last in their transaction."""
        more = {name: (*self.in_transaction.get(name, ()), reaction) for name in to}
        return Wiring({**self.in_transaction, **more}, self.after_commit)

    def orders_events(self, event_type: str) -> bool:
        """Return whether a reaction in the transaction makes other events of the thread wait."""
        return any(not (isinstance(one, Together) and one.is_apart) for one in self.in_transaction.get(event_type, ()))

    def handler(self, name: str) -> AfterCommit | None:
        """Return the after-commit handler with this name, or None if it was removed since the entry was written."""
        return next((h for handlers in self.after_commit.values() for h in handlers if h.name == name), None)


_installed = Wiring({}, {})


def install(wiring: Wiring) -> None:
    """Install the table; `create_app` calls it once."""
    global _installed
    _installed = wiring


def installed() -> Wiring:
    return _installed
