"""Invite and remove users of a partner's portal, and find what each user may see.

These users have the role `partner` and are members of no brand and no team. The caller owns the transaction.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.core.text import mark as N_
from app.domain.accounts.actions import BadAddress, NewUser, UserExists, check_new_user, create_user, disable_user
from app.domain.accounts.models import Role, User, UserSession
from app.domain.contacts.actions import create_own_contact
from app.domain.contacts.models import Contact
from app.domain.events.actions import Actor, audit
from app.domain.partners.actions import NAME_CHARACTERS, WrongPartner
from app.domain.partners.models import Partner, PartnerDealer, PartnerPerson

MOST_PEOPLE = 100


class PersonMissing(Exception):
    """Raised when the partner's portal has no such user."""


@dataclass(frozen=True)
class PortalSight:
    """What a portal user may see. `under`: the dealer whose orders the user may see. None: everything of the partner."""

    partner: Partner
    under: uuid.UUID | None

    @property
    def beneficiary_id(self) -> uuid.UUID:
        """Return the id of the organization whose commissions the user sees: the dealer, or the partner. No other level is
        visible."""
        return self.under or self.partner.contact_id


@dataclass(frozen=True)
class PersonRow:
    """A user of a partner's portal. `dealer` is the name of the user's dealer, or "" for a user of the partner itself."""

    person: PartnerPerson
    user: User
    dealer: str
    last_seen_at: datetime | None


def find_sight(session: Session, user_id: uuid.UUID) -> PortalSight | None:
    """Return what this user may see in the portal. Return None if the user is not a portal user. One query."""
    query = sa.select(PartnerPerson, Partner).join(Partner, Partner.id == PartnerPerson.partner_id)
    row = session.execute(query.where(PartnerPerson.user_id == user_id)).one_or_none()
    return None if row is None else PortalSight(row.Partner, row.PartnerPerson.contact_id)


def list_partner_people(session: Session, partner_id: uuid.UUID) -> list[PersonRow]:
    """List the users of a partner's portal by name, with disabled users last. One query."""
    seen = sa.select(sa.func.max(UserSession.last_seen_at)).where(UserSession.user_id == User.id).scalar_subquery()
    query = sa.select(PartnerPerson, User, Contact.name.label("dealer"), seen.label("seen")).join(
        User, User.id == PartnerPerson.user_id
    )
    query = query.outerjoin(Contact, Contact.id == PartnerPerson.contact_id).where(PartnerPerson.partner_id == partner_id)
    rows = session.execute(query.order_by(User.disabled_at.is_not(None), User.name, User.id))
    return [PersonRow(row.PartnerPerson, row.User, row.dealer or "", row.seen) for row in rows]


def list_dealers(session: Session, partner_id: uuid.UUID) -> list[tuple[uuid.UUID, str]]:
    """List (contact id, name) of the partner's dealers, by name."""
    query = sa.select(Contact.id, Contact.name).join(PartnerDealer, PartnerDealer.contact_id == Contact.id)
    rows = session.execute(query.where(PartnerDealer.partner_id == partner_id).distinct().order_by(Contact.name, Contact.id))
    return [(row.id, row.name) for row in rows]


def get_partner_person(session: Session, partner_id: uuid.UUID, user_id: uuid.UUID) -> User:
    """Return this user of the partner's portal. Raises PersonMissing."""
    query = sa.select(User).join(PartnerPerson, PartnerPerson.user_id == User.id)
    found = session.execute(query.where(PartnerPerson.partner_id == partner_id, User.id == user_id)).scalar_one_or_none()
    if found is None:
        raise PersonMissing(str(user_id))
    return found


def add_partner_person(
    session: Session,
    partner: Partner,
    *,
    email: str,
    name: str,
    now: datetime,
    actor: Actor,
    dealer_id: uuid.UUID | None = None,
    locale: str = "en",
) -> User:
    """Add a portal user without a password. The user chooses one through a link. Raises `WrongPartner` if a value is not
    allowed."""
    name = " ".join(name.split())
    if not name or len(name) > NAME_CHARACTERS:
        raise WrongPartner("person_name", N_("Enter a name of at most 120 characters."))
    if dealer_id is not None and dealer_id not in dict(list_dealers(session, partner.id)):
        raise WrongPartner("dealer", N_("Choose one of the partner's dealers."))
    count = sa.select(sa.func.count()).where(PartnerPerson.partner_id == partner.id)
    if session.execute(count).scalar_one() >= MOST_PEOPLE:
        raise WrongPartner("email", N_("You have reached the limit of 100 people. Remove one first."))
    try:
        check_new_user(session, email=email, password=None)
    except BadAddress as error:
        raise WrongPartner("email", N_("This is not an email address.")) from error
    except UserExists as error:
        raise WrongPartner("email", N_("This address is already in use.")) from error
    contact = create_own_contact(session, name=name, now=now)
    new = NewUser(email, name, Role.PARTNER, None, contact.id, brand_ids=(), locale=locale)
    user = create_user(session, new, now=now, actor=actor)
    session.add(PartnerPerson(id=new_id(), user_id=user.id, partner_id=partner.id, contact_id=dealer_id, created_at=now))
    session.flush()
    _audit(session, "PartnerPersonAdded", partner, user, now=now, actor=actor)
    return user


def remove_partner_person(session: Session, partner: Partner, user: User, *, now: datetime, actor: Actor) -> None:
    """Disable a portal user. All sessions of the user end at once."""
    disable_user(session, user.id, now=now, actor=actor)
    _audit(session, "PartnerPersonRemoved", partner, user, now=now, actor=actor)


def _audit(session: Session, action: str, partner: Partner, user: User, *, now: datetime, actor: Actor) -> None:
    detail = {"user_id": str(user.id)}
    audit(session, action=action, object_type="partner", object_id=str(partner.id), now=now, actor=actor, detail=detail)
