"""Pages of channels: the list and one channel. Leads can see them, administrators can switch channels on and off.

No page shows a secret, except the webhook address, which is shown only after the user has entered their password.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from datetime import date
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.core.clock import utc_now
from app.core.crypto import UnableToDecrypt
from app.core.db import db, let_go, transaction
from app.core.runtime import runtime
from app.domain.accounts.access import Viewer
from app.domain.accounts.models import Brand
from app.domain.accounts.permissions import Permission
from app.domain.accounts.proof import NotProven, prove_password
from app.domain.accounts.queries import list_brands
from app.domain.connections import views
from app.domain.connections.actions import pause_channel, switch_channel
from app.domain.connections.alerts import list_expiries
from app.domain.connections.connection_check import check_channel
from app.domain.connections.models import CHOSEN_FOLDERS, Channel
from app.domain.connections.provider_reads import gate_of
from app.domain.connections.queries import ChannelMissing, get_visible_channel, list_channels, open_secrets
from app.domain.connections.traffic import read_flows
from app.domain.events.actions import audit
from app.domain.ingest.reconciliation_rows import find_latest
from app.domain.ingest.self_test import Trial
from app.providers.registry import find_kind
from app.web.accounts.session import require
from app.web.connections import reconciliation_views
from app.web.connections.blueprint import bp
from app.web.connections.condition import UNCHECKED, Looks, findings
from app.web.pages import page


@bp.get("/settings/channels")
def channels() -> ResponseReturnValue:
    """Show the channels of the viewer's brands, those in the worst condition first."""
    viewer, session = require(Permission.CHANNELS_SEE), db.session()
    listed, now = list_channels(session, brand_ids=viewer.brand_ids), utc_now()
    flows = read_flows(session, [channel.id for channel in listed], now=now)
    first = _first_expiries(listed)
    worst = {one.id: findings(one, flows[one.id], now=now, expires=first[one.id], looks=_looks(one))[0] for one in listed}
    listed.sort(key=lambda channel: worst[channel.id].rank)
    shown: dict[str, Any] = {
        "channels": listed,
        "flows": flows,
        "worst": worst,
        "unchecked": UNCHECKED,
        "brands": _brands_by_id(),
        "tones": views.HEALTH_TONES,
    }
    return page("connections/channels.html", **shown)


@bp.get("/settings/channels/<uuid:channel_id>")
def channel(channel_id: uuid.UUID) -> ResponseReturnValue:
    """Show one channel: health, settings, and the URL its provider must post to."""
    return show_channel(_find(require(Permission.CHANNELS_SEE), channel_id))


@bp.post("/settings/channels/<uuid:channel_id>/check")
def check(channel_id: uuid.UUID) -> ResponseReturnValue:
    """Check now, by calling the provider, whether the channel works."""
    viewer = require(Permission.CHANNELS_SEE)
    found = _find(viewer, channel_id)
    let_go()
    health = check_channel(found, actor=viewer.actor)
    if health is not None and health.ok:
        flash(_("The connection works."))
    return redirect(url_for("connections.channel", channel_id=channel_id), 303)


@bp.post("/settings/channels/<uuid:channel_id>/activity")
def switch(channel_id: uuid.UUID) -> ResponseReturnValue:
    """Switch the channel on (`active=1`) or off (`active=0`)."""
    viewer, is_wanted = require(Permission.CHANNELS_MANAGE), _wanted("active")
    with transaction() as session:
        found = _find(viewer, channel_id)
        switch_channel(session, found, active=is_wanted, now=utc_now(), actor=viewer.actor)
    flash(_("The channel is on.") if is_wanted else _("The channel is off."))
    return redirect(url_for("connections.channel", channel_id=channel_id), 303)


@bp.post("/settings/channels/<uuid:channel_id>/pause")
def pause(channel_id: uuid.UUID) -> ResponseReturnValue:
    """Pause sending (`paused=1`) or resume it (`paused=0`); the channel receives in either case."""
    viewer, is_wanted = require(Permission.CHANNELS_MANAGE), _wanted("paused")
    with transaction() as session:
        found = _find(viewer, channel_id)
        pause_channel(session, found, paused=is_wanted, now=utc_now(), actor=viewer.actor)
    runtime().nudger.nudge()
    flash(_("The channel is paused.") if is_wanted else _("The channel is sending again."))
    return redirect(url_for("connections.channel", channel_id=channel_id), 303)


