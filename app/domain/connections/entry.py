"""Read and check the form (`ConnectForm`) by which a channel is connected or changed, for pages, the API and commands.

Secrets are never sent back to the person who entered them."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date

from app.contract.base import ChannelAccount
from app.contract.provider import Kind
from app.contract.setup_field import SetupField
from app.core.text import storable
from app.core.translation import gettext as _
from app.core.translation import told
from app.domain.connections.models import Channel

NAME_CHARACTERS, SETTING_CHARACTERS, SECRET_CHARACTERS = 80, 400, 8000
COLUMNS = ("address", "display_address")  # fields that are the channel's own, not among its settings


@dataclass
class ConnectForm:
    """The form that connects or changes a channel.

    `values`: typed fields that may be shown again. `typed`: typed secrets. `kept`: secrets that the channel has already.
    `offered`: secrets of a demo account, which may be shown. `problem`: the provider's complaint. `moved_on`: lines about
    the fields that somebody else changed since the form was opened, or None if nobody did.
    """

    kind: Kind
    values: dict[str, str] = field(default_factory=dict)
    typed: dict[str, str] = field(default_factory=dict, repr=False)
    kept: Mapping[str, str] = field(default_factory=dict, repr=False)
    offered: dict[str, str] = field(default_factory=dict, repr=False)
    errors: dict[str, str] = field(default_factory=dict)
    expiries: dict[str, date | None] = field(default_factory=dict)
    problem: str = ""
    channel: Channel | None = None
    moved_on: list[str] | None = None

    @property
    def fields(self) -> tuple[SetupField, ...]:
        """Return the fields to ask for. The address of an existing channel is left out, because another account would be
        another channel."""
        return tuple(one for one in self.kind.fields if not (self.channel and one.name == "address"))

    @property
    def secrets(self) -> dict[str, str]:
        """Return the secrets that the channel will have after saving: the stored secrets, with typed secrets in place of stored
        ones."""
        return {**self.kept, **self.typed}

    @property
    def settings(self) -> dict[str, str]:
        """Return the settings in the form by name; empty ones are left out."""
        plain = [one.name for one in self.kind.fields if not one.secret and one.name not in COLUMNS]
        found = {name: self.values[name] for name in plain if self.values.get(name)}
        return {**found, "transport": self.kind.transport} if self.kind.transport else found

    @property
    def brand_id(self) -> uuid.UUID:
        return uuid.UUID(self.values["brand_id"])

    @property
    def address(self) -> str:
        return self.channel.address if self.channel else self.values["address"]


def empty_form(kind: Kind, *, brand_ids: Collection[uuid.UUID]) -> ConnectForm:
    """Return the form for a new channel of this kind, with the default values."""
    values = {one.name: one.default for one in kind.fields if not one.secret}
    return ConnectForm(kind, {**values, "name": "", "brand_id": str(next(iter(brand_ids), ""))})


def fill_in(form: ConnectForm, given: Mapping[str, str], *, with_secrets: bool) -> None:
    """Fill an empty form from the parameters of a URL, such as a link of a demo account. `with_secrets`: secrets in the URL are
    offered too. Values are checked on submission."""
    if given.get("name"):
        form.values["name"] = storable(given["name"])[:NAME_CHARACTERS]
    for one in form.fields:
        value = storable(given.get(one.name, ""))[:SETTING_CHARACTERS]
        if one.secret and with_secrets:
            form.offered[one.name] = value
        elif value and not one.secret and (not one.choices or value in one.choices):
            form.values[one.name] = value


def form_of(channel: Channel, kind: Kind, secrets: Mapping[str, str], expiries: Mapping[str, date]) -> ConnectForm:
    """Return the form filled in with a channel's values, secrets and expiry days."""
    values = {one.name: str(channel.settings.get(one.name) or one.default) for one in kind.fields if not one.secret}
    own = {"name": channel.name, "address": channel.address, "display_address": channel.display_address}
    days = {f"{name}_expires": day.isoformat() for name, day in expiries.items()}
    return ConnectForm(kind, {**values, **own, **days}, kept=secrets, channel=channel)


def read_form(form: ConnectForm, sent: Mapping[str, str], *, brand_ids: Collection[uuid.UUID]) -> ConnectForm:
    """Read the sent fields into `form` and return it. If `form.errors` stays empty, the provider can be asked."""
    form.values["name"] = " ".join(_text(sent, "name").split())
    _check_length(form, "name", NAME_CHARACTERS, is_required=True)
    if form.channel is None:
        form.values["brand_id"] = _text(sent, "brand_id")
        if form.values["brand_id"] not in {str(brand_id) for brand_id in brand_ids}:
            form.errors["brand_id"] = _("Choose one from the list.")
    for one in form.fields:
        (_read_secret if one.secret else _read_setting)(form, sent, one)
        if one.expires:
            _read_expiry(form, sent, one.name)
    return form


