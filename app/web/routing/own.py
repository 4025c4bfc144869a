"""The viewer's own availability: part of the account menu; without scripts, a page."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.runtime import runtime
from app.core.translation import gettext as _
from app.domain.routing.actions import set_availability
from app.domain.routing.models import AvailabilityState
from app.domain.routing.queries import find_availability, is_routing_on
from app.web.accounts.next_page import own_path
from app.web.accounts.session import current_viewer
from app.web.pages import page
from app.web.routing.blueprint import bp, on_phone

CHOSEN = (AvailabilityState.AVAILABLE, AvailabilityState.AWAY)


@bp.get("/availability")
def availability() -> ResponseReturnValue:
    """Show whether new threads are assigned to the viewer: as a fragment for the menu; without scripts, a page."""
    row = find_availability(db.session(), current_viewer().user_id)
    state = row.state if row and row.state != AvailabilityState.OFFLINE else AvailabilityState.AVAILABLE
    whole = not request.htmx
    template = "routing/availability_page.html" if whole else "routing/availability.html"
    here = urlsplit(request.htmx.current_url or "")
    back = own_path(f"{here.path}?{here.query}" if here.query else here.path) or ""
    return page(template, state=state, states=CHOSEN, back=back, is_routing_on=is_routing_on(db.session()))


@bp.post("/availability")
def save_availability() -> ResponseReturnValue:
    """Set the viewer's availability (`state`: available or away), and go back to the former page."""
    viewer = current_viewer()
    asked = request.form.get("state")
    if asked not in CHOSEN:
        return _("This choice does not exist; reload the page and try again."), 422
    state = AvailabilityState(asked)
    with transaction() as session:
        set_availability(session, viewer.user_id, state, now=utc_now(), actor=viewer.actor, on_phone=on_phone())
    runtime().nudger.nudge()
    flash(_("You are available: you get new threads.") if state == CHOSEN[0] else _("You are away: you get no new threads."))
    return redirect(own_path(request.form.get("back")) or url_for("routing.availability"), 303)
