"""The kinds of channels that can be connected on a page: what each asks for, and what has to be done at its provider.

A kind is a channel type, or "type/transport" where a type has several; then the transport stands among the settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.contract.setup_field import SetupField
from app.core.text import mark as N_
from app.providers import sendgrid, smtp, twilio
from app.providers.graph import setup as outlook
from app.providers.registry import EMAIL, EMAIL_SENDGRID, EMAIL_SMTP, OUTLOOK, OUTLOOK_SIGNED_IN, PHONE, SMS, WHATSAPP
from app.providers.whatsapp import setup as whatsapp


@dataclass(frozen=True)
class Kind:
    """`issued` names the secret that we make and the provider is told: "verify_token", "url_key" or none. `steps`: what to do at
    the provider, one sentence each. `about`: one sentence for choosing. `signs_in`: somebody signs in at
    the provider before it is connected; `asks_consent`: an administrator there may have to agree first. `has_past`: messages lie
    there already when it is connected."""

    key: str
    about: str
    fields: tuple[SetupField, ...]
    steps: tuple[str, ...] = ()
    issued: str = ""
    signs_in: bool = False
    asks_consent: bool = False
    has_past: bool = False

    @property
    def channel_type(self) -> str:
        return self.key.partition("/")[0]

    @property
    def transport(self) -> str:
        """ "" where the type has one way only."""
        return self.key.partition("/")[2]


_MAIL_ADDRESS = SetupField("address", N_("Mail address"), help=N_("The address people write to."))

KINDS: tuple[Kind, ...] = (
    Kind(
        WHATSAPP,
        N_("A number of the WhatsApp Business Platform (Cloud API)."),
        whatsapp.CONNECT_FIELDS,
        whatsapp.STEPS,
        issued="verify_token",
    ),
    Kind(
        OUTLOOK,
        N_("A mailbox in Microsoft 365, read and written by an app registration."),
        outlook.CONNECT_FIELDS,
        outlook.STEPS,
        asks_consent=True,
        has_past=True,
    ),
    Kind(
        OUTLOOK_SIGNED_IN,
        N_("A mailbox in Microsoft 365 or outlook.com that somebody signs in to."),
        outlook.SIGN_IN_FIELDS,
        outlook.SIGN_IN_STEPS,
        signs_in=True,
        has_past=True,
    ),
    Kind(
        EMAIL_SMTP,
        N_("A mailbox at any mail server, sent by SMTP and read by IMAP."),
        (_MAIL_ADDRESS, *smtp.CONNECT_FIELDS),
        has_past=True,
    ),
    Kind(
        EMAIL_SENDGRID,
        N_("Mail sent through SendGrid, with its reports; answers come by its inbound parse."),
        (_MAIL_ADDRESS, *sendgrid.CONNECT_FIELDS),
        sendgrid.STEPS,
    ),
    Kind(SMS, N_("A number for texts at Twilio."), twilio.CONNECT_FIELDS, twilio.STEPS),
    Kind(PHONE, N_("A phone line at Twilio, whose calls are records here."), twilio.PHONE_CONNECT_FIELDS, twilio.PHONE_STEPS),
    Kind(
        EMAIL,
        N_("Mail that a service posts to us (inbound parse). It only receives."),
        (_MAIL_ADDRESS,),
        (N_("At the mail service, enter this address for inbound parse, and let it post the raw mail."),),
        issued="url_key",
    ),
)


def kind_key(channel_type: str, settings: Mapping[str, Any]) -> str:
    """The kind of a channel with these settings."""
    transport = settings.get("transport")
    return f"{channel_type}/{transport}" if transport else channel_type


def find_kind(key: str) -> Kind | None:
    """The kind of this name, or None."""
    return next((kind for kind in KINDS if kind.key == key), None)
