"""Put contacts into words. No database."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from app.core.translation import gettext as _
from app.core.translation import mark as N_
from app.domain.contacts.models import ConsentPurpose, ContactIdentity
from app.domain.contacts.numbers import spoken_number

KINDS = {
    "email": N_("Email"),
    "phone": N_("Phone"),
    "wa_id": "WhatsApp",
    "username": N_("User name"),
    "bsuid": N_("WhatsApp ID"),
    "parent_bsuid": N_("WhatsApp ID"),
}
KIND_ICONS = {"email": "mail", "phone": "phone", "wa_id": "message-circle", "username": "at-sign"}
PURPOSES = {
    ConsentPurpose.MARKETING_EMAIL: N_("Marketing by email"),
    ConsentPurpose.MARKETING_WHATSAPP: N_("Marketing by WhatsApp"),
    ConsentPurpose.SURVEY: N_("Surveys"),
    ConsentPurpose.SHARE_WITH_PARTNERS: N_("Sharing data with partners"),
    ConsentPurpose.VISIT_REMINDER: N_("Visit reminders"),
    ConsentPurpose.ORDER_UPDATES: N_("Order updates by email and WhatsApp"),
}
REASONS = {
    "number": N_("The same phone number, written differently"),
    "email": N_("The same email address, written differently"),
    "name": N_("The same name and postcode"),
}


def kind_words(kind: str) -> str:
    return _(KINDS[kind])


def kind_icon(kind: str) -> str:
    return KIND_ICONS.get(kind, "key")


def purpose_words(purpose: str) -> str:
    return _(PURPOSES[ConsentPurpose(purpose)])


def reason_words(why: str) -> str:
    return _(REASONS[why])


def identity_words(identity: ContactIdentity) -> str:
    """Return an address or number in the form that people read, for example +31 6 12345678."""
    if identity.kind in ("phone", "wa_id"):
        return spoken_number(f"+{identity.value.removeprefix('+')}")
    return identity.display or identity.value


def reach_lines(identities: Iterable[ContactIdentity]) -> list[tuple[str, str, datetime | None]]:
    """Return the ways to reach a contact as (kinds in words, address or number, time since when it is no longer theirs, or
    None).

    Phone and WhatsApp with the same number are one line.
    """
    kinds: dict[tuple[str, datetime | None], list[str]] = {}
    for identity in identities:
        if identity.kind in KIND_ICONS:
            kinds.setdefault((identity_words(identity), identity.former_since), []).append(kind_words(identity.kind))
    return [(", ".join(names), words, until) for (words, until), names in kinds.items()]


FILTERS = {
    "reach_lines": reach_lines,
    "kind_words": kind_words,
    "kind_icon": kind_icon,
    "purpose_words": purpose_words,
    "reason_words": reason_words,
    "identity_words": identity_words,
}
