"""Read all figures of a report as of one instant, and link every number to the list behind it. The panels are in panels.py."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from app.core.translation import gettext as _
from app.core.translation import number_words
from app.domain.accounts.access import Viewer
from app.domain.analytics import charts, words
from app.domain.analytics.breakdown import Breakdown, read_breakdowns
from app.domain.analytics.figures import ByKind, State, size_of, sums_of, value_of
from app.domain.analytics.kinds import Kind
from app.domain.analytics.measures import MEASURES, OF_THREADS, TILES, Measure, Shape, kinds_of
from app.domain.analytics.reading import MEDIUM, PERSON, Wanted
from app.domain.analytics.saved import measures_of, read_targets
from app.web.analytics.asked import Asked

BEHIND = timedelta(seconds=60)
_query = lru_cache(maxsize=4096)(urlencode)  # buckets are days and hours, the same in all lists


@dataclass(frozen=True)
class Tile:
    """A figure with its change and a small line of its daily values (`spark`).

    `href` shows the figure as the chart, `list_href` opens the facts that it counts.
    """

    key: str
    value: str
    beside: str
    change: words.Change
    target: str
    spark: str
    href: str
    list_href: str
    is_current: bool


@dataclass(frozen=True)
class Cell:
    """A number in a table. `href` opens the list of facts that it counts, and is empty if there is no list."""

    text: str
    href: str = ""
    beside: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Read:
    """The figures of one report, all as of one instant. `parts` has the figures of each part that the report is split into."""

    now: ByKind
    before: ByKind
    days: Mapping[date, ByKind]
    days_before: Mapping[date, ByKind]
    parts: Mapping[str, ByKind]
    cells: Mapping[tuple[date, str, Kind], int]
    hours: Mapping[tuple[int, int], int]
    steps: Sequence[int]
    scores: Mapping[int, int]


class Report:
    """A report for one viewer: its slices, targets and figures, read from the database when it is created."""

    def __init__(
        self,
        session: Session,
        viewer: Viewer,
        asked: Asked,
        kinds: Collection[Kind] = OF_THREADS,
        *,
        by: str = MEDIUM,
        medium: str = "",
    ) -> None:
        """Read the report, with its figures split `by` a dimension.

        `medium`: the only medium the report covers, whose targets apply; "" if it covers all.
        """
        self.session, self.viewer, self.asked = session, viewer, asked
        self._list_urls: dict[str, str] = {}
        self.slice = asked.slice(viewer)
        self.slice_before = asked.before(self.slice)
        self.targets = read_targets(session, [one for one in self.slice.brand_ids if self.slice.brand_id in (None, one)])
        self.measures = measures_of(self.targets, medium)
        self.measure = self.measures[asked.measure]
        self.read, self.state = self._read(kinds, by)

    def _read(self, kinds: Collection[Kind], by: str) -> tuple[Read, State]:
        """Read the figures in one query. `by` is the dimension of `parts`. A report by person is not compared with the period
        before."""
        is_compared = self.asked.compare and by != PERSON
        slices = [self.slice, self.slice_before] if is_compared else [self.slice]
        chart = kinds_of(self.measure)
        drawn = chart | kinds_of(*(MEASURES[key] for key in TILES))
        wanted = Wanted(slices, kinds, () if by == PERSON else drawn, by, later_by_day=chart)
        found, state = read_breakdowns(self.session, wanted)
        now, before = found[0], found[1] if is_compared else Breakdown()
        time_kind = self.measure.kinds[0] if self.measure.shape == Shape.TIME else Kind.FIRST_RESPONSE
        return (
            Read(
                now=now.whole,
                before=before.whole,
                days=now.days,
                days_before=before.days,
                parts=now.parts,
                cells=now.cells,
                hours=now.hours,
                steps=now.steps(time_kind),
                scores=now.scores,
            ),
            state,
        )

    @property
    def is_empty(self) -> bool:
        return not self.read.now

    @property
    def is_behind(self) -> bool:
        """Whether some change has waited longer than BEHIND to be counted in the figures."""
        since = self.state.waiting_since
        return since is not None and self.asked.now - since > BEHIND

    @property
    def as_of(self) -> datetime:
        return self.state.batch_at

    # Links

    def list_url(self, key: str, **bucket: Any) -> str:
        """Return the URL of the list of facts behind a figure, with the report's filters and as of the same instant.

        `bucket` narrows the list, for example to an hour.
        """
        if not self._list_args.isdisjoint(bucket):
            return self.asked.url("analytics.show_list", **{**self._list_changes, "m": key, **bucket})
        if key not in self._list_urls:  # a page has some 500, most of which differ in their bucket only
            self._list_urls[key] = self.asked.url("analytics.show_list", **self._list_changes, m=key)
        return f"{self._list_urls[key]}&{_query(tuple(bucket.items()))}" if bucket else self._list_urls[key]

    @cached_property
    def _list_changes(self) -> dict[str, Any]:
        days = {"period": "own", "from": self.slice.first.isoformat(), "to": self.slice.last.isoformat()}
        return {**days, "as_of": self.as_of.isoformat(), "chart": None, "compare": None}

    @cached_property
    def _list_args(self) -> frozenset[str]:
        """Return the names of the arguments that the URL of any list has."""
        return frozenset(self.asked.args(**self._list_changes))

    def cell(self, key: str, found: ByKind, **bucket: Any) -> Cell:
        """Return a figure as a table cell with a link to the list of facts behind it. `bucket` narrows the list."""
        measure = self.measures[key]
        value, size = value_of(measure, found), size_of(measure, found)
        if value is None or not size:
            return Cell(words.NO_VALUE if measure.shape != Shape.COUNT else "0")
        if measure.shape == Shape.RATIO and not value:
            return Cell(words.figure(measure, value, size))  # a ratio of zero has no facts to list
        few = "few" if size < words.FEW and measure.shape != Shape.COUNT else ""
        return Cell(words.figure(measure, value, size), self.list_url(key, **bucket), tone=few)

    # Parts

    def tiles(self) -> list[Tile]:
        return [self._tile(key) for key in TILES]

    def _tile(self, key: str) -> Tile:
        measure, now, before = self.measures[key], self.read.now, self.read.before
        value, size = value_of(measure, now), size_of(measure, now)
        sums = sums_of(now, measure.kinds[0])
        beside = ""
        if measure.shape == Shape.TIME and sums.p90 is not None:
            beside = _("90%% within %(time)s", time=words.duration(sums.p90))
        elif measure.shape == Shape.SHARE and size >= words.FEW:
            beside = _("of %(count)s", count=number_words(size))
        change = words.Change("")
        if self.asked.compare:
            change = words.change_words(measure, value, value_of(measure, before), size, size_of(measure, before))
        return Tile(
            key=key,
            value=words.figure(measure, value, size) if size or measure.shape == Shape.COUNT else words.NO_VALUE,
            beside=beside,
            change=change,
            target=words.target_words(measure),
            spark=charts.spark([self.of_day(measure, self.read.days, day) for day in self.dates]),
            href=self.asked.url(chart=None if key == "first_response" else key),
            list_href=self.list_url(key) if size else "",
            is_current=key == self.asked.measure,
        )

    @property
    def dates(self) -> list[date]:
        return [self.slice.first + timedelta(days=number) for number in range(self.slice.days)]

    def of_day(self, measure: Measure, days: Mapping[date, ByKind], day: date) -> float | None:
        """Return the figure of a day. On a day without facts a count is 0 and any other figure is None, a gap in the chart."""
        return value_of(measure, days.get(day, {}))
