"""Connect a channel, and change the settings and credentials of one. Nothing is kept before the provider says that it works."""

from __future__ import annotations

import uuid

from flask import abort, current_app, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.contract.base import ProviderError
from app.contract.provider import Kind
from app.core.clock import utc_now
from app.core.crypto import UnableToDecrypt
from app.core.db import db, let_go, transaction
from app.core.runtime import runtime
from app.core.text import storable
from app.domain.accounts.access import Viewer
from app.domain.accounts.permissions import Permission
from app.domain.accounts.queries import list_offered_brands
from app.domain.connections import views
from app.domain.connections.actions import ChangedChannel, ChannelMovedOn, NewChannel, change_channel, create_channel, note_health
from app.domain.connections.alerts import list_expiries, set_expiries
from app.domain.connections.connection_check import ask_provider, open_gate
from app.domain.connections.issued_secrets import is_issued, issue
from app.domain.connections.models import Channel, ChannelType
from app.domain.connections.queries import ChannelMissing, find_taken, get_visible_channel, list_changed_since, open_secrets
from app.providers.registry import KINDS, find_kind, kind_key
from app.web.accounts.session import require
from app.web.connections.blueprint import bp
from app.web.connections.connect_form import ConnectForm, account, changes_in_words, empty_form, fill_in, form_of, read_form
from app.web.connections.signing_in import callback_url, in_words, send_to_provider
from app.web.pages import page


@bp.get("/settings/channels/new")
def new_channel() -> ResponseReturnValue:
    """Choose a kind, or with `?kind=` the form of one."""
    viewer = require(Permission.CHANNELS_MANAGE)
    if "kind" not in request.args:
        return page("connections/channel_kinds.html", kinds=KINDS)
    kind = find_kind(request.args["kind"]) or abort(404)
    form = empty_form(kind, brand_ids=viewer.brand_ids)
    fill_in(form, request.args, with_secrets=current_app.config["SETTINGS"].demo)
    return form_page(viewer, form)


@bp.post("/settings/channels/new")
def connect() -> ResponseReturnValue:
    """Check what was entered with the provider; if it works, the channel exists from now on."""
    viewer = require(Permission.CHANNELS_MANAGE)
    kind = find_kind(request.form.get("kind", "")) or abort(422)
    form = read_form(empty_form(kind, brand_ids=viewer.brand_ids), brand_ids=viewer.brand_ids)
    if kind.issued:
        form.typed.setdefault(kind.issued, _issued())
    if kind.signs_in:
        return _sign_in_first(viewer, form)
    if not is_right(form):
        return form_page(viewer, form, status=422)
    return keep_new(viewer, form)


def _sign_in_first(viewer: Viewer, form: ConnectForm) -> ResponseReturnValue:
    """Nobody can be asked about a mailbox before somebody is signed in to it."""
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
    """The provider agreed: the channel exists from now on."""
    try:
        channel_id = _create(form, viewer)
    except IntegrityError:  # somebody was quicker
        form.errors["name"] = _("Another channel has this name.")
        return form_page(viewer, form, status=422)
    flash(_("The channel is connected."))
    return redirect(url_for("connections.channel", channel_id=channel_id), 303)


@bp.get("/settings/channels/<uuid:channel_id>/edit")
def edit_channel(channel_id: uuid.UUID) -> ResponseReturnValue:
    """The form of a channel there is."""
    viewer = require(Permission.CHANNELS_MANAGE)
    return form_page(viewer, _form_of(viewer, channel_id))


@bp.post("/settings/channels/<uuid:channel_id>/edit")
def change(channel_id: uuid.UUID) -> ResponseReturnValue:
    """Check what was entered, and keep it if it works; a secret left empty stays as it is. 409, with what was typed and what
    became different, if somebody changed the channel meanwhile."""
    viewer = require(Permission.CHANNELS_MANAGE)
    form, seen = _form_of(viewer, channel_id), _seen_version()
    had_calendar = form.values.get("calendar") == "on"
    read_form(form, brand_ids=viewer.brand_ids)
    if form.channel and seen not in (None, form.channel.version):
        return _moved_on(viewer, form, channel_id, seen)
    if not is_right(form):
        return form_page(viewer, form, status=422)
    try:
        _change(form, viewer, channel_id, seen)
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


def is_complete(form: ConnectForm) -> bool:
    """Whether the form is complete and nobody else has what it names."""
    session = db.session()
    if not form.errors:
        _find_twins(session, form)
    let_go()
    return not form.errors


def is_right(form: ConnectForm) -> bool:
    """Whether it is complete and the provider agrees. Holds no connection meanwhile."""
    if not is_complete(form):
        return False
    health = ask_provider(account(form))
    form.problem = health.detail if health else ""
    return health is None or health.ok


def _find_twins(session: Session, form: ConnectForm) -> None:
    channel_id = form.channel.id if form.channel else None
    taken = find_taken(session, ChannelType(form.kind.channel_type), form.values["name"], form.address, other_than=channel_id)
    if "name" in taken:
        form.errors["name"] = _("Another channel has this name.")
    if "address" in taken:
        form.errors["address"] = _("This account is connected already.")


def _create(form: ConnectForm, viewer: Viewer) -> uuid.UUID:
    new = NewChannel(
        channel_type=ChannelType(form.kind.channel_type),
        name=form.values["name"],
        brand_id=form.brand_id,
        address=form.address,
        display_address=form.values.get("display_address", ""),
        settings=form.settings,
        secrets=form.secrets,
    )
    now = utc_now()
    with transaction() as session:
        channel = create_channel(session, new, keyring=runtime().keyring, now=now, actor=viewer.actor)
        set_expiries(session, channel.id, form.expiries)
        if form.problem:
            note_health(session, channel, health="ok", detail=form.problem, now=now)
        return channel.id


def _change(form: ConnectForm, viewer: Viewer, channel_id: uuid.UUID, seen: int | None) -> None:
    own = {name: form.values[name] for name in ("name", "display_address") if form.values.get(name)}
    now, keyring = utc_now(), runtime().keyring
    with transaction() as session:
        found = session.get_one(Channel, channel_id, with_for_update=True, populate_existing=True)
        new = ChangedChannel(own, _settings(form), form.typed)
        change_channel(session, found, new, keyring=keyring, now=now, actor=viewer.actor, seen_version=seen)
        set_expiries(session, channel_id, form.expiries)
        if form.problem:
            note_health(session, found, health="ok", detail=form.problem, now=now)


def _settings(form: ConnectForm) -> dict[str, str]:
    """What the form says of each of its settings; empty ones with an empty text, so that they go."""
    return {name: form.settings.get(name, "") for name in {*form.settings, *_names_of_settings(form)}}


def _names_of_settings(form: ConnectForm) -> set[str]:
    return {one.name for one in form.kind.fields if not one.secret} - {"address", "display_address"}


def _form_of(viewer: Viewer, channel_id: uuid.UUID) -> ConnectForm:
    try:
        found = get_visible_channel(db.session(), channel_id, brand_ids=viewer.brand_ids)
    except ChannelMissing:
        abort(404)
    kind = find_kind(kind_key(found.channel_type.value, found.settings)) or abort(404)
    expiries = list_expiries(db.session(), [found.id])[found.id]
    return form_of(found, kind, _secrets(found), expiries)


def _secrets(found: Channel) -> dict[str, str]:
    try:
        return open_secrets(found, runtime().keyring)
    except UnableToDecrypt:
        return {}


def _issued() -> str:
    """The secret we made for this form; another one where what came back is not ours."""
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
