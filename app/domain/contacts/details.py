"""Change a contact's identities, preferred identity, further addresses and consents, one at a time.

The caller has locked the contact (`edit.lock_contact`), so that every change raises its version.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.db import advisory_xact_lock
from app.core.ids import new_id
from app.domain.contacts.actions import IdentityInput, identity_lock_key
from app.domain.contacts.edit import IdentityTaken, tell_addresses
from app.domain.contacts.models import ConsentPurpose, Contact, ContactAddress, ContactConsent, ContactIdentity
from app.domain.events.actions import Actor, audit

REMOVABLE = ("email", "phone", "wa_id", "username")  # a provider's own ids are how it names them to us


class DetailMissing(Exception):
    """Raised when the contact does not have, or no longer has, this identity or address."""


def add_identity(session: Session, contact: Contact, identity: IdentityInput, *, actor: Actor, now: datetime) -> ContactIdentity:
    """Add an identity to the contact and return it. If the contact has it already, return the existing one. Raises
    `IdentityTaken` if it belongs to another contact."""
    advisory_xact_lock(session, identity_lock_key(identity))
    same = (
        ContactIdentity.kind == identity.kind,
        ContactIdentity.scope == identity.scope,
        ContactIdentity.value == identity.value,
    )
    known = session.execute(sa.select(ContactIdentity).where(*same)).scalars().first()
    if known is not None and known.contact_id != contact.id:
        raise IdentityTaken(identity)
    if known is not None:
        return known
    added = ContactIdentity(
        id=new_id(),
        contact_id=contact.id,
        kind=identity.kind,
        scope=identity.scope,
        value=identity.value,
        display=identity.display or identity.value,
        created_at=now,
    )
    session.add(added)
    _changed(session, contact, "IdentityAdded", actor=actor, now=now, detail={"kind": identity.kind})
    return added


def remove_identity(session: Session, contact: Contact, identity_id: uuid.UUID, *, actor: Actor, now: datetime) -> IdentityInput:
    """Remove an email address, phone number or user name of the contact, and return it. Raises `DetailMissing` if the contact
    has no such identity, or if it is a provider's own id."""
    identity = _identity(session, contact, identity_id)
    if identity.kind not in REMOVABLE:
        raise DetailMissing(str(identity_id))
    was = IdentityInput(identity.kind, identity.value, identity.scope, identity.display)
    session.delete(identity)
    _changed(session, contact, "IdentityRemoved", actor=actor, now=now, detail={"kind": was.kind})
    return was


def prefer_identity(session: Session, contact: Contact, identity_id: uuid.UUID, *, actor: Actor, now: datetime) -> None:
    """Make this identity the preferred one of its kind; a former identity becomes a current one. Raises DetailMissing."""
    wanted = _identity(session, contact, identity_id)
    wanted.former_since = None
    others = sa.select(ContactIdentity).where(ContactIdentity.contact_id == contact.id, ContactIdentity.kind == wanted.kind)
    for identity in session.execute(others).scalars():
        identity.is_primary = identity.id == wanted.id
    _changed(session, contact, "IdentityPreferred", actor=actor, now=now, detail={"kind": wanted.kind})


def add_address(session: Session, contact: Contact, *, label: str, address: str, actor: Actor, now: datetime) -> ContactAddress:
    """Add a further address to the contact and return it."""
    added = ContactAddress(id=new_id(), contact_id=contact.id, label=label, address=address, created_at=now)
    session.add(added)
    _changed(session, contact, "AddressAdded", actor=actor, now=now)
    tell_addresses(session, contact, now=now)
    return added


def remove_address(session: Session, contact: Contact, address_id: uuid.UUID, *, actor: Actor, now: datetime) -> None:
    """Remove a further address of the contact. Raises DetailMissing."""
    address = session.get(ContactAddress, address_id)
    if address is None or address.contact_id != contact.id:
        raise DetailMissing(str(address_id))
    session.delete(address)
    _changed(session, contact, "AddressRemoved", actor=actor, now=now)
    tell_addresses(session, contact, now=now)


def set_consent(
    session: Session, contact: Contact, purpose: ConsentPurpose, *, is_given: bool, basis: str, actor: Actor, now: datetime
) -> ContactConsent:
    """Store whether the contact consents to one use of their data, and where they said so (`basis`)."""
    consent = session.get(ContactConsent, (contact.id, purpose))
    if consent is None:
        consent = ContactConsent(contact_id=contact.id, purpose=purpose)
        session.add(consent)
    consent.is_given, consent.basis = is_given, basis
    consent.changed_at, consent.changed_by_user_id = now, actor.user_id
    detail = {"purpose": purpose.value, "is_given": is_given}
    _changed(session, contact, "ConsentChanged", actor=actor, now=now, detail=detail)
    return consent


def _identity(session: Session, contact: Contact, identity_id: uuid.UUID) -> ContactIdentity:
    identity = session.get(ContactIdentity, identity_id)
    if identity is None or identity.contact_id != contact.id:
        raise DetailMissing(str(identity_id))
    return identity


def _changed(
    session: Session, contact: Contact, action: str, *, actor: Actor, now: datetime, detail: dict[str, Any] | None = None
) -> None:
    contact.version, contact.updated_at = contact.version + 1, now
    session.flush()
    audit(session, action=action, object_type="contact", object_id=str(contact.id), now=now, actor=actor, detail=detail)
