"""Create, change and archive teams. The caller owns the transaction.

An archived team loses its members and cannot be chosen anywhere, so it gets no new work. Its threads and tasks stay with it
until somebody moves them to another team.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.db import advisory_xact_lock
from app.core.ids import new_id
from app.core.text import mark
from app.domain.accounts.models import Team, TeamMember, User
from app.domain.events.actions import SYSTEM, Actor, audit

_LOCK = "team names"


class TeamMissing(Exception):
    """Raised when there is no team with this id."""


class WrongTeamName(ValueError):
    """Raised when the name is empty or another team has it. The message can be translated."""


def create_team(
    session: Session, name: str, *, user_ids: Collection[uuid.UUID] = (), now: datetime, actor: Actor = SYSTEM
) -> Team:
    """Create a team with these members. Raises WrongTeamName."""
    team = Team(id=new_id(), name=_checked(session, name, None))
    session.add(team)
    session.flush()
    set_members(session, team.id, user_ids)
    _audit(session, "TeamCreated", team, now, actor)
    return team


def change_team(
    session: Session,
    team_id: uuid.UUID,
    *,
    name: str | None = None,
    user_ids: Collection[uuid.UUID] | None = None,
    now: datetime,
    actor: Actor = SYSTEM,
) -> Team:
    """Change a team's name and members. If `name` or `user_ids` is None, it stays unchanged. An archived team gets no members.

    Raises `WrongTeamName`, `TeamMissing`.
    """
    team = _lock(session, team_id)
    if name is not None:
        team.name = _checked(session, name, team.id)
    if user_ids is not None and team.archived_at is None:
        set_members(session, team.id, user_ids)
    session.flush()
    _audit(session, "TeamChanged", team, now, actor)
    return team


def archive_team(session: Session, team_id: uuid.UUID, *, now: datetime, actor: Actor = SYSTEM) -> Team:
    """Archive a team and remove its members. If it is archived already, nothing changes. Raises `TeamMissing`."""
    team = _lock(session, team_id)
    if team.archived_at is None:
        team.archived_at = now
        set_members(session, team.id, ())
        _audit(session, "TeamArchived", team, now, actor)
    return team


def restore_team(session: Session, team_id: uuid.UUID, *, now: datetime, actor: Actor = SYSTEM) -> Team:
    """Restore an archived team, without members. Raises TeamMissing."""
    team = _lock(session, team_id)
    if team.archived_at is not None:
        team.archived_at = None
        _audit(session, "TeamRestored", team, now, actor)
    return team


def set_members(session: Session, team_id: uuid.UUID, user_ids: Collection[uuid.UUID]) -> None:
    """Replace the team's members by these users; unknown ids are ignored."""
    session.execute(sa.delete(TeamMember).where(TeamMember.team_id == team_id))
    known = session.execute(sa.select(User.id).where(User.id.in_(user_ids)).order_by(User.id)).scalars()
    session.add_all(TeamMember(team_id=team_id, user_id=user_id) for user_id in known)
    session.flush()


def _checked(session: Session, name: str, own_id: uuid.UUID | None) -> str:
    name = " ".join(name.split())
    if not name:
        raise WrongTeamName(mark("Enter a name."))
    advisory_xact_lock(session, _LOCK)
    same = session.execute(sa.select(Team.id).where(sa.func.lower(Team.name) == name.lower())).scalars()
    if any(found != own_id for found in same):
        raise WrongTeamName(mark("Another team has this name."))
    return name


def _lock(session: Session, team_id: uuid.UUID) -> Team:
    team = session.get(Team, team_id, with_for_update=True, populate_existing=True)
    if team is None:
        raise TeamMissing(str(team_id))
    return team


def _audit(session: Session, action: str, team: Team, now: datetime, actor: Actor) -> None:
    session.flush()
    audit(session, action=action, object_type="team", object_id=str(team.id), now=now, actor=actor)
