"""Days whose facts are summed up already. A page over months reads those, and facts only of days that still move.

A day is sealed (`report_seals`) when its cells say what its facts do. Whoever changes a fact of a day breaks its seal in the same
transaction, so a rollup is right or is not read: nothing that is killed, repeated or late can make a wrong number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import IntEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.core.db import table_of
from app.domain.analytics.cells import Cell, pack, unpack
from app.domain.analytics.kinds import SCORED, TIMES, Kind
from app.domain.analytics.models import ReportDay, ReportSeal
from app.domain.analytics.slices import FACTS, NONE, SCOPES, Slice, predicate

DAYS, SEALS = table_of(ReportDay), table_of(ReportSeal)
LOCK = sa.text("SELECT pg_try_advisory_xact_lock(hashtextextended('reports', 0))")


class Part(IntEnum):
    """By what else the cells of a day are told apart, beside brand and channel."""

    ALL = 0
    TEAM = 1
    TYPE = 2
    PRIORITY = 3
    PARTNER = 4


_COLUMNS = {Part.TEAM: "team_id", Part.TYPE: "thread_type", Part.PRIORITY: "priority", Part.PARTNER: "partner_id"}


@dataclass(frozen=True)
class Progress:
    """How many days with facts there are, and how many of them are summed up."""

    days: int
    sealed: int


def break_seals(session: Session, days: Collection[date]) -> None:
    """The facts of these days changed. In the transaction of the change."""
    if days:
        session.execute(sa.delete(SEALS).where(SEALS.c.local_day.in_(days)))


def roll_next_day(session: Session, *, now: datetime) -> date | None:
    """Sum up the newest day that is over and has no seal; None where there is none, or facts are being written."""
    if not session.execute(LOCK).scalar_one():
        return None
    over = FACTS.c.local_day < (now - timedelta(hours=12)).date()
    kinds = [int(kind) for kind in Kind]
    newest = sa.select(FACTS.c.local_day).where(FACTS.c.kind.in_(kinds), over, FACTS.c.removed_at.is_(None))
    newest = newest.where(~sa.exists().where(SEALS.c.local_day == FACTS.c.local_day))
    day = session.execute(newest.order_by(FACTS.c.local_day.desc()).limit(1)).scalar_one_or_none()
    if day is not None:
        _roll(session, day, now)
    return day


def _roll(session: Session, day: date, now: datetime) -> None:
    session.execute(sa.delete(DAYS).where(DAYS.c.local_day == day))
    for part in Part:
        rows = session.execute(_facts_of_day(day, part)).all()
        if rows:
            session.execute(sa.insert(DAYS), [_row(row, day, part) for row in rows])
    seal = postgresql.insert(SEALS).values(local_day=day, sealed_at=now)
    session.execute(seal.on_conflict_do_update(index_elements=["local_day"], set_={"sealed_at": now}))


def _facts_of_day(day: date, part: Part) -> sa.Select[Any]:
    none: sa.ColumnElement[str] = sa.literal_column(f"'{NONE}'")  # no parameter: grouped by it, it has to be the same
    value = sa.func.coalesce(sa.cast(SCOPES.c[_COLUMNS[part]], sa.Text), none) if part in _COLUMNS else none
    keys = (FACTS.c.kind, SCOPES.c.brand_id, SCOPES.c.channel_id, SCOPES.c.medium)
    times = (_sorted(FACTS.c.open_seconds, "open_seconds"), _sorted(FACTS.c.wall_seconds, "wall_seconds"))
    query = sa.select(*keys, value.label("value"), *_sums(), *times).join(SCOPES, SCOPES.c.id == FACTS.c.scope_id)
    now = sa.and_(FACTS.c.local_day == day, FACTS.c.removed_at.is_(None), FACTS.c.kind.in_([int(kind) for kind in Kind]))
    return query.where(now).group_by(*keys, *([value] if part in _COLUMNS else []))


def _sums() -> tuple[sa.ColumnElement[Any], ...]:
    count = sa.func.count
    is_received = FACTS.c.kind == int(Kind.RECEIVED)
    is_scored = FACTS.c.kind.in_([int(kind) for kind in SCORED])
    return (
        count().label("n"),
        count(FACTS.c.met).label("known"),
        count().filter(FACTS.c.met).label("met"),
        sa.func.coalesce(sa.func.sum(FACTS.c.score), 0).label("score_sum"),
        sa.func.array_agg(FACTS.c.local_hour).filter(is_received).label("hours"),
        sa.func.array_agg(FACTS.c.score).filter(is_scored).label("scores"),
    )


def _sorted(column: sa.Column[Any], name: str) -> sa.ColumnElement[Any]:
    is_time = sa.and_(FACTS.c.kind.in_([int(kind) for kind in TIMES]), column.is_not(None))
    return sa.func.array_agg(postgresql.aggregate_order_by(column, column)).filter(is_time).label(name)


def _row(row: Any, day: date, part: Part) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in ("kind", "brand_id", "channel_id", "medium", "value", "n", "known", "met")}
    kept = {name: pack(getattr(row, name) or ()) for name in ("hours", "scores", "open_seconds", "wall_seconds")}
    return {**values, **kept, "local_day": day, "part": int(part), "score_sum": row.score_sum}


def read_progress(session: Session) -> Progress:
    """One query over the index of days."""
    known = sa.and_(FACTS.c.kind.in_([int(kind) for kind in Kind]), FACTS.c.removed_at.is_(None))
    days = sa.select(FACTS.c.local_day).where(known).distinct()
    count = sa.select(sa.func.count()).select_from
    found = session.execute(sa.select(count(days.subquery()).scalar_subquery(), count(SEALS).scalar_subquery())).one()
    return Progress(found[0], found[1])


# Reading


def read_cells(session: Session, slices: Iterable[Slice], kinds: Collection[Kind] = tuple(Kind)) -> list[list[Cell]]:
    """The cells of each of these slices, which differ in their days alone. At most three queries, however many days."""
    wanted = list(slices)
    part = _part_of(wanted[0])
    sealed = set[date]()
    if part is not None:
        spans = sa.or_(*(SEALS.c.local_day.between(one.first, one.last) for one in wanted))
        sealed = set(session.execute(sa.select(SEALS.c.local_day).where(spans)).scalars())
        sealed -= {one.last for one in wanted if one.until is not None}
    cells = _kept(session, wanted, part, sealed, kinds) if part is not None and sealed else []
    cells += _fresh(session, wanted, sealed, kinds)
    return [[cell for cell in cells if one.first <= cell.day <= one.last] for one in wanted]


def _part_of(slice: Slice) -> Part | None:
    """Which cells say all of a slice; None where only facts do: one person's, two filters at once, a bucket, another time."""
    if slice.own_user_id is not None or slice.user_id is not None or slice.as_of is not None:
        return None
    if any(getattr(slice, name) is not None for name in ("hour", "weekday", "band", "met", "score", "currency")):
        return None
    narrowed = [part for part, name in _COLUMNS.items() if getattr(slice, name) is not None]
    return None if len(narrowed) > 1 else narrowed[0] if narrowed else Part.ALL