def unknown_names(kind: Kind, settings: Mapping[str, str], secrets: Mapping[str, str]) -> list[str]:
    """Return the names that a program sent although this kind of channel has no such field, such as "settings.colour"."""
    known = {one.name: one.secret for one in kind.fields}
    wrong = [f"settings.{name}" for name in settings if known.get(name) is not False or name in COLUMNS]
    ends = {f"{one.name}_expires" for one in kind.fields if one.expires}
    fits = ends | {kind.issued}
    return wrong + [f"secrets.{name}" for name in secrets if known.get(name) is not True and name not in fits]


def name_for_programs(form: ConnectForm, name: str) -> str:
    """Return the name of a form field in the API, such as "secrets.access_token"."""
    own = {"name": "channel_name", "brand_id": "brand", "address": "address", "display_address": "display_address"}
    is_secret = any(one.secret and name in (one.name, f"{one.name}_expires") for one in form.kind.fields)
    return own.get(name) or f"{'secrets' if is_secret else 'settings'}.{name}"


def account(form: ConnectForm) -> ChannelAccount:
    """Build the account that the form describes, for the adapter."""
    channel_id = str(form.channel.id) if form.channel else ""
    settings = {**(form.channel.settings if form.channel else {}), **form.settings}
    return ChannelAccount(channel_id, form.kind.channel_type, form.values["name"], form.address, settings, form.secrets)


def changes_in_words(form: ConnectForm, names: Collection[str], newest: Mapping[str, str]) -> list[str]:
    """Return a line "label: present value" for each of these fields. The line of a secret says only that it changed."""
    labels = {"name": _("Name"), **{one.name: told(one.label) for one in form.kind.fields}}
    secrets = {one.name for one in form.kind.fields if one.secret}
    words = []
    for name in names:
        if name in labels:
            value = _("changed") if name in secrets else newest.get(name) or _("empty")
            words.append(_("%(label)s: %(value)s", label=labels[name], value=value))
    return words


def _read_setting(form: ConnectForm, sent: Mapping[str, str], one: SetupField) -> None:
    if one.choices and one.name not in sent:
        return  # a form from before there was this choice: it stays as it is
    form.values[one.name] = " ".join(_text(sent, one.name).split())
    if one.choices and form.values[one.name] not in one.choices:
        form.errors[one.name] = _("Choose one from the list.")
        form.values[one.name] = one.default
    elif one.within and form.values[one.name] and not _is_within(form.values[one.name], *one.within):
        least, most = one.within
        form.errors[one.name] = _("Enter a whole number from %(least)s to %(most)s.", least=least, most=most)
    else:
        _check_length(form, one.name, SETTING_CHARACTERS, is_required=one.required)


def _is_within(text: str, least: int, most: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= len(str(most)) and least <= int(text) <= most


def _read_secret(form: ConnectForm, sent: Mapping[str, str], one: SetupField) -> None:
    typed = _text(sent, one.name)
    if len(typed) > SECRET_CHARACTERS:
        form.errors[one.name] = _("This is too long.")
    elif typed:
        form.typed[one.name] = typed
    elif one.required and not form.kept.get(one.name):
        form.errors[one.name] = _("Fill in this field: %(label)s.", label=told(one.label))


def _read_expiry(form: ConnectForm, sent: Mapping[str, str], secret: str) -> None:
    name = f"{secret}_expires"
    form.values[name] = _text(sent, name)
    try:
        form.expiries[secret] = date.fromisoformat(form.values[name]) if form.values[name] else None
    except ValueError:
        form.errors[name] = _("Enter a date.")


def _check_length(form: ConnectForm, name: str, at_most: int, *, is_required: bool) -> None:
    if is_required and not form.values[name]:
        labels = {"name": _("Name"), **{one.name: told(one.label) for one in form.kind.fields}}
        form.errors[name] = _("Fill in this field: %(label)s.", label=labels[name])
    elif len(form.values[name]) > at_most:
        form.errors[name] = _("Use at most %(count)s characters.", count=at_most)


def _text(sent: Mapping[str, str], name: str) -> str:
    return storable(sent.get(name, "")).strip()
