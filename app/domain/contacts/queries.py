"""Read contacts with their identities.

The caller passes the SQL condition for the contacts that the viewer may see (`within`). It depends on threads, which this
feature does not import.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.keyset import Place, Sort, cut, paged
from app.core.paging import Page
from app.domain.contacts.models import Contact, ContactAddress, ContactIdentity, ContactType


class ContactMissing(Exception):
    """There is no such contact, or the viewer may not see it."""


@dataclass(frozen=True)
class ContactFilter:
    """The conditions of a list of contacts. `name` is a part of the name; `email` and `phone` are normalised like identities."""

    contact_type: ContactType | None = None
    parent_organization_id: uuid.UUID | None = None
    name: str | None = None
    email: str | None = None
    phone: str | None = None


@dataclass(frozen=True)
class ContactRecord:
    contact: Contact
    identities: tuple[ContactIdentity, ...]


def get_contact(session: Session, *, contact_id: uuid.UUID, within: sa.ColumnElement[bool]) -> ContactRecord:
    """Return a contact with its identities. Raises ContactMissing."""
    contact = session.execute(sa.select(Contact).where(Contact.id == contact_id, within)).scalar_one_or_none()
    if contact is None:
        raise ContactMissing(str(contact_id))
    return records_of(session, [contact])[0]


def contact_exists(session: Session, *, contact_id: uuid.UUID, within: sa.ColumnElement[bool]) -> bool:
    return session.execute(sa.select(Contact.id).where(Contact.id == contact_id, within)).first() is not None


def list_postal_addresses(session: Session, contact_id: uuid.UUID) -> list[str]:
    """List the postal addresses of a contact as they were typed: the main one, then the others."""
    main = sa.select(Contact.address).where(Contact.id == contact_id, Contact.address != "")
    others = sa.select(ContactAddress.address).where(ContactAddress.contact_id == contact_id).order_by(ContactAddress.created_at)
    return [*session.execute(main).scalars(), *session.execute(others).scalars()]


def find_owner(session: Session, *, kind: str, value: str, within: sa.ColumnElement[bool]) -> Contact | None:
    """Return the contact with this address or number if the viewer may see it, else None."""
    same = (ContactIdentity.kind == kind, ContactIdentity.scope == "", ContactIdentity.value == value)
    query = sa.select(Contact).join(ContactIdentity, ContactIdentity.contact_id == Contact.id).where(*same, within)
    return session.execute(query).scalars().first()


def list_contacts(
    session: Session,
    *,
    filter: ContactFilter,
    within: sa.ColumnElement[bool],
    sort: Sort,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[ContactRecord]:
    """List one page of contacts that fit the filter, in order of creation. Two queries. Raises BadCursor."""
    query = sa.select(Contact).where(within, *_conditions(filter))
    query = paged(query, sort, Contact.created_at, Contact.id, cursor=cursor, limit=limit)
    page = cut(session.execute(query).scalars().all(), limit, sort, lambda c: Place(c.created_at, c.id))
    return Page(tuple(records_of(session, page.items)), page.next_cursor)


def _conditions(filter: ContactFilter) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    if filter.contact_type is not None:
        conditions.append(Contact.contact_type == filter.contact_type)
    if filter.parent_organization_id is not None:
        conditions.append(Contact.parent_organization_id == filter.parent_organization_id)
    if filter.name is not None:
        conditions.append(Contact.name.icontains(filter.name, autoescape=True))
    if filter.email is not None:
        conditions.append(_reached_at(("email",), filter.email))
    if filter.phone is not None:
        conditions.append(sa.or_(_reached_at(("phone",), filter.phone), _reached_at(("wa_id",), filter.phone.removeprefix("+"))))
    return conditions


def _reached_at(kinds: tuple[str, ...], value: str) -> sa.ColumnElement[bool]:
    same = sa.and_(ContactIdentity.kind.in_(kinds), ContactIdentity.scope == "", ContactIdentity.value == value)
    return Contact.id.in_(sa.select(ContactIdentity.contact_id).where(same))


def records_of(session: Session, contacts: Sequence[Contact]) -> list[ContactRecord]:
    """Return these contacts, in the same order, with their identities. One query."""
    identities: dict[uuid.UUID, list[ContactIdentity]] = defaultdict(list)
    query = sa.select(ContactIdentity).where(ContactIdentity.contact_id.in_([c.id for c in contacts]))
    if contacts:
        for identity in session.execute(query.order_by(ContactIdentity.created_at, ContactIdentity.id)).scalars():
            identities[identity.contact_id].append(identity)
    return [ContactRecord(contact, tuple(identities[contact.id])) for contact in contacts]
