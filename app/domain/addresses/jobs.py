"""Job that asks the register about addresses, a few per second. Nothing that uses an address waits for this job.

The job runs at least once for each address; a repeat is harmless, as asking changes nothing elsewhere. While the register
cannot be reached, the job tries again without end. An address is called unknown only if the register answered so.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from app.contract.address_register import Match, Question, UnableToAsk
from app.core.batches import run_in_turn
from app.core.clock import utc_now
from app.core.db import table_of
from app.core.log import get_logger
from app.core.promises import Ended, Later, Promise, keep
from app.core.runtime import runtime
from app.core.work import Lease, next_delay_seconds
from app.domain.addresses.actions import find_kept_answer, keep_answer, note_judgement
from app.domain.addresses.judge import Judgement, judge, question_of
from app.domain.addresses.models import Address
from app.domain.addresses.pace import is_our_turn

MOST_TURN_SECONDS = 30  # until somebody whose turn it was not looks again
MOST_WAIT_SECONDS = 3600
log = get_logger(__name__)


def check_addresses(*, row_ids: Sequence[str], **_ignored: Any) -> None:
    """RQ entry point: ask the register about these addresses, one after another."""
    run_in_turn(PROMISE.table, [uuid.UUID(row_id) for row_id in row_ids], lambda row_id: keep(PROMISE, row_id))


@dataclass(frozen=True)
class _Asking:
    lease: Lease
    address: Address
    question: Question


def _prepare(session: Session, lease: Lease) -> _Asking | Ended | Later:
    address = session.get_one(Address, lease.row_id, populate_existing=True)
    question = question_of(address)
    kept = find_kept_answer(session, question.key, now=utc_now()) if question else None
    session.expunge_all()
    if question is None or kept is not None:
        return _judged(address, judge(address, kept or ()) if question else None)
    if not is_our_turn():
        waits = min(lease.attempts, MOST_TURN_SECONDS)  # longer each time, so that many who wait cost little
        return _wait(lease, UnableToAsk("others are asking", retry_after_seconds=waits))
    return _Asking(lease, address, question)


def _note(session: Session, asking: _Asking, answer: tuple[Match, ...] | UnableToAsk) -> Ended | Later:
    if isinstance(answer, UnableToAsk):
        return _wait(asking.lease, answer)
    keep_answer(session, asking.question.key, answer, now=utc_now())
    return _judged(asking.address, judge(asking.address, answer))


def _judged(address: Address, judgement: Judgement | None) -> Ended:
    return Ended({"last_error": None}, then=partial(note_judgement, address_id=address.id, judgement=judgement, now=utc_now()))


def _ask(asking: _Asking) -> tuple[Match, ...]:
    """Return the register's addresses for the question. Raises UnableToAsk."""
    return runtime().register.find(asking.question)


def _wait(lease: Lease, error: UnableToAsk) -> Later:
    delay = error.retry_after_seconds or next_delay_seconds(lease.attempts) or MOST_WAIT_SECONDS
    log.info("address_not_asked", address_id=str(lease.row_id), attempts=lease.attempts)
    return Later(min(delay, MOST_WAIT_SECONDS), {"last_error": str(error)[:300]})


PROMISE = Promise(table_of(Address), _prepare, _ask, _note, errors=(UnableToAsk,))
