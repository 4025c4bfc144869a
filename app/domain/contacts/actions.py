"""Find or create the contact to whom an identity (address, number or provider id) belongs."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from app.core.db import advisory_xact_locks
from app.core.ids import new_id
from app.core.insert_many import insert_many
from app.domain.contacts.models import Contact, ContactIdentity

DISPLAY_ONLY = frozenset({"username"})


@dataclass(frozen=True)
class IdentityInput:
    """An address, number or provider id that identifies a contact. `value` is normalised by `normalise_identity`."""

    kind: str
    value: str
    scope: str = ""
    display: str = ""


def identity_lock_key(identity: IdentityInput) -> str:
    """Return the name of the advisory lock for an identity. A transaction takes this lock before it creates a contact with the
    identity, so that no second contact is created."""
    return f"identity:{identity.kind}:{identity.scope}:{identity.value}"


def find_or_create_contact(
    session: Session, identities: Sequence[IdentityInput], *, name: str, now: datetime, is_new: bool = False
) -> Contact:
    """Return the contact that has one of these identities, or create a contact. The contact also gets those identities that
    belong to no contact yet.

    `identities`: most trusted first. If they belong to different contacts, the contact of the most trusted identity is
    returned and nothing is merged. The caller holds the lock of every identity (`identity_lock_key`). `is_new`: the caller
    has checked that no contact has any of these identities.
    """
    known = {} if is_new else _known(session, identities)
    contact_id = next((known[_key(i)] for i in identities if _key(i) in known), None)
    contact = session.get(Contact, contact_id) if contact_id else None
    if contact is None:
        return create_contacts(session, [(name, identities)], now=now)[0]
    if name and contact.name_source == "provider" and contact.name != name:
        contact.name, contact.updated_at, contact.version = name, now, contact.version + 1
    _learn(session, contact.id, [i for i in identities if _key(i) not in known], now)
    return contact


def create_contacts(session: Session, wanted: Sequence[tuple[str, Sequence[IdentityInput]]], *, now: datetime) -> list[Contact]:
    """Create contacts from pairs of name and identities. The caller holds the locks of the identities and knows that they
    belong to no contact. Two statements, however many contacts."""
    contacts = [
        Contact(id=new_id(), name=_called(name, identities), created_at=now, updated_at=now) for name, identities in wanted
    ]
    session.add_all(contacts)
    session.flush()  # before what belongs to them
    session.add_all(
        _identity(contact.id, one, now) for contact, (_name, owned) in zip(contacts, wanted, strict=True) for one in owned
    )
    session.flush()
    return contacts


def find_or_create_contacts(
    session: Session, wanted: Sequence[tuple[str, Sequence[IdentityInput]]], *, now: datetime
) -> list[uuid.UUID]:
    """Find or create many contacts from pairs of name and identities, and return their ids in the same order. The function
    takes the locks itself.

    A pair without identities always makes a new contact. Pairs with an identity in common are the same contact. Four
    statements in all.
    """
    given = [identity for _name, identities in wanted for identity in identities]
    advisory_xact_locks(session, {identity_lock_key(identity) for identity in given})
    known = _known(session, given)
    ids: list[uuid.UUID] = []
    contacts: list[dict[str, object]] = []
    learned: list[dict[str, object]] = []
    for name, identities in wanted:
        contact_id = next((known[_key(one)] for one in identities if _key(one) in known), None)
        if contact_id is None:
            contact_id = new_id()
            contacts.append(
                {"id": contact_id, "name": _called(name, identities), "name_source": "user", "created_at": now, "updated_at": now}
            )
        for one in identities:
            if _key(one) not in known:
                known[_key(one)] = contact_id
                columns = {"kind": one.kind, "value": one.value, "scope": one.scope, "display": one.display or one.value}
                learned.append({"id": new_id(), "contact_id": contact_id, **columns, "created_at": now})
        ids.append(contact_id)
    insert_many(session, Contact, contacts)
    insert_many(session, ContactIdentity, learned)
    return ids


def create_own_contact(session: Session, *, name: str, now: datetime) -> Contact:
    """Create the contact of a user. It has no identities, so that no incoming message is ever assigned to it."""
    contact = Contact(id=new_id(), name=name, name_source="user", created_at=now, updated_at=now)
    session.add(contact)
    session.flush()
    return contact


def _known(session: Session, identities: Sequence[IdentityInput]) -> dict[tuple[str, str, str], uuid.UUID]:
    keys = [_key(i) for i in identities if i.kind not in DISPLAY_ONLY]
    if not keys:
        return {}
    kinds, scopes, values = (set(column) for column in zip(*keys, strict=True))
    columns = (ContactIdentity.kind, ContactIdentity.scope, ContactIdentity.value, ContactIdentity.contact_id)
    query = sa.select(*columns).where(ContactIdentity.kind.in_(kinds), ContactIdentity.scope.in_(scopes))
    rows = session.execute(query.where(ContactIdentity.value == sa.any_(sa.literal(list(values), ARRAY(sa.Text)))))
    return {(row.kind, row.scope, row.value): row.contact_id for row in rows}  # perhaps of others too, who are not looked up


def _learn(session: Session, contact_id: uuid.UUID, identities: Sequence[IdentityInput], now: datetime) -> None:
    for identity in identities:
        if identity.kind in DISPLAY_ONLY and _has(session, contact_id, identity):
            continue
        session.add(_identity(contact_id, identity, now))
    session.flush()


def _identity(contact_id: uuid.UUID, given: IdentityInput, now: datetime) -> ContactIdentity:
    return ContactIdentity(
        contact_id=contact_id,
        kind=given.kind,
        scope=given.scope,
        value=given.value,
        display=given.display or given.value,
        created_at=now,
    )


def _called(name: str, identities: Sequence[IdentityInput]) -> str:
    return name or (identities[0].display or identities[0].value if identities else "")


def _has(session: Session, contact_id: uuid.UUID, identity: IdentityInput) -> bool:
    same = sa.and_(
        ContactIdentity.contact_id == contact_id, ContactIdentity.kind == identity.kind, ContactIdentity.value == identity.value
    )
    return session.execute(sa.select(ContactIdentity.id).where(same).limit(1)).first() is not None


def _key(identity: IdentityInput) -> tuple[str, str, str]:
    return identity.kind, identity.scope, identity.value


def normalise_identity(kind: str, value: str, scope: str = "") -> IdentityInput | None:
    """Return the identity as it is stored and matched: email addresses in lower case, phone numbers as digits and +, other ids
    unchanged. Return None if nothing usable is left."""
    display = value.strip()
    cleaned = (
        display.lower()
        if kind == "email"
        else "".join(c for c in display if c.isdigit() or c == "+")
        if kind in ("phone", "wa_id")
        else display
    )
    return IdentityInput(kind=kind, value=cleaned[:320], scope=scope, display=display[:320]) if cleaned.strip("+") else None
