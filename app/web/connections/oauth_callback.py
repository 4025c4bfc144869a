"""Routes of a sign-in at a provider (OAuth), to which the provider sends the browser back."""

from __future__ import annotations

import re
import uuid
from datetime import date

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from itsdangerous import BadSignature, TimestampSigner

from app.contract.base import ChannelAccount, ProviderError, Reason
from app.contract.oauth import SignedIn
from app.core.clock import utc_now
from app.core.crypto import UnableToDecrypt
from app.core.db import db, let_go, transaction
from app.core.runtime import runtime
from app.core.text import known, storable
from app.core.translation import gettext as _
from app.core.translation import told
from app.domain.accounts.access import Viewer
from app.domain.accounts.permissions import Permission
from app.domain.connections.account import account_of
from app.domain.connections.actions import ChangedChannel, change_channel
from app.domain.connections.connecting import is_right
from app.domain.connections.connection_check import check_channel
from app.domain.connections.entry import ConnectForm, account
from app.domain.connections.models import Channel
from app.domain.connections.queries import ChannelMissing, get_visible_channel
from app.domain.connections.sign_ins import UnderWay, take_sign_in
from app.providers.registry import CONSENTED, find_kind
from app.web.accounts.session import require
from app.web.connections.blueprint import bp
from app.web.connections.connecting import form_page, keep_new
from app.web.connections.signing_in import in_words, onward_page, public_url, send_to_provider

CONSENT_SECONDS = 3600
_ID = re.compile(r"[A-Za-z0-9.-]{4,100}")
_SALT = "consent of an administrator elsewhere"
_SOMEBODY_ELSE = known("You signed in as %(user)s: sign in again as %(address)s, or change “Colleague who signs in”")


@bp.post("/settings/channels/<uuid:channel_id>/sign-in")
def sign_in_again(channel_id: uuid.UUID) -> ResponseReturnValue:
    """Begin a new sign-in to this mailbox."""
    viewer = require(Permission.CHANNELS_MANAGE)
    found, sees = _find(viewer, channel_id)
    if found.adapter_key not in runtime().adapters.sign_ins:
        abort(409)
    let_go()
    try:
        return send_to_provider(viewer, sees, channel=found)
    except ProviderError as error:
        flash(_said(error))
        return redirect(url_for("connections.channel", channel_id=channel_id), 303)


@bp.get("/settings/channels/sign-in")
def come_back() -> ResponseReturnValue:
    """Finish a sign-in: create its channel, or save the new tokens of an existing channel.

    If no sign-in with this `state` is waiting, nothing is changed.
    """
    viewer = require(Permission.CHANNELS_MANAGE)
    with transaction() as session:
        begun = take_sign_in(
            session, storable(request.args.get("state", "")), user_id=viewer.user_id, keyring=runtime().keyring, now=utc_now()
        )
    if begun is None:
        flash(_("This sign-in is unknown or has expired. Start again."))
        return redirect(url_for("connections.channels"), 303)
    return _renew(viewer, begun, begun.channel_id) if begun.channel_id else _connect(viewer, begun)


def _connect(viewer: Viewer, begun: UnderWay) -> ResponseReturnValue:
    kind = find_kind(begun.entered["kind"]) or abort(404)
    form = ConnectForm(kind, begun.entered["values"], begun.entered["typed"])
    form.expiries = {name: date.fromisoformat(day) if day else None for name, day in begun.entered["expiries"].items()}
    if form.brand_id not in viewer.brand_ids:
        abort(403)
    try:
        form.typed["token_cache"] = _finish(account(form), begun).token_cache
    except ProviderError as error:
        form.problem = in_words(error)
        return form_page(viewer, form, status=422)
    return keep_new(viewer, form) if is_right(form) else form_page(viewer, form, status=422)


