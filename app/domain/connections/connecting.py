"""Create or change a channel from a form, after its provider has accepted the account. Nothing is stored before that.

Pages, the API and commands call `read_form`, then `is_right` (which asks the provider, outside any transaction), then
`keep_entered` or `change_entered` in a transaction.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from app.core.crypto import UnableToDecrypt
from app.core.db import db, let_go
from app.core.runtime import runtime
from app.core.translation import gettext as _
from app.domain.connections.actions import ChangedChannel, NewChannel, change_channel, create_channel, note_health
from app.domain.connections.alerts import list_expiries, set_expiries
from app.domain.connections.connection_check import ask_provider
from app.domain.connections.entry import ConnectForm, account, form_of
from app.domain.connections.models import Channel, ChannelType
from app.domain.connections.queries import ChannelMissing, find_taken, get_visible_channel, open_secrets
from app.domain.connections.views import webhook_path
from app.domain.events.actions import Actor
from app.providers.registry import find_kind, kind_key


def is_complete(form: ConnectForm) -> bool:
    """Return whether the form has no errors and no other channel has its name or account. Adds an error to the form for a name
    or account that is taken."""
    session = db.session()
    if not form.errors:
        find_twins(session, form)
    let_go()
    return not form.errors


def is_right(form: ConnectForm, *, checks_twins: bool = True) -> bool:
    """Return whether the form is complete and the provider accepts the account. No database connection is held while the
    provider is asked."""
    if form.errors or (checks_twins and not is_complete(form)):
        return False
    health = ask_provider(account(form))
    form.problem = health.detail if health else ""
    return health is None or health.ok


def find_twins(session: Session, form: ConnectForm) -> None:
    """Add errors to the form if another channel has its name or account."""
    channel_id = form.channel.id if form.channel else None
    taken = find_taken(session, ChannelType(form.kind.channel_type), form.values["name"], form.address, other_than=channel_id)
    if "name" in taken:
        form.errors["name"] = _("Another channel has this name.")
    if "address" in taken:
        form.errors["address"] = _("This account is already connected.")


def form_of_channel(session: Session, channel_id: uuid.UUID, *, brand_ids: Sequence[uuid.UUID]) -> ConnectForm:
    """Return the form filled in with a channel's values. Raises `ChannelMissing`, also if this kind of channel no longer
    exists."""
    found = get_visible_channel(session, channel_id, brand_ids=brand_ids)
    kind = find_kind(kind_key(found.channel_type.value, found.settings))
    if kind is None:
        raise ChannelMissing(str(channel_id))
    try:
        secrets = open_secrets(found, runtime().keyring)
    except UnableToDecrypt:
        secrets = {}
    return form_of(found, kind, secrets, list_expiries(session, [found.id])[found.id])


def webhook_url(channel: Channel, secrets: Mapping[str, str]) -> str | None:
    """Return the URL to which the provider posts, including its key. Return None for a channel that is polled."""
    path = webhook_path(channel, url_key=secrets.get("url_key"))
    return f"{runtime().settings.public_url}{path}" if path else None


def keep_entered(session: Session, form: ConnectForm, *, actor: Actor, now: datetime) -> Channel:
    """Create the channel of a form that the provider accepted. Raises `IntegrityError` if its name or account was taken
    meanwhile."""
    new = NewChannel(
        channel_type=ChannelType(form.kind.channel_type),
        name=form.values["name"],
        brand_id=form.brand_id,
        address=form.address,
        display_address=form.values.get("display_address", ""),
        settings=form.settings,
        secrets=form.secrets,
    )
    channel = create_channel(session, new, keyring=runtime().keyring, now=now, actor=actor)
    set_expiries(session, channel.id, form.expiries)
    if form.problem:
        note_health(session, channel, health="ok", detail=form.problem, now=now)
    return channel


def change_entered(
    session: Session, form: ConnectForm, channel_id: uuid.UUID, *, actor: Actor, now: datetime, seen_version: int | None = None
) -> Channel:
    """Change an existing channel to the values of the form. Raises `ChannelMovedOn` if the channel was changed since
    `seen_version`, and `IntegrityError` if the name or account is taken."""
    own = {name: form.values[name] for name in ("name", "display_address") if form.values.get(name)}
    found = session.get_one(Channel, channel_id, with_for_update=True, populate_existing=True)
    new = ChangedChannel(own, _settings(form), form.typed)
    change_channel(session, found, new, keyring=runtime().keyring, now=now, actor=actor, seen_version=seen_version)
    set_expiries(session, channel_id, form.expiries)
    if form.problem:
        note_health(session, found, health="ok", detail=form.problem, now=now)
    return found


def _settings(form: ConnectForm) -> dict[str, str]:
    """Return all settings of this kind of channel by name. An empty setting is "", which removes it from an existing channel."""
    return {name: form.settings.get(name, "") for name in {*form.settings, *_names_of_settings(form)}}


def _names_of_settings(form: ConnectForm) -> set[str]:
    return {one.name for one in form.kind.fields if not one.secret} - {"address", "display_address"}
