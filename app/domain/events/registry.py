"""Where `app/wiring.py` puts the table of who reacts to what; nothing else is ever put here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.domain.events.models import Event

InTransaction = Callable[[Session, Event], None]


@dataclass(frozen=True)
class AfterCommit:
    """A reaction that runs as a job, alone or after others, and is retried alone.

    `run` opens its own transactions and must bear running twice. `name` is stored in the outbox: never reuse one.
    `run_all` does the same for many events at once, for less than one after the other costs.
    `when` is asked in the transaction of the event, quickly and by reading alone: False where nobody waits for the reaction.
    """

    name: str
    run: Callable[[Event], Any]
    queue: str = "live"
    when: Callable[[Session, Event], bool] | None = None
    run_all: Callable[[Sequence[Event]], Any] | None = None


@dataclass(frozen=True)
class Wiring:
    in_transaction: Mapping[str, tuple[InTransaction, ...]]
    after_commit: Mapping[str, tuple[AfterCommit, ...]]

    def handler(self, name: str) -> AfterCommit | None:
        """Return the after-commit handler with this name, or None if it was removed since the entry was written."""
        return next((h for handlers in self.after_commit.values() for h in handlers if h.name == name), None)

    def names_run_at_once(self) -> frozenset[str]:
        """The after-commit handlers that take many events at once."""
        return frozenset(h.name for handlers in self.after_commit.values() for h in handlers if h.run_all is not None)


_installed = Wiring({}, {})


def install(wiring: Wiring) -> None:
    """Called once by `create_app`."""
    global _installed
    _installed = wiring


def installed() -> Wiring:
    return _installed
