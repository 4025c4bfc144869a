"""Page of stopped addresses (suppressions): list and lift."""

from __future__ import annotations

import uuid
from datetime import datetime

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.contract.suppression import Stop
from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.runtime import runtime
from app.core.text import storable
from app.domain.accounts.permissions import Permission
from app.domain.accounts.queries import list_brands
from app.domain.suppressions.actions import lift_suppression
from app.domain.suppressions.queries import SuppressionMissing, get_suppression, list_suppressions
from app.providers.registry import LABELS
from app.web.accounts.session import require
from app.web.pages import page

bp = Blueprint("suppressions", __name__)


@bp.get("/settings/suppressions")
def suppressions() -> ResponseReturnValue:
    """List the suppressions of the viewer's brands, newest first."""
    viewer, session = require(Permission.DELIVERIES_MANAGE), db.session()
    words = storable(request.args.get("q", "")).strip()[:200]
    found = list_suppressions(session, brand_ids=viewer.brand_ids, words=words, before=_before())
    return page(
        "suppressions/list.html",
        rows=found.rows,
        next_before=found.next_before.isoformat() if found.next_before else None,
        brands={brand.id: brand for brand in list_brands(session)},
        words=words,
        is_first=not request.args.get("before"),
        reasons=_reasons(),
        sources=_sources(),
    )


@bp.post("/settings/suppressions/<uuid:suppression_id>/release")
def release(suppression_id: uuid.UUID) -> ResponseReturnValue:
    """Lift one suppression of an address, here and at its provider."""
    viewer = require(Permission.DELIVERIES_MANAGE)
    with transaction() as session:
        try:
            found = get_suppression(session, suppression_id=suppression_id, brand_ids=viewer.brand_ids)
        except SuppressionMissing:
            abort(404)
        address = found.address
        lift_suppression(session, found, now=utc_now(), actor=viewer.actor)
    runtime().nudger.nudge()
    flash(_("You can write to %(address)s again.", address=address))
    return redirect(url_for("suppressions.suppressions", q=request.form.get("q") or None), 303)


def _before() -> datetime | None:
    try:
        found = datetime.fromisoformat(request.args.get("before", ""))
    except ValueError:
        return None
    return found if found.tzinfo else None


def _reasons() -> dict[Stop, str]:
    return {
        Stop.BOUNCED: _("Email bounced"),
        Stop.COMPLAINED: _("Reported as spam"),
        Stop.UNSUBSCRIBED: _("Unsubscribed from mailings"),
    }


def _sources() -> dict[str, str]:
    return {**LABELS, "link": _("Via the unsubscribe link"), "user": _("A colleague")}


blueprints = (bp,)
