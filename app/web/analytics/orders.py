"""Report of orders and partners: number of orders, average value, quotes, time in each status."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from flask.typing import ResponseReturnValue
from flask_babel import get_locale

from app.core.db import db
from app.core.money_words import money_words
from app.core.translation import date_words, number_words
from app.core.translation import gettext as _
from app.domain.accounts.permissions import Permission
from app.domain.analytics import words
from app.domain.analytics.figures import ByKind, size_of, value_of
from app.domain.analytics.kinds import IN_STATE, ORDER_KINDS
from app.domain.analytics.order_money import Worth, averages, read_worth
from app.domain.analytics.reading import PARTNER
from app.domain.analytics.slices import NONE
from app.web.accounts.session import require
from app.web.analytics import panels
from app.web.analytics.blueprint import bp
from app.web.analytics.pages import frame, read_asked
from app.web.analytics.panels import Row
from app.web.analytics.report import Cell, Report
from app.web.pages import page

FIGURES = ("orders", "quotes_approved", "orders_done", "order_time")
STATES = tuple(f"in_{state}" for state in IN_STATE)
CHARTS = (*FIGURES, *STATES)


@dataclass(frozen=True)
class Figure:
    """A figure of orders with its change. `href` shows the figure as the chart, and is empty if the figure has no chart."""

    key: str
    name: str
    cell: Cell
    change: words.Change
    href: str


@bp.get("/analytics/orders")
def orders() -> ResponseReturnValue:
    """Show the figures of all orders that the viewer may see, or only of the orders that the viewer entered."""
    viewer, asked = require(Permission.ORDERS_SEE), read_asked()
    chosen = asked if asked.measure in CHARTS else replace(asked, measure="orders")
    context = frame("orders", viewer, asked)
    session = db.session()
    report = Report(session, viewer, chosen, ORDER_KINDS, by=PARTNER)
    worth = read_worth(session, report.slice)
    names = {uuid.UUID(value): text for value, text in context["choices"].options["partner"]}
    return page(
        "analytics/orders.html",
        report=report,
        chart=panels.chart(report),
        figures=[_figure(report, key) for key in FIGURES],
        values=[_value(report, *found) for found in averages(worth)],
        states=[_state(report, key) for key in STATES],
        months=_months(report, worth),
        partners=_partners(report, worth, names),
        status=422 if asked.errors else 200,
        **context,
    )


def _figure(report: Report, key: str) -> Figure:
    measure, now, before = report.measures[key], report.read.now, report.read.before
    change = words.Change("")
    if report.asked.compare:
        sizes = size_of(measure, now), size_of(measure, before)
        change = words.change_words(measure, value_of(measure, now), value_of(measure, before), *sizes)
    return Figure(key, words.name_words(key), report.cell(key, now), change, report.asked.url("analytics.orders", chart=key))


def _value(report: Report, currency: str, n: int, average: Decimal) -> tuple[str, Cell, str]:
    """Return (currency, cell, note) for the average order value in a currency. The cell links to the orders in this average."""
    href = report.list_url("orders", currency=currency)
    return currency, Cell(_money(average, currency), href), _("average of %(count)s orders", count=number_words(n))


def _state(report: Report, key: str) -> Row:
    """Return the row that says how long orders were in a status: the median, the 90th percentile, and how many orders left it."""
    measure, found = report.measures[key], report.read.now
    sums = found.get(measure.kinds[0])
    cells = (
        report.cell(key, found),
        Cell(words.duration(sums.p90 if sums else None)),
        panels.count_cell(report, key, sums.n if sums else 0),
    )
    return Row(words.name_words(key), report.asked.url("analytics.orders", chart=key), cells)


def _months(report: Report, worth: Collection[Worth]) -> list[Row]:
    """Return a row for each month, oldest first, with the number of orders and their average value."""
    rows = []
    for month in sorted({one.month for one in worth}):
        those = [one for one in worth if one.month == month]
        rows.append(Row(date_words(month, "MMMM y"), "", (_count(report, those, month), Cell(_averages(those)))))
    return rows


def _count(report: Report, those: Collection[Worth], month: date) -> Cell:
    """Return the number of orders in a month, with a link to them. The link covers only the month's days in the report."""
    first = max(month, report.slice.first)
    last = min(date(month.year + month.month // 12, month.month % 12 + 1, 1) - date.resolution, report.slice.last)
    bucket = {"period": "own", "from": first.isoformat(), "to": last.isoformat()}
    return panels.count_cell(report, "orders", sum(one.n for one in those), **bucket)


def _partners(report: Report, worth: Collection[Worth], names: Mapping[uuid.UUID, str]) -> list[Row]:
    """Return a row for each partner, sorted by name and never by figure, then a row for orders without a partner."""
    found, rows = report.read.parts, []
    known = sorted((one for one in names if str(one) in found), key=lambda one: names[one].casefold())
    for partner_id in known:
        rows.append(_partner(report, names[partner_id], str(partner_id), found[str(partner_id)], worth, partner_id))
    if known and NONE in found:
        rows.append(_partner(report, _("No partner"), NONE, found[NONE], worth, None))
    return rows


def _partner(report: Report, name: str, value: str, found: ByKind, worth: Collection[Worth], partner_id: uuid.UUID | None) -> Row:
    keys = ("orders", "quotes_approved", "orders_done", "order_time")
    cells = [report.cell(key, found, partner=value) for key in keys]
    cells.insert(1, Cell(_averages([one for one in worth if one.partner_id == partner_id])))
    return Row(name, report.asked.url("analytics.orders", partner=value), tuple(cells))


def _averages(those: Collection[Worth]) -> str:
    found: list[Any] = averages(those)
    return ", ".join(_money(average, currency) for currency, _n, average in found) or words.NO_VALUE


def _money(amount: Decimal, currency: str) -> str:
    return money_words(amount, currency, str(get_locale()))
