"""List the events sent to outgoing webhooks, their names, and the payload of each.

A body is {"type", "id", "timestamp", "brand", "data"}. Every body has ids, numbers and states. It has names, addresses and
message texts only if the endpoint asks for customer data.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.text import mark as N_
from app.domain.accounts.models import Brand
from app.domain.contacts.models import Contact, ContactIdentity
from app.domain.events.models import Event
from app.domain.orders.models import Order
from app.domain.tasks.models import Task
from app.domain.threads.models import Message, Thread
from app.domain.webhooks.called import order_fields, read_called, thread_fields
from app.domain.webhooks.models import RULE_CALLED

# What can be chosen, by area; the words are those of the page.
PLATFORM_EVENTS: Mapping[str, Mapping[str, str]] = {
    "customer": {"customer.created": N_("A customer of the brand wrote or ordered for the first time"),
                 "customer.updated": N_("A customer's name, addresses or phone numbers changed")},
    "job": {"job.created": N_("An order was created"), "job.updated": N_(
        "An order changed: status, priority, notes, references or articles"
    ),
            "job.completed": N_("An order was completed"), "job.cancelled": N_("An order was cancelled")},
    "payment": {"payment.received": N_("A payment for an order was received")},
    "message": {"message.received": N_("A customer sent a message"),
                "message.queued": N_("A reply is ready and about to be sent"),
                "message.sent": N_("A reply was sent"), "message.delivered": N_("A reply was delivered"),
                "message.read": N_("A reply was read"), "message.failed": N_("A reply failed or bounced")},
    "thread": {"thread.created": N_("A thread started"), "thread.assigned": N_("A thread was assigned"),
               "thread.status_changed": N_(
        "The status of a thread changed, for example to “Waiting on customer” or “Resolved”"
    ),
               "thread.priority_changed": N_("The priority of a thread changed")},
    "task": {"task.created": N_("A task was created"), "task.updated": N_("A task changed"),
             "task.completed": N_("A task was completed"), "task.reopened": N_("A task was reopened")},
    "sla": {"sla.warning": N_("A deadline is approaching"), "sla.breached": N_("A deadline has passed")},
    "rule": {RULE_CALLED: N_("A rule or macro called this webhook by name")},
}  # fmt: skip
NAMES = tuple(name for names in PLATFORM_EVENTS.values() for name in names)
_MESSAGE_STATES = {"sent": "sent", "delivered": "delivered", "read": "read", "failed": "failed", "bounced": "failed"}
_OF_TYPE: Mapping[str, tuple[str, ...]] = {
    "ThreadCreated": ("thread.created", "customer.created"),
    "ThreadAssigned": ("thread.assigned",),
    "ThreadStatusChanged": ("thread.status_changed",),
    "ThreadPriorityChanged": ("thread.priority_changed",),
    "MessageReceived": ("message.received",),
    "MessageQueued": ("message.queued",),
    "TaskCreated": ("task.created",),
    "TaskChanged": ("task.updated",),
    "TaskCompleted": ("task.completed",),
    "TaskReopened": ("task.reopened",),
    "OrderCreated": ("job.created", "customer.created"),
    "OrderChanged": ("job.updated",),
    "OrderPriorityChanged": ("job.updated",),
    "PaymentReceived": ("payment.received",),
    "ContactChanged": ("customer.updated",),
}


@dataclass(frozen=True)
class Told:
    """The payload of one event. `data` goes to every endpoint; `private` is customer data, only for endpoints that ask for it.

    `key` is the ordering key of the message.
    """

    data: dict[str, Any]
    private: dict[str, Any] = field(default_factory=dict)
    key: str = ""
    about: dict[str, str] = field(default_factory=dict)
    is_new: bool = True


def names_of(event: Event) -> tuple[str, ...]:
    """Return the names under which an event is sent to webhooks. Most events are not sent and have none."""
    if event.type == "OrderStatusChanged":
        status = str(event.payload.get("status"))
        return ("job.updated", *((f"job.{status}",) if status in ("completed", "cancelled") else ()))
    if event.type == "DeliveryChanged":
        state = _MESSAGE_STATES.get(str(event.payload.get("status")))
        return (f"message.{state}",) if state else ()
    if event.type == "EscalationStepReached":
        is_late = (event.payload.get("percent") or 0) >= 100 or event.payload.get("late_minutes") is not None
        return ("sla.breached" if is_late else "sla.warning",)
    return _OF_TYPE.get(event.type, ())


def brands_of(session: Session, event: Event) -> list[uuid.UUID]:
    """Return the ids of the brands whose endpoints get the event.

    A change of a contact goes to every brand that has a thread or order of the contact.
    """
    if event.brand_id is not None:
        return [event.brand_id]
    contact_id = event.payload.get("contact_id")
    if event.type != "ContactChanged" or contact_id is None:
        return []
    threads = sa.select(Thread.brand_id).where(Thread.contact_id == uuid.UUID(contact_id))
    orders = sa.select(Order.brand_id).where(Order.customer_contact_id == uuid.UUID(contact_id))
    return sorted(session.execute(sa.union(threads, orders)).scalars())


def tell(session: Session, event: Event, name: str, brand: Brand) -> Told | None:
    """Return the payload of the event under this name. Return None if its subject was deleted or the name does not apply."""
    return _OF_AREA[name.partition(".")[0]](session, event, name, brand)


def _customer(session: Session, event: Event, name: str, brand: Brand) -> Told | None:
    contact = _contact_of(session, event)
    if contact is None or (name == "customer.created" and not _is_first(session, event, contact.id, brand.id)):
        return None
    data = {"contact_id": str(contact.id), "contact_type": contact.contact_type.value}
    changed = {"changed": event.payload["fields"]} if "fields" in event.payload else {}
    about = {"label": contact.name, "contact_id": str(contact.id)}
    return Told({**data, **changed}, ways_of(session, contact), f"contact:{contact.id}", about)


def _job(session: Session, event: Event, _name: str, _brand: Brand) -> Told | None:
    order = session.get(Order, uuid.UUID(event.payload["order_id"]))
    if order is None:
        return None
    said = _of(event, "from", "reason", "fields", "former_priority")
    money = _of(event, "amount", "currency", "reference", "paid_at")
    data = {
        "order_id": str(order.id),
        "order_number": order.order_number,
        "order_status": event.payload.get("status", order.status.value),
        "order_type": order.order_type,
        "priority": order.priority.value,
        "customer_contact_id": str(order.customer_contact_id),
        "external_references": order.external_references,
        **said,
        **({"payment": money} if money else {}),
    }
    contact = session.get(Contact, order.customer_contact_id)
    private = {"customer": ways_of(session, contact)} if contact else {}
    about = {"label": order.order_number, "order_id": str(order.id)}
    return Told(data, private, f"order:{order.id}", about)


def _message(session: Session, event: Event, name: str, _brand: Brand) -> Told | None:
    message = session.get(Message, event.message_id) if event.message_id else None
    if message is None:
        return None
    data = {
        "message_id": str(message.id),
        "thread_id": str(message.thread_id),
        "message_type": message.message_type.value,
        "channel_id": str(message.channel_id) if message.channel_id else None,
        "medium": message.medium,
        "sender_contact_id": str(message.sender_contact_id) if message.sender_contact_id else None,
        "delivery_status": event.payload.get("status", message.delivery_status),
    }
    private = {"sender": message.sender, "subject": message.subject, "message_content": message.text[:20_000]}
    thread = session.get(Thread, message.thread_id)
    about = {"label": _thread_label(thread), "thread_id": str(message.thread_id)}
    return Told(data, private if name in ("message.received", "message.queued") else {}, f"thread:{message.thread_id}", about)


def _thread(session: Session, event: Event, _name: str, _brand: Brand) -> Told | None:
    thread = session.get(Thread, event.thread_id) if event.thread_id else None
    if thread is None:
        return None
    said = _of(event, "from", "to", "because")
    data = {
        "thread_id": str(thread.id),
        "number": thread.number,
        "status": event.payload.get("to", thread.status.value) if "from" in event.payload else thread.status.value,
        "priority": thread.priority.value,
        "customer_contact_id": str(thread.contact_id) if thread.contact_id else None,
        **said,
    }
    clock = _of(event, "clock", "percent", "late_minutes", "response_due_at", "policy")
    about = {"label": _thread_label(thread), "thread_id": str(thread.id)}
    return Told({**data, **clock}, {"thread_subject": thread.subject}, f"thread:{thread.id}", about)


def _task(session: Session, event: Event, _name: str, _brand: Brand) -> Told | None:
    task = session.get(Task, uuid.UUID(event.payload["task_id"]))
    if task is None:
        return None
    said = _of(event, "from", "to")
    data = {"task_id": str(task.id), "status": task.status.value, "thread_id": str(task.thread_id) if task.thread_id else None}
    about = {"label": task.title[:80], **({"thread_id": str(task.thread_id)} if task.thread_id else {})}
    return Told({**data, **said}, {"title": task.title}, f"task:{task.id}", about)


def _rule(session: Session, event: Event, _name: str, _brand: Brand) -> Told:
    called = read_called(session, event)
    thread, order = called.thread, called.order
    data = {
        "rule": called.rule,
        "cause": called.cause,
        "thread": thread_fields(thread) if thread else None,
        "order": order_fields(order) if order else None,
    }
    customer = {"customer": ways_of(session, called.contact)} if called.contact else {}
    subject = {"thread_subject": thread.subject} if thread else {}
    if thread is not None:
        key, about = f"thread:{thread.id}", {"label": _thread_label(thread), "thread_id": str(thread.id)}
    elif order is not None:
        key, about = f"order:{order.id}", {"label": order.order_number, "order_id": str(order.id)}
    else:
        key, about = "", {"label": called.rule or RULE_CALLED}
    return Told(data, {**customer, **subject}, key, about)


_OF_AREA: Mapping[str, Callable[[Session, Event, str, Brand], Told | None]] = {
    "customer": _customer, "job": _job, "payment": _job, "message": _message, "thread": _thread, "task": _task, "sla": _thread,
    "rule": _rule,
}  # fmt: skip


def _of(event: Event, *names: str) -> dict[str, Any]:
    """Return the part of the event's payload that has these names."""
    return {name: event.payload[name] for name in names if name in event.payload}


