"""Draw a partner's orders by month, beside those of the year before. No database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.core.translation import date_words, number_words
from app.core.translation import gettext as _
from app.domain.analytics.charts import Bar, column, line, scale_of, stack
from app.domain.partners.health import OrderMonth


@dataclass(frozen=True)
class Season:
    """The chart of 12 months. `before`: the SVG path of the year before, "" if that year had no orders. `x_labels`: pairs of
    position in per cent and text. `rows`: (month, orders, orders a year before) in words."""

    finding: str
    ticks: tuple[str, ...]
    x_labels: tuple[tuple[float, str], ...]
    bars: tuple[Bar, ...]
    before: str
    rows: tuple[tuple[str, str, str], ...]


def season_of(months: Sequence[OrderMonth]) -> Season | None:
    """Return the chart of these months, or None if there are none."""
    if not months:
        return None
    scale = scale_of([max(one.orders, one.year_before) for one in months], is_time=False)
    places = [column(number, len(months)) for number in range(len(months))]
    drawn = list(zip(places, months, strict=True))
    points = [(left + width / 2, scale.y(month.year_before)) for (left, width), month in drawn]
    return Season(
        finding=_finding(months),
        ticks=tuple(number_words(tick) for tick in scale.ticks),
        x_labels=tuple((round(left / 10, 1), date_words(month.first, "LLL")) for (left, _width), month in drawn),
        bars=tuple(bar for number, one in enumerate(months) for bar in stack(number, len(months), (one.orders,), scale)),
        before=line(points) if any(one.year_before for one in months) else "",
        rows=tuple((date_words(one.first, "LLLL y"), number_words(one.orders), number_words(one.year_before)) for one in months),
    )


def _finding(months: Sequence[OrderMonth]) -> str:
    most = max(months, key=lambda one: one.orders)
    said = {
        "count": number_words(sum(one.orders for one in months)),
        "before": number_words(sum(one.year_before for one in months)),
        "month": date_words(most.first, "LLLL"),
        "most": number_words(most.orders),
    }
    return _(
        "Orders in the last 12 months: %(count)s; in the 12 months before that: %(before)s. Busiest month: %(month)s (%(most)s).",
        **said,
    )