@bp.post("/settings/channels/<uuid:channel_id>/webhook-address")
def webhook_address(channel_id: uuid.UUID) -> ResponseReturnValue:
    """Show the whole webhook address with its key, and the verify token. Only this answer shows them.

    The user must enter their password. An audit entry is written.
    """
    viewer = require(Permission.CHANNELS_MANAGE)
    found = _find(viewer, channel_id)
    try:
        prove_password(viewer, request.form.get("password", ""), now=utc_now())
    except NotProven as error:
        return show_channel(found, password_error=error.text, status=error.status)
    with transaction() as session:
        object_id = str(channel_id)
        audit(
            session,
            action="WebhookAddressShown",
            object_type="channel",
            object_id=object_id,
            now=utc_now(),
            actor=viewer.actor,
        )
    return show_channel(found, is_shown=True)


def show_channel(
    found: Channel, *, is_shown: bool = False, password_error: str = "", trial: Trial | None = None, status: int = 200
) -> ResponseReturnValue:
    """Render the page of a channel; `trial` is the result of a test of its webhook address."""
    settings, secrets, now = runtime().settings, _secrets(found), utc_now()
    looks, kind = _looks(found), find_kind(found.adapter_key)
    flow = read_flows(db.session(), [found.id], now=now)[found.id]
    shown = secrets if is_shown else {}
    has_key = "url_key" in secrets
    is_counted = found.adapter_key in runtime().adapters.reconciled
    chosen = found.settings.get(CHOSEN_FOLDERS) or {}
    path = views.webhook_path(found, url_key=shown.get("url_key")) if has_key or not views.needs_key(found) else None
    return page(
        "connections/channel.html",
        blocks=("reconciliation",),
        channel=found,
        flow=flow,
        look=looks[0],
        findings=findings(found, flow, now=now, expires=_first_expiries([found])[found.id], looks=looks),
        brand=_brands_by_id().get(found.brand_id),
        facts=views.settings_facts(found),
        secret_labels=views.secret_labels(list(secrets)),
        webhook_url=f"{settings.public_url}{path}" if path else "",
        webhook_has_key=has_key,
        has_token="verify_token" in secrets,
        verify_token=shown.get("verify_token", ""),
        shown=is_shown,
        password_error=password_error,
        trial=trial,
        counts=reconciliation_views.shown(find_latest(db.session(), found.id), chosen) if is_counted else None,
        can_check=found.adapter_key in runtime().adapters.checkers,
        can_change=kind is not None,
        signs_in=kind is not None and kind.signs_in,
        is_polled=found.adapter_key in runtime().adapters.pollers,
        poll_seconds=settings.poll_mail_seconds,
        tones=views.HEALTH_TONES,
        status=status,
    )


def _first_expiries(listed: Sequence[Channel]) -> dict[uuid.UUID, date | None]:
    found = list_expiries(db.session(), [one.id for one in listed])
    return {channel_id: min(days.values(), default=None) for channel_id, days in found.items()}


def _looks(found: Channel) -> Looks:
    now = time.time()
    return gate_of(found).look(now=now), gate_of(found, lane="read").look(now=now)


def _wanted(name: str) -> bool:
    """Return the form field with this name as a boolean: True for "1", False for "0". Answer 422 for any other value."""
    value = request.form.get(name)
    if value not in ("0", "1"):
        abort(422)
    return value == "1"


def _find(viewer: Viewer, channel_id: uuid.UUID) -> Channel:
    try:
        return get_visible_channel(db.session(), channel_id, brand_ids=viewer.brand_ids)
    except ChannelMissing:
        abort(404)


def _secrets(found: Channel) -> dict[str, str]:
    try:
        return open_secrets(found, runtime().keyring)
    except UnableToDecrypt:
        return {}


def _brands_by_id() -> dict[uuid.UUID, Brand]:
    return {brand.id: brand for brand in list_brands(db.session())}
