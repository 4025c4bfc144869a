"""Routes of a partner's callback endpoints: set, test, send again. A secret is shown only once, right after it was created."""

from __future__ import annotations

import uuid

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.runtime import runtime
from app.core.text import storable
from app.core.translation import gettext as _
from app.core.translation import told
from app.domain.accounts.permissions import Permission
from app.domain.partners.callbacks import EVENTS, VERSIONS
from app.domain.partners.endpoints import find_endpoint, keep_endpoint
from app.domain.partners.models import Environment
from app.domain.partners.queries import find_callback, get_partner
from app.domain.webhooks.actions import StillUnderWay, TooManyTests, redeliver, rotate_secret, send_test_event
from app.domain.webhooks.rules import BadEndpoint
from app.web.accounts.session import require
from app.web.partners.blueprint import bp
from app.web.partners.pages import partner_page

ENVIRONMENTS = {one.value: one for one in Environment}


@bp.post("/settings/partners/<uuid:partner_id>/callbacks/<environment>")
def keep_callbacks(partner_id: uuid.UUID, environment: str) -> ResponseReturnValue:
    """Set or change the callback endpoint for live orders or for sandbox orders (`environment`). A new secret is shown once."""
    viewer, form, settings = require(Permission.PARTNERS_MANAGE), request.form, runtime().settings
    get_partner(db.session(), partner_id, brand_ids=viewer.brand_ids)
    wanted = _environment(environment)
    events = [name for name in form.getlist("events") if name in EVENTS]
    version = form.get("payload_version", "")
    try:
        with transaction() as session:
            partner = get_partner(session, partner_id, brand_ids=viewer.brand_ids, lock=True)
            kept = keep_endpoint(
                session,
                partner,
                wanted,
                url=storable(form.get("url", "")),
                events=events,
                payload_version=version if version in VERSIONS else "",
                allows_http=bool(settings.outbound_allow),
                ports=settings.outbound_ports,
                includes_customer_data=form.get("includes_customer_data") == "1",
                keyring=runtime().keyring,
                now=utc_now(),
                actor=viewer.actor,
            )
    except BadEndpoint as error:
        return partner_page(partner_id, status=422, callback_errors={wanted.value: told(str(error))})
    return partner_page(partner_id, callback_secret=kept.secret) if kept.secret else _back(partner_id, _("Saved."))


@bp.post("/settings/partners/<uuid:partner_id>/callbacks/<environment>/secret")
def rotate_callback_secret(partner_id: uuid.UUID, environment: str) -> ResponseReturnValue:
    """Create a new callback secret and show it once. For a day, callbacks are signed with both the old and the new secret."""
    viewer, wanted = require(Permission.PARTNERS_MANAGE), _environment(environment)
    with transaction() as session:
        partner = get_partner(session, partner_id, brand_ids=viewer.brand_ids)
        endpoint = find_endpoint(session, partner, wanted) or abort(404)
        secret = rotate_secret(session, endpoint, keyring=runtime().keyring, now=utc_now(), actor=viewer.actor)
    return partner_page(partner_id, callback_secret=secret)


@bp.post("/settings/partners/<uuid:partner_id>/callbacks/<environment>/test")
def send_test(partner_id: uuid.UUID, environment: str) -> ResponseReturnValue:
    """Send a test event to the partner's endpoint, signed like any other event. At most ten tests an hour are allowed."""
    viewer, wanted = require(Permission.PARTNERS_MANAGE), _environment(environment)
    try:
        with transaction() as session:
            partner = get_partner(session, partner_id, brand_ids=viewer.brand_ids)
            endpoint = find_endpoint(session, partner, wanted) or abort(404)
            send_test_event(session, endpoint, now=utc_now(), actor=viewer.actor)
    except TooManyTests:
        return partner_page(
            partner_id, status=422, callback_errors={wanted.value: _("Limit: ten tests per hour. Try again later.")}
        )
    runtime().nudger.nudge()
    return _back(partner_id, _("A test event is on its way; see the list of webhook callbacks."))


@bp.post("/settings/partners/<uuid:partner_id>/deliveries/<uuid:delivery_id>/retry")
def retry_callback(partner_id: uuid.UUID, delivery_id: uuid.UUID) -> ResponseReturnValue:
    """Send an ended callback again, or try a waiting one now."""
    viewer = require(Permission.PARTNERS_MANAGE)
    try:
        with transaction() as session:
            get_partner(session, partner_id, brand_ids=viewer.brand_ids)
            delivery = find_callback(session, partner_id, delivery_id) or abort(404)
            redeliver(session, delivery, now=utc_now(), actor=viewer.actor)
    except StillUnderWay:
        return _back(partner_id, _("Not sent again: we are already sending this webhook callback, or it is no longer needed."))
    runtime().nudger.nudge()
    return _back(partner_id, _("We are sending this webhook callback again."))


def _environment(name: str) -> Environment:
    return ENVIRONMENTS.get(name) or abort(404)


def _back(partner_id: uuid.UUID, words: str) -> ResponseReturnValue:
    flash(words)
    return redirect(url_for("partners.partner", partner_id=partner_id) + "#callbacks-title", 303)
