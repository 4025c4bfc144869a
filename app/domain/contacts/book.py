"""Read the address book: contacts by name, the profile of a contact, likely duplicates.

As in `queries`, the caller passes the condition on the contacts that the viewer may see (`within`).
"""

from __future__ import annotations

import contextlib
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import phonenumbers
import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from app.core.text import storable
from app.domain.accounts.models import User
from app.domain.contacts.models import Contact, ContactAddress, ContactConsent, ContactIdentity, ContactMerge
from app.domain.contacts.numbers import HOME_REGION, NotAnAddress, as_searched, clean_phone
from app.domain.contacts.queries import ContactMissing, ContactRecord, records_of

SEARCHED = 2000  # hits of one kind that a search looks at
HOME_CODE = phonenumbers.country_code_for_region(HOME_REGION)
SHORT = 3  # fewer letters than this and no index of trigrams helps
BELOW = 100
DUPLICATES = 10
NAMESAKES = 200
NUMBERS = ("phone", "wa_id")
_NUMBER = re.compile(r"\+?[\d\s()./-]{4,40}")
_POSTCODE = re.compile(r"\b([1-9]\d{3})\s?([A-Za-z]{2})\b|\b([A-Za-z]\d[A-Za-z])\s?(\d[A-Za-z]\d)\b|\b(\d{5})\b")


@dataclass(frozen=True)
class BookPage:
    """A page of contacts by name. `organizations`: the names of their organizations by id. `next_after`: the id of the last
    contact, or None on the last page."""

    items: tuple[ContactRecord, ...]
    organizations: dict[uuid.UUID, str]
    next_after: uuid.UUID | None


@dataclass(frozen=True)
class Profile:
    """A contact with identities, addresses, consents and merges. `below`: members of this organization, at most BELOW."""

    contact: Contact
    identities: tuple[ContactIdentity, ...]
    parents: tuple[Contact, ...]  # the organization, the one above it …
    below: tuple[Contact, ...]
    addresses: tuple[ContactAddress, ...]
    consents: tuple[tuple[ContactConsent, str | None], ...]  # each with who wrote it down
    merges: tuple[tuple[ContactMerge, str], ...]  # those that stand, newest first, each with the name of the other


@dataclass(frozen=True)
class Duplicate:
    """A contact that may be the same as another; `why` is "number", "email" or "name"."""

    contact: Contact
    why: str


def list_book(
    session: Session,
    *,
    within: sa.ColumnElement[bool],
    text: str = "",
    after: uuid.UUID | None = None,
    limit: int = 50,
) -> BookPage:
    """List a page of contacts by name. `text`: part of a name, an address or an email address, or a number in any notation. At
    most four queries."""
    query = sa.select(Contact).where(Contact.merged_into_id.is_(None), within, not_a_colleague())
    words = " ".join(as_searched(storable(text)[:200]).split())
    if words:
        query = query.where(_holds(words))
    place = session.get(Contact, after) if after else None
    if place is not None:
        lowered = sa.select(sa.func.lower(Contact.name)).where(Contact.id == place.id)
        edge = sa.tuple_(sa.literal(session.execute(lowered).scalar_one(), sa.Text), sa.literal(place.id, sa.Uuid))
        query = query.where(sa.tuple_(sa.func.lower(Contact.name), Contact.id) > edge)
    found = session.execute(query.order_by(sa.func.lower(Contact.name), Contact.id).limit(limit + 1)).scalars().all()
    shown = found[:limit]
    return BookPage(
        items=tuple(records_of(session, shown)),
        organizations=_names(session, [c.parent_organization_id for c in shown if c.parent_organization_id]),
        next_after=shown[-1].id if len(found) > limit else None,
    )


def not_a_colleague() -> sa.ColumnElement[bool]:
    """Return the SQL condition that excludes the contacts of users."""
    return ~sa.exists(sa.select(User.id).where(User.contact_id == Contact.id))


