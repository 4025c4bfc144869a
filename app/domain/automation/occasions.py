"""Find the occasions (events, messages, times) for which a rule is tested, with the facts of their threads.

`list_past` finds the occasions of a period, and `list_due` the due occasions of a rule triggered by time. `occasion_of`
returns the occasion of an event that just happened. An automatic mail is never an occasion.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.domain.automation.conditions import Facts, OrderFacts
from app.domain.automation.models import AutomationRule, AutomationRun
from app.domain.automation.triggers import CLOCK, MESSAGES, OF_ORDERS, SILENT, UNANSWERED, value_of
from app.domain.contacts.models import Contact, ContactIdentity
from app.domain.events.models import Event
from app.domain.orders.models import Order
from app.domain.orders.payments import read_paid
from app.domain.threads.about import list_links
from app.domain.threads.bulk import state_of
from app.domain.threads.calls import is_no_missed_call
from app.domain.threads.models import Message, MessageType, Thread, ThreadStatus
from app.domain.threads.order_threads import list_order_ids

OCCASIONS_AT_MOST = 5000
LOOKS_BACK = timedelta(days=30)
ZONE = ZoneInfo("Europe/Amsterdam")  # of the clock of rules, and of what they snooze
TEXT_CHARACTERS = 20_000


@dataclass(frozen=True)
class Occasion:
    """An event, a message or a time for which a rule is tested. `key` is the same, whichever function found the occasion."""

    key: str
    at: datetime
    thread_id: uuid.UUID | None
    message_id: uuid.UUID | None = None
    event_id: uuid.UUID | None = None
    brand_id: uuid.UUID | None = None
    value: str = ""
    order_id: uuid.UUID | None = None  # the order the event is about


def occasion_of(event: Event) -> Occasion:
    key = f"message:{event.message_id}" if event.type in MESSAGES and event.message_id else f"event:{event.id}"
    value = value_of(event.payload)
    order_id = event.payload.get("order_id") if event.type in OF_ORDERS else None
    about = uuid.UUID(order_id) if order_id else None
    return Occasion(key, event.occurred_at, event.thread_id, event.message_id, event.id, event.brand_id, value, about)


def list_past(
    session: Session, rule: AutomationRule, *, brand_ids: Collection[uuid.UUID], since: datetime, until: datetime
) -> list[Occasion]:
    """List the occasions of a rule between `since` and `until`, oldest first, at most OCCASIONS_AT_MOST. For a rule triggered
    by time, list the threads that are due at `until`."""
    brands = [rule.brand_id] if rule.brand_id else list(brand_ids)
    if rule.trigger in (UNANSWERED, SILENT, CLOCK):
        return list_due(session, rule, brand_ids=brands, now=until, limit=OCCASIONS_AT_MOST)
    if rule.trigger in MESSAGES:
        kind = MessageType(MESSAGES[rule.trigger])
        asked = (Message.message_type == kind, Message.automatic.is_(None), Message.brand_id.in_(brands))
        span = (Message.occurred_at >= since, Message.occurred_at <= until)
        query = sa.select(Message.id, Message.thread_id, Message.brand_id, Message.occurred_at).where(*asked, *span)
        rows = session.execute(query.order_by(Message.occurred_at, Message.id).limit(OCCASIONS_AT_MOST))
        return [Occasion(f"message:{r.id}", r.occurred_at, r.thread_id, r.id, brand_id=r.brand_id) for r in rows]
    told = (Event.type == rule.trigger, Event.brand_id.in_(brands), Event.occurred_at >= since, Event.occurred_at <= until)
    query_events = sa.select(Event).where(*told).order_by(Event.occurred_at, Event.id).limit(OCCASIONS_AT_MOST)
    return [occasion_of(event) for event in session.execute(query_events).scalars()]


def list_due(
    session: Session, rule: AutomationRule, *, brand_ids: Collection[uuid.UUID], now: datetime, limit: int
) -> list[Occasion]:
    """List the occasions of a rule triggered by time: one for each open thread for which the rule is due and has not run since
    it became due. The latest comes first."""
    asked = (Thread.brand_id.in_(brand_ids), Thread.is_open, Thread.snoozed_until.is_(None))
    if rule.trigger == CLOCK:
        local = now.astimezone(ZONE)
        day = datetime.combine(local.date(), time(), ZONE)
        query = sa.select(Thread.id, Thread.brand_id).where(*asked, ~_ran_since(rule, day))
        rows = session.execute(query.order_by(Thread.created_at.desc(), Thread.id).limit(limit))
        return [Occasion(f"thread:{row.id}:{local.date()}", now, row.id, brand_id=row.brand_id) for row in rows]
    moment = Thread.last_inbound_at if rule.trigger == UNANSWERED else Thread.last_message_at
    waited = now - timedelta(hours=rule.after_hours or 0)
    state = _is_unanswered() if rule.trigger == UNANSWERED else Thread.status == ThreadStatus.WAITING_CUSTOMER
    due = (moment <= waited, moment > waited - LOOKS_BACK, state, ~_ran_since(rule, moment))
    found = sa.select(Thread.id, Thread.brand_id, moment).where(*asked, *due).order_by(moment.desc(), Thread.id).limit(limit)
    return [Occasion(f"thread:{row[0]}:{row[2]}", now, row[0], brand_id=row[1]) for row in session.execute(found)]


def is_due(rule: AutomationRule, *, now: datetime) -> bool:
    """Return True if today is one of the rule's weekdays and the rule's time of day has passed. Return True for any rule
    without a time of day."""
    if rule.trigger != CLOCK:
        return True
    local = now.astimezone(ZONE)
    on_day = not rule.weekdays or local.weekday() in rule.weekdays
    return on_day and local.hour * 60 + local.minute >= (rule.at_minute or 0)


def _ran_since(rule: AutomationRule, moment: Any) -> sa.ColumnElement[bool]:
    ran = (AutomationRun.rule_id == rule.id, AutomationRun.thread_id == Thread.id, AutomationRun.run_at >= moment)
    return sa.exists(sa.select(AutomationRun.id).where(*ran))


def _is_unanswered() -> sa.ColumnElement[bool]:
    answers = (Message.thread_id == Thread.id, Message.message_type.in_([MessageType.OUTGOING, MessageType.PHONE_CALL]))
    answered = sa.exists(sa.select(Message.id).where(*answers, is_no_missed_call(), Message.occurred_at > Thread.last_inbound_at))
    return sa.and_(Thread.status != ThreadStatus.WAITING_CUSTOMER, ~answered)


def read_facts(
    session: Session, occasions: Sequence[Occasion], *, with_orders: bool = False, with_links: bool = False
) -> list[Facts]:
    """Return the present facts of the thread of each occasion, in the same order. Five queries however many occasions, three more
    with orders and one more with links."""
    threads = _by_id(session, Thread, {o.thread_id for o in occasions if o.thread_id})
    contacts = _by_id(session, Contact, {t.contact_id for t in threads.values() if t.contact_id})
    ways = _ways(session, contacts)
    said = {o.message_id for o in occasions if o.message_id}
    texts = _texts(session, Message.id.in_(said), Message.id) if said else {}
    silent = {o.thread_id for o in occasions if o.message_id is None and o.thread_id}
    last = _last_words(session, silent) if silent else {}
    orders = _orders(session, occasions) if with_orders else {}
    links = list_links(session, list(threads)) if with_links else None
    found = []
    for occasion in occasions:
        thread = threads.get(occasion.thread_id) if occasion.thread_id else None
        text = texts.get(occasion.message_id, "") if occasion.message_id else last.get(occasion.thread_id, "")
        facts = _facts(occasion, thread, contacts, ways, text, links)
        order, order_id, event_id = orders.get(occasion.key), occasion.order_id, occasion.event_id
        found.append(replace(facts, order=order, order_id=order_id, event_id=event_id))
    return found


def _orders(session: Session, occasions: Sequence[Occasion]) -> dict[str, OrderFacts]:
    """Return, by occasion key, the order of the event, or else the order that was linked last to the thread."""
    asked = {one.thread_id for one in occasions if one.order_id is None and one.thread_id}
    linked: dict[Any, Any] = list_order_ids(session, asked) if asked else {}
    ids = {one.key: one.order_id or linked.get(one.thread_id) for one in occasions}
    orders: dict[Any, Order] = _by_id(session, Order, set(ids.values()) - {None})
    paid = read_paid(session, list(orders))
    return {key: _order_facts(orders[found], paid[found]) for key, found in ids.items() if found is not None and found in orders}


def _order_facts(order: Order, paid: Decimal) -> OrderFacts:
    total = order.gross_total
    left = None if total is None else total - paid
    return OrderFacts(order.id, order.status, order.order_type, order.priority, order.source, total, left)


def _facts(
    occasion: Occasion,
    thread: Thread | None,
    contacts: dict[Any, Any],
    ways: dict[Any, str],
    text: str,
    links: Mapping[uuid.UUID, list[str]] | None,
) -> Facts:
    if thread is None:
        return Facts(None, occasion.brand_id, {}, occasion.value, text=text)
    contact = contacts.get(thread.contact_id)
    return Facts(
        thread_id=thread.id,
        brand_id=thread.brand_id,
        state=state_of(thread, links=None if links is None else links.get(thread.id, ())),
        value=occasion.value,
        channel_id=thread.channel_id,
        medium=thread.medium,
        thread_type=thread.thread_type.value,
        contact=f"{contact.name} {ways.get(contact.id, '')}" if contact else "",
        language=(contact.language or "") if contact else "",
        subject=thread.subject,
        text=text,
        created_at=thread.created_at,
        message_count=thread.message_count,
        contact_id=thread.contact_id,
        is_ticket=thread.is_ticket,
    )


def _by_id(session: Session, model: Any, ids: set[Any]) -> dict[Any, Any]:
    if not ids:
        return {}
    query = sa.select(model).where(model.id.in_(ids)).execution_options(populate_existing=True)
    return {row.id: row for row in session.execute(query).scalars()}


def _ways(session: Session, contact_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    values = sa.func.string_agg(ContactIdentity.value, " ")
    query = sa.select(ContactIdentity.contact_id, values).where(ContactIdentity.contact_id.in_(list(contact_ids)))
    return {row[0]: row[1] for row in session.execute(query.group_by(ContactIdentity.contact_id))}


def _texts(session: Session, asked: sa.ColumnElement[bool], key: Any) -> dict[Any, str]:
    text = sa.func.left(Message.text, TEXT_CHARACTERS)
    return {row[0]: row[1] for row in session.execute(sa.select(key, text).where(asked))}


def _last_words(session: Session, thread_ids: set[Any]) -> dict[Any, str]:
    """Return by thread id the text of the contact's newest message."""
    asked = (Message.thread_id.in_(thread_ids), Message.message_type == MessageType.INCOMING, Message.automatic.is_(None))
    newest = sa.select(Message.id).where(*asked).ext(postgresql.distinct_on(Message.thread_id))
    newest = newest.order_by(Message.thread_id, Message.occurred_at.desc(), Message.id.desc())
    return _texts(session, Message.id.in_(newest.scalar_subquery()), Message.thread_id)
