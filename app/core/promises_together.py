"""Carry out several promises of one table in one batch, for tables where the database costs more than the calls.

The steps and crash points are those of `app/core/promises.py`, with one transaction before all calls and one after them.
Calls are made one after the other until one fails. Rows that were not called are released as if never claimed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.db import transaction
from app.core.log import get_logger
from app.core.promises import Answer, Ending, Overtaken, Promise, Values, Work, end, end_after, keep
from app.core.runtime import runtime
from app.core.work import Lease, claim_all, finish_each, give_back_hints, lock_held, put_back

TURN_SECONDS = 2.0  # of rows that wait for one that is slow

log = get_logger(__name__)


@dataclass(frozen=True, eq=False)
class Together(Generic[Work, Answer]):
    """How to carry out many rows of `promise` with one transaction before all calls and one after them.

    `where` returns the condition for rows that may be claimed. `prepare` returns {lease: work or ending}. `is_well(answer)`
    is True if the call succeeded and ends its row. For these rows, `note` returns {lease: columns to store}, with the same
    columns for each. All other answers go to `promise.note`, row by row.
    """

    promise: Promise[Work, Answer]
    where: Callable[[], sa.ColumnElement[bool]]
    prepare: Callable[[Session, Sequence[Lease]], Mapping[Lease, Work | Ending]]
    is_well: Callable[[Answer], bool]
    note: Callable[[Session, Sequence[tuple[Lease, Work, Answer]]], Mapping[Lease, Values]]
    turn_seconds: float = TURN_SECONDS


def keep_together(together: Together[Any, Any], row_ids: Collection[Any]) -> None:
    """Try once to carry out each of these rows that is due, free and may be claimed. For edges, because it opens its own
    transactions."""
    ends_at = time.monotonic() + together.turn_seconds
    try:
        works = _prepare(together, row_ids)
    except Exception:  # one of them, it may be: each alone knows what becomes of it
        log.exception("promises_not_prepared", table=together.promise.table.name, rows=len(row_ids))
        for row_id in row_ids:
            keep(together.promise, row_id)
        return
    called, broken = _call(together, works, ends_at)
    for lease, _error in broken:
        del works[lease]
    try:
        _note(together, works, called)
    except Exception:
        log.exception("promises_not_noted", table=together.promise.table.name, rows=len(called))
        for lease, (work, answer) in called.items():
            _note_one(together.promise, lease, work, answer)
    for lease, error in broken:
        _break(together.promise, lease, error)
    runtime().nudger.nudge()


def _prepare(together: Together[Any, Any], row_ids: Collection[Any]) -> dict[Lease, Any]:
    promise = together.promise
    with transaction() as session:
        seconds = runtime().settings.lease_seconds
        leases = claim_all(session, promise.table, row_ids, lease_seconds=seconds, where=together.where)
        give_back_hints(session, promise.table, set(row_ids) - {lease.row_id for lease in leases})
        if not leases:
            return {}
        promise.crash("after_claim")
        works = dict(together.prepare(session, leases))
        for lease, ending in list(works.items()):
            if isinstance(ending, Ending):
                end(session, promise, lease, works.pop(lease))
        return works


def _call(
    together: Together[Any, Any], works: Mapping[Lease, Any], ends_at: float
) -> tuple[dict[Lease, tuple[Any, Any]], list[tuple[Lease, Exception]]]:
    """Make the call for each row until one fails or `ends_at` has passed.

    Return {lease: (work, answer)}, and a list of the (lease, error) whose call raised an unexpected error: at most one.
    """
    promise, called = together.promise, dict[Lease, tuple[Any, Any]]()
    for lease, work in works.items():
        if called and time.monotonic() >= ends_at:
            break
        promise.crash("before_call")
        try:
            answer = promise.call(work)
        except promise.errors as error:
            answer = error
        except Exception as error:
            return called, [(lease, error)]
        promise.crash("after_call")
        called[lease] = (work, answer)
        if not together.is_well(answer):
            break
    return called, []


def _note(together: Together[Any, Any], works: Mapping[Lease, Any], called: Mapping[Lease, tuple[Any, Any]]) -> None:
    """Store the outcomes of the rows that this worker still has. Put back rows that were not called, without counting the
    attempt."""
    if not works:
        return
    promise = together.promise
    with transaction() as session:
        held = lock_held(session, promise.table, works)
        answers = [(lease, *called[lease]) for lease in held if lease in called]
        well = [one for one in answers if together.is_well(one[2])]
        if well:
            finish_each(session, promise.table, together.note(session, well))
        for lease, work, answer in answers:
            if not together.is_well(answer):
                end(session, promise, lease, promise.note(session, work, answer))
        for lease in held:
            if lease not in called:
                put_back(session, promise.table, lease, delay_seconds=0, values={"attempts": lease.attempts - 1})
        promise.crash("after_note")


def _note_one(promise: Promise[Any, Any], lease: Lease, work: Any, answer: Any) -> None:
    try:
        with suppress(Overtaken), transaction() as session:
            end(session, promise, lease, promise.note(session, work, answer))
    except Exception as error:
        _break(promise, lease, error)


def _break(promise: Promise[Any, Any], lease: Lease, error: Exception) -> None:
    if promise.broken is None:
        raise error
    log.error("promise_broken", table=promise.table.name, row_id=str(lease.row_id), exc_info=error)
    end_after(promise, lease, error, promise.broken(error))
