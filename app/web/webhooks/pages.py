"""Settings pages of webhooks: list, create, change, new secret, pause, test, delete.

A secret is shown only once, right after it was created.
"""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from wtforms.fields.choices import SelectChoice

from app.core.clock import utc_now
from app.core.crypto import UnableToDecrypt
from app.core.db import db, transaction
from app.core.runtime import runtime
from app.core.translation import gettext as _
from app.domain.accounts.access import Viewer
from app.domain.accounts.permissions import Permission
from app.domain.accounts.queries import list_brands
from app.domain.webhooks import actions
from app.domain.webhooks.models import EndpointKind, WebhookEndpoint
from app.domain.webhooks.platform_events import PLATFORM_EVENTS
from app.domain.webhooks.queries import get_endpoint, list_endpoints, oldest_waiting, rates_since
from app.domain.webhooks.secrets import OVERLAP, open_sealed
from app.web.accounts.session import require
from app.web.pages import page
from app.web.webhooks.blueprint import bp, find
from app.web.webhooks.forms import SCHEDULES, WebhookForm, values_of
from app.web.webhooks.words import schedule_name

OURS = EndpointKind.WEBHOOK
DAY = timedelta(days=1)


@bp.get("/settings/webhooks")
def webhooks() -> ResponseReturnValue:
    """List the webhooks of the viewer's brands, with their state and success rate."""
    viewer = require(Permission.INTEGRATIONS_MANAGE)
    rows = list_endpoints(db.session(), brand_ids=viewer.brand_ids)
    ids = [row.id for row in rows]
    rates = rates_since(db.session(), ids, since=utc_now() - DAY)
    return page("webhooks/list.html", rows=rows, rates=rates, oldest=oldest_waiting(db.session(), ids), brands=_brands(viewer))


@bp.get("/settings/webhooks/new")
def new_webhook() -> ResponseReturnValue:
    """Show the form of a new webhook."""
    viewer = require(Permission.INTEGRATIONS_MANAGE)
    return _new_page(_form(viewer, data={"schedule": "webhook", "brand": next(iter(viewer.brand_ids), None)}))


@bp.post("/settings/webhooks")
def connect() -> ResponseReturnValue:
    """Create a webhook. Only this answer shows its secret, so the POST answers with a page and not a redirect."""
    viewer = require(Permission.INTEGRATIONS_MANAGE)
    form = _form(viewer)
    if not form.validate():
        return _new_page(form, status=422)
    with transaction() as session:
        made, secret = actions.create_endpoint(
            session,
            form.content({}),
            kind=OURS,
            brand_id=form.brand.data,
            keyring=runtime().keyring,
            now=utc_now(),
            actor=viewer.actor,
        )
    return _shown(viewer, made, secret=secret, status=201)


@bp.get("/settings/webhooks/<uuid:endpoint_id>")
def webhook(endpoint_id: uuid.UUID) -> ResponseReturnValue:
    """Show one webhook: its state, and its form."""
    return _shown(*find(endpoint_id, OURS))


@bp.post("/settings/webhooks/<uuid:endpoint_id>")
def change(endpoint_id: uuid.UUID) -> ResponseReturnValue:
    """Change a webhook; a header shown as dots keeps its value."""
    viewer, found = find(endpoint_id, OURS)
    form = _form(viewer)
    if not form.validate():
        return _shown(viewer, found, form=form, status=422)
    with transaction() as session:
        locked = _again(session, viewer, endpoint_id)
        locked.brand_id = form.brand.data
        content, keyring = form.content(_headers(locked)), runtime().keyring
        actions.change_endpoint(session, locked, content, keyring=keyring, now=utc_now(), actor=viewer.actor)
    flash(_("Saved."))
    return redirect(url_for("callbacks.webhook", endpoint_id=endpoint_id), 303)


@bp.post("/settings/webhooks/<uuid:endpoint_id>/secret")
def rotate(endpoint_id: uuid.UUID) -> ResponseReturnValue:
    """Create a new secret and show it once. The old secret works for another day, or ends at once with `leaked=1`."""
    viewer, _found = find(endpoint_id, OURS)
    overlap = timedelta() if request.form.get("leaked") == "1" else OVERLAP
    with transaction() as session:
        locked = _again(session, viewer, endpoint_id)
        secret = actions.rotate_secret(
            session, locked, keyring=runtime().keyring, now=utc_now(), actor=viewer.actor, overlap=overlap
        )
    return _shown(viewer, locked, secret=secret)


