"""Find or create the contact behind a name, email address and phone number from an integration."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.contract.base import UnableToParse
from app.core.db import advisory_xact_lock
from app.core.text import mark as N_
from app.domain.contacts.actions import IdentityInput, find_or_create_contact, identity_lock_key
from app.domain.contacts.edit import ContactEdit, create_contact
from app.domain.contacts.models import Contact
from app.domain.contacts.numbers import NotAnAddress, clean_email, clean_phone
from app.domain.events.actions import SYSTEM


def find_person(session: Session, *, name: str, email: str, phone: str, now: datetime) -> Contact:
    """Return the contact with this email address or phone number. If there is none, create the contact. Invalid addresses and
    numbers are ignored.

    Raises `UnableToParse` if there is no name, no valid address and no valid number.
    """
    identities = [*_identity("email", email), *_identity("phone", phone)]
    if not identities and not name:
        raise UnableToParse(N_("no person found: the name, email address and phone number are missing"))
    if not identities:
        return create_contact(session, ContactEdit(columns={"name": name}), actor=SYSTEM, now=now)
    for key in sorted(identity_lock_key(identity) for identity in identities):
        advisory_xact_lock(session, key)
    return find_or_create_contact(session, identities, name=name, now=now)


def _identity(kind: str, text: str) -> list[IdentityInput]:
    try:
        clean = {"email": clean_email, "phone": clean_phone}[kind]
        return [IdentityInput(kind, clean(text), display=text[:320])] if text else []
    except NotAnAddress:
        return []
