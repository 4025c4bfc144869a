"""Read the facts that a Teams card shows about its thread or order: status, team, customer, assignee. Never writes."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.accounts.models import Team, User
from app.domain.contacts.models import Contact
from app.domain.notifications.queries import NotificationRow
from app.domain.orders.models import Order, OrderStatus
from app.domain.orders.template_facts import STATUS_WORDS, language_of
from app.domain.threads.models import Thread, ThreadStatus
from app.domain.threads.order_threads import find_order_of_thread

MOST_MENTIONED = 10
ORDERS = "/orders/"


@dataclass(frozen=True)
class CardFacts:
    """Facts that a card shows. A fact is "" or None if it is unknown. `customer` is the order's customer, for a card without a
    thread."""

    order_number: str = ""
    order_status: OrderStatus | None = None
    status: ThreadStatus | None = None
    team: str = ""
    customer: str = ""


@dataclass(frozen=True)
class Assignee:
    """An assignee whom a card mentions. Teams identifies the person by `email`."""

    name: str
    email: str


def read_facts(session: Session, row: NotificationRow) -> CardFacts:
    """Read the facts that a card shows about the notification's thread or order. At most four queries."""
    told = row.notification
    thread = session.get(Thread, told.thread_id) if told.thread_id else None
    order = find_order_of_thread(session, thread.id) if thread is not None else _order_at(session, told.place)
    team = session.get(Team, thread.team_id) if thread is not None and thread.team_id else None
    customer = session.get(Contact, order.customer_contact_id) if order is not None and thread is None else None
    return CardFacts(
        order_number=order.order_number if order is not None else "",
        order_status=order.status if order is not None else None,
        status=thread.status if thread is not None else None,
        team=team.name if team is not None else "",
        customer=customer.name if customer is not None else "",
    )


def list_assignees(session: Session, rows: Sequence[NotificationRow]) -> list[Assignee]:
    """List the assignees of these notifications' threads, by name, at most MOST_MENTIONED. One query."""
    threads = {row.notification.thread_id for row in rows if row.notification.thread_id}
    query = sa.select(User.name, User.email).join(Thread, Thread.assignee_user_id == User.id)
    query = query.where(Thread.id.in_(threads), User.disabled_at.is_(None)).distinct().order_by(User.name).limit(MOST_MENTIONED)
    return [Assignee(row.name, row.email) for row in session.execute(query)] if threads else []


def order_status_words(status: OrderStatus, locale: str) -> str:
    words = STATUS_WORDS[language_of(locale)][status]
    return words[:1].upper() + words[1:]


def _order_at(session: Session, place: str) -> Order | None:
    try:
        return session.get(Order, uuid.UUID(place.removeprefix(ORDERS))) if place.startswith(ORDERS) else None
    except ValueError:
        return None
