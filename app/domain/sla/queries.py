"""Read calendars, policies and recomputes for the settings."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.accounts.models import Brand, Team
from app.domain.connections.models import Channel
from app.domain.sla.models import BusinessCalendar, CalendarVersion, PolicyVersion, SlaPolicy, SlaRecompute
from app.domain.sla.rules import PolicyRules, StoredCalendar


class RulesMissing(Exception):
    """The calendar or policy does not exist, or is archived."""


@dataclass(frozen=True)
class CalendarRow:
    """A calendar with its newest rules. `scope` is the name of its brand, team or channel, or "" for the calendar for all."""

    calendar: BusinessCalendar
    rules: StoredCalendar
    scope: str


@dataclass(frozen=True)
class PolicyRow:
    policy: SlaPolicy
    rules: PolicyRules


def list_calendars(session: Session, *, calendar_id: uuid.UUID | None = None) -> list[CalendarRow]:
    """List active calendars by name, with the calendar for all first. With `calendar_id`, only this calendar. One query."""
    newest = sa.and_(CalendarVersion.calendar_id == BusinessCalendar.id, CalendarVersion.number == BusinessCalendar.version)
    scope = sa.func.coalesce(Brand.name, Team.name, Channel.name, "")
    query = (
        sa.select(BusinessCalendar, CalendarVersion.rules, scope)
        .join(CalendarVersion, newest)
        .outerjoin(Brand, Brand.id == BusinessCalendar.brand_id)
        .outerjoin(Team, Team.id == BusinessCalendar.team_id)
        .outerjoin(Channel, Channel.id == BusinessCalendar.channel_id)
        .where(BusinessCalendar.archived_at.is_(None))
        .order_by(BusinessCalendar.is_by_name_only, scope, BusinessCalendar.name, BusinessCalendar.id)
    )
    if calendar_id is not None:
        query = query.where(BusinessCalendar.id == calendar_id)
    return [CalendarRow(c, StoredCalendar.model_validate(rules), of) for c, rules, of in session.execute(query)]


def get_calendar(session: Session, calendar_id: uuid.UUID) -> CalendarRow:
    """Return an active calendar with its newest rules. Raises RulesMissing."""
    found = list_calendars(session, calendar_id=calendar_id)
    if not found:
        raise RulesMissing(str(calendar_id))
    return found[0]


def list_policies(session: Session, *, policy_id: uuid.UUID | None = None) -> list[PolicyRow]:
    """List active policies in the order in which they are tried. With `policy_id`, only this policy. One query."""
    newest = sa.and_(PolicyVersion.policy_id == SlaPolicy.id, PolicyVersion.number == SlaPolicy.version)
    query = sa.select(SlaPolicy, PolicyVersion.rules).join(PolicyVersion, newest).where(SlaPolicy.archived_at.is_(None))
    if policy_id is not None:
        query = query.where(SlaPolicy.id == policy_id)
    query = query.order_by(SlaPolicy.position, SlaPolicy.id)
    return [PolicyRow(policy, PolicyRules.model_validate(rules)) for policy, rules in session.execute(query)]


def get_policy(session: Session, policy_id: uuid.UUID) -> PolicyRow:
    """Return an active policy with its newest rules. Raises RulesMissing."""
    found = list_policies(session, policy_id=policy_id)
    if not found:
        raise RulesMissing(str(policy_id))
    return found[0]


def list_recomputes(session: Session) -> list[SlaRecompute]:
    """List unfinished recomputes, the oldest first."""
    query = sa.select(SlaRecompute).where(SlaRecompute.state.in_(["ready", "running"]))
    return list(session.execute(query.order_by(SlaRecompute.created_at)).scalars())
