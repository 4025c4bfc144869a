"""Describe which facts a figure counts (`Slice`). The same SQL condition is used for the number, chart, list and export."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from app.core.db import table_of
from app.domain.accounts.access import Viewer
from app.domain.accounts.permissions import Permission
from app.domain.analytics.kinds import Kind
from app.domain.analytics.measures import Measure, Shape
from app.domain.analytics.models import ReportFact, ReportScope

FACTS, SCOPES = table_of(ReportFact), table_of(ReportScope)
NONE = "none"
"""As a filter: facts that have no team, no person, no channel."""
Choice = uuid.UUID | str | None


@dataclass(frozen=True)
class Slice:
    """The facts that a figure counts: its days, its filters, and the bars or cells of a chart (`hour`, `weekday`, `band` …).

    `last` is inclusive. `until` ends the last day early if it is not over. `own_user_id` limits to facts of this user.
    `is_open` True: durations count open hours only, otherwise all hours. `band`: durations in seconds, from (inclusive) and
    to (exclusive). `weekday`: Monday is 0. `as_of`: the facts that were known at this time; None: the present facts.
    """

    brand_ids: tuple[uuid.UUID, ...]
    first: date
    last: date
    own_user_id: uuid.UUID | None = None
    until: datetime | None = None
    is_open: bool = True
    brand_id: uuid.UUID | None = None
    channel_id: Choice = None
    medium: str | None = None
    team_id: Choice = None
    user_id: Choice = None
    thread_type: str | None = None
    priority: str | None = None
    hour: int | None = None
    weekday: int | None = None
    band: tuple[int, int | None] | None = None
    met: bool | None = None
    score: int | None = None
    partner_id: Choice = None
    currency: str | None = None
    as_of: datetime | None = None

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def dates(self) -> list[date]:
        return [self.first + timedelta(days=number) for number in range(self.days)]

    @property
    def seconds(self) -> sa.Column[Any]:
        """Return the column of durations: in open hours if `is_open`, otherwise in all hours."""
        return FACTS.c.open_seconds if self.is_open else FACTS.c.wall_seconds


def slice_for(viewer: Viewer, **values: Any) -> Slice:
    """Return a slice of the viewer's brands with these values. A viewer without the permission ANALYTICS_SEE gets only their
    own facts."""
    own = None if viewer.may(Permission.ANALYTICS_SEE) else viewer.user_id
    return Slice(brand_ids=viewer.brand_ids, own_user_id=own, **values)


def shifted(slice: Slice, days: int) -> Slice:
    """Return the same slice for a period that begins and ends `days` earlier."""
    back = timedelta(days=days)
    until = slice.until - back if slice.until else None
    return replace(slice, first=slice.first - back, last=slice.last - back, until=until)


def predicate(slice: Slice) -> sa.ColumnElement[bool]:
    """Return the SQL condition for the facts of a slice, of any kind. The query must join SCOPES."""
    return sa.and_(in_days(slice), of_filters(slice))


def in_days(slice: Slice) -> sa.ColumnElement[bool]:
    """Return the SQL condition for facts within the days of a slice and before its `until`, if set."""
    days = FACTS.c.local_day.between(slice.first, slice.last)
    return days if slice.until is None else sa.and_(days, FACTS.c.at < slice.until)


def of_filters(slice: Slice) -> sa.ColumnElement[bool]:
    """Return the SQL condition for facts that fit the brands, filters and `as_of` of a slice. Its days are not part of the
    condition."""
    found = [SCOPES.c.brand_id.in_(slice.brand_ids), _known(slice.as_of)]
    if slice.own_user_id is not None:
        found.append(SCOPES.c.user_id == slice.own_user_id)
    for name in ("brand_id", "channel_id", "medium", "team_id", "user_id", "thread_type", "priority", "partner_id"):
        value = getattr(slice, name)
        if value is not None:
            found.append(SCOPES.c[name].is_(None) if value == NONE else SCOPES.c[name] == value)
    found += _bucket(slice)
    return sa.and_(*found)


def _known(as_of: datetime | None) -> sa.ColumnElement[bool]:
    if as_of is None:
        return FACTS.c.removed_at.is_(None)
    return sa.and_(FACTS.c.recorded_at <= as_of, sa.or_(FACTS.c.removed_at.is_(None), FACTS.c.removed_at > as_of))


def _bucket(slice: Slice) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if slice.hour is not None:
        found.append(FACTS.c.local_hour == slice.hour)
    if slice.weekday is not None:
        found.append(sa.extract("isodow", FACTS.c.local_day) == slice.weekday + 1)
    if slice.met is not None:
        found.append(FACTS.c.met == slice.met)
    if slice.score is not None:
        found.append(FACTS.c.score == slice.score)
    if slice.currency is not None:
        found.append(FACTS.c.currency == slice.currency)
    if slice.band is not None:
        low, high = slice.band
        found.append(slice.seconds >= low)
        if high is not None:
            found.append(slice.seconds < high)
    return found


def of_measure(measure: Measure, *, is_per: bool = False, kind: Kind | None = None) -> sa.ColumnElement[bool]:
    """Return the SQL condition for the facts that a measure counts, of all its kinds or only of `kind`. For a ratio these are
    the facts of the numerator, or of the denominator with `is_per`."""
    kinds = measure.counted_kinds(is_per=is_per) if kind is None else (kind,)
    found = FACTS.c.kind.in_([int(each) for each in kinds])
    if measure.met is not None and not is_per:
        return sa.and_(found, FACTS.c.met == measure.met)
    return found if measure.shape != Shape.SHARE else sa.and_(found, FACTS.c.met.is_not(None))
