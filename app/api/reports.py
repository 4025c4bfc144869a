"""/reports"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Literal

from werkzeug.wrappers import Response

from app.api.answers import show
from app.api.authorize import current_viewer
from app.api.registry import Routes
from app.api.schemas.reports import CostOut, DayOut, FigureOut, ReportOut, ReportQuery
from app.core.db import db
from app.core.money import round2
from app.core.problems import invalid
from app.domain.accounts.queries import list_brands
from app.domain.analytics.breakdown import Breakdown, read_breakdowns
from app.domain.analytics.costs import Spent, read_spent
from app.domain.analytics.figures import size_of, sums_of, value_of
from app.domain.analytics.measures import MEASURES, Measure, Shape
from app.domain.analytics.reading import Wanted
from app.domain.analytics.slices import slice_for

routes = Routes("Reports")
LONGEST = timedelta(days=731)
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
    """Show the figures of some days.

    Those of the brands the token's owner may see; an owner who may not see the figures of others gets their own. What each
    measure says, exactly, is in the documentation of figures.
    """
    if not timedelta() <= query.last_day - query.first_day < LONGEST:
        raise invalid("last_day", "must not come before first_day, nor two years after it")
    session, viewer = db.session(), current_viewer()
    names = ("medium", "channel_id", "team_id", "user_id", "thread_type", "priority")
    filters = {name: getattr(query, name) for name in names}
    if query.brand is not None:
        brand = next((one for one in list_brands(session) if one.key == query.brand and one.id in viewer.brand_ids), None)
        if brand is None:
            raise invalid("brand", "is none of the brands you may see")
        filters["brand_id"] = brand.id
    slice = slice_for(viewer, first=query.first_day, last=query.last_day, is_open=query.time == "open", **filters)
    (found,), state = read_breakdowns(session, Wanted([slice]))
    figures = [_figure(measure, found) for measure in MEASURES.values()]
    costs = [_cost(one) for one in read_spent(session, slice)]
    days = {"first_day": query.first_day, "last_day": query.last_day}
    return show(ReportOut(as_of=state.batch_at, **days, figures=figures, costs=costs))


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
