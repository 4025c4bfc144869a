"""Pages of the overview report and of the report of people, and the template context that all report pages share."""

from __future__ import annotations

from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from app.core.clock import utc_now
from app.core.db import db
from app.core.translation import gettext as _
from app.domain.accounts.access import Viewer
from app.domain.accounts.permissions import Permission
from app.domain.analytics import words
from app.domain.analytics.live import list_loads, read_standing
from app.domain.analytics.reading import PERSON
from app.domain.analytics.slices import Slice, shifted
from app.web.accounts.session import current_viewer
from app.web.analytics import panels
from app.web.analytics.asked import CALENDAR_PERIODS, PERIODS, Asked, parse
from app.web.analytics.blueprint import bp
from app.web.analytics.choices import Choices, read_choices
from app.web.analytics.cost_panel import costs_panel
from app.web.analytics.customers import customers
from app.web.analytics.report import Report
from app.web.pages import page

SHOWN_REPORTS = 8
USUAL_WEEKS = 4
"""What is usual by this time of the day: the average of the same weekday of so many weeks."""


@bp.get("/analytics")
def overview() -> ResponseReturnValue:
    """Show live figures and the figures of a period, of all threads that the viewer may see or only of their own."""
    viewer, asked = current_viewer(), read_asked()
    context = frame("overview", viewer, asked)
    report = Report(db.session(), viewer, asked, medium=context["choices"].medium(asked))
    now = _now_context(viewer, asked)
    return page(
        "analytics/overview.html",
        report=report,
        chart=panels.chart(report),
        promises=panels.promises(report),
        stack=panels.stack(report),
        channels=panels.channels(report),
        heat=panels.heat(report),
        distribution=panels.distribution(report),
        details=panels.details(report),
        customers=customers(report),
        costs=costs_panel(report),
        live=now,
        status=422 if asked.errors else 200,
        **context,
    )


@bp.get("/analytics/people")
def people() -> ResponseReturnValue:
    """Show what each person did, sorted by name. A viewer who may not see the figures of others sees only their own."""
    viewer, asked = current_viewer(), read_asked()
    context = frame("people", viewer, asked)
    report = Report(db.session(), viewer, asked, panels.PEOPLE_KINDS, by=PERSON)
    names = context["choices"].people or {viewer.user_id: viewer.name}
    slice = asked.slice(viewer)
    loads = [one for one in list_loads(db.session(), slice, now=asked.now) if one.id in names]
    rows = panels.people(report, names)
    return page("analytics/people.html", report=report, rows=rows, loads=loads, **context)


def read_asked() -> Asked:
    """Parse the report that this request's URL asks for; days are those of the viewer's time zone."""
    return parse(request.args, timezone=current_viewer().timezone, now=utc_now())


def frame(view: str, viewer: Viewer, asked: Asked, choices: Choices | None = None) -> dict[str, Any]:
    """Return the template context that every page of reports needs."""
    is_own = not viewer.may(Permission.ANALYTICS_SEE)
    choices = choices or read_choices(db.session(), viewer, is_own=is_own)
    tabs = [(_("Overview"), asked.url("analytics.overview"), view == "overview")]
    tabs.append((_("People") if not is_own else _("You"), asked.url("analytics.people"), view == "people"))
    tabs.append((_("Orders"), asked.url("analytics.orders"), view == "orders"))
    return {
        "view": view,
        "asked": asked,
        "is_own": is_own,
        "tabs_of_reports": tabs,
        "choices": choices,
        "chips": choices.chips(asked),
        "saved_reports": choices.names.reports[:SHOWN_REPORTS],
        "periods": [
            (
                _(words.PERIOD_NAMES[key]),
                asked.url(f"analytics.{view}", period=key),
                key == asked.period,
            )
            for key in (*PERIODS, *CALENDAR_PERIODS)
        ],
        "filter_names": {name: _(text) for name, text in words.FILTER_NAMES.items()},
        "days": words.days_words(asked.first, asked.last),
        "period_name": _(words.PERIOD_NAMES[asked.period]),
        "errors": {name: _(words.ERRORS[code]) for name, code in asked.errors.items()},
    }


def _now_context(viewer: Viewer, asked: Asked) -> dict[str, Any]:
    session = db.session()
    slice = asked.slice(viewer)
    today = Slice(**{**vars(slice), "first": asked.today, "last": asked.today, "until": None})
    standing = read_standing(session, slice, now=asked.now, arrived_in=[today, *_same_days(today, asked)])
    arrived, *before = standing.arrived
    loads = list_loads(session, slice, now=asked.now) if slice.own_user_id is None else []
    return {
        "standing": standing,
        "names": {live: _(text) for live, text in words.LIVE_NAMES.items()},
        "arrived": arrived,
        "usual": sum(before) / USUAL_WEEKS if any(before) else None,
        "loads": loads,
        "over": [one for one in loads if one.is_over],
    }


def _same_days(today: Slice, asked: Asked) -> list[Slice]:
    """Return today's slice in each of the weeks before: the same weekday, until this time of the day."""
    return [shifted(Slice(**{**vars(today), "until": asked.now}), 7 * week) for week in range(1, USUAL_WEEKS + 1)]