def _holds(words: str) -> sa.ColumnElement[bool]:
    if len(words) < SHORT:
        return Contact.name.istartswith(words, autoescape=True)
    sources = [
        sa.select(Contact.id).where(Contact.name.icontains(words, autoescape=True)).limit(SEARCHED),
        sa.select(Contact.id).where(Contact.address.icontains(words, autoescape=True)).limit(SEARCHED),
        sa.select(ContactAddress.contact_id).where(ContactAddress.address.icontains(words, autoescape=True)).limit(SEARCHED),
        sa.select(ContactIdentity.contact_id)
        .where(ContactIdentity.value.contains(words.lower(), autoescape=True))
        .limit(SEARCHED),
    ]
    sources += [
        sa.select(ContactIdentity.contact_id)
        .where(ContactIdentity.kind.in_(NUMBERS), ContactIdentity.value.contains(digits))
        .limit(SEARCHED)
        for digits in _digits(words)
    ]
    return Contact.id.in_(sa.union_all(*(sa.select(source.subquery()) for source in sources)))


def _digits(words: str) -> set[str]:
    """Return the digits to search for, given a typed phone number. All notations of the number contain them: "06-1234" is found
    in +316 1234, 0031 (0)6 1234 … Return an empty set for other text."""
    if not _NUMBER.fullmatch(words):
        return set()
    found = {re.sub(r"\D", "", words).lstrip("0")}
    with contextlib.suppress(NotAnAddress):
        found.add(clean_phone(words).removeprefix("+"))
    return {digits for digits in found if len(digits) >= SHORT}


