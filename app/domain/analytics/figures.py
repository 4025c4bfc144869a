"""Calculate the figure of a measure from sums of facts, count facts, and read how current the facts are.

A quantile is always one of the values (`percentile_disc`), so that a median belongs to a thread that one can open. The
median of two channels is the median of all their facts together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.db import table_of
from app.domain.analytics.cells import Times
from app.domain.analytics.kinds import Kind
from app.domain.analytics.measures import Measure, Shape
from app.domain.analytics.models import ReportMark, ReportRebuild, ReportState
from app.domain.analytics.slices import FACTS, SCOPES, Slice, of_measure, predicate


@dataclass(frozen=True)
class Sums:
    """Sums over the facts of one kind. There are `n` facts; `known` of them say yes or no, and `met` of them say yes.

    `scores` is the sum of the scores. `times`: the durations, None if the facts have none. `median`, `p90` and `average` are in
    seconds.
    """

    n: int = 0
    known: int = 0
    met: int = 0
    scores: int = 0
    times: Times | None = None

    @property
    def median(self) -> int | None:
        return self.times.median if self.times else None

    @property
    def p90(self) -> int | None:
        return self.times.p90 if self.times else None

    @property
    def average(self) -> float | None:
        return self.times.average if self.times else None

    @property
    def missed(self) -> int:
        return self.known - self.met

    @property
    def share(self) -> float | None:
        return self.met / self.known if self.known else None


NOTHING = Sums()
ByKind = Mapping[Kind, Sums]


def sums_of(found: ByKind, kind: Kind) -> Sums:
    """Return the sums of the facts of a kind; all zero without facts."""
    return found.get(kind, NOTHING)


def value_of(measure: Measure, found: ByKind) -> float | None:
    """Return the figure of a measure: a count, a median in seconds, a share (0 to 1), a ratio, a mean score, or a net score
    (-100 to 100).

    Return None if there are no facts to calculate it from; a count is then 0.
    """
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
    """Return the number of facts that the figure of a measure is computed from."""
    if measure.shape == Shape.SHARE:
        return sums_of(found, measure.kinds[0]).known
    if measure.shape == Shape.RATIO and measure.per is not None:
        return sums_of(found, measure.per).n
    return int(sum(sums_of(found, kind).n for kind in measure.kinds))


@dataclass(frozen=True)
class State:
    """How current the facts are. `batch_at` is the time of the last batch. `waiting_since` is the time of the oldest change
    that is not yet included. `rebuilt` is the pair (done, total) of a running rebuild. The last two are None if there is no
    such change or rebuild."""

    batch_at: datetime
    waiting_since: datetime | None
    rebuilt: tuple[int, int] | None


def read_state(session: Session) -> State:
    """Return how current the facts are. One query."""
    return state_of(session.execute(state_query()).one())


def state_query() -> sa.Select[Any]:
    """Return the query of one row about the facts: when they were last written, the oldest change that waits, and how far a
    rebuild is. `state_of` makes a `State` of the row."""
    oldest = sa.select(sa.func.min(ReportMark.marked_at)).scalar_subquery()
    rebuild = sa.select(table_of(ReportRebuild)).where(ReportRebuild.ended_at.is_(None)).order_by(ReportRebuild.asked_at).limit(1)
    row = rebuild.subquery("rebuild")
    return sa.select(ReportState.batch_at, oldest.label("oldest"), row.c.done, row.c.total).outerjoin(row, sa.true())


def state_of(row: Any) -> State:
    return State(row.batch_at, row.oldest, None if row.total is None else (row.done, row.total))


def count_facts(session: Session, slice: Slice, measure: Measure, *, is_per: bool = False) -> int:
    """Count the facts behind a figure. With `is_per`, count the facts of the figure's denominator instead."""
    query = sa.select(sa.func.count()).select_from(FACTS).join(SCOPES, SCOPES.c.id == FACTS.c.scope_id)
    return session.execute(query.where(of_measure(measure, is_per=is_per), predicate(slice))).scalar_one()
