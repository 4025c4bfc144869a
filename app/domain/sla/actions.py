"""Create, change and archive business calendars and SLA policies.

The caller owns the transaction.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.domain.events.actions import Actor, Subject, record
from app.domain.sla.models import BusinessCalendar, CalendarVersion, PolicyVersion, SlaPolicy
from app.domain.sla.recompute import ask_for_recompute
from app.domain.sla.rules import PolicyRules, StoredCalendar


class ScopeTaken(Exception):
    """Raised when another calendar is already set for the same brand, team or channel (or for all)."""


class StillNeeded(Exception):
    """Raised when the calendar is still needed, because it is the calendar for all or a policy names it."""


@dataclass(frozen=True)
class CalendarContent:
    """The content of a calendar as people enter it. At most one of the ids is set; without an id, the calendar is for all.

    `is_by_name_only`: the calendar is used only for policies that name it.
    """

    name: str
    rules: StoredCalendar
    brand_id: uuid.UUID | None = None
    team_id: uuid.UUID | None = None
    channel_id: uuid.UUID | None = None
    is_by_name_only: bool = False


def create_calendar(session: Session, content: CalendarContent, *, now: datetime, actor: Actor) -> BusinessCalendar:
    """Create a calendar. Raises ScopeTaken."""
    check_calendar(session, content)
    calendar = BusinessCalendar(id=new_id(), version=0, name=content.name)
    session.add(calendar)
    return _write_calendar(session, calendar, content, now=now, actor=actor)


def change_calendar(
    session: Session, calendar_id: uuid.UUID, content: CalendarContent, *, now: datetime, actor: Actor
) -> BusinessCalendar:
    """Change a calendar and recompute running clocks. Raises `ScopeTaken` and `StillNeeded`."""
    calendar = _lock(session, BusinessCalendar, calendar_id)
    check_calendar(session, content, calendar)
    return _write_calendar(session, calendar, content, now=now, actor=actor)


def check_calendar(session: Session, content: CalendarContent, calendar: BusinessCalendar | None = None) -> None:
    """Check that this content can be saved for `calendar`, or as a new calendar (None). Raises `ScopeTaken` and `StillNeeded`."""
    _check_scope(session, content, calendar.id if calendar else None)
    if calendar is not None and _is_for_all(calendar) and not _is_for_all(content):
        raise StillNeeded(str(calendar.id))


def archive_calendar(session: Session, calendar_id: uuid.UUID, *, now: datetime, actor: Actor) -> BusinessCalendar:
    """Archive a calendar. Clocks that were measured by it can still be explained. Raises `StillNeeded`."""
    calendar = _lock(session, BusinessCalendar, calendar_id)
    named = sa.select(PolicyVersion.id).join(
        SlaPolicy, sa.and_(SlaPolicy.id == PolicyVersion.policy_id, SlaPolicy.version == PolicyVersion.number)
    )
    named = named.where(SlaPolicy.archived_at.is_(None), PolicyVersion.rules["calendar_id"].astext == str(calendar_id))
    if _is_for_all(calendar) or session.execute(named.limit(1)).first() is not None:
        raise StillNeeded(str(calendar_id))
    calendar.archived_at = now
    _note(session, "CalendarChanged", ("calendar", calendar.id), calendar.name, now=now, actor=actor)
    return calendar


def create_policy(session: Session, rules: PolicyRules, *, position: int, now: datetime, actor: Actor) -> SlaPolicy:
    """Create a policy at `position`. The policy that was there, and those after it, come after the new one."""
    policy = SlaPolicy(id=new_id(), version=0, position=position)
    session.add(policy)
    return _write_policy(session, policy, rules, position, now=now, actor=actor)


def change_policy(
    session: Session, policy_id: uuid.UUID, rules: PolicyRules, *, position: int, now: datetime, actor: Actor
) -> SlaPolicy:
    """Change a policy and move it to `position`. Running clocks are recomputed."""
    return _write_policy(session, _lock(session, SlaPolicy, policy_id), rules, position, now=now, actor=actor)


def archive_policy(session: Session, policy_id: uuid.UUID, *, now: datetime, actor: Actor) -> SlaPolicy:
    """Archive a policy. From now on, the next policy that fits applies to its threads."""
    policy = _lock(session, SlaPolicy, policy_id)
    policy.archived_at = now
    _note(session, "PolicyChanged", ("policy", policy.id), str(policy.id), now=now, actor=actor)
    return policy


def _write_calendar(
    session: Session, calendar: BusinessCalendar, content: CalendarContent, *, now: datetime, actor: Actor
) -> BusinessCalendar:
    for name in ("name", "brand_id", "team_id", "channel_id", "is_by_name_only"):
        setattr(calendar, name, getattr(content, name))
    calendar.version += 1
    session.flush()
    version = CalendarVersion(id=new_id(), calendar_id=calendar.id, number=calendar.version, created_at=now)
    version.rules, version.created_by_user_id = content.rules.model_dump(mode="json"), actor.user_id
    session.add(version)
    _note(session, "CalendarChanged", ("calendar", calendar.id), calendar.name, now=now, actor=actor)
    return calendar


def _write_policy(
    session: Session, policy: SlaPolicy, rules: PolicyRules, position: int, *, now: datetime, actor: Actor
) -> SlaPolicy:
    others = sa.select(SlaPolicy).where(SlaPolicy.archived_at.is_(None), SlaPolicy.id != policy.id)
    order = list(session.execute(others.order_by(SlaPolicy.position, SlaPolicy.id).with_for_update()).scalars())
    order.insert(max(0, min(position, len(order))), policy)
    for place, one in enumerate(order):
        one.position = place
    policy.version += 1
    session.flush()
    version = PolicyVersion(id=new_id(), policy_id=policy.id, number=policy.version, created_at=now)
    version.rules, version.created_by_user_id = rules.model_dump(mode="json"), actor.user_id
    session.add(version)
    _note(session, "PolicyChanged", ("policy", policy.id), rules.name, now=now, actor=actor)
    return policy


def _note(session: Session, event: str, about: tuple[str, uuid.UUID], name: str, *, now: datetime, actor: Actor) -> None:
    session.flush()
    ask_for_recompute(session, what=name, now=now, actor=actor)
    record(session, event, subject=Subject(), now=now, actor=actor, payload={"id": str(about[1])}, about=about)


def _is_for_all(calendar: BusinessCalendar | CalendarContent) -> bool:
    return not calendar.is_by_name_only and not (calendar.brand_id or calendar.team_id or calendar.channel_id)


def _check_scope(session: Session, content: CalendarContent, own_id: uuid.UUID | None) -> None:
    if content.is_by_name_only:
        return
    same = [getattr(BusinessCalendar, name).is_not_distinct_from(getattr(content, name)) for name in _SCOPES]
    query = sa.select(BusinessCalendar.id).where(
        *same, BusinessCalendar.archived_at.is_(None), ~sa.and_(BusinessCalendar.is_by_name_only)
    )
    if any(found != own_id for found in session.execute(query).scalars()):
        raise ScopeTaken(content.name)


_SCOPES = ("brand_id", "team_id", "channel_id")


Rules = TypeVar("Rules", BusinessCalendar, SlaPolicy)


def _lock(session: Session, kind: type[Rules], row_id: uuid.UUID) -> Rules:
    query = sa.select(kind).where(kind.id == row_id).with_for_update().execution_options(populate_existing=True)
    return session.execute(query).scalar_one()
