"""Slow down the guessing of passwords with a delay for each account and each IP address. The delay grows with each failure, but
no account is ever locked.

A try is counted in one SQL statement before the password is checked, so a hundred simultaneous tries count as a hundred. A
correct password removes its own count. Tries for an unknown account are counted too.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.core.caller import network_of
from app.domain.accounts.models import LoginThrottle

FREE_TRIES = {"account": 5, "address": 20}
# Short for the account: whoever guesses at it must not be able to keep its owner out.
MAX_DELAY = {"account": timedelta(minutes=1), "address": timedelta(minutes=15)}
FORGET_AFTER = timedelta(hours=1)


class TooManyTries(Exception):
    """The next try is allowed only after `seconds`."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"wait {seconds} s")
        self.seconds = seconds


def count_try(session: Session, *, email: str, address: str | None, now: datetime) -> None:
    """Count a try against the account and the IP address. Raises `TooManyTries` if the account or the address must still wait;
    the try is then not counted."""
    _count(session, "account", _account_key(email), now)
    _count(session, "address", _address_key(address), now)


def take_back_try(session: Session, *, email: str, address: str | None) -> None:
    """Remove a counted try after a correct password. All tries of the account are forgotten; the IP address keeps its other
    tries."""
    session.execute(sa.delete(LoginThrottle).where(LoginThrottle.key == _account_key(email)))
    one_less = sa.update(LoginThrottle).where(LoginThrottle.key == _address_key(address))
    session.execute(one_less.values(failures=sa.func.greatest(LoginThrottle.failures - 1, 0), blocked_until=None))


def _count(session: Session, kind: str, key: str, now: datetime) -> None:
    insert = postgresql.insert(LoginThrottle).values(key=key, failures=1, last_failed_at=now)
    recent = LoginThrottle.last_failed_at > now - FORGET_AFTER
    counted = insert.on_conflict_do_update(
        index_elements=["key"],
        set_={"failures": sa.case((recent, LoginThrottle.failures + 1), else_=1), "last_failed_at": now},
        where=sa.or_(LoginThrottle.blocked_until.is_(None), LoginThrottle.blocked_until <= now),
    )
    tries = session.execute(counted.returning(LoginThrottle.failures)).scalar_one_or_none()
    row = sa.and_(LoginThrottle.key == key)
    if tries is None:
        until = session.execute(sa.select(LoginThrottle.blocked_until).where(row)).scalar_one()
        raise TooManyTries(max(1, int((until - now).total_seconds()) + 1) if until else 1)
    delay = _delay(kind, tries)
    session.execute(sa.update(LoginThrottle).where(row).values(blocked_until=now + delay if delay else None))


def _delay(kind: str, tries: int) -> timedelta | None:
    """Return how long to wait after this number of tries: 1 second after the last free try, doubled with each further try, up
    to the longest delay of the kind. Return None while tries are free."""
    beyond = tries - FREE_TRIES[kind]
    return min(timedelta(seconds=2 ** min(beyond, 12)), MAX_DELAY[kind]) if beyond >= 0 else None


def _account_key(email: str) -> str:
    return f"account:{email.strip().lower()}"[:400]


def _address_key(address: str | None) -> str:
    return f"address:{network_of(address)}"
