"""Twilio: texts (SMS) and phone calls. See `adapter.py` for texts going out, `incoming.py` and `calls.py` for what comes in."""

from app.providers.twilio.adapter import TwilioPhone, TwilioSms
from app.providers.twilio.calls import VoicePosts
from app.providers.twilio.incoming import SmsPosts, SmsStatusPosts
from app.providers.twilio.setup import CONNECT_FIELDS, PHONE_CONNECT_FIELDS, PHONE_STEPS, STEPS

__all__ = [
    "CONNECT_FIELDS",
    "PHONE_CONNECT_FIELDS",
    "PHONE_STEPS",
    "STEPS",
    "SmsPosts",
    "SmsStatusPosts",
    "TwilioPhone",
    "TwilioSms",
    "VoicePosts",
]
