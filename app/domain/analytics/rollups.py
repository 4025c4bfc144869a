"""Sum up the facts of each day into rollups (cells) by SQL, and seal the day. A report over months reads rollups; it reads
single facts only for days without a seal. Facts of persons are also summed up by week, because there are many persons.

A day is sealed (`report_seals`) when its cells agree with its facts. A change of a fact deletes the seals of its day and
week in the same transaction. So a rollup that is read is always right, even if a worker is killed, is late or repeats its
work.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import IntEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.core.db import table_of
from app.domain.analytics.cells import pack
from app.domain.analytics.kinds import SCORED, TIMES, Kind
from app.domain.analytics.models import ReportDay, ReportSeal, ReportWeek
from app.domain.analytics.slices import FACTS, NONE, SCOPES

DAYS, SEALS, WEEKS = table_of(ReportDay), table_of(ReportSeal), table_of(ReportWeek)
_PACKED = ("hours", "scores", "open_seconds", "wall_seconds")
LOCK = sa.text("SELECT pg_try_advisory_xact_lock(hashtextextended('reports', 0))")


class Part(IntEnum):
    """The group by which a day's cells are split further, besides brand and channel. Cells of PERSON have a kind of channel but
    no single channel. Cells of PERSON_WEEK sum up the seven days from `local_day` on, which is a Monday."""

    ALL = 0
    TEAM = 1
    TYPE = 2
    PRIORITY = 3
    PARTNER = 4
    PERSON = 5
    PERSON_WEEK = 6


COLUMNS = {
    Part.TEAM: "team_id",
    Part.TYPE: "thread_type",
    Part.PRIORITY: "priority",
    Part.PARTNER: "partner_id",
    Part.PERSON: "user_id",
}


@dataclass(frozen=True)
class Progress:
    """How far the rollups are: the number of days with facts, and the number of sealed days."""

    days: int
    sealed: int


def break_seals(session: Session, days: Collection[date]) -> None:
    """Delete the seals of days whose facts changed, and of their weeks; called in the transaction of the change."""
    if days:
        session.execute(sa.delete(SEALS).where(SEALS.c.local_day.in_(days)))
        session.execute(sa.delete(WEEKS).where(WEEKS.c.monday.in_({monday_of(day) for day in days})))


def monday_of(day: date) -> date:
    """Return the Monday of the week of this day."""
    return day - timedelta(days=day.weekday())


def roll_next(session: Session, *, now: datetime) -> date | None:
    """Sum up and seal the newest past day without a seal. If all days are sealed, do so with the newest past week. Return the
    first day.

    Return None if no day or week is left, or if another worker is writing facts or rollups.
    """
    if not session.execute(LOCK).scalar_one():
        return None
    over = (now - timedelta(hours=12)).date()
    values = {"over": over, "kinds": [int(kind) for kind in Kind]}
    day: date | None = session.execute(_NEWEST_UNSEALED, values).scalar_one_or_none()
    if day is not None:
        _roll(session, day, now)
        return day
    monday: date | None = session.execute(_NEWEST_WEEK, {"over": over}).scalar_one_or_none()
    if monday is not None:
        _roll_week(session, monday, now)
    return monday


# From one day to the one before it: a sealed day, else by the index of kinds and days the next that has facts, however many.
_NEWEST_UNSEALED = sa.text(
    "WITH RECURSIVE days AS (SELECT CAST(:over AS date) AS day UNION ALL SELECT coalesce("
    " (SELECT seal.local_day FROM report_seals seal WHERE seal.local_day = days.day - 1),"
    " (SELECT max(found.day) FROM unnest(CAST(:kinds AS smallint[])) AS wanted (kind), LATERAL (SELECT max(fact.local_day) AS day"
    "   FROM report_facts fact WHERE fact.kind = wanted.kind AND fact.local_day < days.day AND fact.removed_at IS NULL) found))"
    "  FROM days WHERE days.day IS NOT NULL)"
    " SELECT day FROM days WHERE day < :over AND (SELECT seal.sealed_at FROM report_seals seal WHERE seal.local_day = days.day)"
    " IS NULL LIMIT 1"  # the days that follow are not even looked at
)


# Asked for only when no day is left, so every day of these weeks has a seal or no facts.
_NEWEST_WEEK = sa.text(
    "SELECT max(week.monday) FROM (SELECT local_day - CAST(extract(isodow FROM local_day) AS integer) + 1 AS monday"
    " FROM report_seals) week WHERE week.monday + 7 <= :over"
    " AND NOT EXISTS (SELECT 1 FROM report_weeks done WHERE done.monday = week.monday)"
)


def _roll_week(session: Session, monday: date, now: datetime) -> None:
    session.execute(sa.delete(DAYS).where(DAYS.c.part == int(Part.PERSON_WEEK), DAYS.c.local_day == monday))
    keys = (DAYS.c.value, DAYS.c.kind, DAYS.c.brand_id, DAYS.c.medium)
    added = [sa.func.sum(DAYS.c[name]).label(name) for name in ("n", "known", "met", "score_sum")]
    lists = [joined(DAYS.c[name]).label(name) for name in _PACKED]
    week = sa.literal(monday, sa.Date).label("local_day"), sa.literal(int(Part.PERSON_WEEK), sa.SmallInteger).label("part")
    cells = sa.select(*week, *keys, *added, *lists).group_by(*keys)
    cells = cells.where(DAYS.c.part == int(Part.PERSON), DAYS.c.local_day.between(monday, monday + timedelta(days=6)))
    session.execute(sa.insert(DAYS).from_select([column.name for column in cells.selected_columns], cells))
    session.execute(sa.insert(WEEKS).values(monday=monday, sealed_at=now))


def _roll(session: Session, day: date, now: datetime) -> None:
    parts = [part for part in Part if part != Part.PERSON_WEEK]
    session.execute(sa.delete(DAYS).where(DAYS.c.part.in_(map(int, parts)), DAYS.c.local_day == day))
    for part in parts:
        rows = session.execute(_facts_of_day(day, part)).all()
        if rows:
            session.execute(sa.insert(DAYS), [_row(row, day, part) for row in rows])
    seal = postgresql.insert(SEALS).values(local_day=day, sealed_at=now)
    session.execute(seal.on_conflict_do_update(index_elements=["local_day"], set_={"sealed_at": now}))


def _facts_of_day(day: date, part: Part) -> sa.Select[Any]:
    none: sa.ColumnElement[str] = sa.literal_column(f"'{NONE}'")  # no parameter: grouped by it, it has to be the same
    value = sa.func.coalesce(sa.cast(SCOPES.c[COLUMNS[part]], sa.Text), none) if part in COLUMNS else none
    channel = sa.null() if part == Part.PERSON else SCOPES.c.channel_id  # of a person a day holds hardly more facts than cells
    keys = (FACTS.c.kind, SCOPES.c.brand_id, sa.cast(channel, sa.Uuid).label("channel_id"), SCOPES.c.medium)
    times = (durations(FACTS.c.open_seconds, "open_seconds"), durations(FACTS.c.wall_seconds, "wall_seconds"))
    query = sa.select(*keys, value.label("value"), *sums(), *times).join(SCOPES, SCOPES.c.id == FACTS.c.scope_id)
    now = sa.and_(FACTS.c.local_day == day, FACTS.c.removed_at.is_(None), FACTS.c.kind.in_([int(kind) for kind in Kind]))
    return query.where(now).group_by(*keys, *([value] if part in COLUMNS else []))


def sums() -> tuple[sa.ColumnElement[Any], ...]:
    """Return the SQL columns that sum up facts: counts, sum of scores, and lists of hours and scores."""
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


def durations(column: sa.ColumnElement[Any], name: str) -> sa.ColumnElement[Any]:
    """Return the SQL column `name`: an array of the durations in `column`."""
    is_time = sa.and_(FACTS.c.kind.in_([int(kind) for kind in TIMES]), column.is_not(None))
    return sa.func.array_agg(column).filter(is_time).label(name)


def joined(column: sa.ColumnElement[bytes]) -> sa.ColumnElement[bytes]:
    """Return the SQL expression that joins all packed lists of a column into one list."""
    return sa.func.string_agg(column, sa.literal_column("''::bytea"))


def _row(row: Any, day: date, part: Part) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in ("kind", "brand_id", "channel_id", "medium", "value", "n", "known", "met")}
    kept = {name: pack(getattr(row, name) or ()) for name in _PACKED}
    return {**values, **kept, "local_day": day, "part": int(part), "score_sum": row.score_sum}


def read_progress(session: Session) -> Progress:
    """Return how many days have facts and how many are sealed. One query."""
    known = sa.and_(FACTS.c.kind.in_([int(kind) for kind in Kind]), FACTS.c.removed_at.is_(None))
    days = sa.select(FACTS.c.local_day).where(known).distinct()
    count = sa.select(sa.func.count()).select_from
    found = session.execute(sa.select(count(days.subquery()).scalar_subquery(), count(SEALS).scalar_subquery())).one()
    return Progress(found[0], found[1])
