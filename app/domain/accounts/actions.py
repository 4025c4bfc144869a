"""Create, authenticate and disable users, and change their role, brands and password."""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.domain.accounts.models import Brand, BrandMember, Role, Team, TeamMember, User
from app.domain.accounts.passwords import check_strength, hash_password, needs_rehash, verify_password
from app.domain.accounts.permissions import Permission, role_may, users_with
from app.domain.accounts.queries import find_user_by_email, get_user
from app.domain.accounts.sessions import end_sessions
from app.domain.accounts.throttle import take_back_try
from app.domain.events.actions import SYSTEM, Actor, audit

# One "@", no white space or control characters anywhere: what could end up in a mail header must not end a line there.
_ADDRESS = re.compile(r"[^\s@\x00-\x1f\x7f]{1,64}@[^\s@\x00-\x1f\x7f]{1,253}")


class UserExists(ValueError):
    """Raised when another user has this email address already."""


class BadAddress(ValueError):
    """Raised when the text is not an email address."""


class LastAdmin(Exception):
    """Raised when a change would leave no active administrator, so that nobody could change it back."""


@dataclass(frozen=True)
class NewUser:
    """The values of a user to create. `contact_id` is the contact of the same person. `brand_ids` None means all brands that
    exist now.

    `password` None means that the user sets a password later, through an invitation.
    """

    email: str
    name: str
    role: Role
    password: str | None
    contact_id: uuid.UUID
    brand_ids: Collection[uuid.UUID] | None = None
    team_ids: Collection[uuid.UUID] = ()
    locale: str = "en"


@dataclass(frozen=True)
class Profile:
    """The settings users change for themselves: name, language, time zone, look and keys."""

    name: str
    locale: str
    timezone: str
    theme: str
    single_keys: bool
    undo_send_seconds: int = 10
    density: str = "comfortable"
    after_closing: str = "next"


@dataclass(frozen=True)
class Standing:
    """The settings an administrator changes for a user: name, role, brands and teams."""

    name: str
    role: Role
    brand_ids: frozenset[uuid.UUID]
    team_ids: frozenset[uuid.UUID]


def check_new_user(session: Session, *, email: str, password: str | None) -> None:
    """Check that a user with these values can be created. Raises `BadAddress`, `UserExists` or `WeakPassword` if not."""
    if not _ADDRESS.fullmatch(email.strip()):
        raise BadAddress(f"{email.strip()[:100]!r} is not an email address")
    if find_user_by_email(session, email) is not None:
        raise UserExists(f"{email.strip()} has an account already")
    if password is not None:
        check_strength(password)


def create_user(session: Session, new: NewUser, *, now: datetime, actor: Actor = SYSTEM) -> User:
    """Create a user. Raises BadAddress, UserExists, WeakPassword."""
    check_new_user(session, email=new.email, password=new.password)
    user = User(
        id=new_id(),
        contact_id=new.contact_id,
        email=new.email.strip().lower(),
        name=new.name,
        role=new.role,
        locale=new.locale,
        password_hash=hash_password(new.password) if new.password else None,
        created_at=now,
    )
    session.add(user)
    session.flush()
    brand_ids = session.execute(sa.select(Brand.id)).scalars().all() if new.brand_ids is None else new.brand_ids
    _replace_brands(session, user.id, brand_ids)
    _replace_teams(session, user.id, new.team_ids)
    _audit(session, "UserCreated", user, now, actor, role=new.role.value, brand_ids=sorted(map(str, brand_ids)))
    return user


def authenticate(
    session: Session, *, email: str, password: str, address: str | None, now: datetime, counted_as: str | None = None
) -> User | None:
    """Return the user with this email address and password, or None if there is none. A failure is audited, so the caller must
    commit in both cases.

    Before this, the caller must count the attempt (`throttle.count_try`, in its own transaction). `counted_as` is the
    address it was counted for, if that is not `address`. A correct password takes the count back. An unknown user, a
    disabled user and a wrong password take the same time.
    """
    user = find_user_by_email(session, email)
    usable = user is not None and user.disabled_at is None
    right = verify_password(password, user.password_hash if user and usable else None)
    if user is None or not right:
        object_id = str(user.id) if user else ""
        audit(session, action="SignInFailed", object_type="user", object_id=object_id, now=now, actor=Actor(ip=address))
        return None
    take_back_try(session, email=email, address=counted_as or address)
    if user.password_hash and needs_rehash(user.password_hash):
        user.password_hash = hash_password(password)
    return user


def set_password(
    session: Session, user: User, password: str, *, now: datetime, actor: Actor, keep: uuid.UUID | None = None
) -> None:
    """Set a new password and end the user's sessions except the session `keep`. Raises WeakPassword."""
    check_strength(password)
    user.password_hash = hash_password(password)
    end_sessions(session, user.id, now=now, but=keep)
    _audit(session, "PasswordChanged", user, now, actor)