def _renew(viewer: Viewer, begun: UnderWay, channel_id: uuid.UUID) -> ResponseReturnValue:
    _found, sees = _find(viewer, channel_id)
    let_go()
    try:
        secrets = {"token_cache": _finish(sees, begun).token_cache}
    except ProviderError as error:
        flash(_said(error))
        return redirect(url_for("connections.channel", channel_id=channel_id), 303)
    with transaction() as session:
        current = session.get_one(Channel, channel_id, populate_existing=True)
        changed = ChangedChannel({}, {}, secrets)
        change_channel(session, current, changed, keyring=runtime().keyring, now=utc_now(), actor=viewer.actor)
        session.expunge(current)
    health = check_channel(current, actor=viewer.actor)
    if health is not None and health.ok:
        flash(_("Signed in; the connection works."))
    return redirect(url_for("connections.channel", channel_id=channel_id), 303)


def _finish(sees: ChannelAccount, begun: UnderWay) -> SignedIn:
    """Finish the sign-in at the provider and return its result.

    Raises `ProviderError` if the provider refuses, or if somebody signed in who is not the entered user.
    """
    adapter = runtime().adapters.sign_ins[f"{sees.channel_type}/{sees.settings['transport']}"]
    signed_in = adapter.finish_sign_in(account=sees, flow=begun.flow, answer=request.args.to_dict())
    expected = str(sees.settings.get("user_address") or sees.address)
    if signed_in.user.lower() != expected.lower():
        raise _somebody_else(signed_in.user, expected)
    return signed_in


def _find(viewer: Viewer, channel_id: uuid.UUID) -> tuple[Channel, ChannelAccount]:
    try:
        found = get_visible_channel(db.session(), channel_id, brand_ids=viewer.brand_ids)
        return found, account_of(found)
    except ChannelMissing:
        abort(404)
    except UnableToDecrypt:
        abort(409)


def _somebody_else(user: str, expected: str) -> ProviderError:
    title = _SOMEBODY_ELSE % {"user": storable(user)[:200] or "?", "address": expected}
    return ProviderError(Reason("somebody_else", title), permanent=True)


def _said(error: ProviderError) -> str:
    return told(in_words(error))


@bp.post("/settings/channels/consent")
def ask_consent() -> ResponseReturnValue:
    """Show the link to the page where an administrator of the Microsoft directory consents to the application."""
    viewer = require(Permission.CHANNELS_MANAGE)
    tenant_id, client_id = (storable(request.form.get(name, "")).strip() for name in ("tenant_id", "client_id"))
    if not (_ID.fullmatch(tenant_id) and _ID.fullmatch(client_id)):
        flash(_("Enter the directory ID and the application ID first."))
        return redirect(url_for("connections.new_channel", kind=CONSENTED), 303)
    state = _signer().sign(str(viewer.user_id)).decode()
    address = (
        runtime()
        .adapters.sign_ins[CONSENTED]
        .consent_url(tenant_id=tenant_id, client_id=client_id, redirect_uri=public_url("connections.consented"), state=state)
    )
    return onward_page(address, _("Ask for admin consent"))


@bp.get("/settings/channels/consent")
def consented() -> ResponseReturnValue:
    """Show whether the directory's administrator consented. Only a check of the channel shows what the consent allows."""
    viewer = require(Permission.CHANNELS_MANAGE)
    try:
        is_ours = _signer().unsign(request.args.get("state", ""), max_age=CONSENT_SECONDS) == str(viewer.user_id).encode()
    except (BadSignature, UnicodeError):
        is_ours = False
    if not is_ours:
        flash(_("We do not recognise this answer from Microsoft. Ask for consent again."))
    elif request.args.get("admin_consent", "").lower() == "true":
        flash(_("The administrator agreed. Enter the client secret now and connect the mailbox."))
    else:
        flash(_("The administrator did not agree: %(why)s", why=storable(request.args.get("error", "?"))[:200]))
    return redirect(url_for("connections.new_channel", kind=CONSENTED), 303)


def _signer() -> TimestampSigner:
    return TimestampSigner(runtime().settings.secret_key, _SALT)
