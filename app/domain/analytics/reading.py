"""Read the cells of several days in one statement: from rollups for sealed days, from facts for other days."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.analytics.cells import Cell, pack
from app.domain.analytics.figures import State, state_of, state_query
from app.domain.analytics.kinds import Kind
from app.domain.analytics.rollups import COLUMNS, DAYS, SEALS, WEEKS, Part, durations, joined, monday_of, sums
from app.domain.analytics.slices import FACTS, NONE, SCOPES, Slice, in_days, of_filters

MEDIUM, CHANNEL, PERSON, PARTNER = "medium", "channel_id", "user_id", "partner_id"
"""By what cells can be told apart."""
_LISTS = ("seconds", "hours", "scores")
_SUMS = ("n", "known", "met", "score_sum")


@dataclass(frozen=True)
class Wanted:
    """Which cells to read: for each of `slices`, which differ only in their days, the cells of `kinds`, grouped by the column
    `by`.

    Only the kinds in `by_day` are split by day; cells of other kinds have the first day of their slice. `later_by_day`
    replaces `by_day` for the slices after the first; None means the same kinds.
    """

    slices: Sequence[Slice]
    kinds: Collection[Kind] = tuple(Kind)
    by_day: Collection[Kind] = tuple(Kind)
    by: str = MEDIUM
    later_by_day: Collection[Kind] | None = None

    def days_told(self, place: int) -> Collection[Kind]:
        """Return the kinds that are split by day in the slice at this index."""
        return self.by_day if place == 0 or self.later_by_day is None else self.later_by_day

    @property
    def dates(self) -> list[date]:
        return sorted({day for one in self.slices for day in one.dates})

    @property
    def cut(self) -> list[date]:
        """Return the days of which only the part before `until` is wanted."""
        return sorted({one.last for one in self.slices if one.until is not None})

    @property
    def overlap(self) -> bool:
        spans = sorted((one.first, one.last) for one in self.slices)
        return any(later[0] <= earlier[1] for earlier, later in pairwise(spans))


def read_cells(session: Session, wanted: Wanted) -> tuple[list[list[Cell]], State]:
    """Return the cells of each slice, and how current the facts are. One query, however many days."""
    rows = session.execute(_statement(wanted)).all()
    cells = [_cell(row) for row in rows if row.kind is not None]
    return [[cell for cell in cells if one.first <= cell.day <= one.last] for one in wanted.slices], state_of(rows[0])


def _statement(wanted: Wanted) -> sa.Select[Any]:
    part = _part_of(wanted)
    found = _facts(wanted) if part is None else sa.union_all(_kept(wanted, *part), _facts_of_open_days(wanted))
    cells, state = found.subquery("cells"), state_query().subquery("state")
    return sa.select(state, cells).select_from(state.outerjoin(cells, sa.true()))


def _part_of(wanted: Wanted) -> tuple[Part, str | None] | None:
    """Return the part of the rollups that has the wanted cells, and the `value` to select (None: all values, one group for
    each).

    Return None if only facts can give the cells: for two filters at once, a person in a channel, a bucket, or an earlier
    `as_of`.
    """
    slice = wanted.slices[0]
    buckets = ("hour", "weekday", "band", "met", "score", "currency", "as_of")
    if any(getattr(slice, name) is not None for name in buckets):
        return None
    narrowed = {name: str(getattr(slice, name)) for name in COLUMNS.values() if getattr(slice, name) is not None}
    if slice.own_user_id is not None and narrowed.setdefault(PERSON, str(slice.own_user_id)) != str(slice.own_user_id):
        return None
    told = [part for part, name in COLUMNS.items() if name in narrowed or name == wanted.by]
    if len(told) > 1 or (told == [Part.PERSON] and (slice.channel_id is not None or wanted.by == CHANNEL)):
        return None
    return (told[0], narrowed.get(COLUMNS[told[0]])) if told else (Part.ALL, NONE)


def _kept(wanted: Wanted, part: Part, value: str | None) -> sa.Select[Any]:
    slice = wanted.slices[0]
    of_seconds = DAYS.c.open_seconds if slice.is_open else DAYS.c.wall_seconds
    packed = zip(_LISTS, (of_seconds, DAYS.c.hours, DAYS.c.scores), strict=True)
    lists = [joined(column).label(f"packed_{name}") for name, column in packed]
    added = [sa.cast(sa.func.sum(DAYS.c[name]), sa.BigInteger).label(name) for name in _SUMS]
    key = DAYS.c.value if wanted.by in COLUMNS.values() else _text_of(DAYS.c[wanted.by])
    query = _told_apart(wanted, DAYS, key).add_columns(*added, *lists, *(_no_list(name).label(name) for name in _LISTS))
    sealed = _sealed(wanted, part)
    query = query.join(sealed, sa.and_(sealed.c.part == DAYS.c.part, sealed.c.local_day == DAYS.c.local_day))
    query = query.where(DAYS.c.brand_id.in_(slice.brand_ids), _one_of(DAYS.c.kind, _numbers(wanted.kinds), sa.SmallInteger))
    for name in ("brand_id", "channel_id", "medium"):
        chosen = getattr(slice, name)
        if chosen is not None:
            query = query.where(DAYS.c[name].is_(None) if chosen == NONE else DAYS.c[name] == chosen)
    return query if value is None else query.where(DAYS.c.value == value)


def _sealed(wanted: Wanted, part: Part) -> sa.Subquery:
    """Return the query of the sealed days of a part. For persons it has whole sealed weeks in place of their seven days, if no
    figures by day are wanted."""
    days = sorted(set(wanted.dates) - set(wanted.cut))
    found = sa.select(sa.literal_column(str(int(part))).label("part"), SEALS.c.local_day)
    found = found.where(_one_of(SEALS.c.local_day, days, sa.Date))
    if part != Part.PERSON or wanted.by_day or len(wanted.slices) > 1:
        return found.subquery("sealed")
    mondays = [day for day in days if day == monday_of(day) and day + timedelta(days=6) in days]
    weeks = sa.select(WEEKS.c.monday).where(_one_of(WEEKS.c.monday, mondays, sa.Date)).subquery("weeks")
    in_week = sa.exists().where(SEALS.c.local_day.between(weeks.c.monday, weeks.c.monday + 6))
    whole = sa.select(sa.literal_column(str(int(Part.PERSON_WEEK))), weeks.c.monday)
    return sa.union_all(found.where(~in_week), whole).subquery("sealed")


def _facts(wanted: Wanted, day: sa.ColumnElement[date] | None = None) -> sa.Select[Any]:
    """Return the query that computes the wanted cells from facts, only of `day` if it is given."""
    query = _told_apart(wanted, FACTS, _text_of(SCOPES.c[wanted.by])).add_columns(
        *(column for column in sums() if column.name in _SUMS),
        *(sa.cast(sa.null(), sa.LargeBinary).label(f"packed_{name}") for name in _LISTS),
        durations(wanted.slices[0].seconds, "seconds"),
        *(column for column in sums() if column.name in _LISTS),
    )
    query = query.join(SCOPES, SCOPES.c.id == FACTS.c.scope_id)
    if day is not None:
        query = query.where(FACTS.c.local_day == day)
    query = query.where(_one_of(FACTS.c.kind, _numbers(wanted.kinds), sa.SmallInteger))
    return query.where(of_filters(wanted.slices[0]), sa.or_(*map(in_days, wanted.slices)))


def _facts_of_open_days(wanted: Wanted) -> sa.Select[Any]:
    """Return the query that computes the wanted cells from facts. It goes day by day, so that facts of sealed days are not
    read."""
    day: Any = sa.func.unnest(sa.cast(wanted.dates, sa.ARRAY(sa.Date))).column_valued("day")
    sealed = sa.exists().where(SEALS.c.local_day == day, SEALS.c.local_day != sa.all_(sa.cast(wanted.cut, sa.ARRAY(sa.Date))))
    open_days = sa.select(day.label("day")).where(~sealed).subquery("open_days")
    facts = _facts(wanted, open_days.c.day).lateral("facts")
    return sa.select(facts).select_from(open_days.join(facts, sa.true()))


def _told_apart(wanted: Wanted, table: sa.FromClause, key: sa.ColumnElement[str]) -> sa.Select[Any]:
    """Return a query grouped by kind, day and `key`. It groups by column names, because PostgreSQL would treat a repeated bind
    parameter as another expression."""
    query = sa.select(table.c.kind, _day(wanted, table).label("told_day"), key.label("told_key"))
    return query.select_from(table).group_by(table.c.kind, sa.text("told_day"), sa.text("told_key"))


def _day(wanted: Wanted, table: sa.FromClause) -> sa.ColumnElement[Any]:
    if wanted.overlap:
        return table.c.local_day
    cases: list[Any] = []
    for place, one in enumerate(wanted.slices):
        here = table.c.local_day.between(one.first, one.last)
        own = _one_of(table.c.kind, _numbers(wanted.days_told(place)), sa.SmallInteger)
        cases += [(sa.and_(here, own), table.c.local_day), (here, sa.cast(one.first, sa.Date))]
    return sa.case(*cases)


def _text_of(column: sa.ColumnElement[Any]) -> sa.ColumnElement[str]:
    return sa.func.coalesce(sa.cast(column, sa.Text), sa.literal_column(f"'{NONE}'"))


def _no_list(name: str) -> sa.ColumnElement[Any]:
    """Return an SQL null with the array type that this list has in the query over facts."""
    return sa.cast(sa.null(), sa.ARRAY(sa.Integer if name == "seconds" else sa.SmallInteger))


def _one_of(column: sa.ColumnElement[Any], values: Sequence[Any], kind: type[sa.types.TypeEngine[Any]]) -> sa.ColumnElement[bool]:
    """Return the condition that the column has one of these values. They are passed as one array, so that the SQL text is the
    same for any number of values."""
    return column == sa.any_(sa.cast(values, sa.ARRAY(kind)))


def _numbers(kinds: Collection[Kind]) -> list[int]:
    return sorted(int(kind) for kind in kinds)


def _cell(row: Any) -> Cell:
    return Cell(
        kind=Kind(row.kind),
        day=row.told_day,
        key=row.told_key,
        n=row.n,
        known=row.known,
        met=row.met,
        score_sum=row.score_sum,
        seconds=_packed(row.packed_seconds, row.seconds),
        hours=_packed(row.packed_hours, row.hours),
        scores=_packed(row.packed_scores, row.scores),
    )


def _packed(kept: bytes | None, listed: Sequence[int] | None) -> bytes:
    return kept or (pack(listed) if listed else b"")
