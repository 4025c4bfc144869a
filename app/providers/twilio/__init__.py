"""Twilio: texts (SMS) and phone calls. See `adapter.py` for texts going out, `incoming.py` and `calls.py` for what comes in."""

from __future__ import annotations

from app.contract.base import ChannelRules, IdentityKind
from app.contract.provider import Adapters, Door, Kind, Provider, Services, Setting
from app.core.text import mark as N_
from app.providers.twilio.adapter import SMS_PATH, STATUS_PATH, TEXT_LIMIT, VOICE_PATH, TwilioPhone, TwilioSms
from app.providers.twilio.calls import VoicePosts
from app.providers.twilio.incoming import SmsPosts, SmsStatusPosts
from app.providers.twilio.setup import CONNECT_FIELDS, PHONE_CONNECT_FIELDS, PHONE_STEPS, STEPS

SMS, PHONE = "sms", "phone_call"
BASE_URL = Setting("TWILIO_BASE_URL", "https://api.twilio.com")
SMS_RULES = ChannelRules(text_limit=TEXT_LIMIT, takes_files=False, identity_kinds=(IdentityKind.PHONE,))
_TEXTS, _STATUSES, _VOICE = SmsPosts(), SmsStatusPosts(), VoicePosts()
# Words in the answer to a text would go back to its sender; to a call it asks for nothing to be done.
_NOTHING = ('<?xml version="1.0" encoding="UTF-8"?><Response/>', "text/xml")


def _build(services: Services) -> Adapters:
    at = (services.http, services.settings[BASE_URL.name], services.public_url)
    texts = TwilioSms(*at, settle_seconds=services.settle_seconds)
    return Adapters(
        senders={SMS: texts},
        receivers={"sms": _TEXTS, "sms_status": _STATUSES, "voice": _VOICE},
        media={SMS: texts},
        checkers={SMS: texts, PHONE: TwilioPhone(*at)},
    )


PROVIDER = Provider(
    key="twilio",
    label="Twilio",
    settings=(BASE_URL,),
    kinds=(
        Kind(
            SMS,
            place=50,
            label="SMS",
            about=N_("A Twilio number for texts."),
            fields=CONNECT_FIELDS,
            steps=STEPS,
            rules=SMS_RULES,
        ),
        Kind(
            PHONE,
            place=51,
            label=N_("Phone"),
            about=N_("A Twilio phone line whose calls we log."),
            fields=PHONE_CONNECT_FIELDS,
            steps=PHONE_STEPS,
        ),
    ),
    doors=(
        Door(SMS_PATH, "sms", SMS, _TEXTS.names, answer=_NOTHING),
        # A status is about a known text or call, so it may name no number, or another.
        Door(STATUS_PATH, "sms_status", SMS, _STATUSES.names, may_be_unnamed=True, may_name_others=True, answer=_NOTHING),
        Door(VOICE_PATH, "voice", PHONE, _VOICE.names, may_be_unnamed=True, may_name_others=True, answer=_NOTHING),
    ),
    calls={"twilio": "Twilio", "sms": "SMS", "voice": N_("Phone")},
    kept_headers=("x-twilio-signature",),
    build=_build,
)
