"""Slow down guessing: per account and per address, a delay that grows with each failure and never locks anybody out for good."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.accounts.models import LoginThrottle

FREE_FAILURES = {"account": 5, "address": 20}
MAX_DELAY = timedelta(minutes=15)
FORGET_AFTER = timedelta(hours=1)


def seconds_to_wait(session: Session, *, email: str, address: str, now: datetime) -> int:
    """How long this account or address must wait before the next try; 0 if it may try now."""
    keys = [f"account:{email.lower()}", f"address:{address}"]
    until = session.execute(sa.select(sa.func.max(LoginThrottle.blocked_until)).where(LoginThrottle.key.in_(keys))).scalar_one()
    return max(0, int((until - now).total_seconds()) + 1) if until is not None and until > now else 0


def note_failure(session: Session, *, email: str, address: str, now: datetime) -> None:
    """Count a failed try against the account and the address."""
    _count(session, "account", email.lower(), now)
    _count(session, "address", address, now)


def _count(session: Session, kind: str, name: str, now: datetime) -> None:
    insert = postgresql.insert(LoginThrottle).values(key=f"{kind}:{name}"[:400], failures=1, last_failed_at=now)
    recent = LoginThrottle.last_failed_at > now - FORGET_AFTER
    counted = insert.on_conflict_do_update(
        index_elements=["key"], set_={"failures": sa.case((recent, LoginThrottle.failures + 1), else_=1), "last_failed_at": now}
    )
    failures = session.execute(counted.returning(LoginThrottle.failures)).scalar_one()
    beyond = failures - FREE_FAILURES[kind]
    if beyond >= 0:
        delay = min(timedelta(seconds=2 ** min(beyond, 12)), MAX_DELAY)
        session.execute(
            sa.update(LoginThrottle).where(LoginThrottle.key == f"{kind}:{name}"[:400]).values(blocked_until=now + delay)
        )


def forget_failures(session: Session, *, email: str) -> None:
    """A successful sign-in clears the account; the address keeps its count."""
    session.execute(sa.delete(LoginThrottle).where(LoginThrottle.key == f"account:{email.lower()}"))