@bp.post("/settings/webhooks/<uuid:endpoint_id>/activity")
def switch(endpoint_id: uuid.UUID) -> ResponseReturnValue:
    """Resume (`active=1`) or pause (`active=0`) an endpoint."""
    viewer, _found = find(endpoint_id)
    wanted = request.form.get("active")
    if wanted not in ("0", "1"):
        abort(422)
    with transaction() as session:
        locked = _again(session, viewer, endpoint_id)
        move = actions.resume_endpoint if wanted == "1" else actions.pause_endpoint
        move(session, locked, now=utc_now(), actor=viewer.actor)
    runtime().nudger.nudge()
    flash(_("Sending has resumed. We send waiting messages first.") if wanted == "1" else _("Paused: new events wait."))
    is_ours = locked.kind == OURS
    return redirect(url_for("callbacks.webhook" if is_ours else "callbacks.deliveries", endpoint_id=endpoint_id), 303)


@bp.post("/settings/webhooks/<uuid:endpoint_id>/test")
def test(endpoint_id: uuid.UUID) -> ResponseReturnValue:
    """Send a test event, and show its delivery."""
    viewer, _found = find(endpoint_id, OURS, EndpointKind.PARTNER)
    try:
        with transaction() as session:
            locked = _again(session, viewer, endpoint_id)
            sent = actions.send_test_event(session, locked, now=utc_now(), actor=viewer.actor)
    except actions.TooManyTests:
        flash(_("Limit: ten test events per hour. Try again later."))
        return redirect(url_for("callbacks.deliveries", endpoint_id=endpoint_id), 303)
    runtime().nudger.nudge()
    return redirect(url_for("callbacks.delivery", endpoint_id=endpoint_id, delivery_id=sent.id), 303)


@bp.post("/settings/webhooks/<uuid:endpoint_id>/deletion")
def delete(endpoint_id: uuid.UUID) -> ResponseReturnValue:
    """Delete the webhook."""
    viewer, _found = find(endpoint_id, OURS)
    with transaction() as session:
        locked = _again(session, viewer, endpoint_id)
        actions.delete_endpoint(session, locked, now=utc_now(), actor=viewer.actor)
    flash(_("%(name)s is deleted.", name=locked.name))
    return redirect(url_for("callbacks.webhooks"), 303)


def _again(session: Any, viewer: Viewer, endpoint_id: uuid.UUID) -> WebhookEndpoint:
    """Lock the endpoint's row in the transaction of the change, and return the endpoint."""
    session.get(WebhookEndpoint, endpoint_id, with_for_update=True, populate_existing=True)
    return get_endpoint(session, endpoint_id, brand_ids=viewer.brand_ids)


def _brands(viewer: Viewer) -> dict[uuid.UUID, str]:
    return {brand.id: brand.name for brand in list_brands(db.session()) if brand.id in viewer.brand_ids}


def _form(viewer: Viewer, *, data: dict[str, Any] | None = None) -> WebhookForm:
    form = WebhookForm(request.form if data is None else None, data=data)
    form.brand.choices = [SelectChoice(brand_id, name) for brand_id, name in _brands(viewer).items()]
    form.schedule.choices = [SelectChoice(name, schedule_name(name)) for name in SCHEDULES]
    settings = runtime().settings
    form.allows_http, form.ports = bool(settings.outbound_allow), settings.outbound_ports
    return form


def _headers(endpoint: WebhookEndpoint) -> dict[str, str]:
    try:
        return open_sealed(endpoint, keyring=runtime().keyring).headers
    except UnableToDecrypt:
        return {}


def _new_page(form: WebhookForm, *, status: int = 200) -> ResponseReturnValue:
    return page("webhooks/new.html", form=form, events=PLATFORM_EVENTS, status=status)


def _shown(
    viewer: Viewer, found: WebhookEndpoint, *, secret: str = "", form: WebhookForm | None = None, status: int = 200
) -> ResponseReturnValue:
    form = form or _form(viewer, data=values_of(found, _headers(found)))
    rates = rates_since(db.session(), [found.id], since=utc_now() - DAY).get(found.id)
    waits = oldest_waiting(db.session(), [found.id]).get(found.id)
    return page(
        "webhooks/webhook.html",
        endpoint=found,
        form=form,
        events=PLATFORM_EVENTS,
        secret=secret,
        rates=rates,
        waits_since=waits,
        brand=_brands(viewer).get(found.brand_id, ""),
        status=status,
    )
