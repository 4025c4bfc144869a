"""Find the recipient, channel and thread of a message that a rule sends about an order, and the reasons against sending it.

The message is a mail from a reply template or an approved WhatsApp template, in the customer's language if the template has
it. It waits while the change of status can be undone; an undo withdraws it (`withdraw_news`).
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.base import DeliveryStatus
from app.core.runtime import runtime
from app.core.text import mark as N_
from app.core.work import READY
from app.domain.connections.models import Channel, Medium
from app.domain.contacts.models import ConsentPurpose, Contact, ContactConsent
from app.domain.delivery.actions import ReplyContext, UnableToReply
from app.domain.delivery.models import Delivery
from app.domain.delivery.recall import withdraw
from app.domain.delivery.recipient import TOLD_OF, is_undone
from app.domain.events.actions import SYSTEM
from app.domain.events.models import Event
from app.domain.orders.actions import link_thread
from app.domain.orders.machines import ORDERS
from app.domain.orders.models import Order, OrderThread
from app.domain.threads.actions import NewThread, change_status, create_thread, lock_thread
from app.domain.threads.models import Message, Thread, ThreadAlias, ThreadStatus
from app.domain.threads.order_threads import PLACE, find_order_of_thread

NOBODY = N_("There is no recipient")
REFUSED = N_("The customer does not want order updates")
UNDONE = N_("The status change was undone: we do not notify anyone")
NO_MAILBOX = N_("The brand has no mailbox to send from")
NO_WHATSAPP = N_("The brand has no WhatsApp number to send from")


@dataclass(frozen=True)
class News:
    """The contact to write to and the order to write about, if any. `transition_id`: the change of the order's status, if any."""

    contact: Contact
    brand_id: uuid.UUID
    order: Order | None
    thread_id: uuid.UUID | None
    transition_id: str | None = None
    is_undo: bool = False


def find_news(session: Session, event: Event | None, *, thread_id: uuid.UUID | None) -> News:
    """Return the order of the event with its customer. If the event has no order, return the thread's contact with the order
    that the thread is about.

    Raises `UnableToReply` if there is no contact.
    """
    payload: dict[str, Any] = event.payload if event is not None else {}
    if payload.get("order_id"):
        order = session.get_one(Order, uuid.UUID(payload["order_id"]), populate_existing=True)
        customer = session.get_one(Contact, order.customer_contact_id)
        about, is_undo = payload.get("transition_id"), bool(payload.get("undoes_id"))
        return News(customer, order.brand_id, order, thread_id, about, is_undo)
    thread = session.get(Thread, thread_id) if thread_id is not None else None
    if thread is None or thread.contact_id is None:
        raise UnableToReply("contact", NOBODY)
    contact = session.get_one(Contact, thread.contact_id)
    return News(contact, thread.brand_id, find_order_of_thread(session, thread.id), thread.id)


def check_news(session: Session, news: News) -> None:
    """Raise UnableToReply if the customer refused order updates, or the change of status was undone."""
    consent = session.get(ContactConsent, (news.contact.id, ConsentPurpose.ORDER_UPDATES), populate_existing=True)
    if news.order is not None and consent is not None and not consent.is_given:
        raise UnableToReply("contact", REFUSED)
    if news.is_undo or (news.transition_id and is_undone(session, uuid.UUID(news.transition_id))):
        raise UnableToReply("transition", UNDONE)


def find_channel(session: Session, news: News, medium: Medium) -> Channel:
    """Return the thread's channel if it has this medium, otherwise the brand's first channel of the medium by name. Raises
    `UnableToReply` if there is no such channel."""
    of_brand = (Channel.brand_id == news.brand_id, Channel.is_active)
    sends = Channel.adapter_key.in_(sorted(runtime().adapters.senders))
    found = [
        channel
        for channel in session.execute(sa.select(Channel).where(*of_brand, sends).order_by(Channel.name, Channel.id)).scalars()
        if channel.medium == medium
    ]
    thread = find_home(session, news)
    theirs = [channel for channel in found if thread is not None and channel.id == thread.channel_id]
    if not found:
        raise UnableToReply("channel_id", NO_MAILBOX if medium == Medium.EMAIL else NO_WHATSAPP)
    return (theirs or found)[0]


