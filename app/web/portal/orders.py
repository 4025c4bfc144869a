"""Portal pages of orders: the list, and one order with its statuses and callbacks.

They show no prices and no internal reasons. The partner learns these only from callbacks, as far as callbacks contain them.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.paging import BadCursor
from app.core.runtime import runtime
from app.core.text import storable
from app.core.translation import gettext as _
from app.domain.orders.models import OrderStatus
from app.domain.partners.commitments import read_day_and_month
from app.domain.partners.health import DAY, MONTH, read_calls, read_orders, read_season
from app.domain.partners.models import Environment, Partner, PartnerOrder, ReportOutcome
from app.domain.partners.move_order import advance
from app.domain.partners.onboarding import read_steps
from app.domain.partners.queries import (
    find_order_row,
    find_visit,
    list_callbacks,
    list_orders_of_partner,
    list_reports,
)
from app.domain.transitions.queries import list_history
from app.web.orders.words import order_status_words
from app.web.pages import page
from app.web.partners.season import season_of
from app.web.partners.words import refused_words
from app.web.portal.blueprint import Visitor, bp, visitor, whole_visitor

STATUSES = {one.value: one for one in OrderStatus if one != OrderStatus.INTAKE_RECEIVED}


@dataclass(frozen=True)
class Moment:
    """A line in the history of an order."""

    at: datetime
    words: str
    more: str = ""


@bp.get("/portal")
def overview() -> ResponseReturnValue:
    """Show the newest orders. To people of the partner itself, also show its figures, and our commitments beside what was
    measured."""
    seen, session, now = visitor(), db.session(), utc_now()
    partner, under = seen.sight.partner, seen.sight.under
    newest = list_orders_of_partner(session, partner.id, environment=Environment.LIVE, under=under, limit=8)
    context: dict[str, Any] = {"partner": partner, "orders": newest.items, "now": now}
    if under is None:
        today, month = (read_calls(session, partner.id, since=now - time) for time in (DAY, MONTH))
        context |= {
            "figures": read_orders(session, partner.id, now=now),
            "season": season_of(read_season(session, partner, now=now)),
            "today": today,
            "month": month,
            "commitments": read_day_and_month(session, partner.id, day=today, month=month, now=now),
            "steps": read_steps(session, partner),
        }
    return page("portal/overview.html", **context)


@bp.get("/portal/orders")
def orders() -> ResponseReturnValue:
    """List the partner's orders, newest first. `q` searches by number or name. With `environment=sandbox`, list the sandbox
    orders."""
    seen, args = visitor(), request.args
    environment = Environment.SANDBOX if args.get("environment") == "sandbox" else Environment.LIVE
    text = " ".join(storable(args.get("q", "")).split())[:100]
    asked: dict[str, Any] = {"environment": environment, "under": seen.sight.under, "text": text, "limit": 50}
    try:
        rows = list_orders_of_partner(db.session(), seen.sight.partner.id, cursor=args.get("cursor"), **asked)
    except BadCursor:
        rows = list_orders_of_partner(db.session(), seen.sight.partner.id, **asked)
    return page(
        "portal/orders.html",
        partner=seen.sight.partner,
        rows=rows.items,
        next_cursor=rows.next_cursor,
        environment=environment,
        q=text,
        is_whole=seen.sight.under is None,
    )


@bp.get("/portal/orders/<uuid:row_id>")
def order(row_id: uuid.UUID) -> ResponseReturnValue:
    """Show one order: the data as the partner sent it, its history, and the callbacks about it."""
    seen = visitor()
    row, partner = _find(seen, row_id), seen.sight.partner
    is_whole = seen.sight.under is None
    return page(
        "portal/order.html",
        partner=partner,
        row=row,
        story=_story(partner, row),
        visit=find_visit(db.session(), row.order_id) if row.order_id else None,
        lines=row.payload.get("products") or row.payload.get("line_items") or [],
        callbacks=list_callbacks(db.session(), partner.id, order_row_id=row.id) if is_whole else [],
        is_whole=is_whole,
        statuses=[(value, order_status_words(value)) for value in STATUSES],
    )


@bp.post("/portal/orders/<uuid:row_id>/status")
def advance_status(row_id: uuid.UUID) -> ResponseReturnValue:
    """Set the status of a sandbox order, as our users would do for a live order. The callback is really sent and signed."""
    seen, wanted = whole_visitor(), STATUSES.get(request.form.get("status", ""))
    partner = seen.sight.partner
    if _find(seen, row_id).environment != Environment.SANDBOX:
        abort(409)
    if wanted is None:
        abort(422)
    with transaction() as session:
        row = find_order_row(session, partner.id, row_id, lock=True) or abort(404)
        if row.order_status != wanted.value:
            advance(session, partner, row, wanted.value, reason="", now=utc_now())
    runtime().nudger.nudge()
    flash(
        _(
            "The status is now %(status)s; we are reporting it to your sandbox webhook address.",
            status=order_status_words(wanted.value).lower(),
        )
    )
    return redirect(url_for("portal.order", row_id=row_id), 303)


def _find(seen: Visitor, row_id: uuid.UUID) -> PartnerOrder:
    return find_order_row(db.session(), seen.sight.partner.id, row_id, under=seen.sight.under) or abort(404)


def _story(partner: Partner, row: PartnerOrder) -> list[Moment]:
    """Return the history of an order, first to last."""
    moments = [Moment(row.created_at, _("Order received."))]
    if row.order_id is not None:
        history = list_history(db.session(), "order", [row.order_id])[1:]
        moments += [Moment(one.transition.at, order_status_words(one.transition.to_status)) for one in history]
    for report, _row in list_reports(db.session(), partner.id, order_row_id=row.id):
        followed = {
            ReportOutcome.APPLIED: _("order updated"),
            ReportOutcome.UNCHANGED: _("status unchanged"),
        }.get(report.outcome, _("nothing changed: %(why)s", why=refused_words(report.reason)))
        moments.append(Moment(report.created_at, _("You reported the status “%(word)s”.", word=report.word), followed))
    if row.differing:
        fields = ", ".join(row.differing["changed_fields"][:5])
        words = _("You sent this order again with different content; we did not change the order.")
        moments.append(Moment(datetime.fromisoformat(row.differing["at"]), words, fields))
    return sorted(moments, key=lambda one: one.at)
