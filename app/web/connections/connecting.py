"""Pages that connect a channel, and change its settings and credentials. Nothing is saved before the provider accepts it."""

from __future__ import annotations

import uuid

from flask import abort, current_app, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError

from app.contract.base import ProviderError
from app.contract.provider import Kind
from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.runtime import runtime
from app.core.text import storable
from app.domain.accounts.access import Viewer
from app.domain.accounts.permissions import Permission
from app.domain.accounts.queries import list_offered_brands
from app.domain.connections import views
from app.domain.connections.actions import ChannelMovedOn
from app.domain.connections.connecting import change_entered, form_of_channel, is_complete, is_right, keep_entered
from app.domain.connections.connection_check import open_gate
from app.domain.connections.entry import ConnectForm, account, changes_in_words, empty_form, fill_in, read_form
from app.domain.connections.issued_secrets import is_issued, issue
from app.domain.connections.models import Channel, ChannelType
from app.domain.connections.queries import ChannelMissing, list_changed_since
from app.providers.registry import KINDS, find_kind
from app.web.accounts.session import require
from app.web.connections.blueprint import bp
from app.web.connections.signing_in import callback_url, in_words, send_to_provider
from app.web.pages import page


@bp.get("/settings/channels/new")
def new_channel() -> ResponseReturnValue:
    """Show the kinds of channels. With `?kind=` show the form for this kind."""
    viewer = require(Permission.CHANNELS_MANAGE)
    if "kind" not in request.args:
        return page("connections/channel_kinds.html", kinds=KINDS)
    kind = find_kind(request.args["kind"]) or abort(404)
    form = empty_form(kind, brand_ids=viewer.brand_ids)
    fill_in(form, request.args, with_secrets=current_app.config["SETTINGS"].demo)
    return form_page(viewer, form)


@bp.post("/settings/channels/new")
def connect() -> ResponseReturnValue:
    """Check the entered settings with the provider; if they work, create the channel."""
    viewer = require(Permission.CHANNELS_MANAGE)
    kind = find_kind(request.form.get("kind", "")) or abort(422)
    form = read_form(empty_form(kind, brand_ids=viewer.brand_ids), request.form, brand_ids=viewer.brand_ids)
    if kind.issued:
        form.typed.setdefault(kind.issued, _issued())
    if kind.signs_in:
        return _sign_in_first(viewer, form)
    if not is_right(form):
        return form_page(viewer, form, status=422)
    return keep_new(viewer, form)


def _sign_in_first(viewer: Viewer, form: ConnectForm) -> ResponseReturnValue:
    """Show the link to the provider's sign-in. Before the sign-in, the settings of the mailbox cannot be checked."""
    if not is_complete(form):
        return form_page(viewer, form, status=422)
    try:
        entered = {"values": form.values, "typed": form.typed, "kind": form.kind.key}
        entered["expiries"] = {name: day.isoformat() if day else None for name, day in form.expiries.items()}
        return send_to_provider(viewer, account(form), entered=entered)
    except ProviderError as error:
        form.problem = in_words(error)
        return form_page(viewer, form, status=422)


def keep_new(viewer: Viewer, form: ConnectForm) -> ResponseReturnValue:
    """Create the channel whose settings the provider has accepted, and redirect to its page."""
    try:
        channel_id = _keep(form, viewer)
    except IntegrityError:  # another channel took the name meanwhile
        form.errors["name"] = _("Another channel has this name.")
        return form_page(viewer, form, status=422)
    flash(_("The channel is connected."))
    return redirect(url_for("connections.channel", channel_id=channel_id), 303)


@bp.get("/settings/channels/<uuid:channel_id>/edit")
def edit_channel(channel_id: uuid.UUID) -> ResponseReturnValue:
    """Show the form of an existing channel."""
    viewer = require(Permission.CHANNELS_MANAGE)
    return form_page(viewer, _form_of(viewer, channel_id))


@bp.post("/settings/channels/<uuid:channel_id>/edit")
def change(channel_id: uuid.UUID) -> ResponseReturnValue:
    """Check the entered settings with the provider and save them if they work. A secret left empty stays unchanged.

    If somebody else has changed the channel meanwhile, answer 409 with the form, its typed values and the other person's
    changes.
    """
    viewer = require(Permission.CHANNELS_MANAGE)
    form, seen = _form_of(viewer, channel_id), _seen_version()
    had_calendar = form.values.get("calendar") == "on"
    read_form(form, request.form, brand_ids=viewer.brand_ids)
    if form.channel and seen not in (None, form.channel.version):
        return _moved_on(viewer, form, channel_id, seen)
    if not is_right(form):
        return form_page(viewer, form, status=422)
    try:
        with transaction() as session:
            change_entered(session, form, channel_id, actor=viewer.actor, now=utc_now(), seen_version=seen)
    except ChannelMovedOn:
        return _moved_on(viewer, form, channel_id, seen)
    except IntegrityError:
        form.errors["name"] = _("Another channel has this name.")
        return form_page(viewer, form, status=422)
    if form.channel:
        open_gate(form.channel)
    asks_more = form.kind.signs_in and form.values.get("calendar") == "on" and not had_calendar
    flash(_("Saved. Sign in again, so that Microsoft lets us read the calendar, too.") if asks_more else _("Saved."))
    return redirect(url_for("connections.channel", channel_id=channel_id), 303)


def _seen_version() -> int | None:
    sent = request.form.get("version", "")
    return int(sent) if sent.isascii() and sent.isdecimal() and len(sent) < 10 else None


def _moved_on(viewer: Viewer, form: ConnectForm, channel_id: uuid.UUID, seen: int | None) -> ResponseReturnValue:
    newest = _form_of(viewer, channel_id)
    form.channel, form.kept, form.errors = newest.channel, newest.kept, {}
    form.moved_on = changes_in_words(form, list_changed_since(db.session(), channel_id, seen or 0), newest.values)
    return form_page(viewer, form, status=409)


def _keep(form: ConnectForm, viewer: Viewer) -> uuid.UUID:
    with transaction() as session:
        return keep_entered(session, form, actor=viewer.actor, now=utc_now()).id


def _form_of(viewer: Viewer, channel_id: uuid.UUID) -> ConnectForm:
    try:
        return form_of_channel(db.session(), channel_id, brand_ids=viewer.brand_ids)
    except ChannelMissing:
        abort(404)


def _issued() -> str:
    """Return the posted webhook secret if we issued it for this form. Otherwise return a new one."""
    key, sent = runtime().settings.secret_key, storable(request.form.get("issued", ""))
    return sent if is_issued(sent, key) else issue(key)


def form_page(viewer: Viewer, form: ConnectForm, *, status: int = 200) -> ResponseReturnValue:
    brands = [(str(brand.id), brand.name) for brand in list_offered_brands(db.session(), viewer.brand_ids)]
    issued = _issued() if form.kind.issued and form.channel is None else ""
    return page(
        "connections/channel_form.html",
        form=form,
        kind=form.kind,
        brands=brands,
        issued=issued,
        webhook_url=_webhook_url(form.kind, issued) if issued else "",
        redirect_uri=callback_url(form.kind),
        status=status,
    )


def _webhook_url(kind: Kind, issued: str) -> str:
    path = views.webhook_path(Channel(channel_type=ChannelType(kind.channel_type)), url_key=issued)
    return f"{runtime().settings.public_url}{path}"
