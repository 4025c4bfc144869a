"""Page and CSV file of a partner's commission statement for the month in the URL, and the partner's rates."""

from __future__ import annotations

import csv
import io
import uuid
from datetime import date
from decimal import Decimal

from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.translation import gettext as _
from app.domain.accounts.permissions import Permission
from app.domain.analytics.sheets import safe_text
from app.domain.partners.commissions import LEVELS, ZONE, read_rates, set_rate
from app.domain.partners.csv_products import read_price
from app.domain.partners.models import Partner
from app.domain.partners.queries import get_partner
from app.domain.partners.statements import Statement, UnableToClose, close_month, read_statement
from app.web.accounts.session import require
from app.web.pages import page
from app.web.partners.blueprint import bp


@bp.get("/settings/partners/<uuid:partner_id>/commissions")
def commissions(partner_id: uuid.UUID) -> ResponseReturnValue:
    """Show the commission statement of a month (`month=2026-11`; default: this month)."""
    return _page(_find(partner_id), {})


@bp.get("/settings/partners/<uuid:partner_id>/commissions.csv")
def commissions_table(partner_id: uuid.UUID) -> ResponseReturnValue:
    """Serve the commission statement of a month as a CSV file."""
    found = _find(partner_id)
    return statement_table(read_statement(db.session(), found.id, month=asked_month()), name=found.slug)


def statement_table(statement: Statement, *, name: str) -> Response:
    """Return a statement as a CSV file, whose name begins with `name`."""
    file = io.StringIO()
    table = csv.writer(file)
    table.writerow(["month", "order", "partner_order_id", "beneficiary", "level", "percent", "base", "amount", "state", "counts"])
    for one in statement.lines:
        named = (one.order_number, one.partner_order_id, one.beneficiary)
        amounts = (one.level, one.percent, one.base, one.amount, one.state.value, one.counts)
        table.writerow([month_key(statement.month), *map(safe_text, named), *amounts])
    response = Response(file.getvalue(), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}-{month_key(statement.month)}.csv"'
    return response


@bp.post("/settings/partners/<uuid:partner_id>/commissions/closing")
def close(partner_id: uuid.UUID) -> ResponseReturnValue:
    """Close a month that is over: its statement does not change any more."""
    viewer, month = require(Permission.PARTNERS_MANAGE), asked_month()
    try:
        with transaction() as session:
            locked = get_partner(session, partner_id, brand_ids=viewer.brand_ids, lock=True)
            close_month(session, locked, month=month, now=utc_now(), actor=viewer.actor)
    except UnableToClose:
        flash(_("This month is already closed or has not ended yet."))
    else:
        flash(_("Month closed. If a commission is reversed from now on, the reversal appears in a later month."))
    return redirect(url_for("partners.commissions", partner_id=partner_id, month=month_key(month)), 303)


@bp.post("/settings/partners/<uuid:partner_id>/rates")
def agree_rates(partner_id: uuid.UUID) -> ResponseReturnValue:
    """Set the commission rates, in per cent by level, from today on. Earlier orders keep their rates."""
    viewer, found = require(Permission.PARTNERS_MANAGE), _find(partner_id)
    errors, rates = {}, dict[int, Decimal]()
    for level in LEVELS:
        try:
            percent = read_price(request.form.get(f"level_{level}", "").strip())
        except ValueError:
            percent = Decimal(-1)
        if percent is None or not 0 <= percent <= 100:
            errors[f"level_{level}"] = _("Enter a percentage from 0 to 100, such as 5 or 2.5.")
        else:
            rates[level] = percent
    if errors:
        return _page(found, errors, status=422)
    now = utc_now()
    today = now.astimezone(ZONE).date()
    with transaction() as session:
        locked = get_partner(session, partner_id, brand_ids=viewer.brand_ids, lock=True)
        known = read_rates(session, partner_id, on=today)
        for level, percent in rates.items():
            if known[level] != percent:
                set_rate(session, locked, level, percent, valid_from=today, now=now, actor=viewer.actor)
    flash(_("Saved."))
    return redirect(url_for("partners.commissions", partner_id=partner_id), 303)


def _find(partner_id: uuid.UUID) -> Partner:
    return get_partner(db.session(), partner_id, brand_ids=require(Permission.PARTNERS_MANAGE).brand_ids)


def asked_month() -> date:
    """Return the first day of the month in the URL, or of the current month if the URL has no valid one."""
    try:
        return date.fromisoformat(f"{request.args.get('month', '')}-01")
    except ValueError:
        return utc_now().astimezone(ZONE).date().replace(day=1)


def _page(found: Partner, errors: dict[str, str], *, status: int = 200) -> ResponseReturnValue:
    month = asked_month()
    statement: Statement = read_statement(db.session(), found.id, month=month)
    rates = read_rates(db.session(), found.id, on=utc_now().astimezone(ZONE).date())
    return page(
        "partners/commissions.html",
        status=status,
        partner=found,
        statement=statement,
        month=month_key(month),
        is_over=month < utc_now().astimezone(ZONE).date().replace(day=1),
        before=month_key(previous_month(month)),
        rates={level: rates[level] for level in LEVELS},
        typed=request.form,
        errors=errors,
    )


def previous_month(month: date) -> date:
    """Return the first day of the month before. For the earliest month (January 2000), return that month itself."""
    return (month - date.resolution).replace(day=1) if month > date(2000, 1, 1) else month


def month_key(month: date) -> str:
    """Return the month as text for a URL, such as "2026-11"."""
    return f"{month:%Y-%m}"