def _thread_label(thread: Thread | None) -> str:
    return f"#{thread.number}" if thread else ""


def _contact_of(session: Session, event: Event) -> Contact | None:
    if "contact_id" in event.payload:
        return session.get(Contact, uuid.UUID(event.payload["contact_id"]))
    if "order_id" in event.payload:
        order = session.get(Order, uuid.UUID(event.payload["order_id"]))
        return session.get(Contact, order.customer_contact_id) if order else None
    thread = session.get(Thread, event.thread_id) if event.thread_id else None
    return session.get(Contact, thread.contact_id) if thread and thread.contact_id else None


def _is_first(session: Session, event: Event, contact_id: uuid.UUID, brand_id: uuid.UUID) -> bool:
    """Return True if the brand has no thread or order of the contact besides the one of this event."""
    order_id = event.payload.get("order_id")
    threads = sa.select(Thread.id).where(Thread.contact_id == contact_id, Thread.brand_id == brand_id)
    orders = sa.select(Order.id).where(Order.customer_contact_id == contact_id, Order.brand_id == brand_id)
    if order_id is not None:
        orders = orders.where(Order.id != uuid.UUID(order_id))
    elif event.thread_id is not None:
        threads = threads.where(Thread.id != event.thread_id)
    return not session.execute(sa.select(sa.or_(sa.exists(threads), sa.exists(orders)))).scalar_one()


def ways_of(session: Session, contact: Contact) -> dict[str, Any]:
    """Return {"name", "language", "email", "phone"} of the contact. "email" and "phone" are None if they are unknown."""
    query = sa.select(ContactIdentity.kind, ContactIdentity.value).where(
        ContactIdentity.contact_id == contact.id, ContactIdentity.former_since.is_(None)
    )
    ways = session.execute(query.order_by(ContactIdentity.is_primary.desc(), ContactIdentity.created_at)).all()
    found = {kind: next((way.value for way in ways if way.kind == kind), None) for kind in ("email", "phone")}
    return {"name": contact.name, "language": contact.language, **found}