def _kept(session: Session, wanted: list[Slice], part: Part, sealed: Collection[date], kinds: Collection[Kind]) -> list[Cell]:
    slice = wanted[0]
    keys = (DAYS.c.kind, DAYS.c.local_day, DAYS.c.medium)
    sums = [sa.cast(sa.func.sum(DAYS.c[name]), sa.BigInteger).label(name) for name in ("n", "known", "met", "score_sum")]
    packed = {"seconds": "open_seconds" if slice.is_open else "wall_seconds", "hours": "hours", "scores": "scores"}
    joined = [sa.func.string_agg(DAYS.c[name], sa.literal_column("''::bytea")).label(label) for label, name in packed.items()]
    spans = sa.or_(*(DAYS.c.local_day.between(one.first, one.last) for one in wanted))
    query = sa.select(*keys, *sums, *joined).group_by(*keys)
    query = query.where(DAYS.c.part == int(part), spans, DAYS.c.brand_id.in_(slice.brand_ids), DAYS.c.kind.in_(_numbers(kinds)))
    for name in ("brand_id", "channel_id", "medium"):
        value = getattr(slice, name)
        if value is not None:
            query = query.where(DAYS.c[name].is_(None) if value == NONE else DAYS.c[name] == value)
    if part in _COLUMNS:
        query = query.where(DAYS.c.value == str(getattr(slice, _COLUMNS[part])))
    rows = (row for row in session.execute(query) if row.local_day in sealed)
    return [_cell(row, sorted(unpack(row.seconds)), unpack(row.hours), unpack(row.scores)) for row in rows]


def _fresh(session: Session, wanted: list[Slice], sealed: Collection[date], kinds: Collection[Kind]) -> list[Cell]:
    """The same from the facts of the days that have no seal."""
    open_days = [[day for day in one.dates if day not in sealed] for one in wanted]
    if not any(open_days):
        return []
    keys = (FACTS.c.kind, FACTS.c.local_day, SCOPES.c.medium)
    query = sa.select(*keys, *_sums(), _sorted(wanted[0].seconds, "seconds")).join(SCOPES, SCOPES.c.id == FACTS.c.scope_id)
    parts = [
        sa.and_(predicate(one), FACTS.c.local_day.in_(days) if sealed else sa.true())
        for one, days in zip(wanted, open_days, strict=True)
        if days
    ]
    query = query.where(FACTS.c.kind.in_(_numbers(kinds)), sa.or_(*parts)).group_by(*keys)
    return [_cell(row, row.seconds or (), row.hours or (), row.scores or ()) for row in session.execute(query)]


def _numbers(kinds: Collection[Kind]) -> list[int]:
    return sorted(int(kind) for kind in kinds)


def _cell(row: Any, seconds: Any, hours: Any, scores: Any) -> Cell:
    return Cell(
        kind=Kind(row.kind),
        day=row.local_day,
        medium=row.medium,
        n=row.n,
        known=row.known,
        met=row.met,
        score_sum=row.score_sum,
        seconds=seconds,
        seconds_sum=sum(seconds),
        hours=Counter(hours),
        scores=Counter(scores),
    )
