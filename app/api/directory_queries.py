"""Read channels, users and teams as far as a viewer may see them."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.keyset import Place, Sort, cut, paged
from app.core.paging import Page
from app.domain.accounts.access import Viewer
from app.domain.accounts.models import Brand, BrandMember, Role, Team, TeamMember, User
from app.domain.accounts.permissions import COLLEAGUES, Permission, role_may, users_with
from app.domain.connections.models import Channel, ChannelType
from app.domain.connections.queries import ChannelMissing


class PersonMissing(Exception):
    """Raised when the user or team does not exist, or the viewer may not see it."""


@dataclass(frozen=True)
class ChannelRecord:
    channel: Channel
    brand_key: str


@dataclass(frozen=True)
class UserRecord:
    user: User
    brand_keys: tuple[str, ...]
    team_ids: tuple[uuid.UUID, ...]


@dataclass(frozen=True)
class TeamRecord:
    team: Team
    member_contact_ids: tuple[uuid.UUID, ...]


def list_channels(
    session: Session,
    *,
    viewer: Viewer,
    channel_type: ChannelType | None,
    brand: str | None,
    is_active: bool | None,
    sort: Sort,
    cursor: str | None,
    limit: int,
) -> Page[ChannelRecord]:
    """Return one page of the channels the viewer may see. Raises BadCursor."""
    column = {"channel_name": Channel.name, "created_at": Channel.created_at}[sort.field]
    query = _channel_query(viewer)
    for condition, value in ((Channel.channel_type, channel_type), (Brand.key, brand), (Channel.is_active, is_active)):
        if value is not None:
            query = query.where(condition == value)
    rows = session.execute(paged(query, sort, column, Channel.id, cursor=cursor, limit=limit, kind=_kind(sort))).all()
    records = [ChannelRecord(row.Channel, row.key) for row in rows]
    return cut(records, limit, sort, lambda r: Place(getattr(r.channel, column.key), r.channel.id))


def get_channel(session: Session, *, viewer: Viewer, channel_id: uuid.UUID) -> ChannelRecord:
    """Return one channel with the key of its brand. Raises ChannelMissing."""
    row = session.execute(_channel_query(viewer).where(Channel.id == channel_id)).one_or_none()
    if row is None:
        raise ChannelMissing(str(channel_id))
    return ChannelRecord(row.Channel, row.key)


def _channel_query(viewer: Viewer) -> sa.Select[*tuple[Any, ...]]:
    query = sa.select(Channel, Brand.key).join(Brand, Brand.id == Channel.brand_id)
    return query.where(Channel.brand_id.in_(viewer.brand_ids))


def list_users(
    session: Session,
    *,
    viewer: Viewer,
    role: Role | None,
    brand: str | None,
    contact_id: uuid.UUID | None,
    sort: Sort,
    cursor: str | None,
    limit: int,
) -> Page[UserRecord]:
    """Return one page of the users who share a brand with the viewer; an admin sees all of them. Raises BadCursor."""
    column = {"name": User.name, "created_at": User.created_at}[sort.field]
    query = sa.select(User).where(_in_sight(viewer))
    if role is not None:
        query = query.where(User.role == role)
    if contact_id is not None:
        query = query.where(User.contact_id == contact_id)
    if brand is not None:
        shared = sa.select(Brand.id).where(Brand.key == brand, Brand.id.in_(viewer.brand_ids))
        query = query.where(_works_for(shared))
    users = session.execute(paged(query, sort, column, User.id, cursor=cursor, limit=limit, kind=_kind(sort))).scalars().all()
    page = cut(users, limit, sort, lambda u: Place(getattr(u, column.key), u.id))
    return Page(tuple(_user_records(session, viewer, page.items)), page.next_cursor)


def get_user(session: Session, *, viewer: Viewer, user_id: uuid.UUID) -> UserRecord:
    """Return one user whom the viewer may see. Raises PersonMissing."""
    user = session.execute(sa.select(User).where(User.id == user_id, _in_sight(viewer))).scalar_one_or_none()
    if user is None:
        raise PersonMissing(str(user_id))
    return _user_records(session, viewer, [user])[0]


def _in_sight(viewer: Viewer) -> sa.ColumnElement[bool]:
    if viewer.may(Permission.BRANDS_ALL):
        return User.role.in_(COLLEAGUES)
    return sa.or_(User.id == viewer.user_id, _works_for(viewer.brand_ids))


def _works_for(brand_ids: Any) -> sa.ColumnElement[bool]:
    member = sa.exists().where(BrandMember.user_id == User.id, BrandMember.brand_id.in_(brand_ids))
    return sa.or_(users_with(Permission.BRANDS_ALL), member)


def _user_records(session: Session, viewer: Viewer, users: Sequence[User]) -> list[UserRecord]:
    ids = [user.id for user in users]
    keys = {row.id: row.key for row in session.execute(sa.select(Brand.id, Brand.key).where(Brand.id.in_(viewer.brand_ids)))}
    brands: dict[uuid.UUID, list[str]] = defaultdict(list)
    teams: dict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
    for row in session.execute(sa.select(BrandMember.user_id, BrandMember.brand_id).where(BrandMember.user_id.in_(ids))):
        if row.brand_id in keys:
            brands[row.user_id].append(keys[row.brand_id])
    for row in session.execute(sa.select(TeamMember.user_id, TeamMember.team_id).where(TeamMember.user_id.in_(ids))):
        teams[row.user_id].append(row.team_id)
    for user in users:
        if role_may(user.role, Permission.BRANDS_ALL):
            brands[user.id] = list(keys.values())
    return [UserRecord(u, tuple(sorted(brands[u.id])), tuple(sorted(teams[u.id]))) for u in users]


def list_teams(session: Session, *, viewer: Viewer, sort: Sort, cursor: str | None, limit: int) -> Page[TeamRecord]:
    """Return one page of all teams, each with the members the viewer may see. Raises BadCursor."""
    teams = (
        session.execute(paged(sa.select(Team), sort, Team.name, Team.id, cursor=cursor, limit=limit, kind=str)).scalars().all()
    )
    page = cut(teams, limit, sort, lambda t: Place(t.name, t.id))
    return Page(tuple(_team_records(session, viewer, page.items)), page.next_cursor)


def get_team(session: Session, *, viewer: Viewer, team_id: uuid.UUID) -> TeamRecord:
    """Return one team with the members the viewer may see. Raises PersonMissing."""
    team = session.get(Team, team_id)
    if team is None:
        raise PersonMissing(str(team_id))
    return _team_records(session, viewer, [team])[0]


def _team_records(session: Session, viewer: Viewer, teams: Sequence[Team]) -> list[TeamRecord]:
    members: dict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
    query = sa.select(TeamMember.team_id, User.contact_id).join(User, User.id == TeamMember.user_id)
    here = query.where(TeamMember.team_id.in_([t.id for t in teams]), User.disabled_at.is_(None), _in_sight(viewer))
    for row in session.execute(here.order_by(User.name, User.id)):
        members[row.team_id].append(row.contact_id)
    return [TeamRecord(team, tuple(members[team.id])) for team in teams]


def _kind(sort: Sort) -> type[datetime] | type[str]:
    return datetime if sort.field == "created_at" else str
