"""WhatsApp Business Cloud, the platform that Meta hosts; see `adapter.py` for what it needs and guarantees."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlsplit

from app.contract.base import ChannelRules, IdentityKind
from app.contract.budget import Budget, PersonPace
from app.contract.provider import Adapters, Door, IsOurs, Kind, Provider, Services, Setting, SignedBody
from app.core.text import mark as N_
from app.providers.whatsapp_cloud.adapter import MEDIA_HOSTS, WhatsAppAdapter
from app.providers.whatsapp_cloud.media import find_file_problem, find_header_problem, takes_caption
from app.providers.whatsapp_cloud.outgoing import CHOICE_LIMITS
from app.providers.whatsapp_cloud.self_test import signed_test
from app.providers.whatsapp_cloud.setup import CONNECT_FIELDS, STEPS
from app.providers.whatsapp_cloud.webhook import challenge_answer, phone_number_ids

KEY = "whatsapp_business"
BASE_URL = Setting("WHATSAPP_BASE_URL", "https://graph.facebook.com")
API_VERSION = Setting("WHATSAPP_API_VERSION", "v26.0", is_url=False)
RULES = ChannelRules(
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
# To the same person 45 messages at once, then one every 6 seconds; beyond that it refuses with 131056.
_SAME_PERSON = PersonPace(burst=45, every_seconds=6)


def _challenge(args: Mapping[str, str], is_ours: IsOurs) -> str | None:
    token = args.get("hub.verify_token", "")
    return challenge_answer(args, token) if is_ours(token) else None


def _build(services: Services) -> Adapters:
    base_url, version = services.settings[BASE_URL.name], services.settings[API_VERSION.name]
    # Files are on the provider's own file host, and on the host of the base URL (a stand-in has but one).
    chat = WhatsAppAdapter(services.http, base_url, version, media_hosts=(*MEDIA_HOSTS, urlsplit(base_url).netloc))
    one = {KEY: chat}
    return Adapters(senders=one, receivers={KEY: SignedBody(chat)}, media=one, signals=one, catalogues=one, checkers=one)


PROVIDER = Provider(
    key="whatsapp_cloud",
    label="WhatsApp",
    settings=(BASE_URL, API_VERSION),
    kinds=(
        Kind(
            KEY,
            place=10,
            label="WhatsApp Business",
            about=N_(
                "A phone number on the WhatsApp Business Platform (Cloud API).",
                "A number of the WhatsApp Business Platform (Cloud API)",
            ),
            fields=CONNECT_FIELDS,
            steps=STEPS,
            issued="verify_token",
            rules=RULES,
            # From a number 80 messages a second; 1,000 once it was raised, 20 while it is in the WhatsApp Business app as well.
            budget=Budget(80, 4800, 80, _SAME_PERSON),
            granted={"HIGH": Budget(400, 60_000, 1000, _SAME_PERSON), "APP": Budget(20, 1200, 20, _SAME_PERSON)},
        ),
    ),
    doors=(
        Door(
            "/webhooks/whatsapp",
            source=KEY,
            channel_type=KEY,
            names=phone_number_ids,
            is_shared=True,
            may_be_unnamed=True,
            challenge=_challenge,
            signed_test=signed_test,
        ),
    ),
    calls={"whatsapp": "WhatsApp"},
    kept_headers=("x-hub-signature-256",),
    build=_build,
)
