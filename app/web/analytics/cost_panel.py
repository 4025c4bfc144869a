"""Panel of costs on a report: cost per message and call of each channel, and totals by currency."""

from __future__ import annotations

from decimal import Decimal

from flask_babel import get_locale

from app.core.money_words import money_words
from app.core.translation import gettext as _
from app.domain.analytics import words
from app.domain.analytics.costs import Spent, read_spent, totals
from app.web.analytics.panels import Row, count_cell
from app.web.analytics.report import Cell, Report


def costs_panel(report: Report) -> list[Row]:
    """Return the rows of the panel of costs: one for each channel and currency, then the totals.

    Return [] if no costs are stored, or if the report is filtered by team, person or another part of a channel's work.
    """
    spent = read_spent(report.session, report.slice)
    rows = [_row(one.channel_name, report.asked.url(channel=str(one.channel_id)), one, _count(report, one)) for one in spent]
    if len(spent) > 1:
        rows += [_row(_("Total in %(currency)s", currency=one.currency), "", one) for one in totals(spent)]
    return rows


def _count(report: Report, one: Spent) -> Cell:
    days = {"period": "own", "from": one.first.isoformat(), "to": one.last.isoformat()}
    return count_cell(report, "interactions", one.interactions, channel=str(one.channel_id), **days)


def _row(name: str, href: str, one: Spent, count: Cell | None = None) -> Row:
    parts = [Cell(money(amount, one.currency)) for amount in (one.fixed, one.provider, one.work)]
    each = Cell(words.NO_VALUE if one.each is None else money(one.each, one.currency))
    return Row(name, href, (count or Cell(str(one.interactions)), *parts, each))


def money(amount: Decimal, currency: str) -> str:
    return money_words(amount, currency, str(get_locale()))
