"""How channels are put into words. No database, no secrets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import gettext

from app.core.text import mark as N_
from app.domain.connections.models import CHOSEN_FOLDERS, Channel, ChannelType, Medium

HEALTH_TONES = {"ok": "done", "degraded": "due", "down": "overdue", "unknown": ""}


@dataclass(frozen=True)
class Fact:
    label: str
    value: str


def _(message: str, **values: object) -> str:
    return str(gettext(message, **values))


def channel_type_words(adapter_key: str) -> str:
    """What kind of channel it is, by the adapter that speaks for it."""
    return {
        ChannelType.EMAIL_OUTLOOK: _("Microsoft 365 mailbox"),
        "email_outlook/signed_in": _("Microsoft mailbox, signed in"),
        ChannelType.EMAIL: _("Incoming e-mail"),
        "email/smtp": _("Mailbox at a mail server"),
        "email/sendgrid": "SendGrid",
        ChannelType.WHATSAPP_BUSINESS: "WhatsApp Business",
        ChannelType.SMS: "SMS",
        ChannelType.PHONE_CALL: _("Phone"),
    }.get(adapter_key, adapter_key)


def health_words(health: str) -> str:
    return {"ok": _("Works"), "degraded": _("Works in part"), "down": _("Does not work")}.get(health, _("Not checked yet"))


def settings_facts(channel: Channel) -> list[Fact]:
    """The settings people may see, by name: an allow-list, so that nothing new is ever shown by accident."""
    labels = {
        "from_name": _("Sender name"),
        "smtp_host": _("Server for outgoing mail (SMTP)"),
        "imap_host": _("Server for incoming mail (IMAP)"),
        "user": _("User name"),
        "tenant_id": _("Directory (tenant) id"),
        "client_id": _("Application (client) id"),
        "user_address": _("Who signs in"),
        "waba_id": _("WhatsApp business account id"),
        "account_sid": _("Account SID"),
        "api_key_sid": _("API key SID"),
        "messaging_service_sid": _("Messaging service SID"),
        "sender_name": _("Sender name"),
        "part_price": _("Price of one part"),
    }
    facts = [Fact(label, str(channel.settings[name])) for name, label in labels.items() if channel.settings.get(name)]
    if chosen := channel.settings.get(CHOSEN_FOLDERS):
        facts.append(Fact(_("Also followed"), ", ".join(sorted(chosen.values(), key=str.casefold))))
    facts += number_facts(channel)
    templates: Any = channel.settings.get("templates")
    if isinstance(templates, list):
        facts.append(Fact(_("Message templates"), str(len(templates))))
    return facts


QUALITIES = {"GREEN": N_("High"), "YELLOW": N_("Medium"), "RED": N_("Low"), "UNKNOWN": N_("Not known yet")}
THROUGHPUTS = {"HIGH": N_("raised"), "APP": N_("shared with the WhatsApp Business app")}


def number_facts(channel: Channel) -> list[Fact]:
    """What the provider says of a chat's number: its quality, and to how many people a day it may write first."""
    said: dict[str, str] = channel.settings.get("number") or {}
    quality, limit, pace = (str(said.get(name, "")) for name in ("quality", "limit", "throughput"))
    people = _("everybody") if limit == "UNLIMITED" else limit.replace("K", ",000")
    return [
        *([Fact(_("Quality of the number"), _(QUALITIES.get(quality, quality)))] if quality else []),
        *([Fact(_("May write first to"), _("%(limit)s people a day", limit=people))] if limit else []),
        *([Fact(_("Throughput"), _(THROUGHPUTS.get(pace, N_("usual"))))] if pace else []),
    ]


def secret_labels(names: list[str]) -> list[str]:
    """What is kept encrypted, by name only."""
    labels = {
        "access_token": _("Access token"),
        "signing_secret": _("Signing secret"),
        "previous_signing_secret": _("Signing secret before the last change"),
        "verify_token": _("Verify token"),
        "client_secret": _("Client secret"),
        "token_cache": _("Sign-in at Microsoft"),
        "password": _("Password"),
        "url_key": _("Key in the webhook address"),
        "api_key_secret": _("API key secret"),
        "webhook_shared_key": _("Shared key of webhooks"),
        "api_key": _("API key"),
    }
    return [labels.get(name, _("Another secret")) for name in sorted(names)]


def webhook_path(channel: Channel, *, url_key: str | None = None) -> str | None:
    """Where the provider must post, None for a type that is not told by webhook. Without the key a placeholder stands for it."""
    if channel.channel_type == ChannelType.WHATSAPP_BUSINESS:
        return "/webhooks/whatsapp"
    if channel.channel_type in (ChannelType.SMS, ChannelType.PHONE_CALL):
        return "/webhooks/sms" if channel.channel_type == ChannelType.SMS else "/webhooks/voice"
    if needs_key(channel):
        return f"/webhooks/email/inbound/{url_key or '••••••••'}"
    return None


def needs_key(channel: Channel) -> bool:
    """Mail posted to us carries no signature: the address itself is the secret."""
    return channel.medium == Medium.EMAIL
