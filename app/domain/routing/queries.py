"""Read routing rules, users with their load, and waiting threads."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.prepared import KEPT
from app.domain.connections.models import Channel
from app.domain.contacts.models import Contact
from app.domain.routing.models import Availability, AvailabilityState, RoutingProfile, RoutingRule
from app.domain.routing.pick_next import DUE_ORDER, PEOPLE, WAITING
from app.domain.threads.models import Thread, ThreadType

QUEUE_SHOWN = 200
_ON = sa.select(sa.exists(sa.select(RoutingRule.id).where(RoutingRule.is_on))).execution_options(**KEPT)
_PEOPLE = sa.text(f"{PEOPLE} ORDER BY u.name, u.id")
_QUEUE = sa.text(
    f"""
    SELECT t.id, t.number, t.subject, t.preview, t.brand_id, t.channel_id, t.team_id, t.priority, t.priority_rank, t.created_at,
        t.response_due_at, coalesce(t.last_inbound_at, t.created_at) AS waiting_since,
        contact.name AS contact_name, contact.language, rule.id AS rule_id, owner.user_id AS owner_id,
        ARRAY(SELECT no.user_id FROM routing_refusals no WHERE no.thread_id = t.id) AS refused_by
    FROM threads t
    LEFT JOIN contacts contact ON contact.id = t.contact_id
    CROSS JOIN LATERAL (
        SELECT r.id, r.sticky_days FROM routing_rules r
        WHERE r.channel_id = t.channel_id AND r.is_on AND (r.thread_type IS NULL OR r.thread_type = t.thread_type)
        ORDER BY r.position, r.id LIMIT 1
    ) AS rule
    LEFT JOIN LATERAL (
        SELECT former.assignee_user_id AS user_id FROM threads former
        WHERE rule.sticky_days > 0 AND former.contact_id = t.contact_id AND former.brand_id = t.brand_id
        AND former.id <> t.id AND former.assignee_user_id IS NOT NULL
        AND former.last_message_at > :now - make_interval(days => rule.sticky_days)
        ORDER BY former.last_message_at DESC LIMIT 1
    ) AS owner ON true
    WHERE t.channel_id IN (SELECT channel_id FROM routing_rules WHERE is_on) AND t.brand_id = ANY (:brands) AND {WAITING}
    ORDER BY {DUE_ORDER.format("t")}
    LIMIT :limit
    """  # noqa: S608  constants only
)


class RuleMissing(Exception):
    """Raised when the rule does not exist, or the viewer may not see it."""


@dataclass(frozen=True)
class Worker:
    """A user with the availability, abilities and load that routing sees now. `load` and `capacity` are in weights of threads."""

    user_id: uuid.UUID
    name: str
    state: AvailabilityState
    is_heard: bool
    is_at_work: bool
    skills: tuple[str, ...]
    languages: tuple[str, ...]
    capacity: int
    load: int
    teams: frozenset[uuid.UUID]
    brands: frozenset[uuid.UUID]

    @property
    def is_present(self) -> bool:
        return self.is_heard and self.is_at_work and self.state == AvailabilityState.AVAILABLE

    def has_room(self, weight: int) -> bool:
        return self.load < self.capacity and self.load + min(weight, self.capacity) <= self.capacity


@dataclass(frozen=True)
class WaitingThread:
    """A thread that waits to be assigned."""

    id: uuid.UUID
    number: int
    subject: str
    preview: str
    contact_name: str | None
    brand_id: uuid.UUID
    channel_id: uuid.UUID
    team_id: uuid.UUID | None
    priority: str
    weight: int
    waiting_since: datetime
    response_due_at: datetime | None
    language: str | None
    rule_id: uuid.UUID
    owner_id: uuid.UUID | None
    refused_by: frozenset[uuid.UUID]


@dataclass(frozen=True)
class ThreadName:
    """The number, contact and title of a thread, as shown in lists."""

    id: uuid.UUID
    number: int
    contact_name: str
    title: str


def is_routing_on(session: Session) -> bool:
    """Return whether any rule is active. One query."""
    return bool(session.execute(_ON).scalar_one())


def team_asked_first(rule: RoutingRule) -> uuid.UUID | None:
    """Return the team of the rule's first tier. Return None if the first tier is everybody."""
    team_id = rule.tiers[0].get("team_id")
    return uuid.UUID(team_id) if team_id else None


