"""Claim, finish and put back rows that are promises (leases), and find the ones that wait.

Guarantee: at least once. A claim is one compare-and-set UPDATE, so of any number of workers one gets the row; a worker that
dies holds it until `lease_until`, after which anybody may claim it again; a worker that was merely slow finds at the end that
its lease token is no longer the row's, and its result is dropped. All times are the database's, so clocks of machines do not
matter.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.core.prepared import KEPT, as_written

READY, RUNNING, DONE, FAILED = "ready", "running", "done", "failed"

RETRY_SECONDS: tuple[int, ...] = (5, 30, 120, 600, 3600, 3600, 3600, 3600, 3600, 3600)

_NOW = sa.func.clock_timestamp()
_ANY = sa.true()


@dataclass(frozen=True)
class Lease:
    """The right to work on one row; `attempts` counts claims, this one included."""

    row_id: Any
    token: uuid.UUID
    attempts: int


def claim(
    session: Session, table: sa.Table, row_id: Any, *, lease_seconds: int = 60, where: sa.ColumnElement[bool] | None = None
) -> Lease | None:
    """Take the row if it is due and free, else return None. Commit before any provider call."""
    token = new_id()
    statement = _claiming(table) if where is None else _claiming(table).where(where)
    values = {"claimed_id": row_id, "token": token, "seconds": lease_seconds}
    attempts = session.connection().execute(statement, values).scalar_one_or_none()
    return None if attempts is None else Lease(row_id, token, attempts)


@lru_cache
def _claiming(table: sa.Table) -> sa.Update:
    """Written once: of what is asked for every row, writing the statement is what takes longest."""
    return (
        sa.update(table)
        .where(table.c.id == sa.bindparam("claimed_id"), table.c.run_at <= _NOW, _free(table))
        .values(**_leased(table, sa.bindparam("token", type_=sa.Uuid), sa.bindparam("seconds", type_=sa.Float)))
        .returning(table.c.attempts)
        .execution_options(**KEPT)
    )


def claim_all(
    session: Session, table: sa.Table, row_ids: Collection[Any], *, lease_seconds: int = 60, where: sa.ColumnElement[bool] = _ANY
) -> list[Lease]:
    """Take those of the rows that are due and free, for work that is done for all of them at once; in the order of their ids."""
    token = new_id()
    due = sa.and_(table.c.id.in_(row_ids), table.c.run_at <= _NOW, _free(table), where)
    taken = sa.select(table.c.id).where(due).order_by(table.c.id).with_for_update(skip_locked=True)
    statement = (
        sa.update(table)
        .where(table.c.id.in_(taken.scalar_subquery()))
        .values(**_leased(table, token, lease_seconds))
        .returning(table.c.id, table.c.attempts)
    )
    return [Lease(row.id, token, row.attempts) for row in sorted(session.execute(statement).all())]


def lock_held(session: Session, table: sa.Table, leases: Collection[Lease]) -> list[Lease]:
    """Lock the rows of those leases that still hold, until the transaction ends, and return them in order."""
    by_row = {lease.row_id: lease for lease in leases}
    held = sa.and_(table.c.id.in_(by_row), table.c.lease_token.in_({lease.token for lease in leases}))
    rows = session.execute(sa.select(table.c.id, table.c.lease_token).where(held).order_by(table.c.id).with_for_update()).all()
    mine = {row.id for row in rows if by_row[row.id].token == row.lease_token}
    return [lease for lease in leases if lease.row_id in mine]


def finish_all(session: Session, table: sa.Table, leases: Collection[Lease], *, values: Mapping[str, Any] | None = None) -> None:
    """End the work of `claim_all`; a row that somebody else owns by now is left alone."""
    held = sa.and_(table.c.id.in_([lease.row_id for lease in leases]), table.c.lease_token.in_({lease.token for lease in leases}))
    ended = {"state": DONE, "lease_token": None, "lease_until": None, **(values or {})}
    session.execute(sa.update(table).where(held).values(**ended))


def finish_each(
    session: Session, table: sa.Table, ended: Mapping[Lease, Mapping[str, Any]], *, values: Mapping[str, Any] | None = None
) -> None:
    """Finish rows as `finish_all` does; `ended` has the values that differ by row, of the same columns for each, `values`
    those that do not."""
    own: dict[str, Any] = {name: sa.bindparam(f"new_{name}") for row in ended.values() for name in row}
    held = sa.and_(table.c.id == sa.bindparam("row_id"), table.c.lease_token == sa.bindparam("token"))
    statement = sa.update(table).where(held).values(state=DONE, lease_token=None, lease_until=None, **own, **(values or {}))
    rows = [
        {"row_id": lease.row_id, "token": lease.token, **{f"new_{name}": value for name, value in row.items()}}
        for lease, row in ended.items()
    ]
    session.connection().execute(statement, rows)


def finish(
    session: Session, table: sa.Table, lease: Lease, *, state: str = DONE, values: Mapping[str, Any] | None = None
) -> bool:
    """End the work. False: somebody else owns the row by now and nothing was written."""
    return _write(session, table, lease, {"state": state, "lease_token": None, "lease_until": None, **(values or {})})


def put_back(
    session: Session, table: sa.Table, lease: Lease, *, delay_seconds: float, values: Mapping[str, Any] | None = None
) -> bool:
    """Give the row up until `delay_seconds` from now. False as for `finish`."""
    later = _NOW + sa.func.make_interval(0, 0, 0, 0, 0, 0, delay_seconds)
    return _write(
        session,
        table,
        lease,
        {"state": READY, "run_at": later, "lease_token": None, "lease_until": None, "hinted_at": None, **(values or {})},
    )


def renew(session: Session, table: sa.Table, lease: Lease, *, lease_seconds: int, values: Mapping[str, Any]) -> bool:
    """Hold the row for `lease_seconds` from now. False as for `finish`."""
    until = _NOW + sa.func.make_interval(0, 0, 0, 0, 0, 0, lease_seconds)
    return _write(session, table, lease, {"lease_until": until, **values})


def _free(table: sa.Table) -> sa.ColumnElement[bool]:
    return sa.or_(table.c.state == READY, sa.and_(table.c.state == RUNNING, table.c.lease_until < _NOW))


def _leased(table: sa.Table, token: Any, lease_seconds: Any) -> dict[str, Any]:
    until = _NOW + sa.func.make_interval(0, 0, 0, 0, 0, 0, lease_seconds)
    return {"state": RUNNING, "attempts": table.c.attempts + 1, "lease_token": token, "lease_until": until}


def _write(session: Session, table: sa.Table, lease: Lease, values: Mapping[str, Any]) -> bool:
    held = sa.and_(table.c.id == lease.row_id, table.c.lease_token == lease.token)
    return session.execute(sa.update(table).where(held).values(**values).returning(table.c.id)).scalar_one_or_none() is not None


def next_delay_seconds(attempts: int) -> int | None:
    """Seconds until the next try after `attempts` tries, or None when the schedule is used up."""
    return RETRY_SECONDS[attempts - 1] if attempts <= len(RETRY_SECONDS) else None


def due_rows(
    table: sa.Table, *, sweep_seconds: int, limit: int, where: sa.ColumnElement[bool] | None = None
) -> sa.Select[tuple[Any]]:
    """Select the ids of due rows nobody was told about in the last `sweep_seconds`, those that wait longest first."""
    stale = sa.or_(table.c.hinted_at.is_(None), table.c.hinted_at < _NOW - sa.func.make_interval(0, 0, 0, 0, 0, 0, sweep_seconds))
    return (
        sa.select(table.c.id)
        .where(
            table.c.state.in_([READY, RUNNING]), _free(table), table.c.run_at <= _NOW, stale, *([] if where is None else [where])
        )
        .order_by(table.c.run_at)
        .limit(as_written(limit))
    )


def take_hints(
    session: Session,
    table: sa.Table,
    *,
    sweep_seconds: int,
    limit: int = 500,
    where: sa.ColumnElement[bool] | None = None,
    also: Sequence[str] = (),
) -> Sequence[sa.Row[Any]]:
    """Return (id, attempts, run_at, and the columns `also`) of due rows nobody was told about in the last `sweep_seconds`, those
    that wait longest first, and note that they are told now.

    A hint that got lost (Redis flushed, worker killed) is simply given again later; a hint given twice is harmless.
    """
    due = due_rows(table, sweep_seconds=sweep_seconds, limit=limit, where=where).with_for_update(skip_locked=True)
    statement = (
        sa.update(table)
        .where(table.c.id.in_(due.scalar_subquery()))
        .values(hinted_at=_NOW)
        .returning(table.c.id, table.c.attempts, table.c.run_at, *(table.c[name] for name in also))
    )
    return sorted(session.execute(statement).all(), key=lambda row: (row.run_at, row.id))


def give_back_hints(session: Session, table: sa.Table, row_ids: Collection[Any]) -> None:
    """Clear the hints of rows that a job was told of and will not work on, so that the next look tells another."""
    untouched = sa.and_(table.c.id.in_(row_ids), table.c.state == READY)
    session.execute(sa.update(table).where(untouched).values(hinted_at=None))
