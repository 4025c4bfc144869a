"""Sum up the facts of a day into rollups (cells) by SQL, and seal the day. A page over months reads rollups, and facts only of
days without a seal.

A day is sealed (`report_seals`) when its cells agree with its facts. A change of a fact breaks the seal of its day in the same
transaction, so a rollup is right or is not read, even if a worker is killed, late or repeats its work.
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
from app.domain.analytics.models import ReportDay, ReportSeal
from app.domain.analytics.slices import FACTS, NONE, SCOPES

DAYS, SEALS = table_of(ReportDay), table_of(ReportSeal)
LOCK = sa.text("SELECT pg_try_advisory_xact_lock(hashtextextended('reports', 0))")


class Part(IntEnum):
    """The further group by which a day's cells are split, beside brand and channel. Cells of persons have no channel, only its
    kind."""

    ALL = 0
    TEAM = 1
    TYPE = 2
    PRIORITY = 3
    PARTNER = 4
    PERSON = 5


COLUMNS = {
    Part.TEAM: "team_id",
    Part.TYPE: "thread_type",
    Part.PRIORITY: "priority",
    Part.PARTNER: "partner_id",
    Part.PERSON: "user_id",
}


@dataclass(frozen=True)
class Progress:
    """How far the rollups are: the number of past days with facts, and how many of these are sealed (summed up for good)."""

    days: int
    sealed: int


def break_seals(session: Session, days: Collection[date]) -> None:
    """Delete the seals of days whose facts changed; called in the transaction of the change."""
    if days:
        session.execute(sa.delete(SEALS).where(SEALS.c.local_day.in_(days)))


def roll_next_day(session: Session, *, now: datetime) -> date | None:
    """Sum up and seal the newest past day without a seal, and return it; None if there is none or facts are being written."""
    if not session.execute(LOCK).scalar_one():
        return None
    values = {"over": (now - timedelta(hours=12)).date(), "kinds": [int(kind) for kind in Kind]}
    day = session.execute(_NEWEST_UNSEALED, values).scalar_one_or_none()
    if day is not None:
        _roll(session, day, now)
    return day


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
    value = sa.func.coalesce(sa.cast(SCOPES.c[COLUMNS[part]], sa.Text), none) if part in COLUMNS else none
    channel = sa.null() if part == Part.PERSON else SCOPES.c.channel_id  # of a person a day holds hardly more facts than cells
    keys = (FACTS.c.kind, SCOPES.c.brand_id, sa.cast(channel, sa.Uuid).label("channel_id"), SCOPES.c.medium)
    times = (sorted_times(FACTS.c.open_seconds, "open_seconds"), sorted_times(FACTS.c.wall_seconds, "wall_seconds"))
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


def sorted_times(column: sa.ColumnElement[Any], name: str) -> sa.ColumnElement[Any]:
    """Return the SQL column `name`: an array of the durations in `column`, the shortest first."""
    is_time = sa.and_(FACTS.c.kind.in_([int(kind) for kind in TIMES]), column.is_not(None))
    return sa.func.array_agg(postgresql.aggregate_order_by(column, column)).filter(is_time).label(name)


def _row(row: Any, day: date, part: Part) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in ("kind", "brand_id", "channel_id", "medium", "value", "n", "known", "met")}
    kept = {name: pack(getattr(row, name) or ()) for name in ("hours", "scores", "open_seconds", "wall_seconds")}
    return {**values, **kept, "local_day": day, "part": int(part), "score_sum": row.score_sum}


def read_progress(session: Session) -> Progress:
    """Return how many days have facts and how many are sealed. One query."""
    known = sa.and_(FACTS.c.kind.in_([int(kind) for kind in Kind]), FACTS.c.removed_at.is_(None))
    days = sa.select(FACTS.c.local_day).where(known).distinct()
    count = sa.select(sa.func.count()).select_from
    found = session.execute(sa.select(count(days.subquery()).scalar_subquery(), count(SEALS).scalar_subquery())).one()
    return Progress(found[0], found[1])
