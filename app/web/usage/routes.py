"""Page of usage: how often we called providers, and how often our API was called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue

from app.core.clock import utc_now
from app.core.db import db
from app.core.metering import STEPS_MS
from app.core.text import mark as N_
from app.core.translation import gettext as _
from app.core.translation import number_words, percent_words
from app.domain.accounts.permissions import Permission
from app.domain.analytics.sheets import Dialect, csv_lines
from app.domain.integrations.queries import list_account_names
from app.domain.usage.queries import Used, list_usage
from app.providers.registry import CALLS
from app.web.accounts.session import require
from app.web.pages import page

bp = Blueprint("usage", __name__)
KEPT_DAYS, SHOWN_DAYS = 100, 7
HEADS = ("direction", "provider", "account", "endpoint", "requests", "successful", "failed", "throttled", "average_ms", "p95_ms")


@dataclass(frozen=True)
class Row:
    """The usage of one API endpoint, as texts for a table row. `average` and `p95` are times in milliseconds."""

    endpoint: str
    provider: str
    requests: str
    successful: str
    average: str
    p95: str
    throttled: str


@bp.get("/settings/channels/usage")
def usage() -> ResponseReturnValue:
    """Show requests, success and times by endpoint, of the days from `from` to `to`."""
    viewer, values = require(Permission.CHANNELS_SEE), _asked_days()
    days, errors = _read_days(values)
    names = list_account_names(db.session(), viewer.brand_ids)
    rows = list_usage(db.session(), first=days[0], last=days[1], accounts=list(names)) if days else []
    return page(
        "usage/usage.html",
        values=values,
        errors=errors,
        groups=_groups(rows, names),
        kept_days=KEPT_DAYS,
        status=422 if errors else 200,
    )


@bp.get("/settings/channels/usage.csv")
def usage_csv() -> ResponseReturnValue:
    """Serve the usage as a CSV file: a line per connection and endpoint."""
    viewer = require(Permission.CHANNELS_SEE)
    days, errors = _read_days(_asked_days())
    if days is None:
        abort(422, description="; ".join(errors.values()))
    names = list_account_names(db.session(), viewer.brand_ids)
    rows = [_cells(row, names) for row in list_usage(db.session(), first=days[0], last=days[1], accounts=list(names))]
    lines = csv_lines(HEADS, rows, dialect=Dialect.PROGRAMS, locale=viewer.locale, zone=ZoneInfo(viewer.timezone))
    response = Response("".join(lines), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="usage-{days[0]}-{days[1]}.csv"'
    return response


def _asked_days() -> dict[str, str]:
    """Return the days `from` and `to` of the URL as text, by default the last SHOWN_DAYS days."""
    today = utc_now().date()
    usual = {"from": (today - timedelta(days=SHOWN_DAYS - 1)).isoformat(), "to": today.isoformat()}
    return {name: request.args.get(name) or day for name, day in usual.items()}


def _cells(row: Used, names: dict[str, str]) -> list[Any]:
    counted = [row.requests, row.requests - row.failures, row.failures, row.throttled]
    times = [round(row.average_ms, 1), row.p95_ms]
    return ["in" if row.is_ours else "out", row.provider, names.get(row.account, ""), row.endpoint, *counted, *times]


def _read_days(values: dict[str, str]) -> tuple[tuple[date, date] | None, dict[str, str]]:
    days, errors = {}, {}
    for name, text in values.items():
        try:
            days[name] = date.fromisoformat(text)
        except ValueError:
            errors[name] = _("Enter a date.")
    if not errors and days["from"] > days["to"]:
        errors["to"] = _("The last day comes before the first.")
    return (None if errors else (days["from"], days["to"])), errors


def _groups(rows: Sequence[Used], names: dict[str, str]) -> list[tuple[str, list[Row]]]:
    """Return pairs (connection's name, rows of its endpoints). Calls to our own API come last."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        name = _("API requests to us") if row.is_ours else names[row.account] or _("Not tied to a connection")
        found.setdefault(name, []).append(_row(row))
    return list(found.items())


def _row(used: Used) -> Row:
    most = STEPS_MS[-1]
    return Row(
        used.endpoint,
        _provider_words(used.provider),
        number_words(used.requests),
        percent_words(used.success_percent / 100, decimals=1),
        _("%(count)s ms", count=number_words(round(used.average_ms))),
        _("at most %(count)s ms", count=number_words(used.p95_ms))
        if used.p95_ms is not None
        else _("more than %(count)s ms", count=number_words(most)),
        number_words(used.throttled),
    )


def _provider_words(provider: str) -> str:
    words = {"pictures": _("Pictures in emails"), "self_test": _("Test of our own webhook address")}
    return words.get(provider) or _(CALLS.get(provider, N_("Other")))


blueprints = (bp,)
