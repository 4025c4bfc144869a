"""Serve the writes of /channels, for administrators: create and change channels.

Settings are tested at the provider before anything is stored, outside a transaction.
"""

from __future__ import annotations

import uuid
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.api.answers import Answer, answer, check_if_match, content_tag
from app.api.authorize import current_viewer, require
from app.api.directory import channel_out
from app.api.directory_queries import get_channel
from app.api.idempotency import write
from app.api.registry import Routes
from app.api.schemas.base import IdPath
from app.api.schemas.directory import ChannelCreate, ChannelMade, ChannelOut, ChannelUpdate
from app.core.clock import utc_now
from app.core.db import db, let_go
from app.core.problems import FieldError, Problem, invalid
from app.core.runtime import runtime
from app.domain.accounts.access import Viewer
from app.domain.accounts.models import Brand
from app.domain.accounts.permissions import Permission
from app.domain.connections.actions import pause_channel, switch_channel
from app.domain.connections.connecting import change_entered, find_twins, form_of_channel, is_right, keep_entered, webhook_url
from app.domain.connections.connection_check import open_gate
from app.domain.connections.entry import ConnectForm, empty_form, name_for_programs, read_form, unknown_names
from app.domain.connections.issued_secrets import issue
from app.domain.connections.models import Channel
from app.providers.registry import KINDS, find_kind

routes = Routes("Channels")
NEW = {
    "kind": "whatsapp_business",
    "channel_name": "WhatsApp ChargeCars",
    "brand": "chargecars",
    "address": "106600000000042",
    "display_address": "+31 20 123 4567",
    "settings": {"waba_id": "200600000000042"},
    "secrets": {"access_token": "EAA…", "signing_secret": "the secret of the app"},
}


@routes.add("post", "/channels", scope="channels:write", answers=ChannelMade, status=201, refuses=(409,), example=NEW)
def create_a_channel(body: ChannelCreate) -> Response:
    """Connect a channel.

    For administrators. We test the connection at the provider first. If the provider refuses, nothing is saved and the
    answer says why. A kind of channel that needs a sign-in at the provider cannot be connected here: use the settings page.
    """
    viewer = require(Permission.CHANNELS_MANAGE)
    form, issued = _entered(viewer, body)
    _ask(form)
    return write(lambda session: _create(session, viewer, form, issued))


@routes.change(
    "/channels/<uuid:id>",
    scope="channels:write",
    answers=ChannelOut,
    example={"channel_name": "WhatsApp service"},
    example_of_put={"is_active": False},
)
def update_a_channel(path: IdPath, body: ChannelUpdate) -> Response:
    """Change a channel.

    For administrators. PUT and PATCH do the same: a field that is left out does not change. New settings and secrets are
    saved only if the provider accepts them.
    """
    viewer = _changing(path.id)
    form = _changed(viewer, path.id, body) if body.model_fields_set - {"is_active", "is_paused"} else None
    made = write(lambda session: _update(session, viewer, path.id, body, form))
    if form is not None and form.channel is not None:
        open_gate(form.channel)
    return made


def _changing(channel_id: uuid.UUID) -> Viewer:
    """Return the viewer if they may change this channel.

    Raises `ChannelMissing` (404) if they do not see the channel, else `Problem` (403) if they lack the permission.
    """
    get_channel(db.session(), viewer=current_viewer(), channel_id=channel_id)
    return require(Permission.CHANNELS_MANAGE)


