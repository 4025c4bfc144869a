"""Jobs that run after-commit handlers of events (outbox entries). Each entry has its own claim and its own retries, and can
fail alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.batches import run_in_turn
from app.core.crash import crash_point
from app.core.db import table_of, transaction
from app.core.log import get_logger
from app.core.runtime import runtime
from app.core.shortage import find_shortage
from app.core.work import FAILED, Lease, claim, claim_all, finish, finish_all, next_delay_seconds, put_back
from app.domain.events.models import Event, OutboxEntry
from app.domain.events.registry import installed

log = get_logger(__name__)
TABLE = table_of(OutboxEntry)


class NotYet(Exception):
    """A handler cannot run now and asks to be run again after `seconds`; this does not count as a try."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"not for another {seconds:.0f} s")
        self.seconds = seconds


def run_outbox_entries(*, row_ids: Sequence[str], **_ignored: Any) -> None:
    """RQ entry point: run several outbox entries of the live queue one after another, in the order they were written."""
    run_in_turn(TABLE, [int(row_id) for row_id in row_ids], lambda row_id: run_outbox_entry(row_id=row_id))


def run_outbox_entries_at_once(*, row_ids: Sequence[str], **_ignored: Any) -> None:
    """RQ entry point: run outbox entries of handlers with `run_all`, in one call per handler. If the call fails, the entries
    are run one by one.

    As with single entries, a handler may run more than once.
    """
    with transaction() as session:
        leases = claim_all(session, TABLE, [int(i) for i in row_ids], lease_seconds=runtime().settings.lease_seconds)
        found = {lease.row_id: lease for lease in leases}
        query = sa.select(OutboxEntry.id, OutboxEntry.handler, Event).join(Event, Event.id == OutboxEntry.event_id)
        rows = session.execute(query.where(OutboxEntry.id.in_(found)).order_by(OutboxEntry.handler, OutboxEntry.id)).all()
    crash_point("outbox.after_claim_of_many")
    for name, group in groupby(rows, key=lambda row: row.handler):
        of_handler = list(group)
        _run_all(name, [found[row.id] for row in of_handler], [row.Event for row in of_handler])


def _run_all(name: str, leases: list[Lease], events: list[Event]) -> None:
    handler = installed().handler(name)
    if handler is not None and handler.run_all is not None:
        try:
            again = handler.run_all(events) or {}
        except Exception:
            log.exception("outbox_entries_run_alone", handler=name, entries=len(events))
        else:
            crash_point("outbox.after_handler_of_many")
            _end_all({lease: again.get(event.id) for lease, event in zip(leases, events, strict=True)})
            return
    for lease, event in zip(leases, events, strict=True):
        _carry_out(lease, name, event)


def run_outbox_entry(*, row_id: str | int, **_ignored: Any) -> None:
    """Claim an outbox entry, run its handler and mark the entry as done. A failure is retried by the schedule; after the last
    try the entry stays as failed.

    A handler runs at least once: it runs again if its entry could not be marked as done.
    """
    with transaction() as session:
        lease = claim(session, TABLE, int(row_id), lease_seconds=runtime().settings.lease_seconds)
        found = _load(session, int(row_id)) if lease else None
    if lease is None or found is None:
        return
    crash_point("outbox.after_claim")
    entry, event = found
    _carry_out(lease, entry.handler, event)


def _carry_out(lease: Lease, name: str, event: Event) -> None:
    handler = installed().handler(name)
    if handler is None:
        _end(lease, state=FAILED, error=f"no handler is named {name}")
        return
    try:
        handler.run(event)
    except NotYet as wait:
        _wait(lease, wait.seconds)
        return
    except Exception as error:
        shortage = find_shortage(error)
        if shortage is not None:
            log.warning("outbox_handler_waits", handler=name, event_id=str(event.id), why=shortage.why)
            _wait(lease, shortage.wait_seconds)
            return
        log.exception("outbox_handler_failed", handler=name, event_id=str(event.id), attempts=lease.attempts)
        _retry(lease, f"{type(error).__name__}: {error}"[:500])
        return
    crash_point("outbox.after_handler")
    _end(lease, state="done", error=None)


def _end_all(waits: Mapping[Lease, float | None]) -> None:
    """Mark claimed entries as done or put them back. `waits`: for each claim None if it is done, else the seconds until the
    entry is run again."""
    with transaction() as session:
        finish_all(session, TABLE, [lease for lease, wait in waits.items() if wait is None], values={"last_error": None})
        for lease, wait in waits.items():
            if wait is not None:
                _put_back(session, lease, wait)


def _wait(lease: Lease, seconds: float) -> None:
    with transaction() as session:
        _put_back(session, lease, seconds)


def _put_back(session: Session, lease: Lease, seconds: float) -> None:
    """Put an outbox entry back, so that it is run again after `seconds`. This does not count as a try."""
    put_back(session, TABLE, lease, delay_seconds=seconds, values={"attempts": lease.attempts - 1})


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
