"""Build the `Viewer`: who is signed in, which brands they may see, and what their role permits. Every read of a thread goes
through a `Viewer`."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by
from sqlalchemy.orm import Session

from app.domain.accounts.models import Brand, BrandMember, Role, User
from app.domain.accounts.permissions import COLLEAGUES, Permission, role_may, users_with
from app.domain.events.actions import Actor


@dataclass(frozen=True)
class Viewer:
    """A signed-in user with role and preferences. `brand_ids` are all brands the user may see, always in the same order.

    `scopes` are those of the API token, None for a session in the browser.
    """

    user_id: uuid.UUID
    contact_id: uuid.UUID
    name: str
    email: str
    role: Role
    brand_ids: tuple[uuid.UUID, ...]
    locale: str = "en"
    timezone: str = "Europe/Amsterdam"
    theme: str = "system"
    density: str = "comfortable"
    after_closing: str = "next"
    single_keys: bool = True
    undo_send_seconds: int = 10
    rail_order: tuple[str, ...] = ()
    rail_hidden: tuple[str, ...] = ()
    scopes: frozenset[str] | None = None  # None: a browser session, everything the role allows
    ip: str | None = None

    def may(self, permission: Permission | str) -> bool:
        """Return whether the user's role has the permission. The scopes of an API token are not considered."""
        return role_may(self.role, permission)

    @property
    def actor(self) -> Actor:
        return Actor(user_id=self.user_id, ip=self.ip)


def viewer_of(session: Session, user: User, *, scopes: frozenset[str] | None = None, ip: str | None = None) -> Viewer:
    """Build the viewer for a user. One query, for the brands the user may see."""
    return make_viewer(user, visible_brand_ids(session, user), scopes=scopes, ip=ip)


def make_viewer(
    user: User, brand_ids: tuple[uuid.UUID, ...], *, scopes: frozenset[str] | None = None, ip: str | None = None
) -> Viewer:
    """Build the viewer from a user and the brands they may see."""
    return Viewer(
        user_id=user.id,
        contact_id=user.contact_id,
        name=user.name,
        email=user.email,
        role=user.role,
        brand_ids=brand_ids,
        locale=user.locale,
        timezone=user.timezone,
        theme=user.theme,
        density=user.density,
        after_closing=user.after_closing,
        single_keys=user.single_keys,
        undo_send_seconds=user.undo_send_seconds,
        rail_order=tuple(user.rail_order),
        rail_hidden=tuple(user.rail_hidden),
        scopes=scopes,
        ip=ip,
    )


def colleagues_of(brand_ids: Collection[uuid.UUID]) -> sa.ColumnElement[bool]:
    """Return the condition on users: colleagues, active or disabled, who may see at least one of these brands."""
    member = sa.exists().where(BrandMember.user_id == User.id, BrandMember.brand_id.in_(brand_ids))
    return sa.and_(User.role.in_(COLLEAGUES), sa.or_(users_with(Permission.BRANDS_ALL), member))


def visible_brands() -> sa.ScalarSelect[list[uuid.UUID]]:
    """Return a column for a query over users: a list with the ids of all brands that each user may see, sorted."""
    membership = sa.select(BrandMember.user_id).where(BrandMember.brand_id == Brand.id, BrandMember.user_id == User.id)
    # Said outright: left to itself, SQLAlchemy reads `users` anew in here, and anybody's membership would count.
    member = sa.exists(membership.correlate(Brand, User))
    ids = sa.func.coalesce(sa.func.array_agg(aggregate_order_by(Brand.id, Brand.id)), sa.cast([], ARRAY(sa.Uuid)))
    return sa.select(ids).where(sa.or_(users_with(Permission.BRANDS_ALL), member)).correlate(User).scalar_subquery()


def visible_brand_ids(session: Session, user: User) -> tuple[uuid.UUID, ...]:
    """Return the ids of the brands the user may see. An administrator sees all brands, any other user those of which they are a
    member."""
    query = sa.select(Brand.id).order_by(Brand.id)
    if not role_may(user.role, Permission.BRANDS_ALL):
        query = query.join(BrandMember, BrandMember.brand_id == Brand.id).where(BrandMember.user_id == user.id)
    return tuple(session.execute(query).scalars())


def user_ids_who_see(session: Session, brand_id: uuid.UUID) -> list[uuid.UUID]:
    """Return the ids of active users who may see the brand's threads."""
    member = sa.exists(sa.select(BrandMember.user_id).where(BrandMember.user_id == User.id, BrandMember.brand_id == brand_id))
    may_see = sa.and_(users_with(Permission.THREADS_SEE), sa.or_(users_with(Permission.BRANDS_ALL), member))
    return list(session.execute(sa.select(User.id).where(User.disabled_at.is_(None), may_see).order_by(User.id)).scalars())
