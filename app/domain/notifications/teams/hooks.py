"""Set and find the Teams workflow address of each team.

The caller owns the transaction. Addresses are stored encrypted, and decrypted only for a call.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.notice_outcome import Answer
from app.core.crypto import Keyring
from app.core.ids import new_id
from app.domain.accounts.models import Team, TeamMember, User
from app.domain.events.actions import Actor, audit
from app.domain.notifications.models import TRIGGERS, NotificationKind, TeamsHook
from app.domain.notifications.teams.pace import wait_seconds, with_call
from app.domain.threads.models import Priority, Thread


@dataclass(frozen=True)
class HookRow:
    """A team with its Teams workflow. `hook` is None if the team has none."""

    team: Team
    hook: TeamsHook | None


@dataclass(frozen=True)
class Wishes:
    """What a team wants in its Teams channel. `triggers`: those of TRIGGERS for which cards are sent. `least_priority`: the
    lowest priority of threads and orders for which cards are sent."""

    triggers: tuple[NotificationKind, ...] = TRIGGERS
    least_priority: Priority = Priority.LOW
    mentions_assignee: bool = False


@dataclass(frozen=True)
class NewHook:
    """A workflow address that was checked (app/providers/teams/addresses.py), its host, and the settings for its cards."""

    url: str = field(repr=False)
    host: str
    shows_content: bool
    wishes: Wishes = field(default_factory=Wishes)


def list_hooks(session: Session) -> list[HookRow]:
    """List every team, with its Teams workflow or None, sorted by name. One query."""
    query = sa.select(Team, TeamsHook).outerjoin(TeamsHook, TeamsHook.team_id == Team.id).order_by(Team.name)
    return [HookRow(row[0], row[1]) for row in session.execute(query)]


def find_hook(session: Session, team_id: uuid.UUID) -> TeamsHook | None:
    """Return the Teams workflow of this team. Return None if it has none."""
    return session.execute(sa.select(TeamsHook).where(TeamsHook.team_id == team_id)).scalar_one_or_none()


def find_hook_named(session: Session, name: str) -> TeamsHook | None:
    """Return the Teams workflow of the team with this name, ignoring case. Return None if there is none."""
    same = sa.func.lower(Team.name) == name.strip().lower()
    query = sa.select(TeamsHook).join(Team, Team.id == TeamsHook.team_id).where(same).order_by(Team.name, Team.id)
    return session.execute(query.limit(1)).scalar_one_or_none()


def set_hook(session: Session, new: NewHook, *, team_id: uuid.UUID, keyring: Keyring, now: datetime, actor: Actor) -> TeamsHook:
    """Set the team's workflow address. Cards that wait go to the new address."""
    hook = find_hook(session, team_id) or TeamsHook(id=new_id(), team_id=team_id)
    hook.sealed_url = keyring.encrypt(new.url.encode(), table="teams_hooks", column="sealed_url", row_id=hook.id)
    hook.host, hook.shows_content, hook.changed_at, hook.calls, hook.problem = new.host, new.shows_content, now, [], ""
    _set_wishes(hook, new.wishes)
    session.add(hook)
    session.flush()
    audit(session, action="TeamsAddressSet", object_type="team", object_id=str(team_id), now=now, actor=actor)
    return hook


def set_content(session: Session, hook: TeamsHook, *, shows_content: bool, wishes: Wishes, now: datetime, actor: Actor) -> None:
    """Set whether the team's cards show names and subjects, and which cards the team gets."""
    hook.shows_content = shows_content
    _set_wishes(hook, wishes)
    detail = {"shows_content": shows_content, "triggers": hook.triggers, "least_priority": wishes.least_priority.value}
    detail["mentions_assignee"] = wishes.mentions_assignee
    audit(
        session, action="TeamsCardsChanged", object_type="team", object_id=str(hook.team_id), now=now, actor=actor, detail=detail
    )


def _set_wishes(hook: TeamsHook, wishes: Wishes) -> None:
    hook.triggers, hook.least_priority = [kind.value for kind in wishes.triggers], wishes.least_priority
    hook.mentions_assignee = wishes.mentions_assignee


def remove_hook(session: Session, hook: TeamsHook, *, now: datetime, actor: Actor) -> None:
    """Remove the team's workflow address. Cards that are waiting are deleted."""
    session.delete(hook)
    session.flush()
    audit(session, action="TeamsAddressRemoved", object_type="team", object_id=str(hook.team_id), now=now, actor=actor)


