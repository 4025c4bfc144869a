"""Link threads with orders, automatically by messages and by hand. Unlink them, permanently or not.

Only orders of the sender or of the sender's organization, in the brand of the thread, are linked automatically. A link that
somebody removed is not made again automatically. Merged threads keep their links under their former ids.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session, aliased

from app.domain.contacts.models import Contact
from app.domain.events.actions import SYSTEM, Actor, Subject, record
from app.domain.events.models import Event
from app.domain.orders.actions import link_thread
from app.domain.orders.links import allow_link, refuse_link, unlink_thread
from app.domain.orders.models import ENDED, Order, OrderLinkRefusal, OrderThread
from app.domain.orders.numbers import list_prefixes
from app.domain.threads.automatic import by_people
from app.domain.threads.models import Message, MessageKey, MessageType, Thread
from app.domain.threads.order_mentions import Because, Chosen, TheirOrder, choose_orders, read_mentions

OF_PROGRAMS = frozenset({"form", "scenario", "partner_order"})  # whoever brought these in makes or names the order
MOST_ORDERS = 500  # of one sender that are looked at, the newest; others only by their whole number


class AlreadyAbout(Exception):
    """The thread is linked with this order already."""


def link_order(
    session: Session, order: Order, thread: Thread, *, because: Because, said: str = "", now: datetime, actor: Actor
) -> None:
    """Link a thread with an order, for the reason `because`. Raises AlreadyAbout. The caller has checked that both are of one
    brand."""
    if not link_thread(session, order, thread.id, now=now):
        raise AlreadyAbout(order.order_number)
    if because == Because.HAND:
        allow_link(session, order.id, thread.id)
    thread.version += 1
    payload = {"order_id": str(order.id), "order_number": order.order_number, "because": because.value, "said": said}
    subject = Subject(brand_id=thread.brand_id, thread_id=thread.id)
    record(session, "OrderLinked", subject=subject, now=now, actor=actor, payload=payload, about=("order", order.id))


def unlink_order(session: Session, order: Order, thread: Thread, *, now: datetime, actor: Actor, for_good: bool = True) -> bool:
    """Unlink the thread from the order. Return False if it was not linked.

    With `for_good`, messages do not link it again automatically.
    """
    if not unlink_thread(session, order.id, thread.id):
        return False
    if for_good:
        refuse_link(session, order.id, thread.id, now=now)
    thread.version += 1
    payload = {"order_id": str(order.id), "order_number": order.order_number}
    subject = Subject(brand_id=thread.brand_id, thread_id=thread.id)
    record(session, "OrderUnlinked", subject=subject, now=now, actor=actor, payload=payload, about=("order", order.id))
    return True


def link_orders_of_messages(session: Session, events: Sequence[Event]) -> None:
    """Handle `MessageReceived`: link the threads of people's messages with the orders that the messages are about.

    The number of queries is small and does not grow with the number of messages.
    """
    messages = [session.get_one(Message, event.message_id) for event in by_people(session, events)]
    incoming = [one for one in messages if one.message_type == MessageType.INCOMING and one.sender_contact_id is not None]
    incoming = [one for one in incoming if not OF_PROGRAMS & one.meta.keys()]
    if not incoming:
        return
    found = _Found(session, incoming)
    now = max(event.occurred_at for event in events)
    for message in incoming:
        for chosen in found.chosen_for(message):
            order, thread = session.get_one(Order, chosen.order_id), session.get_one(Thread, message.thread_id)
            if thread.spam_at is None:
                link_order(session, order, thread, because=chosen.because, said=chosen.said, now=now, actor=SYSTEM)


class _Found:
    """Orders, links and contacts of the senders of these messages, read once for all messages."""

    def __init__(self, session: Session, messages: Sequence[Message]) -> None:
        self.session = session
        self.mentions = {message.id: read_mentions(message.subject, message.text) for message in messages}
        self.people: defaultdict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
        self.orders = self._read_orders({one.sender_contact_id for one in messages if one.sender_contact_id is not None})
        self._forget_what_is_no_number()
        self.links, self.refused, self.answered = self._read_links(messages)

    def chosen_for(self, message: Message) -> list[Chosen]:
        """Return the orders to link with the message's thread. Orders already linked or refused for it are left out."""
        people = self.people[message.sender_contact_id] if message.sender_contact_id else set()
        said, quoted = self.mentions[message.id]
        own = [order for order in self.orders if order.brand_id == message.brand_id and _belongs(order, people)]
        theirs = [_as_theirs(order, people) for order in own]
        others = {order.order_number for order in self.orders if order not in own}
        linked, refused = self.links[message.thread_id], self.refused[message.thread_id]
        chosen = choose_orders(
            said, quoted, theirs, others=others, answered=self.answered[message.thread_id], is_linked=bool(linked)
        )
        return [one for one in chosen if one.order_id not in linked | refused]

    def _read_orders(self, senders: set[uuid.UUID]) -> list[Order]:
        """Read the senders' orders, and the orders of anybody whose full number is mentioned.

        Runs one query, or two if numbers of other orders are mentioned.
        """
        orders: dict[uuid.UUID, Order] = {}
        for sender_id, parent_id, order in self.session.execute(_orders_of(senders)):
            self.people[sender_id] |= {sender_id, parent_id} - {None}
            orders[order.id] = order
        known = {order.order_number for order in orders.values()}
        numbers = {number for pair in self.mentions.values() for part in pair for number in part.numbers} - known
        if numbers:
            named = sa.select(Order).where(Order.order_number.in_(numbers))
            orders |= {order.id: order for order in self.session.execute(named).scalars()}
        return list(orders.values())

    def _forget_what_is_no_number(self) -> None:
        """Drop texts that only look like order numbers, such as "9 nov 2026 10:12".

        A number is kept if it begins with the prefix of a brand or of one of the senders' orders.
        """
        if any(part.numbers for pair in self.mentions.values() for part in pair):
            prefixes = {*list_prefixes(self.session).values(), *(order.order_number.split("-")[0] for order in self.orders)}
            self.mentions = {
                key: (a.beginning_with(prefixes), b.beginning_with(prefixes)) for key, (a, b) in self.mentions.items()
            }

    def _read_links(
        self, messages: Sequence[Message]
    ) -> tuple[Mapping[uuid.UUID, set[uuid.UUID]], Mapping[uuid.UUID, set[uuid.UUID]], Mapping[uuid.UUID, set[uuid.UUID]]]:
        """Read three dicts from thread id to order ids: linked orders, refused orders, and orders of the messages that are
        answered."""
        links: defaultdict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
        refused: defaultdict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
        answered: defaultdict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
        if not self.orders:
            return links, refused, answered
        threads = [message.thread_id for message in messages]
        for table, into in ((OrderThread, links), (OrderLinkRefusal, refused)):
            query = sa.select(table.thread_id, table.order_id).where(table.thread_id.in_(threads))
            for row in self.session.execute(query):
                into[row.thread_id].add(row.order_id)
        for thread_id, order_id in self.session.execute(_answered_orders(messages)):
            answered[thread_id].add(order_id)
        return links, refused, answered


