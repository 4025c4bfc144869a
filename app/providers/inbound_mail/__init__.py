"""Mail that a service (inbound parse) posts to us with a key in the URL; we never call the service."""

from __future__ import annotations

from app.contract.base import MAIL_RULES
from app.contract.provider import Kind, Provider
from app.contract.setup_field import MAIL_ADDRESS
from app.core.text import mark as N_

PROVIDER = Provider(
    key="inbound_mail",
    label=N_("Incoming email"),
    kinds=(
        Kind(
            "email",
            place=60,
            label=N_("Incoming email"),
            about=N_("Email that a service forwards to us over HTTP (inbound parse). Receive only."),
            fields=(MAIL_ADDRESS,),
            steps=(
                N_("At the email service, enter the address below for inbound parse, and have the service post the raw email."),
            ),
            issued="url_key",
            rules=MAIL_RULES,
        ),
    ),
    calls={"email": N_("Incoming email")},
)
