"""Read users, brands, teams, sessions and API tokens."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.accounts.models import ApiToken, Brand, BrandMember, Team, TeamMember, User, UserSession
from app.domain.accounts.permissions import COLLEAGUES, Permission, role_may, users_with


class UserMissing(Exception):
    """Raised when there is no user with this id."""


@dataclass(frozen=True)
class Person:
    """A user with brands, teams and the time of the last request. An administrator sees all brands without being a member."""

    user: User
    brands: tuple[Brand, ...]
    teams: tuple[Team, ...]
    last_seen_at: datetime | None

    @property
    def sees_all_brands(self) -> bool:
        return role_may(self.user.role, Permission.BRANDS_ALL)


@dataclass(frozen=True)
class Group:
    """A brand or a team, with the names of its users in alphabetical order. `key` and `hue` are those of a brand; for a team ""
    and 0."""

    id: uuid.UUID
    name: str
    key: str
    hue: int
    members: tuple[str, ...]
    is_archived: bool = False


def get_user(session: Session, user_id: uuid.UUID, *, lock: bool = False) -> User:
    """Return the user, locked if `lock`. Raises UserMissing."""
    user = session.get(User, user_id, with_for_update=True if lock else None, populate_existing=lock)
    if user is None:
        raise UserMissing(str(user_id))
    return user


def find_user_by_email(session: Session, email: str) -> User | None:
    return session.execute(sa.select(User).where(sa.func.lower(User.email) == email.strip().lower())).scalar_one_or_none()


def list_people(session: Session, *, user_id: uuid.UUID | None = None) -> list[Person]:
    """List all colleagues by name, disabled ones last. `user_id` limits the list to one user. Four queries."""
    only = sa.and_(User.role.in_(COLLEAGUES), sa.true() if user_id is None else User.id == user_id)
    users = list(
        session.execute(sa.select(User).where(only).order_by(User.disabled_at.isnot(None), User.name, User.id)).scalars()
    )
    brands, teams, seen = _brands_of(session), _teams_of(session), _last_seen(session)
    return [Person(u, tuple(brands[u.id]), tuple(teams[u.id]), seen.get(u.id)) for u in users]


def _brands_of(session: Session) -> dict[uuid.UUID, list[Brand]]:
    found: dict[uuid.UUID, list[Brand]] = defaultdict(list)
    query = sa.select(BrandMember.user_id, Brand).join(Brand, Brand.id == BrandMember.brand_id).order_by(Brand.name)
    for row in session.execute(query):
        found[row.user_id].append(row.Brand)
    return found


def _teams_of(session: Session) -> dict[uuid.UUID, list[Team]]:
    found: dict[uuid.UUID, list[Team]] = defaultdict(list)
    query = sa.select(TeamMember.user_id, Team).join(Team, Team.id == TeamMember.team_id).order_by(Team.name)
    for row in session.execute(query):
        found[row.user_id].append(row.Team)
    return found


def _last_seen(session: Session) -> dict[uuid.UUID, datetime]:
    query = sa.select(UserSession.user_id, sa.func.max(UserSession.last_seen_at)).group_by(UserSession.user_id)
    return {row[0]: row[1] for row in session.execute(query)}


def list_brands(session: Session) -> list[Brand]:
    return list(session.execute(sa.select(Brand).order_by(Brand.name)).scalars())


def list_offered_brands(session: Session, brand_ids: Collection[uuid.UUID]) -> list[Brand]:
    """List the brands among `brand_ids` that are not archived, by name; forms offer these for something new."""
    return [brand for brand in list_brands(session) if brand.id in brand_ids and brand.archived_at is None]


def list_teams(session: Session, *, brand_ids: Collection[uuid.UUID] | None = None) -> list[Team]:
    """List the teams that are not archived, by name. `brand_ids` leaves out teams whose members all work for other brands."""
    query = sa.select(Team).where(Team.archived_at.is_(None)).order_by(Team.name)
    if brand_ids is not None:
        works_for = sa.select(TeamMember.team_id).join(BrandMember, BrandMember.user_id == TeamMember.user_id)
        works_for = works_for.where(TeamMember.team_id == Team.id)
        query = query.where(sa.or_(works_for.where(BrandMember.brand_id.in_(brand_ids)).exists(), ~works_for.exists()))
    return list(session.execute(query).scalars())


def find_team_name(session: Session, team_id: uuid.UUID) -> str | None:
    return session.execute(sa.select(Team.name).where(Team.id == team_id)).scalar_one_or_none()


def list_brand_groups(session: Session) -> list[Group]:
    """List every brand with the active users who may see it, administrators included."""
    may_see = sa.or_(
        users_with(Permission.BRANDS_ALL),
        sa.exists(sa.select(BrandMember.user_id).where(BrandMember.brand_id == Brand.id, BrandMember.user_id == User.id)),
    )
    query = sa.select(Brand.id, User.name).join(User, may_see).where(User.disabled_at.is_(None)).order_by(User.name)
    names: dict[uuid.UUID, list[str]] = defaultdict(list)
    for brand_id, name in session.execute(query):
        names[brand_id].append(name)
    return [Group(b.id, b.name, b.key, b.hue, tuple(names[b.id])) for b in list_brands(session)]


def list_team_groups(session: Session) -> list[Group]:
    """List every team with its active members; archived teams come last."""
    query = sa.select(TeamMember.team_id, User.name).join(User, User.id == TeamMember.user_id)
    names: dict[uuid.UUID, list[str]] = defaultdict(list)
    for team_id, name in session.execute(query.where(User.disabled_at.is_(None)).order_by(User.name)):
        names[team_id].append(name)
    teams = session.execute(sa.select(Team).order_by(Team.archived_at.is_not(None), Team.name)).scalars()
    return [Group(t.id, t.name, "", 0, tuple(names[t.id]), t.archived_at is not None) for t in teams]


def list_sessions(session: Session, user_id: uuid.UUID, *, now: datetime, idle_since: datetime) -> list[UserSession]:
    """List the user's valid sessions that were used after `idle_since`, the most recently used first."""
    query = sa.select(UserSession).where(
        UserSession.user_id == user_id,
        UserSession.revoked_at.is_(None),
        UserSession.expires_at > now,
        UserSession.last_seen_at > idle_since,
    )
    return list(session.execute(query.order_by(UserSession.last_seen_at.desc(), UserSession.id)).scalars())


def list_tokens(session: Session, user_id: uuid.UUID) -> list[ApiToken]:
    """List the user's API tokens that were not revoked, newest first."""
    query = sa.select(ApiToken).where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
    return list(session.execute(query.order_by(ApiToken.created_at.desc(), ApiToken.id)).scalars())


def find_token(session: Session, token_id: uuid.UUID, *, user_id: uuid.UUID) -> ApiToken | None:
    """Return the API token with this id if it belongs to this user. Return None if not."""
    return session.execute(sa.select(ApiToken).where(ApiToken.id == token_id, ApiToken.user_id == user_id)).scalar_one_or_none()