def _orders_of(senders: set[uuid.UUID]) -> sa.Select[*tuple[Any, ...]]:
    """Return the query for rows (sender id, organization id, order).

    The rows have the newest orders of each sender and of the sender's organization.
    """
    ids = sa.cast(postgresql.array([Contact.id, Contact.parent_organization_id]), postgresql.ARRAY(sa.Uuid))
    theirs = sa.or_(
        Order.customer_contact_id.in_([Contact.id, Contact.parent_organization_id]),
        Order.account_contact_id.in_([Contact.id, Contact.parent_organization_id]),
        Order.channel_contact_ids.overlap(ids),
    )
    newest = sa.select(Order).where(theirs).order_by(Order.created_at.desc(), Order.id).limit(MOST_ORDERS)
    found = newest.correlate(Contact).lateral("found")
    query = sa.select(Contact.id, Contact.parent_organization_id, aliased(Order, found)).join(found, sa.true())
    return query.where(Contact.id.in_(senders))


def _answered_orders(messages: Iterable[Message]) -> sa.Select[uuid.UUID, uuid.UUID]:
    """Return the query for rows (thread id, order id) of the threads of `messages`.

    The orders are those linked with another thread, if a mail in `messages` answers a message of that thread.
    """
    named, own = aliased(MessageKey), aliased(MessageKey)
    answering, answered = aliased(Message), aliased(Message)
    query = sa.select(answering.thread_id, OrderThread.order_id).join(named, named.message_id == answering.id)
    query = query.join(own, sa.and_(own.brand_id == named.brand_id, own.value == named.value, own.role == "own"))
    query = query.join(answered, answered.id == own.message_id).join(OrderThread, OrderThread.thread_id == answered.thread_id)
    mails = [message.id for message in messages if message.medium == "email"]
    return query.where(answering.id.in_(mails), named.role == "named", answered.thread_id != answering.thread_id)


def _belongs(order: Order, people: set[uuid.UUID]) -> bool:
    return bool({order.customer_contact_id, order.account_contact_id, *order.channel_contact_ids} & people)


def _as_theirs(order: Order, people: set[uuid.UUID]) -> TheirOrder:
    named = [value for value in order.external_references.values() if isinstance(value, str | int)]
    references = frozenset(str(value).strip().lower() for value in named)
    is_customers = order.customer_contact_id in people
    return TheirOrder(order.id, order.order_number, references, order.status not in ENDED, is_customers)
