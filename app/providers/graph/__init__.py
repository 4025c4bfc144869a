"""Microsoft 365 mailboxes over Graph: read by delta polling, sent through drafts so that a crash never sends twice."""

from __future__ import annotations

from app.contract.base import MAIL_RULES
from app.contract.budget import Budget
from app.contract.provider import Adapters, HintDoor, Kind, Provider, Services, Setting
from app.core.text import mark as N_
from app.providers.graph.adapter import GraphMail
from app.providers.graph.setup import CONNECT_FIELDS, SIGN_IN_FIELDS, SIGN_IN_STEPS, STEPS
from app.providers.graph.signed_in import TRANSPORT

KEY = "email_outlook"
SIGNED_IN = f"{KEY}/{TRANSPORT}"
BASE_URL = Setting("GRAPH_BASE_URL", "https://graph.microsoft.com")
AUTHORITY = Setting("LOGIN_AUTHORITY", "https://login.microsoftonline.com")
_BUDGET = Budget(4, 30)  # 4 requests at once and 30 messages a minute for a mailbox


def _build(services: Services) -> Adapters:
    mailbox = GraphMail(
        services.http,
        services.settings[BASE_URL.name],
        services.settings[AUTHORITY.name],
        settle_seconds=services.settle_seconds,
        keep_tokens=services.keep_tokens,
        slots=services.slots,
    )
    both = dict.fromkeys((KEY, SIGNED_IN), mailbox)
    return Adapters(senders=both, pollers=both, reconciled=both, notified=both, calendars=both, sign_ins=both, checkers=both)


PROVIDER = Provider(
    key="graph",
    label="Microsoft 365",
    settings=(BASE_URL, AUTHORITY),
    kinds=(
        Kind(
            KEY,
            place=20,
            label=N_("Microsoft 365 mailbox"),
            about=N_("A Microsoft 365 mailbox, accessed through an app registration."),
            fields=CONNECT_FIELDS,
            steps=STEPS,
            asks_consent=True,
            has_past=True,
            rules=MAIL_RULES,
            budget=_BUDGET,
        ),
        Kind(
            SIGNED_IN,
            place=21,
            label=N_("Microsoft mailbox with user sign-in"),
            about=N_("A Microsoft 365 or outlook.com mailbox that a user signs in to."),
            fields=SIGN_IN_FIELDS,
            steps=SIGN_IN_STEPS,
            signs_in=True,
            has_past=True,
            rules=MAIL_RULES,
            budget=_BUDGET,
        ),
    ),
    doors=(
        HintDoor("/webhooks/outlook", "outlook", KEY, echoed="validationToken"),
        HintDoor("/webhooks/outlook/lifecycle", "outlook", KEY, echoed="validationToken", renews=True),
    ),
    calls={"graph": "Microsoft Graph", "outlook": "Microsoft 365", "microsoft_sign_in": N_("Microsoft sign-in")},
    build=_build,
)