def _names(session: Session, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    query = sa.select(Contact.id, Contact.name).where(Contact.id.in_(ids))
    return {row.id: row.name for row in session.execute(query)} if ids else {}


def get_profile(session: Session, *, contact_id: uuid.UUID, within: sa.ColumnElement[bool]) -> Profile:
    """Return the profile of one contact. At most eight queries. Raises ContactMissing."""
    query = sa.select(Contact).where(Contact.id == contact_id, Contact.merged_into_id.is_(None), within, not_a_colleague())
    contact = session.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()
    if contact is None:
        raise ContactMissing(str(contact_id))
    of_contact = ContactIdentity.contact_id == contact.id
    is_former = ContactIdentity.former_since.is_not(None)
    order = (is_former, ContactIdentity.kind, ContactIdentity.is_primary.desc(), ContactIdentity.created_at, ContactIdentity.id)
    addresses = sa.select(ContactAddress).where(ContactAddress.contact_id == contact.id).order_by(ContactAddress.created_at)
    consents = sa.select(ContactConsent, User.name).outerjoin(User, User.id == ContactConsent.changed_by_user_id)
    merged = aliased(Contact)
    merges = sa.select(ContactMerge, merged.name).join(merged, merged.id == ContactMerge.merged_id)
    standing = sa.and_(ContactMerge.kept_id == contact.id, ContactMerge.undone_at.is_(None))
    below = sa.select(Contact).where(Contact.parent_organization_id == contact.id, Contact.merged_into_id.is_(None), within)
    return Profile(
        contact=contact,
        identities=tuple(session.execute(sa.select(ContactIdentity).where(of_contact).order_by(*order)).scalars()),
        parents=tuple(_parents(session, contact, within)),
        below=tuple(session.execute(below.order_by(sa.func.lower(Contact.name)).limit(BELOW)).scalars()),
        addresses=tuple(session.execute(addresses).scalars()),
        consents=tuple((r[0], r[1]) for r in session.execute(consents.where(ContactConsent.contact_id == contact.id))),
        merges=tuple((r[0], r[1]) for r in session.execute(merges.where(standing).order_by(ContactMerge.merged_at.desc()))),
    )


def _parents(session: Session, contact: Contact, within: sa.ColumnElement[bool]) -> list[Contact]:
    """List the organizations above a contact, the nearest first. The list ends before the first organization that the viewer
    may not see."""
    found: list[Contact] = []
    above = contact.parent_organization_id
    while above is not None and len(found) < 10:
        parent = session.execute(sa.select(Contact).where(Contact.id == above, within)).scalar_one_or_none()
        if parent is None or parent in found:
            break
        found.append(parent)
        above = parent.parent_organization_id
    return found


def find_kept(session: Session, contact_id: uuid.UUID) -> uuid.UUID | None:
    """Return the id of the contact into which this contact was finally merged, through several merges if needed. Return None if
    it was not merged."""
    kept, seen = None, {contact_id}
    contact = session.get(Contact, contact_id)
    while contact is not None and contact.merged_into_id is not None and contact.merged_into_id not in seen:
        kept = contact.merged_into_id
        seen.add(kept)
        contact = session.get(Contact, kept)
    return kept


def list_organizations(session: Session, *, within: sa.ColumnElement[bool], text: str, limit: int = 20) -> list[Contact]:
    """List the organizations whose name contains `text`, by name."""
    query = sa.select(Contact).where(
        Contact.contact_type == "organization",
        Contact.merged_into_id.is_(None),
        Contact.name.icontains(text, autoescape=True),
        within,
    )
    return list(session.execute(query.order_by(sa.func.lower(Contact.name), Contact.id).limit(limit)).scalars())


def list_duplicates(session: Session, profile: Profile, *, within: sa.ColumnElement[bool]) -> list[Duplicate]:
    """List contacts that may be the same as this one: they have its phone number in another notation, its email address with
    another +tag, or its name and postcode. At most four queries, each answered by an index."""
    numbers = _number_variants(profile.identities)
    plain, tagged = _mail_variants(profile.identities)
    values = sa.or_(
        sa.and_(ContactIdentity.kind.in_(NUMBERS), ContactIdentity.scope == "", ContactIdentity.value.in_(numbers)),
        sa.and_(ContactIdentity.kind == "email", ContactIdentity.scope == "", ContactIdentity.value.in_(plain)),
        *(sa.and_(ContactIdentity.kind == "email", ContactIdentity.value.like(pattern, escape="\\")) for pattern in tagged),
    )
    rows = session.execute(sa.select(ContactIdentity.contact_id, ContactIdentity.kind).where(values).limit(100))
    why = {row.contact_id: "email" if row.kind == "email" else "number" for row in rows}
    for contact_id in _namesakes(session, profile):
        why.setdefault(contact_id, "name")
    why.pop(profile.contact.id, None)
    query = sa.select(Contact).where(Contact.id.in_(why), Contact.merged_into_id.is_(None), within, not_a_colleague())
    found = session.execute(query.order_by(Contact.created_at, Contact.id).limit(DUPLICATES)).scalars() if why else ()
    return [Duplicate(contact, why[contact.id]) for contact in found]


def _number_variants(identities: Sequence[ContactIdentity]) -> set[str]:
    """Return the notations in which these numbers may be stored: +316…, 316…, 00316…, 06…"""
    variants: set[str] = set()
    for identity in identities:
        if identity.kind not in NUMBERS:
            continue
        text = f"+{identity.value}" if identity.kind == "wa_id" else identity.value
        try:
            number = phonenumbers.parse(text, HOME_REGION)
        except phonenumbers.NumberParseException:
            continue
        whole, national = f"{number.country_code}{number.national_number}", str(number.national_number)
        variants |= {f"+{whole}", whole, f"00{whole}"}
        variants |= {f"0{national}"} if number.country_code == HOME_CODE else set()
    return variants


def _mail_variants(identities: Sequence[ContactIdentity]) -> tuple[list[str], list[str]]:
    """Return the mail addresses without their +tag, and LIKE patterns of the same addresses with any +tag."""
    plain: list[str] = []
    for identity in identities:
        if identity.kind == "email":
            local, _, domain = identity.value.partition("@")
            plain.append(f"{local.partition('+')[0]}@{domain}")
    patterns = [re.sub(r"([\\%_])", r"\\\1", address).replace("@", "+%@", 1) for address in plain]
    return plain, patterns


def _namesakes(session: Session, profile: Profile) -> list[uuid.UUID]:
    """Return the ids of contacts with the same name and a postcode of this contact."""
    mine = _postcodes([profile.contact.address, *(address.address for address in profile.addresses)])
    if not mine:
        return []
    same = sa.func.lower(Contact.name) == sa.func.lower(profile.contact.name)
    query = (
        sa.select(Contact.id, Contact.address, sa.func.array_agg(ContactAddress.address).label("more"))
        .outerjoin(ContactAddress, ContactAddress.contact_id == Contact.id)
        .where(same, Contact.merged_into_id.is_(None), Contact.id != profile.contact.id)
        .group_by(Contact.id)
        .limit(NAMESAKES)
    )
    return [r.id for r in session.execute(query) if mine & _postcodes([r.address, *(text for text in r.more if text)])]


def _postcodes(addresses: Sequence[str]) -> set[str]:
    return {"".join(filter(None, match.groups())).upper() for text in addresses for match in _POSTCODE.finditer(text)}
