"""Read the contents of a scheduled report for one recipient: figures, channels, charts and workbook.

The recipient's rights limit the contents. The texts are in the recipient's language, which the caller has set.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.core.translation import date_words, number_words
from app.core.translation import gettext as _
from app.core.translation import mark as N_
from app.domain.accounts.access import Viewer
from app.domain.analytics import charts, words
from app.domain.analytics.breakdown import Breakdown, read_breakdowns
from app.domain.analytics.figures import ByKind, size_of, sums_of, value_of
from app.domain.analytics.filters import MEDIA, slice_values
from app.domain.analytics.kinds import Kind
from app.domain.analytics.measures import MEASURES, PROMISES, TILES, Measure, Shape
from app.domain.analytics.reading import Wanted
from app.domain.analytics.report_rows import about_file, report_heads, report_rows
from app.domain.analytics.saved import measures_of, read_targets
from app.domain.analytics.sheets import write_sheet
from app.domain.analytics.slices import Slice, shifted, slice_for
from app.domain.scheduled_reports.pictures import Plot, draw

MORE = ("next_response", "reopened", "escalated", "templates", "routed_right", "tasks_on_time", "satisfaction", "recommends")
"""Figures below the six of the page; left out where there is nothing to say."""
IN_CHANNELS = ("received", "first_response", "first_promise", "resolved")
DRAWN = (Kind.RECEIVED, Kind.FIRST_RESPONSE)
"""The figures drawn as pictures."""
LEAST_DAYS = 14
"""The fewest days of a picture; a shorter report's picture includes the days before."""
MEDIUM_NAMES = {"email": N_("Email"), "whatsapp": "WhatsApp", "sms": "SMS", "phone": N_("Phone")}


@dataclass(frozen=True)
class Line:
    """One figure of the report, its change and its target, all as text. `tone` is "good", "bad", "few" (too few cases) or ""."""

    name: str
    value: str
    change: str
    tone: str
    target: str


@dataclass(frozen=True)
class Picture:
    """A chart as a PNG, with its title. `says` is a sentence with the same content as the chart."""

    key: str
    title: str
    says: str
    png: bytes


@dataclass(frozen=True)
class Contents:
    """The whole content of a report mail or PDF. `filters`: the report's filters as text. `path`: the path of the report's
    page.

    `sheet` is an Excel workbook with every figure by day, or None if it was not requested.
    """

    name: str
    days: str
    lines: tuple[Line, ...]
    channel_heads: tuple[str, ...]
    channels: tuple[tuple[str, ...], ...]
    pictures: tuple[Picture, ...]
    sheet: bytes | None
    filters: tuple[str, ...]
    path: str
    as_of: datetime
    is_empty: bool


