"""A mailbox at any mail server: sent by SMTP, read by IMAP."""

from __future__ import annotations

from app.contract.base import MAIL_RULES
from app.contract.provider import Adapters, Kind, Provider, Services
from app.contract.setup_field import MAIL_ADDRESS
from app.core.text import mark as N_
from app.providers.smtp.account import CONNECT_FIELDS
from app.providers.smtp.adapter import MailServerMail

KEY = "email/smtp"


def _build(services: Services) -> Adapters:
    mail = MailServerMail(allowed_networks=services.allowed_networks, ehlo_name=services.mail_domain, meter=services.meter)
    return Adapters(senders={KEY: mail}, pollers={KEY: mail}, checkers={KEY: mail})


PROVIDER = Provider(
    key="smtp",
    label=N_("Mail server"),
    kinds=(
        Kind(
            KEY,
            place=30,
            label=N_("Mailbox on a mail server"),
            about=N_("A mailbox on any mail server, using SMTP and IMAP."),
            fields=(MAIL_ADDRESS, *CONNECT_FIELDS),
            has_past=True,
            rules=MAIL_RULES,
        ),
    ),
    calls={"mail_server": N_("Mail server")},
    build=_build,
)
