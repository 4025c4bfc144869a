"""Which adapter speaks for which channel type. Built once per process by `create_app`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

from app.contract.base import ChannelRules, IdentityKind, Poller, Sender, WebhookReceiver
from app.contract.budget import USUAL, Budget, PersonPace
from app.contract.calendars import HasCalendar
from app.contract.catalogue import HasTemplates
from app.contract.fetching import MediaSource
from app.contract.oauth import SignsIn
from app.contract.receive import Checker, Notified, UrlSignedReceiver
from app.contract.reconcile import Reconciled
from app.contract.signals import TakesSignals
from app.contract.suppression import StopList
from app.core.http import HttpClient
from app.core.metering import Meter
from app.core.semaphore import Slots
from app.providers.graph import GraphMail
from app.providers.graph.signed_in import TRANSPORT as SIGNED_IN
from app.providers.graph.signed_in import KeepTokens
from app.providers.sendgrid import SendGridMail
from app.providers.smtp import MailServerMail
from app.providers.twilio import SmsPosts, SmsStatusPosts, TwilioPhone, TwilioSms, VoicePosts
from app.providers.twilio.adapter import TEXT_LIMIT
from app.providers.whatsapp import WhatsAppAdapter
from app.providers.whatsapp.adapter import MEDIA_HOSTS
from app.providers.whatsapp.media import find_file_problem, find_header_problem, takes_caption
from app.providers.whatsapp.outgoing import CHOICE_LIMITS

WHATSAPP, OUTLOOK, EMAIL, SMS, PHONE = "whatsapp_business", "email_outlook", "email", "sms", "phone_call"
# Channels of one type by different transports, as `Channel.adapter_key` names them. Without one, `email` only takes mail in.
OUTLOOK_SIGNED_IN = f"{OUTLOOK}/{SIGNED_IN}"
EMAIL_SMTP, EMAIL_SENDGRID = f"{EMAIL}/smtp", f"{EMAIL}/sendgrid"
SMS_STATUS, VOICE = "sms_status", "voice"  # what comes in by routes of their own

CHAT_RULES = ChannelRules(
    text_limit=4096,
    caption_limit=1024,
    attachments_per_message=1,
    attachment_bytes=100 * 1024 * 1024,
    window=timedelta(hours=24),
    identity_kinds=(IdentityKind.WA_ID, IdentityKind.BSUID, IdentityKind.PARENT_BSUID),
    choices=CHOICE_LIMITS,
    find_file_problem=find_file_problem,
    takes_caption=takes_caption,
    find_header_problem=find_header_problem,
)
SMS_RULES = ChannelRules(text_limit=TEXT_LIMIT, takes_files=False, identity_kinds=(IdentityKind.PHONE,))
MAIL_RULES = ChannelRules(attachment_bytes=25 * 1024 * 1024, has_subject=True, identity_kinds=(IdentityKind.EMAIL,))


# By channel type. Microsoft: 4 requests at once and 30 messages a minute for a mailbox. WhatsApp: 80 messages a second from a
# number and, to the same person, 45 at once, then one every 6 seconds; beyond that it refuses with 130429 and 131056. A number
# whose throughput it raised has 1,000 a second, one that is in the WhatsApp Business app as well 20.
_SAME_PERSON = PersonPace(burst=45, every_seconds=6)
BUDGETS = {OUTLOOK: Budget(4, 30), WHATSAPP: Budget(80, 4800, 80, _SAME_PERSON)}
GRANTED = {(WHATSAPP, "HIGH"): Budget(400, 60_000, 1000, _SAME_PERSON), (WHATSAPP, "APP"): Budget(20, 1200, 20, _SAME_PERSON)}


def budget_of(channel_type: str, *, throughput: str = "") -> Budget:
    """What the provider grants one account; `throughput`: what it says of this one (app/providers/whatsapp/notices.py)."""
    return GRANTED.get((channel_type, throughput)) or BUDGETS.get(channel_type, USUAL)


@dataclass(frozen=True)
class Adapters:
    """The adapters by `Channel.adapter_key`, rules by channel type; what lacks an ability is simply absent from that table.
    `posts` is by route."""

    senders: Mapping[str, Sender] = field(default_factory=dict)
    receivers: Mapping[str, WebhookReceiver] = field(default_factory=dict)
    media: Mapping[str, MediaSource] = field(default_factory=dict)
    pollers: Mapping[str, Poller] = field(default_factory=dict)
    reconciled: Mapping[str, Reconciled] = field(default_factory=dict)
    notified: Mapping[str, Notified] = field(default_factory=dict)
    rules: Mapping[str, ChannelRules] = field(default_factory=dict)
    posts: Mapping[str, UrlSignedReceiver] = field(default_factory=dict)
    checkers: Mapping[str, Checker] = field(default_factory=dict)
    stop_lists: Mapping[str, StopList] = field(default_factory=dict)
    calendars: Mapping[str, HasCalendar] = field(default_factory=dict)
    sign_ins: Mapping[str, SignsIn] = field(default_factory=dict)
    signals: Mapping[str, TakesSignals] = field(default_factory=dict)
    catalogues: Mapping[str, HasTemplates] = field(default_factory=dict)


def build_adapters(
    *,
    http: HttpClient,
    whatsapp_base_url: str,
    whatsapp_api_version: str,
    graph_base_url: str,
    login_authority: str,
    twilio_base_url: str,
    public_url: str,
    sendgrid_base_url: str,
    mail_domain: str,
    allowed_networks: Sequence[str] = (),
    mail_settle_seconds: float = 30,
    keep_tokens: KeepTokens | None = None,
    slots: Slots | None = None,
    meter: Meter | None = None,
) -> Adapters:
    """Build every adapter of this release around one HTTP client. `mail_settle_seconds`: see GraphMail, texts settle alike;
    `keep_tokens` is told when a sign-in was refreshed; `allowed_networks`: those of the HTTP client, for what speaks no HTTP;
    `slots` count calls at once; `meter` counts what is called beside HTTP."""
    chat = WhatsAppAdapter(http, whatsapp_base_url, whatsapp_api_version, media_hosts=_media_hosts(whatsapp_base_url))
    mailbox = GraphMail(
        http, graph_base_url, login_authority, settle_seconds=mail_settle_seconds, keep_tokens=keep_tokens, slots=slots
    )
    mailboxes = dict.fromkeys((OUTLOOK, OUTLOOK_SIGNED_IN), mailbox)
    sendgrid = SendGridMail(http, sendgrid_base_url)
    mail_server = MailServerMail(allowed_networks=allowed_networks, ehlo_name=mail_domain, meter=meter)
    texts = TwilioSms(http, twilio_base_url, public_url, settle_seconds=mail_settle_seconds)
    lines = TwilioPhone(http, twilio_base_url, public_url)
    return Adapters(
        senders={WHATSAPP: chat, **mailboxes, EMAIL_SMTP: mail_server, EMAIL_SENDGRID: sendgrid, SMS: texts},
        receivers={WHATSAPP: chat, EMAIL_SENDGRID: sendgrid},
        stop_lists={EMAIL_SENDGRID: sendgrid},
        media={WHATSAPP: chat, SMS: texts},
        pollers={**mailboxes, EMAIL_SMTP: mail_server},
        reconciled={**mailboxes},
        notified={**mailboxes},
        calendars={**mailboxes},
        sign_ins={**mailboxes},
        signals={WHATSAPP: chat},
        catalogues={WHATSAPP: chat},
        rules={WHATSAPP: CHAT_RULES, OUTLOOK: MAIL_RULES, EMAIL: MAIL_RULES, SMS: SMS_RULES, PHONE: ChannelRules()},
        posts={SMS: SmsPosts(), SMS_STATUS: SmsStatusPosts(), VOICE: VoicePosts()},
        checkers={
            WHATSAPP: chat,
            **mailboxes,
            EMAIL_SMTP: mail_server,
            EMAIL_SENDGRID: sendgrid,
            SMS: texts,
            PHONE: lines,
        },
    )


def _media_hosts(base_url: str) -> tuple[str, ...]:
    """Files are on the provider's own file host, and on the host of the base URL (a stand-in has but one)."""
    return (*MEDIA_HOSTS, urlsplit(base_url).netloc)
