"""Notify people of new unassigned work: the thread's team, or the team that its routing rule asks first, or else the brand.

This runs after the commit. If a routing rule is active, it first gets some time to assign the thread. Each person has at
most one unread notification of new work per brand, and hears of it outside the app at most once an hour.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.core.clock import utc_now
from app.core.db import transaction
from app.domain.accounts.models import Brand, BrandMember, TeamMember, User
from app.domain.accounts.permissions import Permission, users_with
from app.domain.events.jobs import NotYet
from app.domain.events.models import Event
from app.domain.notifications.actions import News, tell
from app.domain.notifications.models import NotificationKind
from app.domain.routing.models import RoutingRule
from app.domain.routing.queries import find_rule, team_asked_first
from app.domain.threads.automatic import by_people
from app.domain.threads.models import Thread, ThreadStatus, ThreadType

ROUTED_WITHIN = timedelta(seconds=20)
PLACE = "/inbox/unassigned"


def of_people_among(session: Session, events: Sequence[Event]) -> Sequence[Event]:
    """Return those events in which a person wrote in an open thread without assignee."""
    found = by_people(session, events)
    return [event for event in found if event.thread_id and _is_waiting(session.get(Thread, event.thread_id))]


def tell_of_new_work(event: Event) -> None:
    """After-commit handler of `MessageReceived`: notify the people who could take the new work. A repeat notifies nobody twice.

    Raises `NotYet` if a routing rule still has time to assign the thread.
    """
    for seconds in tell_of_all_new_work([event]).values():
        raise NotYet(seconds)


def tell_of_all_new_work(events: Sequence[Event]) -> dict[uuid.UUID, float]:
    """Notify people of the new work of many events, once for each brand and team.

    Return {event id: seconds} for events that have to be handled again after this time, because a routing rule may still
    assign their thread.
    """
    found: defaultdict[_Whose, list[tuple[Event, Thread]]] = defaultdict(list)
    again: dict[uuid.UUID, float] = {}
    with transaction() as session:
        rules: dict[tuple[uuid.UUID | None, ThreadType], RoutingRule | None] = {}
        query = sa.select(Thread).where(Thread.id.in_([event.thread_id for event in events]))
        threads: dict[uuid.UUID | None, Thread] = {thread.id: thread for thread in session.execute(query).scalars()}
        for event in events:
            thread = threads.get(event.thread_id)
            if thread is None or not _is_waiting(thread):
                continue
            kind = thread.channel_id, thread.thread_type
            if kind not in rules:
                rules[kind] = find_rule(session, *kind)
            rule = rules[kind]
            if rule is not None and utc_now() < event.occurred_at + ROUTED_WITHIN:
                again[event.id] = ROUTED_WITHIN.total_seconds()
                continue
            team_id = thread.team_id or (team_asked_first(rule) if rule is not None else None)
            found[_Whose(thread.brand_id, team_id)].append((event, thread))
        for whose in sorted(found, key=str):  # in one order everywhere, as each locks the notices of its people
            _tell(session, whose, found[whose])
    return again


class _Whose(NamedTuple):
    brand_id: uuid.UUID
    team_id: uuid.UUID | None


def _tell(session: Session, whose: _Whose, work: Sequence[tuple[Event, Thread]]) -> None:
    brand, last = session.get_one(Brand, whose.brand_id), work[-1][0]
    news = News(
        NotificationKind.NEW_WORK,
        brand.id,
        None,
        last.message_id,
        None,
        last.occurred_at,
        text=brand.name,
        place=f"{PLACE}?brand={brand.id}",
        priority=max((thread.priority for _event, thread in work), key=lambda priority: priority.rank).value,
        count=len(work),
    )
    tell(session, news, to=_people(session, whose), caused_by=last)


def _is_waiting(thread: Thread | None) -> bool:
    if thread is None or thread.assignee_user_id is not None or thread.spam_at is not None:
        return False
    return thread.status in (ThreadStatus.OPEN, ThreadStatus.IN_PROGRESS, ThreadStatus.ESCALATED)


def _people(session: Session, whose: _Whose) -> sa.ColumnElement[bool]:
    """Return the SQL condition for the users to notify. They all have the permission to reply.

    They are the members of the team. If no member of the team may reply, they are the members of the brand. If none of these
    may either, they are all users who may reply.
    """
    brand_id, team_id = whose
    may = users_with(Permission.THREADS_REPLY)
    if team_id is not None and _has_members(session, TeamMember.team_id == team_id, TeamMember.user_id):
        return sa.and_(may, User.id.in_(sa.select(TeamMember.user_id).where(TeamMember.team_id == team_id)))
    if _has_members(session, BrandMember.brand_id == brand_id, BrandMember.user_id):
        return sa.and_(may, User.id.in_(sa.select(BrandMember.user_id).where(BrandMember.brand_id == brand_id)))
    return may


def _has_members(session: Session, which: sa.ColumnElement[bool], user_id: InstrumentedAttribute[uuid.UUID]) -> bool:
    theirs = sa.select(User.id).where(User.id == user_id, which, User.disabled_at.is_(None), users_with(Permission.THREADS_REPLY))
    return session.execute(theirs.limit(1)).first() is not None
