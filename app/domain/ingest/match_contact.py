"""Find the one contact of a chat message's sender, even if numbers or ids change. The caller holds the locks of all identities
in the message, old and new."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.contacts.actions import IdentityInput, find_or_create_contact
from app.domain.contacts.merge import UnableToMerge, merge_contacts
from app.domain.contacts.models import Contact, ContactIdentity
from app.domain.events.actions import SYSTEM

NEWCOMER = timedelta(days=7)
"""A contact made so lately may be somebody who wrote from a new number before the provider said whose it is."""
_SCOPED = frozenset({"bsuid", "parent_bsuid", "username"})
_CHAT = _SCOPED | {"wa_id", "phone"}


def join_known_person(session: Session, contact: Contact, identities: Sequence[IdentityInput], *, now: datetime) -> Contact:
    """Merge contacts that are known only by a scoped id into `contact`, if the message names both the phone number of `contact`
    and this id.

    Return `contact`. The merge can be undone.
    """
    if not {"wa_id", "bsuid"} <= {identity.kind for identity in identities}:
        return contact
    for other in _owners(session, [i for i in identities if i.kind == "bsuid"], other_than=contact.id):
        if _kinds(session, other.id) <= _SCOPED:
            _merge(session, contact, other, now)
    return contact


def note_in_use(session: Session, contact: Contact, identities: Sequence[IdentityInput], *, at: datetime) -> None:
    """Make former identities of a contact current and preferred again, as the contact wrote from them at the time `at`."""
    mine = sa.and_(ContactIdentity.contact_id == contact.id, ContactIdentity.former_since < at, _is_one_of(identities))
    back = session.execute(sa.select(ContactIdentity).where(mine)).scalars().all()
    _prefer(session, contact.id, [IdentityInput(row.kind, row.value, row.scope) for row in back])


def take_new_identities(
    session: Session,
    contact: Contact,
    new: Sequence[IdentityInput],
    *,
    former: Sequence[IdentityInput],
    at: datetime,
    now: datetime,
) -> Contact:
    """Add new identities to a contact and return the contact. Mark the `former` identities of the same kinds as former since
    `at`.

    An identity that belongs to another contact stays there. If that other contact is younger than NEWCOMER and has only chat
    identities, it is merged into this one instead.
    """
    if not new:
        return contact
    _mark_former(session, contact.id, former, new, at)
    for other in _owners(session, new, other_than=contact.id):
        if now - other.created_at < NEWCOMER and _kinds(session, other.id) <= _CHAT:
            _merge(session, contact, other, now)
    name = contact.name
    mine = [i for i in new if not _owners(session, [i], other_than=contact.id)]
    if mine:
        known = _ids(session, contact.id)
        find_or_create_contact(session, [*known, *mine], name=name, now=now)
        _prefer(session, contact.id, mine)
    return contact


def _owners(session: Session, identities: Sequence[IdentityInput], *, other_than: uuid.UUID) -> Sequence[Contact]:
    keys = [i for i in identities if i.kind != "username"]
    owners = sa.select(ContactIdentity.contact_id).where(_is_one_of(identities), ContactIdentity.contact_id != other_than)
    return session.execute(sa.select(Contact).where(Contact.id.in_(owners)).order_by(Contact.id)).scalars().all() if keys else []


def _is_one_of(identities: Sequence[IdentityInput]) -> sa.ColumnElement[bool]:
    columns = sa.tuple_(ContactIdentity.kind, ContactIdentity.scope, ContactIdentity.value)
    return columns.in_([(i.kind, i.scope, i.value) for i in identities if i.kind != "username"])


def _kinds(session: Session, contact_id: uuid.UUID) -> set[str]:
    query = sa.select(ContactIdentity.kind).where(ContactIdentity.contact_id == contact_id)
    return set(session.execute(query).scalars())


def _ids(session: Session, contact_id: uuid.UUID) -> list[IdentityInput]:
    """Return a list with the contact's oldest identity that is not a user name. Return [] if there is none."""
    mine = sa.and_(ContactIdentity.contact_id == contact_id, ContactIdentity.kind != "username")
    row = session.execute(
        sa.select(ContactIdentity).where(mine).order_by(ContactIdentity.created_at).limit(1)
    ).scalar_one_or_none()
    return [IdentityInput(row.kind, row.value, row.scope, row.display)] if row else []


def _merge(session: Session, keep: Contact, gone: Contact, now: datetime) -> None:
    try:
        merge_contacts(session, keep_id=keep.id, merge_id=gone.id, now=now, actor=SYSTEM)
    except UnableToMerge:  # a colleague, or of another organization: people decide
        return


def _prefer(session: Session, contact_id: uuid.UUID, identities: Sequence[IdentityInput]) -> None:
    """Make each of these identities current, and the preferred one of its kind. Other identities stay, so that late messages
    still find the contact."""
    for identity in identities:
        same_kind = sa.and_(ContactIdentity.contact_id == contact_id, ContactIdentity.kind == identity.kind)
        is_it = sa.and_(ContactIdentity.value == identity.value, ContactIdentity.scope == identity.scope)
        former_since = sa.case((is_it, sa.null()), else_=ContactIdentity.former_since)
        values = {"is_primary": sa.case((is_it, True), else_=False), "former_since": former_since}
        update = sa.update(ContactIdentity).where(same_kind).values(values)
        session.execute(update.execution_options(synchronize_session="fetch"))


def _mark_former(
    session: Session, contact_id: uuid.UUID, former: Sequence[IdentityInput], new: Sequence[IdentityInput], at: datetime
) -> None:
    """Mark those `former` identities as former since `at` that `new` identities replace.

    A WhatsApp number is also marked as a former phone number, because it may soon belong to somebody else.
    """
    kinds, kept = {i.kind for i in new}, {(i.kind, i.scope, i.value) for i in new}
    left = [i for i in former if i.kind in kinds and (i.kind, i.scope, i.value) not in kept]
    left += [IdentityInput("phone", f"+{i.value}") for i in left if i.kind == "wa_id"]
    theirs = sa.and_(ContactIdentity.contact_id == contact_id, ContactIdentity.former_since.is_(None), _is_one_of(left))
    update = sa.update(ContactIdentity).where(theirs).values(former_since=at, is_primary=False)
    session.execute(update.execution_options(synchronize_session="fetch"))
