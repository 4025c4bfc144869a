"""Make people, let them in, change what they may."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts.models import Brand, BrandMember, Role, User
from app.accounts.passwords import check_strength, hash_password, needs_rehash, verify_password
from app.accounts.throttle import forget_failures, note_failure, seconds_to_wait
from app.contacts.models import Contact
from app.core.ids import new_id
from app.events.actions import SYSTEM, Actor, audit


class UserExists(ValueError):
    """Somebody has this e-mail address already."""


class TooManyTries(Exception):
    """Wait `seconds` before the next try."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"wait {seconds} s")
        self.seconds = seconds


class WrongCredentials(Exception):
    """No such account, or not this password; nobody is told which."""


def find_user_by_email(session: Session, email: str) -> User | None:
    return session.execute(sa.select(User).where(sa.func.lower(User.email) == email.strip().lower())).scalar_one_or_none()


def create_user(
    session: Session,
    *,
    email: str,
    name: str,
    role: Role,
    password: str | None,
    brand_ids: Sequence[uuid.UUID] | None = None,
    now: datetime,
    actor: Actor = SYSTEM,
) -> User:
    """Add somebody who signs in, and their contact. `brand_ids` None means all brands. Raises UserExists, WeakPassword."""
    if find_user_by_email(session, email) is not None:
        raise UserExists(f"{email} has an account already")
    if password is not None:
        check_strength(password)
    contact = Contact(id=new_id(), name=name, name_source="user", created_at=now, updated_at=now)
    session.add(contact)
    session.flush()
    user = User(
        id=new_id(),
        contact_id=contact.id,
        email=email.strip().lower(),
        name=name,
        role=role,
        password_hash=hash_password(password) if password else None,
        created_at=now,
    )
    session.add(user)
    session.flush()
    brands = session.execute(sa.select(Brand.id)).scalars().all() if brand_ids is None else brand_ids
    session.add_all(BrandMember(brand_id=brand_id, user_id=user.id) for brand_id in brands)
    audit(
        session,
        action="UserCreated",
        object_type="user",
        object_id=str(user.id),
        now=now,
        actor=actor,
        detail={"role": role.value},
    )
    return user


def authenticate(session: Session, *, email: str, password: str, address: str, now: datetime) -> User:
    """Return the user these credentials belong to. Raises TooManyTries or WrongCredentials (the failure is counted: commit)."""
    wait = seconds_to_wait(session, email=email, address=address, now=now)
    if wait:
        raise TooManyTries(wait)
    user = find_user_by_email(session, email)
    right = verify_password(password, user.password_hash if user and user.disabled_at is None else None)
    if user is None or not right:
        note_failure(session, email=email, address=address, now=now)
        audit(
            session,
            action="SignInFailed",
            object_type="user",
            object_id=str(user.id if user else ""),
            now=now,
            actor=Actor(ip=address),
        )
        raise WrongCredentials
    forget_failures(session, email=email)
    if user.password_hash and needs_rehash(user.password_hash):
        user.password_hash = hash_password(password)
    audit(session, action="SignedIn", object_type="user", object_id=str(user.id), now=now, actor=Actor(user.id, address))
    return user


def change_password(session: Session, user: User, *, password: str, now: datetime, actor: Actor) -> None:
    """Set a new password; the caller ends the other sessions. Raises WeakPassword."""
    check_strength(password)
    user.password_hash = hash_password(password)
    audit(session, action="PasswordChanged", object_type="user", object_id=str(user.id), now=now, actor=actor)
