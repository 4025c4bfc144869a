"""Carry out promises (rows of work): claim a row, prepare, close the session, call, store the outcome. All such work uses this
module.

Each promise is carried out at least once, by `app/core/work.py`. A worker stores an outcome only while it has the lease of
the row: if another worker has taken over the lease, nothing is stored. A process may die between any two steps: `STEPS` are
crash points, named `<table>.<step>`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.crash import crash_point
from app.core.db import transaction
from app.core.log import get_logger
from app.core.runtime import runtime
from app.core.shortage import find_shortage
from app.core.work import DONE, RETRY_SECONDS, Lease, claim, finish, next_delay_seconds, put_back, renew

STEPS = ("after_claim", "before_call", "after_call", "after_note")  # the first and the last: not committed yet
TURN_SECONDS = 10  # of a long row; then others in the queue have theirs

Work = TypeVar("Work")
Answer = TypeVar("Answer")
Values = Mapping[str, Any]
log = get_logger(__name__)


@dataclass(frozen=True)
class Ended:
    """An ending: the work on the row is finished and `values` are stored. `then` runs in the same transaction, after the lease
    was checked."""

    values: Values = field(default_factory=dict)
    state: str = DONE
    then: Callable[[Session], None] | None = None


@dataclass(frozen=True)
class Later:
    """An ending: the row is due again in `seconds`. If `is_try` is False, this attempt is not counted.

    `unless_unique` is used instead if a unique index allows no second waiting row.
    """

    seconds: float
    values: Values = field(default_factory=dict)
    is_try: bool = True
    unless_unique: Ended | None = None
    then: Callable[[Session], None] | None = None


@dataclass(frozen=True)
class Failed:
    """An ending: the row is tried again by the schedule, but not before `asked_seconds`.

    `given_up` is its ending if no tries are left or `is_final` is True.
    """

    given_up: Ended
    values: Values = field(default_factory=dict)
    is_final: bool = False
    asked_seconds: float | None = None
    unless_unique: Ended | None = None
    then: Callable[[Session], None] | None = None  # whichever it is


@dataclass(frozen=True)
class More:
    """An ending of one part: the row has more to do. The next part is prepared at once, or after other rows if this worker's
    time is up."""

    values: Values = field(default_factory=dict)


Ending = Ended | Later | Failed | More


@dataclass(frozen=True, eq=False)
class Promise(Generic[Work, Answer]):
    """How to carry out the rows (promises) of one table: claim, `prepare`, `call`, `note`.

    `prepare` and `note` each run in their own transaction, `call` outside any. `prepare` returns the work for `call`, or an
    ending if there is nothing to call. `note` stores the answer and returns the ending. `errors` are exceptions of `call`
    that are passed to `note` as the answer.

    After any other exception, the row is tried again. After `tries` attempts it gets the ending that `broken` returns.
    Without `broken` the exception is raised, and the row is claimed again when its lease is over. `lock` runs before the
    claim.
    """

    table: sa.Table
    prepare: Callable[[Session, Lease], Work | Ending]
    call: Callable[[Work], Answer]
    note: Callable[[Session, Work, Answer], Ending]
    errors: tuple[type[Exception], ...] = ()
    tries: int = len(RETRY_SECONDS) + 1
    turn_seconds: float = TURN_SECONDS
    broken: Callable[[Exception], Ended] | None = None
    lock: Callable[[Session, Any], None] = lambda _session, _row_id: None

    def crash(self, step: str) -> None:
        crash_point(f"{self.table.name}.{step}")


def in_database(table: sa.Table, act: Callable[[Session, Lease], Ending], **options: Any) -> Promise[Lease, None]:
    """Return a promise without an outside call: `act` does the work in the transaction that ends the row, so it happens exactly
    once."""
    prepare = options.pop("prepare", lambda _session, lease: lease)
    return Promise(table, prepare, lambda _lease: None, lambda session, lease, _: act(session, lease), **options)


class Overtaken(Exception):
    """Raised when another worker has taken over the row."""


def keep(promise: Promise[Any, Any], row_id: Any) -> None:
    """Carry out the promise of one row now. Do nothing if the row is not due or another worker has it.

    For edges only, because it opens its own transactions.
    """
    ends_at = time.monotonic() + promise.turn_seconds
    with transaction() as session:
        promise.lock(session, row_id)
        lease = claim(session, promise.table, row_id, lease_seconds=runtime().settings.lease_seconds)
        if lease is None:
            return
        promise.crash("after_claim")
        work = _prepare(session, promise, lease)
    try:
        while work is not None and call_and_note(promise, lease, work):
            with transaction() as session:
                work = _prepare(session, promise, lease, is_time_up=time.monotonic() >= ends_at)
    except Overtaken:
        log.info("promise_overtaken", table=promise.table.name, row_id=str(row_id))
    except Exception as error:
        if promise.broken is None:
            raise
        log.exception("promise_broken", table=promise.table.name, row_id=str(row_id))
        end_after(promise, lease, error, promise.broken(error))
    runtime().nudger.nudge()


def _prepare(session: Session, promise: Promise[Any, Any], lease: Lease, *, is_time_up: bool = False) -> Any:
    """Return the work for the call. Return None if `promise.prepare` ended the row or made it wait."""
    work = Later(0) if is_time_up else promise.prepare(session, lease)
    if not isinstance(work, Ending):
        return work
    end(session, promise, lease, work)
    return None


def call_and_note(promise: Promise[Any, Any], lease: Lease, work: Any) -> bool:
    """Make the call and store its outcome. Return True if the row has more to do under the same lease.

    Raises `Overtaken`, with nothing stored, if another worker has taken the row.
    """
    promise.crash("before_call")
    try:
        answer = promise.call(work)
    except promise.errors as error:
        answer = error
    promise.crash("after_call")
    with transaction() as session:
        ending = promise.note(session, work, answer)
        end(session, promise, lease, ending)
        promise.crash("after_note")
    if isinstance(ending, More):
        runtime().nudger.nudge()
        return True
    return False


def end_after(promise: Promise[Any, Any], lease: Lease, error: Exception, given_up: Ended) -> None:
    """End the row after an error. If a shortage of the machine caused the error, the row is tried again and this attempt is not
    counted."""
    shortage = find_shortage(error)
    with suppress(Overtaken), transaction() as session:
        end(session, promise, lease, Later(shortage.wait_seconds, is_try=False) if shortage else Failed(given_up))


def end(session: Session, promise: Promise[Any, Any], lease: Lease, ending: Ending) -> None:
    """Write the ending to the row. Raises `Overtaken` if another worker has the row; then the transaction must be rolled back."""
    session.flush()
    then = None if isinstance(ending, More) else ending.then
    if isinstance(ending, Failed):
        ending = _retried(promise, lease, ending)
        then = then or ending.then
    if isinstance(ending, Ended):
        is_held = finish(session, promise.table, lease, state=ending.state, values=ending.values)
    elif isinstance(ending, Later):
        is_held = _put_back(session, promise, lease, ending)
    else:
        seconds = runtime().settings.lease_seconds
        is_held = renew(session, promise.table, lease, lease_seconds=seconds, values=ending.values)
    if not is_held:
        raise Overtaken
    if then is not None:
        then(session)


def _retried(promise: Promise[Any, Any], lease: Lease, failed: Failed) -> Ended | Later:
    delay = next_delay_seconds(lease.attempts) if lease.attempts < promise.tries and not failed.is_final else None
    if delay is None:
        return failed.given_up
    return Later(max(delay, failed.asked_seconds or 0), failed.values, unless_unique=failed.unless_unique)


def _put_back(session: Session, promise: Promise[Any, Any], lease: Lease, later: Later) -> bool:
    values = {**({} if later.is_try else {"attempts": lease.attempts - 1}), **later.values}
    if later.unless_unique is None:
        return put_back(session, promise.table, lease, delay_seconds=later.seconds, values=values)
    try:
        with session.begin_nested():
            return put_back(session, promise.table, lease, delay_seconds=later.seconds, values=values)
    except IntegrityError:
        return finish(session, promise.table, lease, values=later.unless_unique.values)
