"""Create and change contacts from values that people typed: names, addresses, numbers."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.db import advisory_xact_lock
from app.core.ids import new_id
from app.domain.contacts.actions import IdentityInput, identity_lock_key
from app.domain.contacts.models import Contact, ContactIdentity, ContactType
from app.domain.contacts.queries import ContactMissing
from app.domain.events.actions import Actor, Subject, audit, record


class IdentityTaken(Exception):
    """The address or number belongs to another contact already."""

    def __init__(self, identity: IdentityInput) -> None:
        super().__init__(f"{identity.display or identity.value} belongs to another contact already")
        self.identity = identity


class NotAnOrganization(Exception):
    """Raised when the parent of a contact is not an organization, is the contact itself, or is below the contact."""


@dataclass(frozen=True)
class ContactEdit:
    """The values of a contact to write. `columns`: new values by column name. `identities`: by kind, the identities that
    replace all present ones of that kind."""

    columns: Mapping[str, Any] = field(default_factory=dict)
    identities: Mapping[str, Sequence[IdentityInput]] = field(default_factory=dict)


def create_contact(session: Session, edit: ContactEdit, *, actor: Actor, now: datetime) -> Contact:
    """Create a contact that somebody typed in. Raises IdentityTaken, NotAnOrganization."""
    contact = Contact(id=new_id(), name_source="user", created_at=now, updated_at=now, version=1, **edit.columns)
    _check_parent(session, contact.id, contact.parent_organization_id)
    session.add(contact)
    session.flush()
    _replace_identities(session, contact, edit.identities, now)
    audit(session, action="ContactCreated", object_type="contact", object_id=str(contact.id), now=now, actor=actor)
    session.flush()
    if contact.address:
        tell_addresses(session, contact, now=now)
    return contact


def lock_contact(session: Session, contact_id: uuid.UUID) -> Contact:
    """Return the contact, locked until the transaction ends. Raises ContactMissing."""
    query = sa.select(Contact).where(Contact.id == contact_id).with_for_update().execution_options(populate_existing=True)
    contact = session.execute(query).scalar_one_or_none()
    if contact is None:
        raise ContactMissing(str(contact_id))
    return contact


def update_contact(session: Session, contact: Contact, edit: ContactEdit, *, actor: Actor, now: datetime) -> Contact:
    """Change a locked contact; equal values change nothing. Raises IdentityTaken, NotAnOrganization."""
    _check_parent(session, contact.id, edit.columns.get("parent_organization_id"))
    changed = [name for name, value in edit.columns.items() if getattr(contact, name) != value]
    for name in changed:
        setattr(contact, name, edit.columns[name])
    if "name" in changed:
        contact.name_source = "user"
    if _replace_identities(session, contact, edit.identities, now):
        changed.append("identities")
    if changed:
        contact.version, contact.updated_at = contact.version + 1, now
        detail = {"fields": sorted(changed)}
        audit(
            session,
            action="ContactChanged",
            object_type="contact",
            object_id=str(contact.id),
            now=now,
            actor=actor,
            detail=detail,
        )
        session.flush()
        told = {"contact_id": str(contact.id), **detail}  # by whom is in the audit, once
        record(session, "ContactChanged", subject=Subject(), now=now, payload=told)
    if "address" in changed:
        tell_addresses(session, contact, now=now)
    session.flush()
    return contact


def tell_addresses(session: Session, contact: Contact, *, now: datetime) -> None:
    """Record the event that the postal addresses of a contact changed."""
    record(session, "ContactAddressesChanged", subject=Subject(), now=now, payload={"contact_id": str(contact.id)})


def _check_parent(session: Session, contact_id: uuid.UUID, parent_id: uuid.UUID | None) -> None:
    """Raise `NotAnOrganization` unless the parent and all contacts above it are organizations, and none of them is the contact
    itself."""
    seen: set[uuid.UUID] = {contact_id}
    above = parent_id
    while above is not None:
        parent = session.get(Contact, above)
        if parent is None or parent.contact_type != ContactType.ORGANIZATION or above in seen:
            raise NotAnOrganization("must be an organization, and none below this contact")
        seen.add(above)
        above = parent.parent_organization_id


def _replace_identities(
    session: Session, contact: Contact, identities: Mapping[str, Sequence[IdentityInput]], now: datetime
) -> bool:
    """Replace the contact's identities of each given kind. Returns whether anything changed. Raises IdentityTaken."""
    wanted = {(i.kind, i.value): i for group in identities.values() for i in group}
    for identity in sorted(wanted.values(), key=identity_lock_key):
        advisory_xact_lock(session, identity_lock_key(identity))
    present = {(i.kind, i.value): i for i in _of_kinds(session, contact, tuple(identities))}
    gone, added = present.keys() - wanted.keys(), [i for key, i in wanted.items() if key not in present]
    for identity in added:
        _check_free(session, identity)
    for key in gone:
        session.delete(present[key])
    session.flush()
    session.add_all(_row(contact, identity, now) for identity in added)
    session.flush()
    return bool(gone or added)


def _of_kinds(session: Session, contact: Contact, kinds: Sequence[str]) -> Sequence[ContactIdentity]:
    mine = sa.and_(
        ContactIdentity.contact_id == contact.id, ContactIdentity.kind.in_(kinds or ("",)), ContactIdentity.scope == ""
    )
    return session.execute(sa.select(ContactIdentity).where(mine)).scalars().all()


def _check_free(session: Session, identity: IdentityInput) -> None:
    taken = sa.and_(
        ContactIdentity.kind == identity.kind, ContactIdentity.scope == identity.scope, ContactIdentity.value == identity.value
    )
    if session.execute(sa.select(ContactIdentity.id).where(taken)).first() is not None:
        raise IdentityTaken(identity)


def _row(contact: Contact, identity: IdentityInput, now: datetime) -> ContactIdentity:
    return ContactIdentity(
        id=new_id(),
        contact_id=contact.id,
        kind=identity.kind,
        scope=identity.scope,
        value=identity.value,
        display=identity.display or identity.value,
        created_at=now,
    )
