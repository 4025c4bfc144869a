"""SendGrid: mail sent over its API, delivery reports by webhook. Mail received by its inbound parse is ../inbound_mail/."""

from __future__ import annotations

from app.contract.base import MAIL_RULES
from app.contract.provider import Adapters, Door, Kind, Provider, Services, Setting, SignedBody
from app.contract.setup_field import MAIL_ADDRESS
from app.core.text import mark as N_
from app.providers.sendgrid.adapter import CONNECT_FIELDS, STEPS, SendGridMail
from app.providers.sendgrid.events import channel_ids

KEY = "email/sendgrid"
REPORTS = "sendgrid_events"
BASE_URL = Setting("SENDGRID_BASE_URL", "https://api.sendgrid.com")


def _build(services: Services) -> Adapters:
    mail = SendGridMail(services.http, services.settings[BASE_URL.name])
    return Adapters(senders={KEY: mail}, receivers={REPORTS: SignedBody(mail)}, stop_lists={KEY: mail}, checkers={KEY: mail})


PROVIDER = Provider(
    key="sendgrid",
    label="SendGrid",
    settings=(BASE_URL,),
    kinds=(
        Kind(
            KEY,
            place=40,
            label="SendGrid",
            about=N_("Email through SendGrid, with delivery reports; replies arrive through its Inbound Parse."),
            fields=(MAIL_ADDRESS, *CONNECT_FIELDS),
            steps=STEPS,
            rules=MAIL_RULES,
            keeps_templates=True,
        ),
    ),
    doors=(
        Door(
            "/webhooks/sendgrid/events",
            source=REPORTS,
            channel_type="email",
            names=channel_ids,
            max_bytes=12 * 1024 * 1024,
            is_shared=True,
            may_be_unnamed=True,
            may_name_others=True,
        ),
    ),
    calls={"sendgrid": "SendGrid"},
    build=_build,
)