def update_profile(session: Session, user: User, profile: Profile, *, now: datetime, actor: Actor) -> None:
    """Store the settings that users change for themselves, and audit the change."""
    user.name, user.locale, user.timezone = profile.name, profile.locale, profile.timezone
    user.theme, user.single_keys = profile.theme, profile.single_keys
    user.undo_send_seconds, user.density = profile.undo_send_seconds, profile.density
    user.after_closing = profile.after_closing
    _audit(session, "ProfileChanged", user, now, actor)


def arrange_rail(
    session: Session, user: User, *, order: Sequence[str], hidden: Sequence[str], now: datetime, actor: Actor
) -> None:
    """Store how the user arranges the sidebar: the order of its links, by name, and the channels that it does not show."""
    user.rail_order, user.rail_hidden = list(order), list(hidden)
    _audit(session, "RailArranged", user, now, actor)


def change_standing(session: Session, user_id: uuid.UUID, standing: Standing, *, now: datetime, actor: Actor) -> None:
    """Change a user's name, role, brands and teams. A new role ends the user's sessions. Raises `LastAdmin`, `UserMissing`."""
    if not role_may(standing.role, Permission.PEOPLE_MANAGE):
        _require_another_admin(session, user_id)
    user = get_user(session, user_id, lock=True)
    if user.role != standing.role:
        end_sessions(session, user.id, now=now)
    before, user.name, user.role = user.role, standing.name, standing.role
    _replace_brands(session, user.id, standing.brand_ids)
    _replace_teams(session, user.id, standing.team_ids)
    brand_ids, team_ids = sorted(map(str, standing.brand_ids)), sorted(map(str, standing.team_ids))
    roles = {"role": standing.role.value, "role_before": before.value}
    _audit(session, "UserChanged", user, now, actor, **roles, brand_ids=brand_ids, team_ids=team_ids)


def disable_user(session: Session, user_id: uuid.UUID, *, now: datetime, actor: Actor) -> None:
    """Disable a user. Their sessions end now and their API tokens no longer work. Raises `LastAdmin`, `UserMissing`."""
    _require_another_admin(session, user_id)
    user = get_user(session, user_id, lock=True)
    if user.disabled_at is None:
        user.disabled_at = now
        end_sessions(session, user.id, now=now)
        _audit(session, "UserDisabled", user, now, actor)


def end_all_sessions(session: Session, user_id: uuid.UUID, *, now: datetime, actor: Actor) -> int:
    """End all sessions of a user who lost a device, and return how many ended. Raises `UserMissing`.

    A phone of the user deletes its stored data the next time it calls us.
    """
    user = get_user(session, user_id, lock=True)
    ended = end_sessions(session, user.id, now=now)
    _audit(session, "SessionsEnded", user, now, actor, count=ended)
    return ended


def enable_user(session: Session, user_id: uuid.UUID, *, now: datetime, actor: Actor) -> None:
    """Enable a disabled user again. Raises UserMissing."""
    user = get_user(session, user_id, lock=True)
    if user.disabled_at is not None:
        user.disabled_at = None
        _audit(session, "UserEnabled", user, now, actor)


def _require_another_admin(session: Session, user_id: uuid.UUID) -> None:
    """Raise `LastAdmin` if this user is the only active administrator.

    The rows of administrators stay locked until the transaction ends, so that two cannot remove each other at the same time.
    """
    active = sa.select(User.id).where(users_with(Permission.PEOPLE_MANAGE), User.disabled_at.is_(None)).order_by(User.id)
    if session.execute(active.with_for_update()).scalars().all() == [user_id]:
        raise LastAdmin


def _replace_brands(session: Session, user_id: uuid.UUID, brand_ids: Collection[uuid.UUID]) -> None:
    session.execute(sa.delete(BrandMember).where(BrandMember.user_id == user_id))
    known = session.execute(sa.select(Brand.id).where(Brand.id.in_(brand_ids)).order_by(Brand.id)).scalars()
    session.add_all(BrandMember(brand_id=brand_id, user_id=user_id) for brand_id in known)
    session.flush()


def _replace_teams(session: Session, user_id: uuid.UUID, team_ids: Collection[uuid.UUID]) -> None:
    session.execute(sa.delete(TeamMember).where(TeamMember.user_id == user_id))
    known = session.execute(sa.select(Team.id).where(Team.id.in_(team_ids)).order_by(Team.id)).scalars()
    session.add_all(TeamMember(team_id=team_id, user_id=user_id) for team_id in known)
    session.flush()


def _audit(session: Session, action: str, user: User, now: datetime, actor: Actor, **detail: object) -> None:
    audit(session, action=action, object_type="user", object_id=str(user.id), now=now, actor=actor, detail=detail)