def read_contents(
    session: Session,
    viewer: Viewer,
    *,
    name: str,
    args: Mapping[str, str],
    is_open: bool,
    first: date,
    last: date,
    has_sheet: bool = True,
    filters: Sequence[str] = (),
) -> Contents:
    """Read all contents of the report for the days from `first` to `last`, both included."""
    slice = slice_for(viewer, first=first, last=last, is_open=is_open, **slice_values(args))
    wide = replace(slice, first=min(first, last - timedelta(days=LEAST_DAYS - 1)))
    brand_ids = [one for one in slice.brand_ids if slice.brand_id in (None, one)]
    measures = measures_of(read_targets(session, brand_ids), slice.medium or "")
    slices = [slice, before_of(slice), wide, shifted(wide, max(7, -(-wide.days // 7) * 7))]
    (now, before, shown, shown_before), state = read_breakdowns(session, Wanted(slices, by_day=DRAWN))
    report = _Report(measures, now, before)
    path = "/analytics?" + urlencode({**args, "period": "own", "from": first.isoformat(), "to": last.isoformat()})
    return Contents(
        name=name,
        days=words.days_words(first, last),
        lines=tuple(report.lines()),
        channel_heads=(_("Channel"), *(words.name_words(key) for key in IN_CHANNELS)),
        channels=tuple(report.channels()),
        pictures=(_arrivals(wide, shown), _speed(wide, measures["first_response"], shown, shown_before)),
        sheet=_sheet(session, viewer, slice, state.batch_at) if has_sheet else None,
        filters=tuple(filters),
        path=path + ("" if is_open else "&time=wall"),
        as_of=state.batch_at,
        is_empty=not now.whole,
    )


def before_of(slice: Slice) -> Slice:
    """Return the period with which `slice` is compared: the same number of days, shifted back by whole weeks.

    If `slice` is one or more whole months, this is the month before.
    """
    following = slice.last + timedelta(days=1)
    if slice.first.day == following.day == 1:
        last = slice.first - timedelta(days=1)
        return replace(slice, first=last.replace(day=1), last=last)
    return shifted(slice, max(7, -(-slice.days // 7) * 7))


@dataclass(frozen=True)
class _Report:
    measures: Mapping[str, Measure]
    now: Breakdown
    before: Breakdown

    def lines(self) -> list[Line]:
        keys = [*TILES, *(key for key, measure in MEASURES.items() if measure.kinds[0] in PROMISES[1:] and measure.target), *MORE]
        return [self._line(key) for key in keys if key in TILES or size_of(self.measures[key], self.now.whole)]

    def _line(self, key: str) -> Line:
        measure, now, before = self.measures[key], self.now.whole, self.before.whole
        size, value = size_of(measure, now), value_of(measure, now)
        change = words.change_words(measure, value, value_of(measure, before), size, size_of(measure, before))
        return Line(words.name_words(key), _figure(measure, now), change.text, change.tone, words.target_words(measure))

    def channels(self) -> list[tuple[str, ...]]:
        media = [medium for medium in MEDIA if medium in self.now.parts]
        return [
            (_(MEDIUM_NAMES[medium]), *(_figure(self.measures[key], self.now.parts[medium]) for key in IN_CHANNELS))
            for medium in media
        ]


def _figure(measure: Measure, found: ByKind) -> str:
    value, size = value_of(measure, found), size_of(measure, found)
    return words.figure(measure, value, size) if size or measure.shape == Shape.COUNT else words.NO_VALUE


def _arrivals(slice: Slice, found: Breakdown) -> Picture:
    media = [medium for medium in MEDIA if medium in found.parts]
    stacks = [[found.cells.get((day, medium, Kind.RECEIVED), 0) for medium in media] for day in slice.dates]
    scale = charts.scale_of([sum(values) for values in stacks], is_time=False)
    totals = [(sums_of(found.parts[medium], Kind.RECEIVED).n, _(MEDIUM_NAMES[medium])) for medium in media]
    parts = ", ".join(f"{name} {number_words(n)}" for n, name in totals if n)
    total = number_words(sums_of(found.whole, Kind.RECEIVED).n)
    says = _("Cases received in %(days)s days: %(count)s (%(parts)s).", count=total, days=slice.days, parts=parts)
    ticks = tuple(number_words(tick) for tick in scale.ticks)
    plot = Plot(scale, ticks, _labels(slice), stacks=stacks, names=[_(MEDIUM_NAMES[medium]) for medium in media])
    return Picture("received", _("New cases by channel"), says if parts else _("No data for these days."), draw(plot))


def _speed(slice: Slice, measure: Measure, found: Breakdown, before: Breakdown) -> Picture:
    sums = [sums_of(found.days.get(day, {}), Kind.FIRST_RESPONSE) for day in slice.dates]
    back = timedelta(days=max(7, -(-slice.days // 7) * 7))
    earlier = [sums_of(before.days.get(day - back, {}), Kind.FIRST_RESPONSE).median for day in slice.dates]
    line, high = [one.median for one in sums], [one.p90 for one in sums]
    scale = charts.scale_of([*line, *high, *earlier, measure.target], is_time=True)
    ticks = tuple(words.duration(tick) if tick else "0" for tick in scale.ticks)
    plot = Plot(scale, ticks, _labels(slice), line=line, high=high, before=earlier, target=measure.target)
    whole = sums_of(found.whole, Kind.FIRST_RESPONSE)
    says = _("No data for these days.")
    if whole.median is not None and whole.p90 is not None:
        times = {"median": words.duration(whole.median), "p90": words.duration(whole.p90)}
        says = _(
            "Over %(days)s days: median %(median)s, and 9 out of 10 responses within %(p90)s. Dashed lines: "
            "previous period and target.",
            days=slice.days,
            **times,
        )
    return Picture("first_response", words.name_words("first_response"), says, draw(plot))


def _labels(slice: Slice) -> tuple[str, ...]:
    return tuple(date_words(day, "d MMM") for day in slice.dates)


def _sheet(session: Session, viewer: Viewer, slice: Slice, as_of: datetime) -> bytes:
    rows = report_rows(session, slice, is_plain=False)
    about = about_file(viewer, None, replace(slice, as_of=as_of), len(rows))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.xlsx"
        heads = report_heads(is_plain=False)
        write_sheet(path, title=_("Report"), about=about, heads=heads, rows=rows, zone=ZoneInfo(viewer.timezone))
        return path.read_bytes()