def _entered(viewer: Viewer, body: ChannelCreate) -> tuple[ConnectForm, dict[str, str]]:
    kind = find_kind(body.kind)
    if kind is None:
        raise invalid("kind", f"is one of {', '.join(one.key for one in KINDS)}")
    if kind.signs_in:
        raise invalid("kind", "somebody signs in at the provider for this: connect it under Settings → Channels")
    if wrong := unknown_names(kind, body.settings, body.secrets):
        raise invalid(wrong[0], "there is no such field for this kind")
    brands = {row.key: row.id for row in db.session().execute(sa.select(Brand.key, Brand.id).where(Brand.archived_at.is_(None)))}
    if brands.get(body.brand) not in viewer.brand_ids:
        raise invalid("brand", "there is no such brand")
    made = {kind.issued: issue(runtime().settings.secret_key)} if kind.issued and kind.issued not in body.secrets else {}
    own = {"name": body.channel_name, "brand_id": str(brands[body.brand]), "address": body.address}
    sent = {**body.settings, **body.secrets, **own, "display_address": body.display_address or ""}
    form = empty_form(kind, brand_ids=viewer.brand_ids)
    defaults = {name: value for name, value in form.values.items() if value}
    read_form(form, {**defaults, **sent}, brand_ids=viewer.brand_ids)
    given = {name: text for name, text in body.secrets.items() if name == kind.issued}
    form.typed = {**made, **given, **form.typed}
    return form, made


def _changed(viewer: Viewer, channel_id: uuid.UUID, body: ChannelUpdate) -> ConnectForm:
    form, sent = form_of_channel(db.session(), channel_id, brand_ids=viewer.brand_ids), body.model_fields_set
    settings, secrets = (getattr(body, name) if name in sent else {} for name in ("settings", "secrets"))
    if wrong := unknown_names(form.kind, settings, secrets):
        raise invalid(wrong[0], "there is no such field for this kind")
    own = {"name": body.channel_name if "channel_name" in sent else form.values["name"]}
    if "display_address" in sent:
        own["display_address"] = body.display_address
    read_form(form, {**form.values, **settings, **secrets, **own}, brand_ids=viewer.brand_ids)
    _ask(form)
    return form


def _ask(form: ConnectForm) -> None:
    """Check the form, then test it at the provider. Raises `Problem` with every wrong field, or with the provider's refusal."""
    let_go()
    if is_right(form, checks_twins=False):
        return
    faults = [FieldError(name_for_programs(form, name), text) for name, text in form.errors.items()]
    raise Problem("validation_failed", form.problem or faults[0].message, faults or [FieldError("secrets", form.problem)])


def _create(session: Session, viewer: Viewer, form: ConnectForm, issued: dict[str, str]) -> Answer:
    find_twins(session, form)
    if form.errors:
        name, text = next(iter(form.errors.items()))
        raise Problem("state_conflict", f"{name_for_programs(form, name)}: {text}")
    try:
        channel = keep_entered(session, form, actor=viewer.actor, now=utc_now())
    except IntegrityError as error:
        raise Problem("state_conflict", "channel_name: another channel has this name") from error
    told = webhook_url(channel, form.secrets)
    shown = channel_out(get_channel(session, viewer=viewer, channel_id=channel.id))
    kept = ChannelMade(**shown.model_dump())
    body = kept.model_copy(update={"webhook_url": told, "issued": issued})
    whole = answer(body, 201, etag=content_tag(shown), location=f"/api/v1/channels/{channel.id}")
    return replace(whole, kept=kept.model_dump_json())


def _update(session: Session, viewer: Viewer, channel_id: uuid.UUID, body: ChannelUpdate, form: ConnectForm | None) -> Answer:
    now, sent = utc_now(), body.model_fields_set
    channel = session.get_one(Channel, channel_id, with_for_update=True, populate_existing=True)
    check_if_match(content_tag(channel_out(get_channel(session, viewer=viewer, channel_id=channel_id))))
    if form is not None:
        find_twins(session, form)
        if form.errors:
            raise Problem("state_conflict", "channel_name: another channel has this name")
        change_entered(session, form, channel_id, actor=viewer.actor, now=now)
    if "is_active" in sent:
        switch_channel(session, channel, active=body.is_active, now=now, actor=viewer.actor)
    if "is_paused" in sent:
        pause_channel(session, channel, paused=body.is_paused, now=now, actor=viewer.actor)
    session.flush()
    shown = channel_out(get_channel(session, viewer=viewer, channel_id=channel_id))
    return answer(shown, etag=content_tag(shown))
