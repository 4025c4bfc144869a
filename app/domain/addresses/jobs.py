"""Ask the register about an address. Whatever uses the address does not wait for it.

At least once: asking changes nothing elsewhere. Where the register cannot be asked, it is asked again, for as long
as that takes; only an answer says that there is no such address.
"""

from __future__ import annotations

import time
import uuid
from typing import Any

import redis

from app.contract.address_register import Match, Question, Register, UnableToAsk
from app.core.clock import utc_now
from app.core.db import table_of, transaction
from app.core.log import get_logger
from app.core.runtime import runtime
from app.core.work import Lease, claim, finish, next_delay_seconds, put_back
from app.domain.addresses.actions import find_kept_answer, keep_answer, note_judgement
from app.domain.addresses.judge import judge, question_of
from app.domain.addresses.models import Address

MOST_A_SECOND = 5  # fair use of a public service, over all processes
MOST_WAIT_SECONDS = 3600
log = get_logger(__name__)
TABLE = table_of(Address)


def check_address(*, row_id: str, **_ignored: Any) -> None:
    """RQ entry point."""
    with transaction() as session:
        lease = claim(session, TABLE, uuid.UUID(row_id), lease_seconds=runtime().settings.lease_seconds)
        address = session.get_one(Address, lease.row_id, populate_existing=True) if lease else None
        question = question_of(address) if address else None
        kept = find_kept_answer(session, question.key, now=utc_now()) if question else None
        session.expunge_all()
    if lease is None or address is None:
        return
    try:
        matches = kept if kept is not None or question is None else _ask(runtime().register, question)
    except UnableToAsk as error:
        _wait(lease, error)
        return
    with transaction() as session:
        now = utc_now()
        if question is not None and kept is None:
            keep_answer(session, question.key, matches or (), now=now)
        judgement = judge(address, matches or ()) if question is not None else None
        if finish(session, TABLE, lease, values={"last_error": None}):
            note_judgement(session, address.id, judgement, now=now)


def _ask(register: Register, question: Question) -> tuple[Match, ...]:
    """Raises UnableToAsk, too where it is not our turn."""
    if not _is_our_turn():
        raise UnableToAsk("others are asking", retry_after_seconds=1)
    return register.find(question)


def _is_our_turn() -> bool:
    name = f"register:{int(time.time())}"
    try:
        with runtime().redis.pipeline() as line:
            line.incr(name)
            line.expire(name, 10)
            count = line.execute()[0]
    except redis.RedisError:
        return True  # the pace is a courtesy; not asking at all would be worse
    return int(count) <= MOST_A_SECOND


def _wait(lease: Lease, error: UnableToAsk) -> None:
    delay = error.retry_after_seconds or next_delay_seconds(lease.attempts) or MOST_WAIT_SECONDS
    log.info("address_not_asked", address_id=str(lease.row_id), attempts=lease.attempts)
    with transaction() as session:
        put_back(session, TABLE, lease, delay_seconds=min(delay, MOST_WAIT_SECONDS), values={"last_error": str(error)[:300]})
