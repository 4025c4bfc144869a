"""Portal pages of callbacks: endpoints, and the log that explains each failure."""

from __future__ import annotations

import uuid

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.runtime import runtime
from app.core.text import storable
from app.core.translation import gettext as _
from app.core.translation import told
from app.domain.partners.callbacks import EVENTS, VERSIONS
from app.domain.partners.endpoints import find_endpoint, keep_endpoint
from app.domain.partners.models import Environment
from app.domain.webhooks.actions import TooManyTests, resume_endpoint, rotate_secret, send_test_event
from app.domain.webhooks.models import EndpointKind, WebhookEndpoint
from app.domain.webhooks.queries import get_delivery, get_endpoint
from app.domain.webhooks.rules import BadEndpoint
from app.web.pages import page
from app.web.portal.blueprint import Visitor, bp, whole_visitor
from app.web.webhooks.log import count_page, log_page, send_again, send_many_again

ENVIRONMENTS = {one.value: one for one in Environment}
AREA = "portal"


@bp.get("/portal/callbacks")
def callbacks() -> ResponseReturnValue:
    """Show the callback endpoints for live orders and for sandbox orders."""
    return _page(whole_visitor())


@bp.post("/portal/callbacks/<environment>")
def keep_callbacks(environment: str) -> ResponseReturnValue:
    """Set or change a callback endpoint for live or sandbox orders (`environment`).

    Whether callbacks include customers' names can only be changed by our own users, not here.
    """
    seen, form, settings = whole_visitor(), request.form, runtime().settings
    wanted = ENVIRONMENTS.get(environment) or abort(404)
    version = form.get("payload_version", "")
    try:
        with transaction() as session:
            kept = keep_endpoint(
                session,
                seen.sight.partner,
                wanted,
                url=storable(form.get("url", "")),
                events=[name for name in form.getlist("events") if name in EVENTS],
                payload_version=version if version in VERSIONS else "",
                allows_http=bool(settings.outbound_allow),
                ports=settings.outbound_ports,
                keyring=runtime().keyring,
                now=utc_now(),
                actor=seen.viewer.actor,
            )
    except BadEndpoint as error:
        return _page(seen, status=422, errors={wanted.value: told(str(error))})
    if kept.secret:
        return _page(seen, secret=kept.secret)
    flash(_("Saved."))
    return redirect(url_for("portal.callbacks"), 303)


@bp.post("/portal/callbacks/<environment>/secret")
def rotate_callback_secret(environment: str) -> ResponseReturnValue:
    """Create a new callback secret and show it once. For a day, callbacks are signed with both the old and the new secret."""
    seen, wanted = whole_visitor(), ENVIRONMENTS.get(environment) or abort(404)
    with transaction() as session:
        endpoint = find_endpoint(session, seen.sight.partner, wanted) or abort(404)
        secret = rotate_secret(session, endpoint, keyring=runtime().keyring, now=utc_now(), actor=seen.viewer.actor)
    return _page(seen, secret=secret)


@bp.post("/portal/endpoints/<uuid:endpoint_id>/test")
def test(endpoint_id: uuid.UUID) -> ResponseReturnValue:
    """Send a test event, signed as any other, and show its delivery."""
    seen = whole_visitor()
    try:
        with transaction() as session:
            endpoint = _own(session, seen, endpoint_id)
            sent = send_test_event(session, endpoint, now=utc_now(), actor=seen.viewer.actor)
    except TooManyTests:
        flash(_("Limit: ten test events per hour. Try again later."))
        return redirect(url_for("portal.deliveries", endpoint_id=endpoint_id), 303)
    runtime().nudger.nudge()
    return redirect(url_for("portal.delivery", endpoint_id=endpoint_id, delivery_id=sent.id), 303)


@bp.post("/portal/endpoints/<uuid:endpoint_id>/activity")
def switch(endpoint_id: uuid.UUID) -> ResponseReturnValue:
    """Resume an endpoint after its problem was fixed. Waiting messages are sent first."""
    seen = whole_visitor()
    with transaction() as session:
        resume_endpoint(session, _own(session, seen, endpoint_id), now=utc_now(), actor=seen.viewer.actor)
    runtime().nudger.nudge()
    flash(_("Sending has resumed. We send waiting messages first."))
    return redirect(url_for("portal.deliveries", endpoint_id=endpoint_id), 303)


@bp.get("/portal/endpoints/<uuid:endpoint_id>/deliveries")
def deliveries(endpoint_id: uuid.UUID) -> ResponseReturnValue:
    """List the deliveries of an endpoint, newest first."""
    return log_page(_own(db.session(), whole_visitor(), endpoint_id), None, area=AREA)


@bp.get("/portal/endpoints/<uuid:endpoint_id>/deliveries/<uuid:delivery_id>")
def delivery(endpoint_id: uuid.UUID, delivery_id: uuid.UUID) -> ResponseReturnValue:
    """Show one delivery: the request as sent, the answer, the times, the reason for its state, and what happens next."""
    endpoint = _own(db.session(), whole_visitor(), endpoint_id)
    return log_page(endpoint, get_delivery(db.session(), delivery_id, endpoint_id=endpoint_id), area=AREA)


@bp.post("/portal/endpoints/<uuid:endpoint_id>/deliveries/<uuid:delivery_id>/retry")
def retry(endpoint_id: uuid.UUID, delivery_id: uuid.UUID) -> ResponseReturnValue:
    """Try a waiting delivery now, or send an ended one again."""
    seen = whole_visitor()
    return send_again(_own(db.session(), seen, endpoint_id), delivery_id, seen.viewer, area=AREA)


@bp.get("/portal/endpoints/<uuid:endpoint_id>/replay")
def count_replay(endpoint_id: uuid.UUID) -> ResponseReturnValue:
    """Show how many deliveries would be sent again; nothing is sent yet."""
    return count_page(_own(db.session(), whole_visitor(), endpoint_id), area=AREA)


@bp.post("/portal/endpoints/<uuid:endpoint_id>/replay")
def replay(endpoint_id: uuid.UUID) -> ResponseReturnValue:
    """Send the deliveries that the form chooses again, oldest first."""
    seen = whole_visitor()
    return send_many_again(_own(db.session(), seen, endpoint_id), seen.viewer, area=AREA)


def _own(session: Session, seen: Visitor, endpoint_id: uuid.UUID) -> WebhookEndpoint:
    """Return an endpoint of the visitor's partner. Raises EndpointMissing if it belongs to anybody else."""
    return get_endpoint(session, endpoint_id, kinds=(EndpointKind.PARTNER,), owner_id=seen.sight.partner.id)


def _page(seen: Visitor, *, secret: str = "", errors: dict[str, str] | None = None, status: int = 200) -> ResponseReturnValue:
    partner = seen.sight.partner
    return page(
        "portal/callbacks.html",
        status=status,
        partner=partner,
        endpoints={one: find_endpoint(db.session(), partner, one) for one in Environment},
        events=EVENTS,
        versions=[(one, one) for one in VERSIONS],
        secret=secret,
        errors=errors or {},
        typed=request.form,
    )
