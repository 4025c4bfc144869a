"""The page that says how often providers were called, and we by them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import format_decimal

from app.core.clock import utc_now
from app.core.db import db
from app.core.metering import STEPS_MS
from app.core.text import mark as N_
from app.core.translation import gettext as _
from app.domain.accounts.access import Viewer
from app.domain.accounts.permissions import Permission
from app.domain.connections.queries import list_channels
from app.domain.integrations.queries import list_integrations
from app.domain.usage.queries import Used, list_usage
from app.providers.registry import CALLS
from app.web.accounts.session import require
from app.web.pages import page

bp = Blueprint("usage", __name__)
KEPT_DAYS, SHOWN_DAYS = 100, 7


@dataclass(frozen=True)
class Row:
    """One endpoint in words."""

    endpoint: str
    provider: str
    requests: str
    successful: str
    average: str
    p95: str
    throttled: str


@bp.get("/settings/channels/usage")
def usage() -> ResponseReturnValue:
    """Requests, success and times by endpoint, of the days from `from` to `to`."""
    viewer, today = require(Permission.CHANNELS_SEE), utc_now().date()
    values = {name: request.args.get(name, "") for name in ("from", "to")}
    values["from"] = values["from"] or (today - timedelta(days=SHOWN_DAYS - 1)).isoformat()
    values["to"] = values["to"] or today.isoformat()
    days, errors = _read_days(values)
    names = _account_names(viewer)
    rows = list_usage(db.session(), first=days[0], last=days[1], accounts=list(names)) if days else []
    return page(
        "usage/usage.html",
        values=values,
        errors=errors,
        groups=_groups(rows, names),
        kept_days=KEPT_DAYS,
        status=422 if errors else 200,
    )


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


def _account_names(viewer: Viewer) -> dict[str, str]:
    """What may be seen, by id: the channels and connections of one's brands, and what is called for none."""
    session = db.session()
    named = {str(one.id): one.name for one in list_channels(session, brand_ids=viewer.brand_ids)}
    named |= {str(one.id): one.name for one in list_integrations(session, brand_ids=viewer.brand_ids)}
    return {**named, "": _("For no single connection")}


def _groups(rows: Sequence[Used], names: dict[str, str]) -> list[tuple[str, list[Row]]]:
    """The connections with their endpoints; last, who called us."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(_("Calls to us") if row.is_ours else names[row.account], []).append(_row(row))
    return list(found.items())


def _row(used: Used) -> Row:
    most = STEPS_MS[-1]
    return Row(
        used.endpoint,
        _provider_words(used.provider),
        format_decimal(used.requests),
        _("%(percent)s %%", percent=format_decimal(used.success_percent, "0.#")),
        _("%(count)s ms", count=format_decimal(round(used.average_ms))),
        _("at most %(count)s ms", count=format_decimal(used.p95_ms))
        if used.p95_ms is not None
        else _("more than %(count)s ms", count=format_decimal(most)),
        format_decimal(used.throttled),
    )


def _provider_words(provider: str) -> str:
    words = {"pictures": _("Pictures in mails"), "self_test": _("Our own webhook address")}
    return words.get(provider) or _(CALLS.get(provider, N_("Other")))


blueprints = (bp,)
