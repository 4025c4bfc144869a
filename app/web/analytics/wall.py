"""The wallboard: live figures for a screen on the wall, without customers' names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask.typing import ResponseReturnValue
from flask_babel import format_time

from app.core.db import db
from app.core.translation import gettext as _
from app.domain.accounts.permissions import Permission
from app.domain.accounts.queries import list_brands, list_teams
from app.domain.analytics import charts, words
from app.domain.analytics.breakdown import Breakdown, read_breakdowns
from app.domain.analytics.figures import ByKind, size_of, value_of
from app.domain.analytics.live import Live, list_team_loads, read_standing
from app.domain.analytics.measures import MEASURES, kinds_of
from app.domain.analytics.reading import Wanted
from app.domain.analytics.slices import shifted
from app.web.accounts.session import require
from app.web.analytics.blueprint import bp
from app.web.analytics.pages import USUAL_WEEKS, read_asked
from app.web.inbox.words import hour_now
from app.web.pages import page

FIRST_HOUR, LAST_HOUR = 6, 18
TODAY = ("first_promise", "first_response")
KINDS = kinds_of(MEASURES["received"], *(MEASURES[key] for key in TODAY))


@dataclass(frozen=True)
class Hour:
    """One hour of today in the chart: a bar with the new cases, and a mark (`usual_y`) with the usual number.

    `x` and `width` are on a scale from 0 to 1000, `y`, `height` and `usual_y` on a scale from 0 to 100.
    """

    hour: int
    x: float
    width: float
    y: float
    height: float
    usual_y: float | None
    is_running: bool


@bp.get("/analytics/wall")
def wall() -> ResponseReturnValue:
    """Show the wallboard of today, with the filters of a report's URL. An htmx request gets only its block `wall`."""
    viewer, asked, session = require(Permission.ANALYTICS_SEE), read_asked(), db.session()
    slice = asked.slice(viewer, first=asked.today, last=asked.today)
    standing = read_standing(session, slice, now=asked.now)
    slices = [shifted(slice, 7 * week) for week in range(USUAL_WEEKS + 1)]
    (found, *before), _state = read_breakdowns(session, Wanted(slices, KINDS))
    counts = {hour: n for (_weekday, hour), n in found.hours.items()}
    usual = _usual_hours(before)
    scale = charts.scale_of([*counts.values(), *usual.values()], is_time=False)
    names = {team.id: team.name for team in list_teams(session)}
    brand = next((one.name for one in list_brands(session) if str(one.id) == asked.filters.get("brand")), "")
    return page(
        "analytics/wall.html",
        blocks=("wall",),
        asked=asked,
        brand=brand or _("All brands"),
        clock=format_time(asked.now, "HH:mm"),
        updated=format_time(asked.now, "HH:mm:ss"),
        counts_now={live.value: standing.counts[live] for live in Live},
        waited=words.duration((asked.now - standing.oldest_at).total_seconds() if standing.oldest_at else None),
        hours=_hours(counts, usual, scale, hour_now()),
        ticks=scale.ticks,
        arrived=sum(counts.values()),
        usual=round(sum(n for hour, n in usual.items() if hour < hour_now())),
        teams=list_team_loads(session, slice, names, now=asked.now),
        today=[_today(key, found.whole) for key in TODAY],
    )


def _usual_hours(weeks: Sequence[Breakdown]) -> dict[int, float]:
    """Return the average number of new cases by hour of the day, over the same weekday of the weeks before."""
    found: dict[int, float] = {}
    for week in weeks:
        for (_weekday, hour), n in week.hours.items():
            found[hour] = found.get(hour, 0) + n / USUAL_WEEKS
    return found


def _hours(counts: dict[int, int], usual: dict[int, float], scale: charts.Scale, now: int) -> list[Hour]:
    shown = range(min([FIRST_HOUR, *counts]), max([LAST_HOUR, *counts]) + 1)
    found = []
    for number, hour in enumerate(shown):
        left, width = charts.column(number, len(shown))
        top = scale.y(counts.get(hour, 0))
        level = scale.y(usual[hour]) if hour in usual else None
        found.append(Hour(hour, left + width * 0.1, width * 0.8, top, charts.HEIGHT - top, level, hour == now))
    return found


def _today(key: str, found: ByKind) -> str:
    """Return a figure of today in a sentence."""
    measure = MEASURES[key]
    value, size = value_of(measure, found), size_of(measure, found)
    text = words.figure(measure, value, size) if size else words.NO_VALUE
    return _(
        "%(name)s today: %(value)s, target %(target)s", name=words.name_words(key), value=text, target=words.target_words(measure)
    )
