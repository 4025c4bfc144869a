"""Serve /reports: figures of a period of days, as data and as files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from flask_babel import force_locale
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.api.answers import answer, show
from app.api.authorize import current_viewer
from app.api.registry import Routes
from app.api.schemas.reports import CostOut, DayOut, FactOut, FactPage, FactQuery, FigureOut, FileQuery, ReportOut, ReportQuery
from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.money import round2
from app.core.problems import invalid
from app.core.translation import gettext as _
from app.domain.accounts.access import Viewer
from app.domain.accounts.queries import list_brands
from app.domain.analytics.breakdown import Breakdown, read_breakdowns
from app.domain.analytics.costs import Spent, read_spent
from app.domain.analytics.figures import count_facts, read_state, size_of, sums_of, value_of
from app.domain.analytics.filters import COLUMNS
from app.domain.analytics.listing import FactRow, list_facts, place_text, read_place
from app.domain.analytics.measures import MEASURES, Measure, Shape
from app.domain.analytics.reading import Wanted
from app.domain.analytics.report_rows import report_heads, report_rows
from app.domain.analytics.sheets import Dialect, csv_lines
from app.domain.analytics.slices import Slice, slice_for
from app.domain.events.actions import audit
from app.domain.scheduled_reports.contents import read_contents
from app.domain.scheduled_reports.report_paper import report_paper

routes = Routes("Reports")
LONGEST = timedelta(days=731)
_SAME = ("at", "local_day", "local_hour", "order_id", "medium", "thread_type", "priority")
_TOLD = ("open_seconds", "wall_seconds", "met", "score")
Unit = Literal["count", "seconds", "share", "ratio", "score", "net"]
UNITS: Mapping[Shape, Unit] = {
    Shape.COUNT: "count",
    Shape.TIME: "seconds",
    Shape.SHARE: "share",
    Shape.RATIO: "ratio",
    Shape.MEAN: "score",
    Shape.NET: "net",
}


@routes.add("get", "/reports", scope="reports:read", answers=ReportOut, refuses=(422,))
def get_report(query: ReportQuery) -> Response:
    """Show the figures of a period.

    Limited to the brands the token's owner may see. If they may not see the figures of colleagues, limited to their own
    figures. The documentation of figures defines each measure.
    """
    session, viewer = db.session(), current_viewer()
    slice = _slice(session, viewer, query)
    (found,), state = read_breakdowns(session, Wanted([slice]))
    figures = [_figure(measure, found) for measure in MEASURES.values()]
    costs = [_cost(one) for one in read_spent(session, slice)]
    days = {"first_day": query.first_day, "last_day": query.last_day}
    return show(ReportOut(as_of=state.batch_at, **days, figures=figures, costs=costs))


@routes.add("get", "/reports/facts", scope="reports:read", answers=FactPage, refuses=(422,))
def list_report_facts(query: FactQuery) -> Response:
    """List the facts that a figure counts, newest first.

    The filters and permissions are those of the figure, so there are as many facts as the figure says.
    """
    measure = MEASURES.get(query.measure)
    if measure is None:
        raise invalid("measure", "is none of the measures of a report")
    after = read_place(query.cursor) if query.cursor is not None else None
    if query.cursor is not None and after is None:
        raise invalid("cursor", "is not one of ours: start from the first page")
    session, viewer = db.session(), current_viewer()
    as_of = query.as_of or read_state(session).batch_at
    slice = replace(_slice(session, viewer, query), as_of=as_of)
    rows = list_facts(session, slice, measure, after=after, limit=query.limit + 1)
    more = len(rows) > query.limit
    items = [_fact(row) for row in rows[: query.limit]]
    cursor = place_text(rows[query.limit - 1]) if more else None
    count = count_facts(session, slice, measure)
    return answer(FactPage(count=count, items=items, next_cursor=cursor, as_of=as_of)).response()


@routes.add("get", "/reports/file", scope="reports:read", answers=None, refuses=(422,), files=("text/csv", "application/pdf"))
def get_report_file(query: FileQuery) -> Response:
    """Download a report as a file.

    CSV: every figure of the whole period and of each day, with the names of this API. PDF: the figures compared with the
    previous period, two charts and the kinds of channels, in the language of the token's owner.
    """
    session, viewer = db.session(), current_viewer()
    slice = _slice(session, viewer, query)
    if query.format == "csv":
        rows = report_rows(session, slice, is_plain=True)
        heads, zone = report_heads(is_plain=True), ZoneInfo(viewer.timezone)
        lines = csv_lines(heads, rows, dialect=Dialect.PROGRAMS, locale=viewer.locale, zone=zone)
        return _file(viewer, slice, "".join(lines).encode(), "csv", "text/csv")
    filters = {name: str(getattr(slice, column)) for name, column in COLUMNS.items() if getattr(slice, column) is not None}
    with force_locale(viewer.locale):
        contents = read_contents(
            session,
            viewer,
            name=_("Analytics"),
            args=filters,
            is_open=slice.is_open,
            first=slice.first,
            last=slice.last,
            has_sheet=False,
        )
        return _file(viewer, slice, report_paper(viewer, contents), "pdf", "application/pdf")


def _file(viewer: Viewer, slice: Slice, content: bytes, file_format: str, kind: str) -> Response:
    """Return a report as a download, and write an audit entry as the pages of reports do."""
    detail = {"format": file_format, "from": slice.first.isoformat(), "to": slice.last.isoformat()}
    with transaction() as session:
        about = {"action": "ReportExported", "object_type": "report", "object_id": "report"}
        audit(session, now=utc_now(), actor=viewer.actor, detail=detail, **about)
    response = Response(content, mimetype=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="report-{slice.first}-{slice.last}.{file_format}"'
    return response


def _slice(session: Session, viewer: Viewer, query: ReportQuery) -> Slice:
    """Return the slice for the query, limited to what the token's owner may see. Raises `Problem` for wrong days or a brand
    they do not see."""
    if not timedelta() <= query.last_day - query.first_day < LONGEST:
        raise invalid("last_day", "must not come before first_day, nor two years after it")
    names = ("medium", "channel_id", "team_id", "user_id", "thread_type", "priority", "partner_id")
    filters = {name: getattr(query, name) for name in names}
    if query.brand is not None:
        brand = next((one for one in list_brands(session) if one.key == query.brand and one.id in viewer.brand_ids), None)
        if brand is None:
            raise invalid("brand", "is none of the brands you may see")
        filters["brand_id"] = brand.id
    return slice_for(viewer, first=query.first_day, last=query.last_day, is_open=query.time == "open", **filters)


def _fact(row: FactRow) -> FactOut:
    same = {name: getattr(row, name) for name in _SAME + _TOLD}
    return FactOut(
        who=row.user_name, team=row.team_name, brand=row.brand_name, thread_id=row.thread_id if row.number else None, **same
    )


def _cost(one: Spent) -> CostOut:
    return CostOut(
        channel_id=one.channel_id,
        channel=one.channel_name,
        currency=one.currency,
        first_day=one.first,
        last_day=one.last,
        interactions=one.interactions,
        fixed=round2(one.fixed),
        provider=round2(one.provider),
        work=round2(one.work),
        each=one.each,
    )


def _figure(measure: Measure, of: Breakdown) -> FigureOut:
    sums = sums_of(of.whole, measure.kinds[0])
    is_time = measure.shape == Shape.TIME
    found = [(day, value_of(measure, those), size_of(measure, those)) for day, those in sorted(of.days.items())]
    return FigureOut(
        measure=measure.key,
        unit=UNITS[measure.shape],
        value=value_of(measure, of.whole),
        count=size_of(measure, of.whole),
        p90=sums.p90 if is_time else None,
        average=sums.average if is_time else None,
        days=[DayOut(day=day, value=value, count=count) for day, value, count in found if count],
    )