def open_address(hook: TeamsHook, keyring: Keyring) -> str:
    """Return the decrypted workflow address, for a call. Raises `UnableToDecrypt`."""
    return keyring.decrypt(hook.sealed_url, table="teams_hooks", column="sealed_url", row_id=hook.id).decode()


@dataclass(frozen=True)
class About:
    """The subject of a card. `priority`: "" means the thread's priority. `team_id`: the team whose channel gets the card; if
    None, `hook_for` chooses."""

    kind: NotificationKind
    thread_id: uuid.UUID | None
    priority: str = ""
    team_id: uuid.UUID | None = None


def hook_for(session: Session, about: About, *, user_ids: Collection[uuid.UUID]) -> uuid.UUID | None:
    """Return the id of the workflow (Teams channel) that gets the card. Return None if there is none.

    If the subject names a team, only that team's workflow is possible. Otherwise the workflow of the thread's team is
    preferred, then that of a team of one of `user_ids`. For a subject of TRIGGERS, workflows of all teams are possible, but
    only if they want this kind. A workflow that wants only higher priorities is never chosen.
    """
    team = sa.select(Thread.team_id).where(Thread.id == about.thread_id).scalar_subquery()
    theirs = sa.select(TeamMember.team_id).where(TeamMember.user_id.in_(user_ids))
    of_thread, of_told = Team.id == team, Team.id.in_(theirs)
    query = sa.select(TeamsHook.id).join(Team, Team.id == TeamsHook.team_id).where(_is_urgent_enough(session, about))
    if about.team_id is not None:
        query = query.where(Team.id == about.team_id)
    elif about.kind in TRIGGERS:
        query = query.where(TeamsHook.triggers.contains([about.kind.value]))
    else:
        query = query.where(sa.or_(of_thread, of_told))
    query = query.order_by(of_thread.desc().nulls_last(), of_told.desc(), Team.name)
    return session.execute(query.limit(1)).scalar_one_or_none()


def _is_urgent_enough(session: Session, about: About) -> sa.ColumnElement[bool]:
    """Return the SQL condition that a workflow wants cards of the subject's priority. Subjects without a priority, such as
    system errors, fulfil it always."""
    of_thread = sa.select(Thread.priority).where(Thread.id == about.thread_id)
    priority = Priority(about.priority) if about.priority else session.execute(of_thread).scalar_one_or_none()
    if priority is None or about.kind in (NotificationKind.TECHNICIAN_ABSENT, NotificationKind.SYSTEM_ERROR):
        return sa.true()
    return TeamsHook.least_priority.in_([one for one in Priority if one.rank <= priority.rank])


def list_without_channel(session: Session) -> list[str]:
    """List the names of teams without a Teams channel."""
    return [row.team.name for row in list_hooks(session) if row.hook is None]


def has_channel(session: Session, user_id: uuid.UUID) -> bool:
    """Return True if a team of the user has a Teams channel. If not, cards for the user go only to the channel of the thread's
    team."""
    theirs = sa.select(TeamsHook.id).join(TeamMember, TeamMember.team_id == TeamsHook.team_id)
    return session.execute(theirs.where(TeamMember.user_id == user_id).limit(1)).first() is not None


def list_people_without_channel(session: Session) -> list[str]:
    """List the names of people in no team that has a channel."""
    reached = sa.select(TeamMember.user_id).join(TeamsHook, TeamsHook.team_id == TeamMember.team_id)
    query = sa.select(User.name).where(User.disabled_at.is_(None), User.id.not_in(reached))
    return list(session.execute(query.order_by(User.name, User.id)).scalars())


def take_slot(session: Session, hook_id: uuid.UUID, *, now: datetime) -> float:
    """If a call is allowed now, count it and return 0. Otherwise return the seconds to wait until a call is allowed."""
    hook = session.execute(
        sa.select(TeamsHook).where(TeamsHook.id == hook_id).with_for_update(), execution_options={"populate_existing": True}
    ).scalar_one()
    wait = wait_seconds(hook.calls, now)
    if wait <= 0:
        hook.calls = with_call(hook.calls, now)
        session.flush()
    return wait


def note_answer(session: Session, hook_id: uuid.UUID, answer: Answer, *, now: datetime) -> None:
    """Store the result of the last call on the workflow: the problem, or the time of the success."""
    values: dict[str, Any] = {"problem": "" if answer.ok else answer.words}
    if answer.ok:
        values["reached_at"] = now
    session.execute(sa.update(TeamsHook).where(TeamsHook.id == hook_id).values(values))
