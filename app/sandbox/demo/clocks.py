"""Make the demo company's calendars and SLA policies, and calculate the clocks of its threads from their beginning."""

from __future__ import annotations

import uuid
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.domain.accounts.models import Team
from app.domain.connections.models import Channel, ChannelType
from app.domain.contacts.models import Contact, ContactType
from app.domain.events.actions import SYSTEM
from app.domain.sla.actions import CalendarContent, create_calendar, create_policy
from app.domain.sla.active_policies import read_calendar, read_policies
from app.domain.sla.clock import FactKind, Outcome, evaluate
from app.domain.sla.models import SlaClock, SlaRecompute, SlaStep
from app.domain.sla.rules import Match, PolicyRules, StoredCalendar, StoredDay
from app.domain.sla.update_clocks import FACTS, FACTS_OF, facts_of, instant, next_step_at, seconds, settle_threads, step_instants
from app.domain.threads.courtesy import COURTESY
from app.domain.threads.models import Message, MessageType, Thread, ThreadType

LONG, SHORT = ((8 * 60, 20 * 60),), ((9 * 60, 13 * 60),)
DESK = ((8 * 60 + 30, 12 * 60 + 30), (13 * 60, 17 * 60 + 30))
CHUNK = 100


def make_clocks(session: Session, *, now: datetime) -> None:
    """Make two more calendars, two more policies, and a clock for every question; escalation steps of the past count as taken."""
    _make_rules(session, now)
    _make_facts(session)
    threads = list(session.execute(sa.select(Thread).order_by(Thread.id)).scalars())
    for first in range(0, len(threads), CHUNK):
        settle_threads(session, threads[first : first + CHUNK], now=now)
    session.execute(sa.delete(SlaRecompute))
    tell_what_is_past(session, now=now)


def _make_rules(session: Session, now: datetime) -> None:
    since: dict[str, Any] = {"now": now - timedelta(days=60), "actor": SYSTEM}
    first = sa.select(Channel).where(Channel.channel_type == ChannelType.WHATSAPP_BUSINESS).order_by(Channel.id).limit(1)
    chats = session.execute(first).scalar()
    closing = StoredDay(day=(now + timedelta(days=20)).date(), name="Voorraadtelling")
    evenings = StoredCalendar(week=(LONG, LONG, LONG, LONG, LONG, SHORT, ()), country="NL")
    if chats is not None:
        create_calendar(session, CalendarContent("WhatsApp, also in the evening", evenings, channel_id=chats.id), **since)
    planning = session.execute(sa.select(Team).order_by(Team.name).limit(1)).scalar_one()
    desk = StoredCalendar(week=(DESK, DESK, DESK, DESK, DESK, (), ()), country="NL", own_days=(closing,))
    create_calendar(session, CalendarContent(f"Team {planning.name}", desk, team_id=planning.id), **since)
    partners = session.execute(sa.select(Contact.id).where(Contact.contact_type == ContactType.ORGANIZATION)).scalars().all()
    match = Match(contact_ids=tuple(partners))
    promise = PolicyRules(name="Partners", match=match, first_minutes=120, next_minutes=120, resolution_minutes=16 * 60)
    create_policy(session, promise, position=1, **since)
    complaints = Match(thread_types=(ThreadType.COMPLAINT,))
    promise = PolicyRules(name="Complaints", match=complaints, first_minutes=120, next_minutes=120, resolution_minutes=24 * 60)
    create_policy(session, promise, position=2, **since)


def _make_facts(session: Session) -> None:
    """Write the facts from which the clocks are calculated: questions, answers, and the present state of each thread."""
    kinds = {MessageType.INCOMING: FactKind.ASKED, MessageType.OUTGOING: FactKind.ANSWERED}
    columns = (Message.id, Message.thread_id, Message.occurred_at, Message.message_type)
    spoken = sa.select(*columns).where(
        Message.message_type.in_(kinds), Message.automatic.is_(None), ~Message.meta.has_key(COURTESY)
    )
    rows: list[dict[str, Any]] = []
    last: dict[uuid.UUID, datetime] = {}
    for message_id, thread_id, at, kind in session.execute(spoken.order_by(Message.occurred_at, Message.id)):
        rows.append(_fact(thread_id, at, kinds[kind], message_id=message_id))
        last[thread_id] = at
    for thread in session.execute(sa.select(Thread).where(Thread.id.in_(last))).scalars():
        since = max(thread.resolved_at or last[thread.id], last[thread.id])
        rows.append(_fact(thread.id, since, FactKind.STATUS, value=thread.status.value))
        if thread.snoozed_until is not None:
            rows.append(_fact(thread.id, since, FactKind.SNOOZED, value="yes"))
        if thread.spam_at is not None:
            rows.append(_fact(thread.id, since, FactKind.SPAM, value="yes"))
    if rows:
        session.execute(sa.insert(FACTS), rows)


def _fact(
    thread_id: uuid.UUID, at: datetime, kind: FactKind, *, value: str = "", message_id: uuid.UUID | None = None
) -> dict[str, Any]:
    fact = {"id": new_id(), "thread_id": thread_id, "at": at, "kind": kind, "value": value, "message_id": message_id}
    return {**fact, "because": ""}


def tell_what_is_past(session: Session, *, now: datetime) -> None:
    """Mark escalation steps of the past as taken, so that whoever opens the demo is not flooded with them."""
    due = sa.select(SlaClock).where(SlaClock.outcome == Outcome.RUNNING, SlaClock.next_step_at <= now)
    clocks = session.execute(due).scalars().all()
    facts: defaultdict[uuid.UUID, list[Any]] = defaultdict(list)
    for fact in session.execute(FACTS_OF, {"thread_ids": list({row.thread_id for row in clocks})}):
        facts[fact.thread_id].append(fact)
    for row in clocks:
        calendar = read_calendar(session, row.calendar_version_id)
        policy = read_policies(session, [row.policy_version_id])[row.policy_version_id] if row.policy_version_id else None
        made = evaluate(facts_of(facts[row.thread_id]), calendar)
        clock = next(c for c in made if (c.kind, instant(c.started)) == (row.kind, row.started_at))
        if policy is None or clock.paused_for:
            continue
        past = {key: at for key, at in step_instants(clock, calendar, policy).items() if at <= seconds(now)}
        session.add_all(_step(row, key, datetime.fromtimestamp(at, UTC)) for key, at in past.items())
        row.next_step_at = instant(next_step_at(clock, calendar, policy, set(past)))
    session.flush()


def _step(row: SlaClock, key: str, at: datetime) -> SlaStep:
    step = SlaStep(id=new_id(), thread_id=row.thread_id, kind=row.kind, started_at=row.started_at, step=key)
    step.due_at = step.reached_at = at
    return step
