"""Panels of a report: chart, promised response times, channels, hours, distribution, details, people."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from app.core.translation import date_words, number_words, percent_words
from app.core.translation import gettext as _
from app.core.translation import mark as N_
from app.domain.analytics import charts, words
from app.domain.analytics.breakdown import STEPS
from app.domain.analytics.figures import ByKind, size_of, sums_of, value_of
from app.domain.analytics.filters import MEDIA
from app.domain.analytics.kinds import Kind
from app.domain.analytics.measures import MEASURES, Measure, Shape, kinds_of
from app.domain.analytics.saved import measures_of
from app.domain.analytics.slices import NONE
from app.web.analytics.report import Cell, Report
from app.web.inbox.words import medium_words

DETAILS = (
    "next_response",
    "one_touch",
    "reopened",
    "escalated",
    "messages_per_resolution",
    "templates",
    "assigned_by_rules",
    "routed_right",
    "tasks_on_time",
    "automatic_answers",
)
OF_PEOPLE = (
    "messages_out",
    "first_response",
    "first_promise",
    "resolved",
    "reopened",
    "templates",
    "tasks_on_time",
    "satisfaction",
)
PEOPLE_KINDS = kinds_of(*(MEASURES[key] for key in OF_PEOPLE))
FEW_VERDICTS = 10
PROMISES = (
    ("first_promise", "first_missed", N_("First response")),
    ("next_promise", "next_missed", N_("Next response")),
    ("resolution_promise", "resolution_missed", N_("Resolution")),
)


@dataclass(frozen=True)
class Row:
    name: str
    href: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Promise:
    """A promised time (first response, next response or resolution) with the share of cases that kept it.

    `place`, `place_before` and `target` are positions on a scale from 0 to 1000.
    """

    key: str
    name: str
    cell: Cell
    missed: Cell
    place: float | None
    place_before: float | None
    target: float
    words: str
    tone: str


@dataclass(frozen=True)
class Chart:
    """The chart of the chosen figure: its lines and labels, its result in a sentence (`finding`), and the target."""

    measure: Measure
    finding: str
    ticks: tuple[str, ...]
    x_labels: tuple[tuple[float, str], ...]
    marks: tuple[charts.Mark, ...]
    median: str
    band: str
    before: str
    running: str
    target_y: float | None
    target: str
    bars: tuple[charts.Bar, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Stack:
    """The panel of new cases, by medium: legend, bars, table."""

    legend: tuple[tuple[int, str, Cell], ...]
    ticks: tuple[str, ...]
    x_labels: tuple[tuple[float, str], ...]
    bars: tuple[charts.Bar, ...]
    marks: tuple[charts.Mark, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Heat:
    """The panel of the hours in which new cases begin.

    `hours` are the columns. `rows` has for each weekday its name and one (colour step 0 to 6, cell) for each hour.
    """

    hours: tuple[int, ...]
    rows: tuple[tuple[str, tuple[tuple[int, Cell], ...]], ...]
    finding: str


def chart(report: Report) -> Chart:
    """Return the chart of the chosen figure, day by day."""
    measure, dates, count = report.measure, report.dates, report.slice.days
    values = [report.of_day(measure, report.read.days, day) for day in dates]
    p90 = [sums_of(report.read.days.get(day, {}), measure.kinds[0]).p90 for day in dates]
    back = report.slice.first - report.slice_before.first
    before = [report.of_day(measure, report.read.days_before, day - back) for day in dates] if report.asked.compare else []
    is_time, is_count = measure.shape == Shape.TIME, measure.shape == Shape.COUNT
    seen = [*values, *(p90 if is_time else []), *before, measure.target if is_time else None]
    scale = charts.scale_of(seen, is_time=is_time, is_share=measure.is_percent)
    marks = tuple(_mark(report, number, day, value, scale) for number, (day, value) in enumerate(zip(dates, values, strict=True)))
    points = [(mark.centre, mark.y) for mark in marks]
    is_running = report.asked.runs_on and len(points) > 1 and not is_count
    whole = [*points[:-1], (points[-1][0], None)] if is_running else points
    high = [(mark.centre, None if top is None else scale.y(top)) for mark, top in zip(marks, p90, strict=True)]
    earlier = [(mark.centre, None if v is None else scale.y(v)) for mark, v in zip(marks, before, strict=False)]
    return Chart(
        measure=measure,
        finding=_finding(report),
        ticks=tuple(_tick(report, measure, tick) for tick in scale.ticks),
        x_labels=_x_labels(report),
        marks=marks,
        median="" if is_count else charts.line(whole),
        band=charts.band(points, high) if is_time else "",
        before=charts.line(earlier),
        running=charts.line(points[-2:]) if is_running and points[-1][1] is not None and points[-2][1] is not None else "",
        target_y=scale.y(measure.target) if measure.target is not None else None,
        target=words.target_words(measure),
        bars=tuple(bar for number, v in enumerate(values) for bar in charts.stack(number, count, [int(v or 0)], scale))
        if is_count
        else (),
        rows=tuple(_day_row(report, day) for day in dates),
    )


def _mark(report: Report, number: int, day: date, value: float | None, scale: charts.Scale) -> charts.Mark:
    x, width = charts.column(number, report.slice.days)
    size = size_of(report.measure, report.read.days.get(day, {}))
    text = words.figure(report.measure, value, size)
    label = date_words(day, "EEE d MMM")
    if day >= report.asked.today:
        label = _("%(day)s, so far", day=label)
    href = report.list_url(report.measure.key, day=day.isoformat()) if size else ""
    return charts.Mark(x, width, None if value is None else scale.y(value), label, text, href)


def _tick(report: Report, measure: Measure, tick: float) -> str:
    if measure.is_percent:
        return percent_words(tick)
    return words.duration(tick) if measure.shape == Shape.TIME and tick else number_words(tick)


def _x_labels(report: Report) -> tuple[tuple[float, str], ...]:
    shown = charts.shown_days(report.slice.days)
    return tuple(
        (round(charts.column(number, report.slice.days)[0] / 10, 2), date_words(report.dates[number], "d MMM"))
        for number in shown
    )


def _day_row(report: Report, day: date) -> Row:
    found = report.read.days.get(day, {})
    size = size_of(report.measure, found)
    sums = sums_of(found, report.measure.kinds[0])
    cells = [report.cell(report.measure.key, found, day=day.isoformat())]
    if report.measure.shape == Shape.TIME:
        cells.append(Cell(words.duration(sums.p90)))
    if report.measure.shape != Shape.COUNT:
        cells.append(Cell(number_words(size)))
    return Row(date_words(day, "EEE d MMM"), "", tuple(cells))


def _finding(report: Report) -> str:
    """Return in one sentence what the chart shows, with the change since the period before."""
    measure, now, before = report.measure, report.read.now, report.read.before
    value, size = value_of(measure, now), size_of(measure, now)
    if value is None or not size:
        return _("No data for these days.")
    text = words.figure(measure, value, size)
    change = words.change_words(measure, value, value_of(measure, before), size, size_of(measure, before)).text
    sentence = _("Median %(value)s", value=text) if measure.shape == Shape.TIME else text
    if change and report.asked.compare:
        sentence = _("%(value)s: %(change)s", value=sentence, change=change)
    sums = sums_of(now, measure.kinds[0])
    if measure.shape == Shape.TIME and sums.p90 is not None and sums.average is not None:
        rest = _(
            "Measured %(count)s times: 9 out of 10 took at most %(p90)s; average %(average)s.",
            p90=words.duration(sums.p90),
            average=words.duration(sums.average),
            count=number_words(size),
        )
        return f"{sentence}. {rest}"
    return f"{sentence}."


def promises(report: Report) -> list[Promise]:
    """Return the share of kept times for first response, next response and resolution, each on its own."""
    return [_promise(report, share, missed, _(name)) for share, missed, name in PROMISES]


def _promise(report: Report, key: str, missed_key: str, name: str) -> Promise:
    measure, now, before = report.measures[key], report.read.now, report.read.before
    share, before_share = value_of(measure, now), value_of(measure, before)
    target = measure.target or 0
    sums = sums_of(now, measure.kinds[0])
    state = "" if share is None else _("met") if share >= target else _("below target")
    tone = "" if share is None or sums.known < words.FEW else "done" if share >= target else "late"
    missed = Cell(number_words(sums.missed), report.list_url(missed_key) if sums.missed else "")
    return Promise(
        key, name, report.cell(key, now), missed, _place(share), _place(before_share), _place(target) or 0, state, tone
    )


def stack(report: Report) -> Stack:
    """Return the panel of new cases, by medium."""
    media = [medium for medium in MEDIA if medium in report.read.parts]
    totals = {medium: sums_of(report.read.parts[medium], Kind.RECEIVED).n for medium in media}
    days = [[report.read.cells.get((day, medium, Kind.RECEIVED), 0) for medium in media] for day in report.dates]
    scale = charts.scale_of([sum(values) for values in days], is_time=False)
    legend = tuple(
        (number, medium_words(medium), count_cell(report, "received", totals[medium], medium=medium))
        for number, medium in enumerate(media, start=1)
    )
    count = report.slice.days
    rows = [
        Row(
            date_words(day, "EEE d MMM"),
            "",
            tuple(
                count_cell(report, "received", n, day=day.isoformat(), medium=medium)
                for medium, n in zip(media, values, strict=True)
            ),
        )
        for day, values in zip(report.dates, days, strict=True)
    ]
    marks = [
        charts.Mark(
            *charts.column(number, count),
            None,
            date_words(day, "EEE d MMM"),
            number_words(sum(values)),
            report.list_url("received", day=day.isoformat()) if sum(values) else "",
        )
        for number, (day, values) in enumerate(zip(report.dates, days, strict=True))
    ]
    return Stack(
        legend=legend,
        ticks=tuple(number_words(tick) for tick in scale.ticks),
        x_labels=_x_labels(report),
        bars=tuple(bar for number, values in enumerate(days) for bar in charts.stack(number, count, values, scale)),
        marks=tuple(marks),
        rows=tuple(rows),
    )


def count_cell(report: Report, key: str, n: int, **bucket: Any) -> Cell:
    return Cell(number_words(n), report.list_url(key, **bucket) if n else "")


def channels(report: Report) -> list[Row]:
    """Return a row for each medium with its main figures."""
    keys = ("received", "first_response", "first_promise", "resolved", "messages_per_resolution")
    rows = []
    for medium in (one for one in MEDIA if one in report.read.parts):
        found = report.read.parts[medium]
        cells = {key: report.cell(key, found, medium=medium) for key in keys}
        cells["first_response"] = _against_target(report, cells["first_response"], medium)
        rows.append(Row(medium_words(medium), report.asked.url(medium=medium), tuple(cells.values())))
    return rows


def _against_target(report: Report, cell: Cell, medium: str) -> Cell:
    """Return the cell with the target of this medium beside it, if the medium has a target of its own."""
    measure = measures_of(report.targets, medium)["first_response"]
    has_own = ("first_response", medium) in report.targets and cell.href
    return replace(cell, beside=_("target %(value)s", value=words.target_words(measure))) if has_own else cell


def heat(report: Report) -> Heat:
    """Return the panel of the hours in which new cases begin, with the average of each hour of the week."""
    times = {weekday: sum(day.weekday() == weekday for day in report.dates) for weekday in range(7)}
    averages = {key: n / times[key[0]] for key, n in report.read.hours.items() if times[key[0]]}
    most = max(averages.values(), default=0)
    used = sorted({hour for _weekday, hour in averages} | set(range(8, 18)))
    hours = tuple(range(used[0], used[-1] + 1))
    rows = []
    for weekday in range(7):
        cells = []
        for hour in hours:
            average = averages.get((weekday, hour), 0)
            step = 0 if not average else 1 + min(5, int(6 * average / most * 0.999))
            n = report.read.hours.get((weekday, hour), 0)
            href = report.list_url("received", weekday=weekday, hour=hour) if n else ""
            text = number_words(average, "0.#" if average < 10 else "0") if n else ""
            cells.append((step, Cell(str(text), href)))
        rows.append((words.weekday_words(weekday, "EEE"), tuple(cells)))
    return Heat(hours, tuple(rows), _busiest(report, averages))


def _busiest(report: Report, averages: Mapping[tuple[int, int], float]) -> str:
    if not averages:
        return ""
    (weekday, hour), average = max(averages.items(), key=lambda item: (item[1], -item[0][0], -item[0][1]))
    return _(
        "Busiest hour: %(day)s at %(hour)s (%(count)s received on average).",
        day=words.weekday_words(weekday),
        hour=f"{hour:02}:00",
        count=number_words(average, "0.#"),
    )


def distribution(report: Report) -> list[tuple[str, Cell, float]]:
    """Return the distribution of durations: for each step its words, a cell with the count, and its bar width.

    A bar width goes from 0 to 1000, which is the width of the largest step.
    """
    key = report.measure.key if report.measure.shape == Shape.TIME else "first_response"
    most = max(report.read.steps, default=0) or 1
    edges = [0, *STEPS]
    found = []
    for number, n in enumerate(report.read.steps):
        low, high = edges[number], STEPS[number] if number < len(STEPS) else None
        text = _("less than %(time)s", time=words.duration(high)) if high else _("%(time)s or more", time=words.duration(low))
        found.append((text, count_cell(report, key, n, band=f"{low}-{high or ''}"), round(1000 * n / most, 1)))
    return found


def details(report: Report) -> list[tuple[str, Cell, words.Change, str]]:
    """Return further figures as (measure key, cell, change, target in words)."""
    found = []
    for key in DETAILS:
        measure, now, before = report.measures[key], report.read.now, report.read.before
        sizes = size_of(measure, now), size_of(measure, before)
        change = words.change_words(measure, value_of(measure, now), value_of(measure, before), *sizes)
        change = change if report.asked.compare else words.Change("")
        found.append((key, report.cell(key, now), change, words.target_words(measure)))
    return found


def people(report: Report, names: Mapping[uuid.UUID, str]) -> list[Row]:
    """Return a row for each person who has figures, sorted by name and never by figure, then a row for unassigned threads."""
    found, rows = report.read.parts, []
    for user_id, name in sorted(names.items(), key=lambda item: item[1].casefold()):
        if str(user_id) in found:
            cells = tuple(_of_person(report, key, found[str(user_id)], str(user_id)) for key in OF_PEOPLE)
            rows.append(Row(name, report.asked.url(person=str(user_id)), cells))
    if NONE in found and report.slice.own_user_id is None:
        cells = tuple(report.cell(key, found[NONE], person=NONE) for key in OF_PEOPLE)
        rows.append(Row(_("Unassigned"), report.asked.url(person=NONE), cells))
    return rows


def _of_person(report: Report, key: str, found: ByKind, user_id: str) -> Cell:
    """Return a figure of a person as a cell.

    The satisfaction score is left out if fewer than ten customers gave one, as it then says more about these customers than
    about the person.
    """
    few = key == "satisfaction" and size_of(MEASURES[key], found) < FEW_VERDICTS
    return Cell(words.NO_VALUE) if few else report.cell(key, found, person=user_id)


def _place(share: float | None) -> float | None:
    """Return the position of a share (0 to 1) on a scale that shows 80 % as 0 and 100 % as 1000. Lower shares are at 0."""
    return None if share is None else round(max(0.0, (share - 0.8) / 0.2) * 1000, 1)
