"""Reads figures: how many, how long, what share; by day, by channel, by person, by hour. Reads facts alone, never writes.

Quantiles are those of the values themselves (`percentile_disc`): a median is a thread one can open, and a median of two channels
is that of all their facts together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.db import table_of
from app.domain.analytics.kinds import TIMES, Kind
from app.domain.analytics.measures import Measure, Shape
from app.domain.analytics.models import ReportMark, ReportRebuild, ReportState
from app.domain.analytics.slices import FACTS, SCOPES, Slice, of_measure, predicate

T = TypeVar("T")
_TIMES = tuple(int(kind) for kind in TIMES)


@dataclass(frozen=True)
class Sums:
    """What the facts of one kind add up to. `known` say yes or no, `met` of them yes; `scores` is the sum of what was given.
    Quantiles are in seconds."""

    n: int = 0
    known: int = 0
    met: int = 0
    scores: int = 0
    median: int | None = None
    p90: int | None = None
    average: float | None = None

    @property
    def missed(self) -> int:
        return self.known - self.met

    @property
    def share(self) -> float | None:
        return self.met / self.known if self.known else None


NOTHING = Sums()
ByKind = Mapping[Kind, Sums]


def sums_of(found: ByKind, kind: Kind) -> Sums:
    """Those of a kind; without facts nothing."""
    return found.get(kind, NOTHING)


def value_of(measure: Measure, found: ByKind) -> float | None:
    """The figure: a count, seconds, a share of 1, or a ratio. None where there is nothing to say."""
    sums = [sums_of(found, kind) for kind in measure.kinds]
    if measure.shape == Shape.COUNT:
        return sum(one.n if measure.met is None else one.met if measure.met else one.missed for one in sums)
    if measure.shape == Shape.TIME:
        return sums[0].median
    if measure.shape == Shape.SHARE:
        return sums[0].share
    if measure.shape == Shape.MEAN:
        return sums[0].scores / sums[0].n if sums[0].n else None
    if measure.shape == Shape.NET:
        return 100 * (sums[0].met - sums[0].missed) / sums[0].n if sums[0].n else None
    per = sums_of(found, measure.per).n if measure.per is not None else 0
    return sum(one.n for one in sums) / per if per else None


def size_of(measure: Measure, found: ByKind) -> int:
    """How many facts the figure rests on."""
    if measure.shape == Shape.SHARE:
        return sums_of(found, measure.kinds[0]).known
    if measure.shape == Shape.RATIO and measure.per is not None:
        return sums_of(found, measure.per).n
    return int(sum(sums_of(found, kind).n for kind in measure.kinds))


@dataclass(frozen=True)
class State:
    """As of when figures are, how far behind they are (the oldest change that is not in yet), and how far a rebuild is."""

    batch_at: datetime
    waiting_since: datetime | None
    rebuilt: tuple[int, int] | None


def read_state(session: Session) -> State:
    """One query."""
    oldest = sa.select(sa.func.min(ReportMark.marked_at)).scalar_subquery()
    rebuild = sa.select(table_of(ReportRebuild)).where(ReportRebuild.ended_at.is_(None)).order_by(ReportRebuild.asked_at).limit(1)
    row = rebuild.subquery()
    query = sa.select(ReportState.batch_at, oldest.label("oldest"), row.c.done, row.c.total).outerjoin(row, sa.true())
    found = session.execute(query).one()
    return State(found.batch_at, found.oldest, None if found.total is None else (found.done, found.total))


def at_one_time(session: Session, read: Callable[[], T]) -> tuple[T, State]:
    """Read figures that belong together: again where a batch came in between, so that a number is what its list counts."""
    for _again in range(3):
        before = read_state(session)
        found = read()
        after = read_state(session)
        if after.batch_at == before.batch_at:
            break
    return found, after


def read_sums(session: Session, slice: Slice, kinds: Iterable[Kind]) -> dict[Kind, Sums]:
    """The figures of a whole slice, by kind. One query."""
    return {Kind(row.kind): _sums(row) for row in session.execute(_query(slice, kinds))}


def read_by_day(session: Session, slice: Slice, kinds: Iterable[Kind]) -> dict[date, dict[Kind, Sums]]:
    """The same for each day that has any."""
    return _grouped(session, slice, kinds, FACTS.c.local_day)


def read_by(session: Session, slice: Slice, kinds: Iterable[Kind], name: str) -> dict[Any, dict[Kind, Sums]]:
    """The same for each value of a dimension: brand_id, channel_id, medium, team_id, user_id, thread_type or priority."""
    return _grouped(session, slice, kinds, SCOPES.c[name])


def read_hours(session: Session, slice: Slice, kind: Kind) -> dict[tuple[int, int], int]:
    """How many of a kind came in each hour of each weekday: {(weekday, hour): count}, Monday 0."""
    weekday = sa.cast(sa.extract("isodow", FACTS.c.local_day), sa.Integer) - 1
    query = sa.select(weekday.label("weekday"), FACTS.c.local_hour, sa.func.count().label("n"))
    query = query.join(SCOPES, SCOPES.c.id == FACTS.c.scope_id).where(FACTS.c.kind == int(kind), predicate(slice))
    return {(row.weekday, row.local_hour): row.n for row in session.execute(query.group_by(weekday, FACTS.c.local_hour))}


def count_each(session: Session, slices: Sequence[Slice], kind: Kind) -> list[int]:
    """How many facts of a kind each of these slices has. One query."""
    counts = [sa.func.count().filter(predicate(one)).label(f"n{number}") for number, one in enumerate(slices)]
    query = sa.select(*counts).select_from(FACTS).join(SCOPES, SCOPES.c.id == FACTS.c.scope_id)
    return list(session.execute(query.where(FACTS.c.kind == int(kind), sa.or_(*map(predicate, slices)))).one())


def count_facts(session: Session, slice: Slice, measure: Measure, *, is_per: bool = False) -> int:
    """How many facts stand behind a figure: what its list has, whoever asks."""
    query = sa.select(sa.func.count()).select_from(FACTS).join(SCOPES, SCOPES.c.id == FACTS.c.scope_id)
    return session.execute(query.where(of_measure(measure, is_per=is_per), predicate(slice))).scalar_one()


def _query(slice: Slice, kinds: Iterable[Kind], *keys: sa.ColumnElement[Any]) -> sa.Select[Any]:
    seconds = slice.seconds
    is_time = FACTS.c.kind.in_(_TIMES)
    quantiles = sa.func.percentile_disc(sa.cast([0.5, 0.9], sa.ARRAY(sa.Float))).within_group(seconds)
    return (
        sa.select(
            *keys,
            FACTS.c.kind,
            sa.func.count().label("n"),
            sa.func.count(FACTS.c.met).label("known"),
            sa.func.count().filter(FACTS.c.met).label("met"),
            sa.func.coalesce(sa.func.sum(FACTS.c.score), 0).label("scores"),
            quantiles.filter(is_time).label("quantiles"),
            sa.func.avg(seconds).filter(is_time).label("average"),
        )
        .join(SCOPES, SCOPES.c.id == FACTS.c.scope_id)
        .where(FACTS.c.kind.in_(sorted({int(kind) for kind in kinds})), predicate(slice))
        .group_by(*keys, FACTS.c.kind)
    )


def _grouped(session: Session, slice: Slice, kinds: Iterable[Kind], key: sa.ColumnElement[Any]) -> dict[Any, dict[Kind, Sums]]:
    found: dict[Any, dict[Kind, Sums]] = {}
    for row in session.execute(_query(slice, kinds, key.label("key"))):
        found.setdefault(row.key, {})[Kind(row.kind)] = _sums(row)
    return found


def _sums(row: Any) -> Sums:
    median, p90 = row.quantiles or (None, None)
    return Sums(row.n, row.known, row.met, row.scores, median, p90, float(row.average) if row.average is not None else None)
