"""Describe channels in words: type, health, settings, names of secrets. No database, no secrets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import gettext

from app.core.text import mark as N_
from app.domain.connections.models import CHOSEN_FOLDERS, Channel, Medium
from app.providers.registry import DOORS, KINDS, find_kind

HEALTH_TONES = {"ok": "done", "degraded": "due", "down": "overdue", "unknown": ""}


@dataclass(frozen=True)
class Fact:
    label: str
    value: str


def _(message: str, **values: object) -> str:
    return str(gettext(message, **values))


def channel_type_words(adapter_key: str) -> str:
    """Return the name of the kind of channel with this adapter key. Return the key itself if it is unknown."""
    kind = find_kind(adapter_key)
    return _(kind.label) if kind else adapter_key


def health_words(health: str) -> str:
    return {"ok": _("Works"), "degraded": _("Partly works"), "down": _("Does not work")}.get(health, _("Not checked yet"))


def settings_facts(channel: Channel) -> list[Fact]:
    """List what was entered to connect the channel, except secrets and choices from a list, and the facts that its provider
    reports."""
    kind = find_kind(channel.adapter_key)
    open_fields = [one for one in (kind.fields if kind else ()) if not one.secret and not one.choices]
    facts = [Fact(_(one.label), str(channel.settings[one.name])) for one in open_fields if channel.settings.get(one.name)]
    if chosen := channel.settings.get(CHOSEN_FOLDERS):
        facts.append(Fact(_("Other folders we read"), ", ".join(sorted(chosen.values(), key=str.casefold))))
    facts += number_facts(channel)
    templates: Any = channel.settings.get("templates")
    if isinstance(templates, list):
        facts.append(Fact(_("Message templates"), str(len(templates))))
    return facts


QUALITIES = {"GREEN": N_("High"), "YELLOW": N_("Medium"), "RED": N_("Low"), "UNKNOWN": N_("Not known yet")}
THROUGHPUTS = {"HIGH": N_("higher than usual"), "APP": N_("shared with the WhatsApp Business app")}


def number_facts(channel: Channel) -> list[Fact]:
    """List the provider's facts about the number of a chat channel: quality, new conversations per day, throughput. Return []
    if there are none."""
    said: dict[str, str] = channel.settings.get("number") or {}
    quality, limit, pace = (str(said.get(name, "")) for name in ("quality", "limit", "throughput"))
    per_day = _("unlimited") if limit == "UNLIMITED" else _("%(limit)s per day", limit=limit.replace("K", ",000"))
    return [
        *([Fact(_("Quality of the phone number"), _(QUALITIES.get(quality, quality)))] if quality else []),
        *([Fact(_("Limit on new conversations"), per_day)] if limit else []),
        *([Fact(_("Throughput"), _(THROUGHPUTS.get(pace, N_("usual"))))] if pace else []),
    ]


def secret_labels(names: list[str]) -> list[str]:
    """Return the labels of the secrets with these names, in alphabetical order of the names."""
    labels = {
        "signing_secret": _("Signing secret"),
        "previous_signing_secret": _("Previous signing secret"),
        "verify_token": _("Verify token"),
        "token_cache": _("Microsoft sign-in"),
        "url_key": _("Key contained in the webhook address"),
        **{one.name: _(one.label) for kind in KINDS for one in kind.fields if one.secret},
    }
    return [labels.get(name, _("Another secret")) for name in sorted(names)]


def webhook_path(channel: Channel, *, url_key: str | None = None) -> str | None:
    """Return the path to which the provider must post, or None for a type without webhook. If `url_key` is not given, the path
    has a placeholder for it."""
    if needs_key(channel):
        return f"/webhooks/email/inbound/{url_key or '••••••••'}"
    return next((door.path for door in DOORS if door.channel_type == channel.channel_type.value), None)


def needs_key(channel: Channel) -> bool:
    """Return whether the webhook address needs a secret key, as posted mail carries no signature."""
    return channel.medium == Medium.EMAIL
