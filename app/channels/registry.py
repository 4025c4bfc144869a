"""Which adapter speaks for which channel type. Built once per process by `create_app`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

from app.channels.base import ChannelRules, IdentityKind, MediaSource, Notified, Poller, Sender, WebhookReceiver
from app.channels.email.graph import GraphMail
from app.channels.whatsapp import WhatsAppAdapter
from app.channels.whatsapp.adapter import MEDIA_HOSTS
from app.core.http import HttpClient

WHATSAPP, OUTLOOK, EMAIL = "whatsapp_business", "email_outlook", "email"

CHAT_RULES = ChannelRules(
    text_limit=4096,
    caption_limit=1024,
    attachments_per_message=1,
    attachment_bytes=100 * 1024 * 1024,
    window=timedelta(hours=24),
    identity_kinds=(IdentityKind.WA_ID, IdentityKind.BSUID, IdentityKind.PARENT_BSUID),
)
MAIL_RULES = ChannelRules(attachment_bytes=25 * 1024 * 1024, has_subject=True, identity_kinds=(IdentityKind.EMAIL,))


@dataclass(frozen=True)
class Adapters:
    """The adapters by channel type; a type that lacks an ability is simply absent from that table."""

    senders: Mapping[str, Sender] = field(default_factory=dict)
    receivers: Mapping[str, WebhookReceiver] = field(default_factory=dict)
    media: Mapping[str, MediaSource] = field(default_factory=dict)
    pollers: Mapping[str, Poller] = field(default_factory=dict)
    notified: Mapping[str, Notified] = field(default_factory=dict)
    rules: Mapping[str, ChannelRules] = field(default_factory=dict)


def build_adapters(
    *,
    http: HttpClient,
    whatsapp_base_url: str,
    whatsapp_api_version: str,
    graph_base_url: str,
    login_authority: str,
    mail_settle_seconds: float = 30,
) -> Adapters:
    """Build every adapter of this release around one HTTP client. `mail_settle_seconds`: see GraphMail."""
    chat = WhatsAppAdapter(http, whatsapp_base_url, whatsapp_api_version, media_hosts=_media_hosts(whatsapp_base_url))
    mailbox = GraphMail(http, graph_base_url, login_authority, settle_seconds=mail_settle_seconds)
    return Adapters(
        senders={WHATSAPP: chat, OUTLOOK: mailbox},
        receivers={WHATSAPP: chat},
        media={WHATSAPP: chat},
        pollers={OUTLOOK: mailbox},
        notified={OUTLOOK: mailbox},
        rules={WHATSAPP: CHAT_RULES, OUTLOOK: MAIL_RULES, EMAIL: MAIL_RULES},
    )


def _media_hosts(base_url: str) -> tuple[str, ...]:
    """Files are on the provider's own file host, and on the host of the base URL (a stand-in has but one)."""
    return (*MEDIA_HOSTS, urlsplit(base_url).netloc)
