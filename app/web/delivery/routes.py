"""Page of deliveries that need attention, with a retry."""

from __future__ import annotations

import uuid

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.paging import BadCursor
from app.core.runtime import runtime
from app.core.translation import gettext as _
from app.core.translation import mark as N_
from app.domain.accounts.permissions import Permission
from app.domain.delivery.actions import NothingToSend, retry_delivery
from app.domain.delivery.needs_attention import COUNT_CAP, count_stuck, list_stuck
from app.domain.threads.queries import ThreadMissing, get_message
from app.web.accounts.session import require
from app.web.pages import page

bp = Blueprint("deliveries", __name__)
WHY = {"waiting": N_("Waiting too long"), "failed": N_("Failed"), "unknown": N_("Unknown")}


@bp.get("/settings/deliveries")
def stuck() -> ResponseReturnValue:
    """List deliveries that wait too long, failed, or have an unknown outcome, newest first."""
    viewer, session, now = require(Permission.DELIVERIES_MANAGE), db.session(), utc_now()
    try:
        listed = list_stuck(session, viewer=viewer, now=now, cursor=request.args.get("cursor"))
    except BadCursor:
        abort(400)
    return page(
        "delivery/deliveries.html",
        stuck=listed,
        count=count_stuck(session, viewer=viewer, now=now),
        cap=COUNT_CAP,
        is_first=not request.args.get("cursor"),
        why_words={name: _(text) for name, text in WHY.items()},
    )


@bp.post("/settings/deliveries/<uuid:message_id>/retry")
def retry(message_id: uuid.UUID) -> ResponseReturnValue:
    """Send again a message that failed or could not be confirmed, and return to the list."""
    viewer = require(Permission.DELIVERIES_MANAGE)
    try:
        get_message(db.session(), viewer=viewer, message_id=message_id)
        with transaction() as session:
            retry_delivery(session, message_id=message_id, actor=viewer.actor, now=utc_now())
    except ThreadMissing:
        abort(404)
    except NothingToSend:
        abort(409)
    runtime().nudger.nudge()
    flash(_("We are sending the message again."))
    return redirect(url_for("deliveries.stuck"), 303)


blueprints = (bp,)
