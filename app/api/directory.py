"""Serve the reads of /channels, /users and /teams. The writes are in `people.py` and `channels.py`."""

from __future__ import annotations

from werkzeug.wrappers import Response

from app.api.answers import answer, show
from app.api.authorize import current_viewer
from app.api.directory_queries import ChannelRecord, TeamRecord, UserRecord
from app.api.directory_queries import get_channel as find_channel
from app.api.directory_queries import get_team as find_team
from app.api.directory_queries import get_user as find_user
from app.api.directory_queries import list_channels as find_channels
from app.api.directory_queries import list_teams as find_teams
from app.api.directory_queries import list_users as find_users
from app.api.registry import Routes
from app.api.schemas.base import IdPath
from app.api.schemas.directory import (
    ChannelListQuery,
    ChannelOut,
    ChannelPage,
    TeamListQuery,
    TeamOut,
    TeamPage,
    UserListQuery,
    UserOut,
    UserPage,
)
from app.core.db import db
from app.core.keyset import Sort
from app.core.runtime import runtime

channel_routes, user_routes, team_routes = Routes("Channels"), Routes("Users"), Routes("Teams")


@channel_routes.add("get", "/channels", scope="channels:read", answers=ChannelPage)
def list_channels(query: ChannelListQuery) -> Response:
    """List channels.

    Limited to the brands the token's owner may see. The provider's credentials are never shown.
    """
    page = find_channels(
        db.session(),
        viewer=current_viewer(),
        channel_type=query.channel_type,
        brand=query.brand,
        is_active=query.is_active,
        sort=Sort.parse(query.sort),
        cursor=query.cursor,
        limit=query.limit,
    )
    return answer(ChannelPage(items=[channel_out(r) for r in page.items], next_cursor=page.next_cursor)).response()


@channel_routes.add("get", "/channels/<uuid:id>", scope="channels:read", answers=ChannelOut, refuses=(404,))
def get_channel(path: IdPath) -> Response:
    """Show one channel."""
    return show(channel_out(find_channel(db.session(), viewer=current_viewer(), channel_id=path.id)))


@user_routes.add("get", "/users", scope="users:read", answers=UserPage)
def list_users(query: UserListQuery) -> Response:
    """List users.

    Limited to those who share a brand with the token's owner.
    """
    page = find_users(
        db.session(),
        viewer=current_viewer(),
        role=query.role,
        brand=query.brand,
        contact_id=query.contact_id,
        sort=Sort.parse(query.sort),
        cursor=query.cursor,
        limit=query.limit,
    )
    return answer(UserPage(items=[user_out(r) for r in page.items], next_cursor=page.next_cursor)).response()


@user_routes.add("get", "/users/<uuid:id>", scope="users:read", answers=UserOut, refuses=(404,))
def get_user(path: IdPath) -> Response:
    """Show one user."""
    return show(user_out(find_user(db.session(), viewer=current_viewer(), user_id=path.id)))


@team_routes.add("get", "/teams", scope="users:read", answers=TeamPage)
def list_teams(query: TeamListQuery) -> Response:
    """List teams."""
    page = find_teams(db.session(), viewer=current_viewer(), sort=Sort.parse(query.sort), cursor=query.cursor, limit=query.limit)
    return answer(TeamPage(items=[team_out(r) for r in page.items], next_cursor=page.next_cursor)).response()


@team_routes.add("get", "/teams/<uuid:id>", scope="users:read", answers=TeamOut, refuses=(404,))
def get_team(path: IdPath) -> Response:
    """Show one team."""
    return show(team_out(find_team(db.session(), viewer=current_viewer(), team_id=path.id)))


def channel_out(record: ChannelRecord) -> ChannelOut:
    channel = record.channel
    return ChannelOut(
        id=channel.id,
        channel_type=channel.channel_type,
        channel_name=channel.name,
        medium=channel.medium,
        brand=record.brand_key,
        address=channel.display_address,
        is_active=channel.is_active,
        is_paused=channel.paused_at is not None,
        can_send=channel.adapter_key in runtime().adapters.senders,
        health=channel.health,  # type: ignore[arg-type]
        health_detail=channel.health_detail,
        last_inbound_at=channel.last_inbound_at,
        created_at=channel.created_at,
    )


def user_out(record: UserRecord) -> UserOut:
    user = record.user
    return UserOut(
        id=user.id,
        contact_id=user.contact_id,
        name=user.name,
        email=user.email,
        role=user.role,  # type: ignore[arg-type]  # nobody else is in sight
        brands=list(record.brand_keys),
        team_ids=list(record.team_ids),
        is_active=user.disabled_at is None,
        created_at=user.created_at,
    )


def team_out(record: TeamRecord) -> TeamOut:
    return TeamOut(
        id=record.team.id,
        name=record.team.name,
        member_contact_ids=list(record.member_contact_ids),
        is_archived=record.team.archived_at is not None,
    )
