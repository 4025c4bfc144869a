"""The job that keeps one outbox promise: run one handler for one event."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from app.core.crash import crash_point
from app.core.db import table_of, transaction
from app.core.log import get_logger
from app.core.runtime import runtime
from app.core.work import FAILED, Lease, claim, finish, next_delay_seconds, put_back
from app.events.models import Event, OutboxEntry
from app.events.registry import installed

log = get_logger(__name__)
TABLE = table_of(OutboxEntry)


class NotYet(Exception):
    """A handler cannot do its work now, for reasons that are nobody's failure, and wants to be run again after `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"not for another {seconds:.0f} s")
        self.seconds = seconds


def run_outbox_entry(*, row_id: str, **_ignored: Any) -> None:
    """Claim the entry, run its handler, mark it done; a failure is retried on the written schedule, then stays visible as failed.

    At least once: a handler that ran but whose entry was not marked runs again.
    """
    with transaction() as session:
        lease = claim(session, TABLE, int(row_id), lease_seconds=runtime().settings.lease_seconds)
        found = _load(session, int(row_id)) if lease else None
    if lease is None or found is None:
        return
    entry, event = found
    crash_point("outbox.after_claim")
    handler = installed().handler(entry.handler)
    if handler is None:
        _end(lease, state=FAILED, error=f"no handler is named {entry.handler}")
        return
    try:
        handler.run(event)
    except NotYet as wait:
        with transaction() as session:  # this was no try
            put_back(session, TABLE, lease, delay_seconds=wait.seconds, values={"attempts": lease.attempts - 1})
        return
    except Exception as error:
        log.exception("outbox_handler_failed", handler=entry.handler, event_id=str(event.id), attempts=lease.attempts)
        _retry(lease, f"{type(error).__name__}: {error}"[:500])
        return
    crash_point("outbox.after_handler")
    _end(lease, state="done", error=None)


def _load(session: Session, entry_id: int) -> tuple[OutboxEntry, Event] | None:
    entry = session.get(OutboxEntry, entry_id)
    event = session.get(Event, entry.event_id) if entry else None
    return (entry, event) if entry and event else None


def _end(lease: Lease, *, state: str, error: str | None) -> None:
    with transaction() as session:
        finish(session, TABLE, lease, state=state, values={"last_error": error})


def _retry(lease: Lease, error: str) -> None:
    delay = next_delay_seconds(lease.attempts)
    with transaction() as session:
        if delay is None:
            finish(session, TABLE, lease, state=FAILED, values={"last_error": error})
        else:
            put_back(session, TABLE, lease, delay_seconds=delay, values={"last_error": error})