def find_home(session: Session, news: News) -> Thread | None:
    """Return the contact's own thread: the thread of the event, or else the thread that was linked last to the order. Threads
    with another contact, tickets and spam do not count. Return None if no thread is left."""
    here = session.get(Thread, news.thread_id) if news.thread_id is not None else None
    linked = _list_linked(session, news.order) if news.order is not None else []
    return next((thread for thread in (here, *linked) if thread is not None and _is_theirs(thread, news)), None)


def _is_theirs(thread: Thread, news: News) -> bool:
    same = (thread.contact_id, thread.brand_id) == (news.contact.id, news.brand_id)
    return same and thread.spam_at is None and not thread.is_ticket


def _list_linked(session: Session, order: Order) -> list[Thread]:
    query = sa.select(Thread).join(OrderThread, Thread.id == PLACE).where(OrderThread.order_id == order.id)
    return list(session.execute(query.order_by(OrderThread.linked_at.desc(), Thread.id).limit(10)).scalars())


def lock_home(session: Session, news: News, channel: Channel, *, subject: str, now: datetime) -> Thread:
    """Return the thread of `find_home`, locked. If there is none, return a new thread that is already resolved."""
    home = find_home(session, news)
    if home is not None:
        return lock_thread(session, home.id)
    new = NewThread(
        brand_id=news.brand_id,
        medium=channel.medium.value,
        subject=subject or (news.order.order_number if news.order else ""),
        channel_id=channel.id,
        contact_id=news.contact.id,
    )
    thread = lock_thread(session, create_thread(session, new, now=now).id)
    if news.order is not None:
        link_thread(session, news.order, thread.id, now=now)
    change_status(session, thread_id=thread.id, status=ThreadStatus.RESOLVED, actor=SYSTEM, now=now)
    return thread


def context_of(channel: Channel, now: datetime) -> ReplyContext:
    house = runtime()
    rules = house.adapters.rules[channel.channel_type.value]
    return ReplyContext(rules=rules, mail_keys=house.mail_keys, mail_domain=house.settings.mail_domain, now=now)


def hold_while_undoable(session: Session, messages: Sequence[Message], news: News) -> None:
    """Delay messages about a change of status until the change can no longer be undone."""
    if news.transition_id is None:
        return
    query = sa.select(Delivery).where(Delivery.message_id.in_([message.id for message in messages]))
    for delivery in session.execute(query).scalars():
        delivery.run_at = sa.func.clock_timestamp() + sa.func.make_interval(0, 0, 0, 0, 0, 0, ORDERS.undo_seconds)
        delivery.outgoing = {**delivery.outgoing, TOLD_OF: news.transition_id}
    session.flush()


def withdraw_news(session: Session, event: Event) -> None:
    """`OrderStatusChanged`: if a person undid a change, withdraw the messages about it that were not sent yet."""
    undone = event.payload.get("undoes_id")
    if undone is None or event.actor_user_id is None:
        return
    linked = sa.select(OrderThread.thread_id).where(OrderThread.order_id == uuid.UUID(event.payload["order_id"]))
    merged = sa.select(ThreadAlias.thread_id).where(ThreadAlias.old_id.in_(linked))
    waits = (Delivery.state == READY, Delivery.status == DeliveryStatus.PENDING, Delivery.outgoing[TOLD_OF].astext == undone)
    here = sa.or_(Delivery.thread_id.in_(linked), Delivery.thread_id.in_(merged))
    query = sa.select(Delivery.thread_id, Delivery.message_id).where(here, *waits).order_by(Delivery.thread_id, Delivery.id)
    for row in session.execute(query).all():
        withdraw(session, thread_id=row.thread_id, message_id=row.message_id, user_id=event.actor_user_id, cause=event)
