"""Guessing from many connections at once is counted one by one."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.db import transaction
from app.domain.accounts.models import LoginThrottle
from app.domain.accounts.throttle import TooManyTries, count_try, take_back_try
from tests.factories import NOW

ALICE = "alice@switchyard.example"


def tries(session: Session, count: int, *, now: datetime = NOW, email: str = ALICE, address: str = "203.0.113.9") -> list[int]:
    """How long each of `count` tries had to wait; 0 for those that were let through."""
    waits = []
    for _ in range(count):
        try:
            with session.begin_nested():
                count_try(session, email=email, address=address, now=now)
            waits.append(0)
        except TooManyTries as error:
            waits.append(error.seconds)
    return waits


def test_thirty_tries_at_the_same_moment_are_five(fresh_app: Flask) -> None:
    def guess(_n: int) -> str:
        with fresh_app.app_context():
            try:
                with transaction() as session:
                    count_try(session, email=ALICE, address="203.0.113.9", now=NOW)
            except TooManyTries:
                return "wait"
            return "try"

    with ThreadPoolExecutor(15) as pool:
        assert Counter(pool.map(guess, range(30))) == {"try": 5, "wait": 25}


def test_the_delay_doubles_up_to_a_minute_for_an_account(db_session: Session) -> None:
    now, waits = NOW, []
    tries(db_session, 5, now=now)
    for _ in range(9):
        (wait,) = tries(db_session, 1, now=now)
        waits.append(wait - 1)
        now += timedelta(seconds=wait)
        assert tries(db_session, 1, now=now) == [0]
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_an_hour_without_a_try_starts_afresh(db_session: Session) -> None:
    tries(db_session, 6)
    assert tries(db_session, 5, now=NOW + timedelta(hours=2)) == [0] * 5


def test_the_right_password_takes_its_own_try_back_and_no_other(db_session: Session) -> None:
    tries(db_session, 3)
    take_back_try(db_session, email=ALICE, address="203.0.113.9")
    left = {row.key: row.failures for row in db_session.execute(sa.select(LoginThrottle)).scalars()}
    assert left == {"address:203.0.113.9": 2}


def test_a_waiting_account_is_the_same_in_any_case_and_from_any_address(db_session: Session) -> None:
    tries(db_session, 5)
    assert tries(db_session, 1, email=f" {ALICE.upper()} ", address="198.51.100.7") != [0]


@pytest.mark.parametrize(
    "first, second, same",
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("203.0.113.9", "203.0.113.10", False),
        ("::ffff:203.0.113.9", "::ffff:203.0.113.10", False),
    ],
)
def test_an_ipv6_household_is_one_address(db_session: Session, first: str, second: str, same: bool) -> None:
    for n in range(20):
        tries(db_session, 1, email=f"u{n}@x.example", address=first)
    assert (tries(db_session, 1, email="other@x.example", address=second) != [0]) is same
