"""Telling people of new work nobody has: the team it went to, else the one its rule of routing asks first, else the brand.

After the commit, and where a rule of routing is on only once that had its chance. One notification for each brand and person
stands for all of it until they look; it is told outside the app once an hour at most.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta

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
from app.domain.routing.queries import find_team_asked_first, is_routed
from app.domain.threads.models import Thread, ThreadStatus
from app.domain.threads.queries import by_people

ROUTED_WITHIN = timedelta(seconds=20)
PLACE = "/inbox/unassigned"


def of_people_among(session: Session, events: Sequence[Event]) -> Sequence[Event]:
    """What people wrote in threads nobody has."""
    found = by_people(session, events)
    return [event for event in found if event.thread_id and _is_waiting(session.get(Thread, event.thread_id))]


def tell_of_new_work(event: Event) -> None:
    """After-commit handler of `MessageReceived`; twice for one event tells once."""
    with transaction() as session:
        thread = session.get(Thread, event.thread_id) if event.thread_id else None
        if thread is None or not _is_waiting(thread):
            return
        if utc_now() < event.occurred_at + ROUTED_WITHIN and is_routed(session, thread):
            raise NotYet(ROUTED_WITHIN.total_seconds())
        brand = session.get_one(Brand, thread.brand_id)
        news = News(
            NotificationKind.NEW_WORK,
            brand.id,
            None,
            event.message_id,
            None,
            event.occurred_at,
            text=brand.name,
            place=f"{PLACE}?brand={brand.id}",
            priority=thread.priority.value,
        )
        tell(session, news, to=_whose(session, thread), caused_by=event)


def _is_waiting(thread: Thread | None) -> bool:
    if thread is None or thread.assignee_user_id is not None or thread.spam_at is not None:
        return False
    return thread.status in (ThreadStatus.OPEN, ThreadStatus.IN_PROGRESS, ThreadStatus.ESCALATED)


def _whose(session: Session, thread: Thread) -> sa.ColumnElement[bool]:
    """Of the team alone where there is one with somebody in it; where a brand has no members, those who see every brand."""
    team_id = thread.team_id or find_team_asked_first(session, thread)
    may = users_with(Permission.THREADS_REPLY)
    if team_id is not None and _has_members(session, TeamMember.team_id == team_id, TeamMember.user_id):
        return sa.and_(may, User.id.in_(sa.select(TeamMember.user_id).where(TeamMember.team_id == team_id)))
    if _has_members(session, BrandMember.brand_id == thread.brand_id, BrandMember.user_id):
        return sa.and_(may, User.id.in_(sa.select(BrandMember.user_id).where(BrandMember.brand_id == thread.brand_id)))
    return may


def _has_members(session: Session, which: sa.ColumnElement[bool], user_id: InstrumentedAttribute[uuid.UUID]) -> bool:
    theirs = sa.select(User.id).where(User.id == user_id, which, User.disabled_at.is_(None), users_with(Permission.THREADS_REPLY))
    return session.execute(theirs.limit(1)).first() is not None
