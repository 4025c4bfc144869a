"""Serve /usage: how often endpoints were called."""

from __future__ import annotations

from werkzeug.wrappers import Response

from app.api.answers import show
from app.api.authorize import require
from app.api.registry import Routes
from app.api.schemas.usage import EndpointUsageOut, UsageOut, UsageQuery
from app.core.db import db
from app.core.problems import invalid
from app.domain.accounts.permissions import Permission
from app.domain.integrations.queries import list_account_names
from app.domain.usage.queries import Used, list_usage

routes = Routes("Usage")


@routes.add("get", "/usage", scope="channels:read", answers=UsageOut, refuses=(422,))
def get_usage(query: UsageQuery) -> Response:
    """Show how often endpoints were called.

    For leads and managers. Each row counts the calls of one connection and endpoint in the requested days (days in UTC, kept
    for 100 days). The busiest 500 are listed, the busiest first. The direction is `out` for calls we make, and `in` for
    calls made to us.
    """
    viewer = require(Permission.CHANNELS_SEE)
    if query.first_day > query.last_day:
        raise invalid("last_day", "must not come before first_day")
    names = list_account_names(db.session(), viewer.brand_ids)
    found = list_usage(db.session(), first=query.first_day, last=query.last_day, accounts=list(names))
    return show(UsageOut(first_day=query.first_day, last_day=query.last_day, endpoints=[_out(row, names) for row in found]))


def _out(row: Used, names: dict[str, str]) -> EndpointUsageOut:
    return EndpointUsageOut(
        direction="in" if row.is_ours else "out",
        provider=row.provider,
        account=names.get(row.account, ""),
        endpoint=row.endpoint,
        requests=row.requests,
        failed=row.failures,
        throttled=row.throttled,
        average_ms=round(row.average_ms, 1),
        p95_ms=row.p95_ms,
    )
