"""Claim, finish and put back rows that are promises (leases), and find the rows that wait.

Guarantee: at least once. A claim is one compare-and-set UPDATE, so exactly one of the workers gets the row. If this worker
dies, the row is locked until `lease_until`; then any worker may claim it again. A worker that was only slow finds at the end
that the row has another lease token, and its result is dropped. All times are those of the database, so the clocks of
machines do not matter.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
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
_TOKEN, _SECONDS = sa.bindparam("token", type_=sa.Uuid), sa.bindparam("seconds", type_=sa.Float)
Where = Callable[[], sa.ColumnElement[bool]]


@dataclass(frozen=True)
class Lease:
    """The right of one worker to work on one row for a limited time. `attempts` is the number of claims of the row, including
    this claim."""

    row_id: Any
    token: uuid.UUID
    attempts: int


def claim(
    session: Session, table: sa.Table, row_id: Any, *, lease_seconds: int = 60, where: sa.ColumnElement[bool] | None = None
) -> Lease | None:
    """Claim the row if it is due and free. Return None if it is not. Commit before any call of a provider."""
    token = new_id()
    statement = _claiming(table) if where is None else _claiming(table).where(where)
    values = {"claimed_id": row_id, "token": token, "seconds": lease_seconds}
    attempts = session.connection().execute(statement, values).scalar_one_or_none()
    return None if attempts is None else Lease(row_id, token, attempts)


@lru_cache
def _claiming(table: sa.Table) -> sa.Update:
    """Return the statement that claims a row of the table. It is cached, because it runs for every row and building it takes
    longest."""
    return (
        sa.update(table)
        .where(table.c.id == sa.bindparam("claimed_id"), table.c.run_at <= _NOW, _free(table))
        .values(**_leased(table))
        .returning(table.c.attempts)
        .execution_options(**KEPT)
    )


def claim_all(
    session: Session, table: sa.Table, row_ids: Collection[Any], *, lease_seconds: int = 60, where: Where = sa.true
) -> list[Lease]:
    """Claim the rows that are due and free among `row_ids`, to work on all of them together. Return their leases, sorted by row
    id.

    `where` must be a function at the top of a module, because the statement is cached with the function as key.
    """
    token = new_id()
    values = {"row_ids": list(row_ids), "token": token, "seconds": lease_seconds}
    rows = session.connection().execute(_claiming_all(table, where), values).all()
    return [Lease(row.id, token, row.attempts) for row in sorted(rows)]


@lru_cache
def _claiming_all(table: sa.Table, where: Where) -> sa.Update:
    due = sa.and_(_is_one_of(table), table.c.run_at <= _NOW, _free(table), where())
    taken = sa.select(table.c.id).where(due).order_by(table.c.id).with_for_update(skip_locked=True)
    return (
        sa.update(table)
        .where(table.c.id.in_(taken.scalar_subquery()))
        .values(**_leased(table))
        .returning(table.c.id, table.c.attempts)
        .execution_options(**KEPT)
    )


def lock_held(session: Session, table: sa.Table, leases: Collection[Lease]) -> list[Lease]:
    """Lock the rows whose lease is still valid, until the transaction ends. Return the leases of these rows, in the order of
    `leases`."""
    by_row = {lease.row_id: lease for lease in leases}
    values = {"row_ids": list(by_row), "tokens": [lease.token for lease in leases]}
    rows = session.connection().execute(_locking(table), values).all()
    mine = {row.id for row in rows if by_row[row.id].token == row.lease_token}
    return [lease for lease in leases if lease.row_id in mine]


@lru_cache
def _locking(table: sa.Table) -> sa.Select[Any, uuid.UUID | None]:
    held = sa.and_(_is_one_of(table), table.c.lease_token == sa.any_(sa.bindparam("tokens", type_=sa.ARRAY(sa.Uuid))))
    query = sa.select(table.c.id, table.c.lease_token).where(held).order_by(table.c.id)
    return query.with_for_update().execution_options(**KEPT)


def finish_all(session: Session, table: sa.Table, leases: Collection[Lease], *, values: Mapping[str, Any] | None = None) -> None:
    """End the work on rows that `claim_all` claimed. A row that another worker has claimed meanwhile does not change."""
    held = sa.and_(table.c.id.in_([lease.row_id for lease in leases]), table.c.lease_token.in_({lease.token for lease in leases}))
    ended = {"state": DONE, "lease_token": None, "lease_until": None, **(values or {})}
    session.execute(sa.update(table).where(held).values(**ended))


def finish_each(
    session: Session, table: sa.Table, ended: Mapping[Lease, Mapping[str, Any]], *, values: Mapping[str, Any] | None = None
) -> None:
    """Finish rows as `finish_all` does, but with different values for each row.

    `ended` maps each lease to the values for its row, with the same columns for all rows. `values` are the same for all
    rows.
    """
    statement = _finishing_each(table, tuple(next(iter(ended.values()), ())))
    rows = [
        {"row_id": lease.row_id, "token": lease.token, **{f"new_{name}": value for name, value in row.items()}}
        for lease, row in ended.items()
    ]
    session.connection().execute(statement.values(**values) if values else statement, rows)


@lru_cache
def _finishing_each(table: sa.Table, names: tuple[str, ...]) -> sa.Update:
    own: dict[str, Any] = {name: sa.bindparam(f"new_{name}") for name in names}
    held = sa.and_(table.c.id == sa.bindparam("row_id"), table.c.lease_token == sa.bindparam("token"))
    return sa.update(table).where(held).values(state=DONE, lease_token=None, lease_until=None, **own).execution_options(**KEPT)


def finish(
    session: Session, table: sa.Table, lease: Lease, *, state: str = DONE, values: Mapping[str, Any] | None = None
) -> bool:
    """End the work on a row. Return False, with nothing written, if another worker has claimed the row meanwhile."""
    return _write(session, table, lease, {"state": state, "lease_token": None, "lease_until": None, **(values or {})})


def put_back(
    session: Session, table: sa.Table, lease: Lease, *, delay_seconds: float, values: Mapping[str, Any] | None = None
) -> bool:
    """Release the row and make it due again in `delay_seconds`. Return False, with nothing written, if another worker has
    claimed it meanwhile."""
    later = _NOW + sa.func.make_interval(0, 0, 0, 0, 0, 0, delay_seconds)
    return _write(
        session,
        table,
        lease,
        {"state": READY, "run_at": later, "lease_token": None, "lease_until": None, "hinted_at": None, **(values or {})},
    )


def renew(session: Session, table: sa.Table, lease: Lease, *, lease_seconds: int, values: Mapping[str, Any]) -> bool:
    """Extend the lease of the row to `lease_seconds` from now. Return False, with nothing written, if another worker has
    claimed it meanwhile."""
    until = _NOW + sa.func.make_interval(0, 0, 0, 0, 0, 0, lease_seconds)
    return _write(session, table, lease, {"lease_until": until, **values})


def _free(table: sa.Table) -> sa.ColumnElement[bool]:
    return sa.or_(table.c.state == READY, sa.and_(table.c.state == RUNNING, table.c.lease_until < _NOW))


def _is_one_of(table: sa.Table) -> sa.ColumnElement[bool]:
    return table.c.id == sa.any_(sa.bindparam("row_ids", type_=sa.ARRAY(table.c.id.type)))


def _leased(table: sa.Table) -> dict[str, Any]:
    until = _NOW + sa.func.make_interval(0, 0, 0, 0, 0, 0, _SECONDS)
    return {"state": RUNNING, "attempts": table.c.attempts + 1, "lease_token": _TOKEN, "lease_until": until}


def _write(session: Session, table: sa.Table, lease: Lease, values: Mapping[str, Any]) -> bool:
    held = sa.and_(table.c.id == lease.row_id, table.c.lease_token == lease.token)
    return session.execute(sa.update(table).where(held).values(**values).returning(table.c.id)).scalar_one_or_none() is not None


def next_delay_seconds(attempts: int) -> int | None:
    """Return the seconds to wait before the next attempt, after `attempts` attempts. Return None if the schedule has no more
    attempts."""
    return RETRY_SECONDS[attempts - 1] if attempts <= len(RETRY_SECONDS) else None


def due_rows(
    table: sa.Table, *, sweep_seconds: int, limit: int, where: sa.ColumnElement[bool] | None = None
) -> sa.Select[tuple[Any]]:
    """Return a query for the ids of due rows that had no hint in the last `sweep_seconds`, the longest waiting first."""
    stale = sa.or_(table.c.hinted_at.is_(None), table.c.hinted_at < _NOW - sa.func.make_interval(0, 0, 0, 0, 0, 0, sweep_seconds))
    return (
        sa.select(table.c.id)
        .where(
            table.c.state.in_([READY, RUNNING]), _free(table), table.c.run_at <= _NOW, stale, *([] if where is None else [where])
        )
        .order_by(table.c.run_at)
        .limit(as_written(limit))
    )


def hinting(
    table: sa.Table,
    *,
    sweep_seconds: int,
    limit: int = 500,
    where: sa.ColumnElement[bool] | None = None,
    also: Sequence[str] = (),
) -> sa.Update:
    """Build the statement for `take_hints`. It marks due rows that had no hint in the last `sweep_seconds`.

    It returns (id, attempts, run_at) and the columns `also` of each such row. A hint is a job that names a row.
    """
    due = due_rows(table, sweep_seconds=sweep_seconds, limit=limit, where=where).with_for_update(skip_locked=True)
    return (
        sa.update(table)
        .where(table.c.id.in_(due.scalar_subquery()))
        .values(hinted_at=_NOW)
        .returning(table.c.id, table.c.attempts, table.c.run_at, *(table.c[name] for name in also))
        .execution_options(**KEPT)
    )


def take_hints(session: Session, statement: sa.Update) -> Sequence[sa.Row[Any]]:
    """Run the statement of `hinting`: mark due rows as hinted now, and return them, the longest waiting first.

    If a hint is lost (Redis flushed, worker killed), a later sweep sends it again. A hint that is sent twice does no harm.
    """
    return sorted(session.connection().execute(statement).all(), key=lambda row: (row.run_at, row.id))


def give_back_hints(session: Session, table: sa.Table, row_ids: Collection[Any]) -> None:
    """Clear the hints of rows that a job got and will not work on. Then the next sweep sends new hints for them."""
    if row_ids:
        untouched = sa.and_(table.c.id.in_(row_ids), table.c.state == READY)
        session.execute(sa.update(table).where(untouched).values(hinted_at=None))
