"""Choose the SLA policy and the business calendar that apply to a thread now.

Versions never change, so versions that were read are cached in the process.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.prepared import KEPT
from app.domain.contacts.models import Contact
from app.domain.sla.calendar import ALWAYS, Calendar
from app.domain.sla.clock import Terms
from app.domain.sla.models import BusinessCalendar, CalendarVersion, PolicyVersion, SlaPolicy
from app.domain.sla.rules import Match, PolicyRules, StoredCalendar
from app.domain.threads.models import Thread

MOST_KEPT = 2_000
Scope = tuple[uuid.UUID | None, uuid.UUID | None, uuid.UUID | None]  # team, channel, brand
_ROUND_THE_CLOCK = Calendar(ALWAYS)
_calendars: dict[uuid.UUID, Calendar] = {}
_policies: dict[uuid.UUID, PolicyRules] = {}
_terms: dict[uuid.UUID, Terms] = {}


@dataclass(frozen=True)
class HeldCalendar:
    """The newest version of a calendar."""

    id: uuid.UUID
    version_id: uuid.UUID
    since: datetime
    scope: Scope
    is_by_name_only: bool


@dataclass(frozen=True)
class HeldPolicy:
    """The newest version of a policy."""

    id: uuid.UUID
    version_id: uuid.UUID
    since: datetime
    rules: PolicyRules


@dataclass(frozen=True)
class Choice:
    """The policy and calendar that apply to a thread, each in its newest version. None if there is none."""

    policy: HeldPolicy | None
    calendar: HeldCalendar | None

    @property
    def key(self) -> tuple[uuid.UUID | None, uuid.UUID | None]:
        return (self.policy.version_id if self.policy else None, self.calendar.version_id if self.calendar else None)


@dataclass(frozen=True)
class Book:
    """All active policies and calendars, each in its newest version."""

    policies: tuple[HeldPolicy, ...]
    calendars: tuple[HeldCalendar, ...]

    def choose(self, thread: Thread, contact_ids: Iterable[uuid.UUID] = ()) -> Choice:
        """Choose the first policy that fits the thread, and the calendar.

        The calendar is that of the policy, or else of the thread's team, channel or brand, or the calendar for all.
        `contact_ids`: the thread's contact and its organizations.
        """
        known = frozenset([*contact_ids, *([thread.contact_id] if thread.contact_id else [])])
        policy = next((p for p in self.policies if fits(p.rules.match, thread, known)), None)
        return Choice(policy, self._calendar(thread, policy))

    @property
    def asks_for_organizations(self) -> bool:
        return any(policy.rules.match.contact_ids for policy in self.policies)

    def _calendar(self, thread: Thread, policy: HeldPolicy | None) -> HeldCalendar | None:
        if policy is not None and policy.rules.calendar_id is not None:
            named = next((c for c in self.calendars if c.id == policy.rules.calendar_id), None)
            if named is not None:
                return named
        own = ((thread.team_id, None, None), (None, thread.channel_id, None), (None, None, thread.brand_id))
        scopes = (*filter(any, own), (None, None, None))  # a thread without a team is of no team, and not of all
        held = {calendar.scope: calendar for calendar in self.calendars if not calendar.is_by_name_only}
        return next((held[scope] for scope in scopes if scope in held), None)


def calendar_of_channel(session: Session, *, channel_id: uuid.UUID, brand_id: uuid.UUID) -> Calendar:
    """Return the calendar of the channel, or else of its brand, or else the calendar for all.

    If there is none, return a calendar that is always open.
    """
    return _first_calendar(session, (None, channel_id, None), (None, None, brand_id), (None, None, None))


def calendar_of_brand(session: Session, brand_id: uuid.UUID) -> Calendar:
    """Return the calendar of the brand, or else the calendar for all. If there is none, return a calendar that is always open."""
    return _first_calendar(session, (None, None, brand_id), (None, None, None))


def _first_calendar(session: Session, *scopes: Scope) -> Calendar:
    held = {calendar.scope: calendar for calendar in read_book(session).calendars if not calendar.is_by_name_only}
    found = next((held[scope] for scope in scopes if scope in held), None)
    return read_calendar(session, found.version_id if found else None)


def fits(match: Match, thread: Thread, contact_ids: frozenset[uuid.UUID]) -> bool:
    """Return True if the conditions of a policy (`match`) fit the thread. `contact_ids`: the thread's contact and its
    organizations."""
    asked: list[bool] = [
        value in wanted
        for wanted, value in (
            (match.media, thread.medium),
            (match.channel_ids, thread.channel_id),
            (match.priorities, thread.priority),
            (match.statuses, thread.status),
            (match.brand_ids, thread.brand_id),
            (match.thread_types, thread.thread_type),
        )
        if wanted
    ]
    if match.contact_ids:
        asked.append(not contact_ids.isdisjoint(match.contact_ids))
    return any(asked) if match.any_of and asked else all(asked)


def read_book(session: Session) -> Book:
    """Read all active policies and calendars. Two queries over two small tables."""
    if len(_policies) + len(_calendars) > MOST_KEPT:
        for kept in (_policies, _terms, _calendars):
            kept.clear()
    return Book(tuple(map(_policy, session.execute(_POLICIES))), tuple(map(_calendar, session.execute(_CALENDARS))))


_POLICIES = (
    sa.select(SlaPolicy.id, PolicyVersion.id.label("version_id"), PolicyVersion.created_at, PolicyVersion.rules)
    .join(PolicyVersion, sa.and_(PolicyVersion.policy_id == SlaPolicy.id, PolicyVersion.number == SlaPolicy.version))
    .where(SlaPolicy.archived_at.is_(None))
    .order_by(SlaPolicy.position, SlaPolicy.id)
    .execution_options(**KEPT)
)
_CALENDARS = (
    sa.select(BusinessCalendar, CalendarVersion.id, CalendarVersion.created_at, CalendarVersion.rules)
    .join(
        CalendarVersion,
        sa.and_(CalendarVersion.calendar_id == BusinessCalendar.id, CalendarVersion.number == BusinessCalendar.version),
    )
    .where(BusinessCalendar.archived_at.is_(None))
    .order_by(BusinessCalendar.id)
    .execution_options(**KEPT)
)


def _policy(row: Any) -> HeldPolicy:
    return HeldPolicy(row.id, row.version_id, row.created_at, _keep_policy(row.version_id, row.rules))


def _calendar(row: Any) -> HeldCalendar:
    calendar, version_id, since, rules = row
    _keep_calendar(version_id, rules)
    scope = (calendar.team_id, calendar.channel_id, calendar.brand_id)
    return HeldCalendar(calendar.id, version_id, since, scope, calendar.is_by_name_only)


def organizations_of(session: Session, contact_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[uuid.UUID]]:
    """Return contact id -> ids of all organizations above the contact, the nearest first."""
    found: dict[uuid.UUID, list[uuid.UUID]] = {}
    for contact_id in contact_ids:
        above, at = [], session.get(Contact, contact_id)
        while at is not None and at.parent_organization_id is not None and at.parent_organization_id not in above:
            above.append(at.parent_organization_id)
            at = session.get(Contact, at.parent_organization_id)
        found[contact_id] = above
    return found


def read_policies(session: Session, version_ids: Iterable[uuid.UUID | None]) -> Mapping[uuid.UUID, PolicyRules]:
    """Return policy version id -> rules. The result may contain other versions that were read before."""
    missing = {found for found in version_ids if found is not None} - _policies.keys()
    if missing:
        query = sa.select(PolicyVersion.id, PolicyVersion.rules).where(PolicyVersion.id.in_(missing))
        for version_id, rules in session.execute(query):
            _keep_policy(version_id, rules)
    return _policies


def terms_of(version_id: uuid.UUID | None) -> Terms:
    """Return the terms of a policy version that was read before. For None, return terms without any promise."""
    if version_id is None:
        return Terms()
    found = _terms.get(version_id)
    if found is None:
        found = _terms[version_id] = _policies[version_id].terms()
    return found


def read_calendar(session: Session, version_id: uuid.UUID | None) -> Calendar:
    """Return the calendar with the rules of this version. For None, return a calendar that is always open."""
    if version_id is None:
        return _ROUND_THE_CLOCK
    found = _calendars.get(version_id)
    return found or _keep_calendar(version_id, session.get_one(CalendarVersion, version_id).rules)


def _keep_policy(version_id: uuid.UUID, rules: dict[str, Any]) -> PolicyRules:
    found = _policies.get(version_id)
    if found is None:
        found = _policies[version_id] = PolicyRules.model_validate(rules)
    return found


def _keep_calendar(version_id: uuid.UUID, rules: dict[str, Any]) -> Calendar:
    found = _calendars.get(version_id)
    if found is None:
        found = _calendars[version_id] = Calendar(StoredCalendar.model_validate(rules).rules())
    return found