def find_rule(session: Session, channel_id: uuid.UUID | None, thread_type: ThreadType) -> RoutingRule | None:
    """Return the active rule for threads of this channel and type. Return None if there is none."""
    fits = sa.or_(RoutingRule.thread_type.is_(None), RoutingRule.thread_type == thread_type)
    query = sa.select(RoutingRule).where(RoutingRule.channel_id == channel_id, RoutingRule.is_on, fits)
    return session.execute(query.order_by(RoutingRule.position, RoutingRule.id).limit(1)).scalar_one_or_none()


def list_rules(session: Session, *, brand_ids: Sequence[uuid.UUID]) -> list[tuple[RoutingRule, Channel]]:
    """List the rules of these brands' channels, by channel and position."""
    query = sa.select(RoutingRule, Channel).join(Channel, Channel.id == RoutingRule.channel_id)
    query = query.where(Channel.brand_id.in_(brand_ids)).order_by(Channel.name, RoutingRule.position, RoutingRule.id)
    return [(row.RoutingRule, row.Channel) for row in session.execute(query)]


def get_rule(session: Session, rule_id: uuid.UUID, *, brand_ids: Sequence[uuid.UUID]) -> RoutingRule:
    """Return a rule of these brands' channels. Raises RuleMissing."""
    query = sa.select(RoutingRule).join(Channel, Channel.id == RoutingRule.channel_id)
    found = session.execute(query.where(RoutingRule.id == rule_id, Channel.brand_id.in_(brand_ids))).scalar_one_or_none()
    if found is None:
        raise RuleMissing(str(rule_id))
    return found


def list_workers(session: Session, *, now: datetime) -> list[Worker]:
    """List all users who may answer threads, by name. One query."""
    return [_worker(row) for row in session.execute(_PEOPLE, {"now": now})]


def _worker(row: Any) -> Worker:
    return Worker(
        user_id=row.user_id,
        name=row.name,
        state=AvailabilityState(row.state),
        is_heard=row.is_heard,
        is_at_work=row.is_at_work,
        skills=tuple(row.skills),
        languages=tuple(row.languages),
        capacity=row.capacity,
        load=int(row.load),
        teams=frozenset(row.teams),
        brands=frozenset(row.brands),
    )


def list_waiting(
    session: Session, *, brand_ids: Sequence[uuid.UUID], now: datetime, limit: int = QUEUE_SHOWN
) -> list[WaitingThread]:
    """List threads of these brands that wait to be assigned by a rule, in the order of the queue. One query."""
    rows = session.execute(_QUEUE, {"brands": list(brand_ids), "now": now, "limit": limit})
    return [_waiting(row) for row in rows]


def _waiting(row: Any) -> WaitingThread:
    return WaitingThread(
        id=row.id,
        number=row.number,
        subject=row.subject,
        preview=row.preview,
        contact_name=row.contact_name,
        brand_id=row.brand_id,
        channel_id=row.channel_id,
        team_id=row.team_id,
        priority=row.priority,
        weight=max(row.priority_rank, 1),
        waiting_since=row.waiting_since,
        response_due_at=row.response_due_at,
        language=row.language,
        rule_id=row.rule_id,
        owner_id=row.owner_id,
        refused_by=frozenset(row.refused_by),
    )


def find_profile(session: Session, user_id: uuid.UUID) -> RoutingProfile | None:
    return session.get(RoutingProfile, user_id)


def find_availability(session: Session, user_id: uuid.UUID) -> Availability | None:
    return session.get(Availability, user_id)


def list_threads_named(session: Session, thread_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, ThreadName]:
    """Return thread id -> number, contact and title."""
    columns = (Thread.id, Thread.number, Thread.subject, Thread.preview, Contact.name)
    query = sa.select(*columns).outerjoin(Contact, Contact.id == Thread.contact_id).where(Thread.id.in_(thread_ids))
    return {row.id: ThreadName(row.id, row.number, row.name or "", row.subject or row.preview) for row in session.execute(query)}


def count_decided(session: Session, rule: RoutingRule, *, since: datetime) -> int:
    """Count the threads created since `since` that the rule would assign if it were the first rule of its channel."""
    of_type = sa.true() if rule.thread_type is None else Thread.thread_type == rule.thread_type
    brand = sa.select(Channel.brand_id).where(Channel.id == rule.channel_id).scalar_subquery()
    asked = (Thread.brand_id == brand, Thread.created_at >= since, Thread.channel_id == rule.channel_id, of_type)
    return session.execute(sa.select(sa.func.count()).select_from(Thread).where(*asked)).scalar_one()
