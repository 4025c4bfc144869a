"""Set what a thread is about (subject, customer, partner, order), for people, macros, rules and bulk changes.

The caller owns the transaction, has locked the thread, and has checked that the user may see the contacts.
"""

from __future__ import annotations

import contextlib
import uuid
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.text import mark as N_
from app.domain.contacts.book import find_kept
from app.domain.contacts.models import Contact
from app.domain.events.actions import Actor, record
from app.domain.orders.models import ENDED, Order, OrderThread
from app.domain.threads.actions import subject_of
from app.domain.threads.edit import edit_thread
from app.domain.threads.macros import ONLY_OPEN, MacroSteps
from app.domain.threads.models import Thread
from app.domain.threads.order_links import AlreadyAbout, link_order, unlink_order
from app.domain.threads.order_mentions import Because

NO_SUCH_CONTACT = N_("This person no longer exists")
NO_SUCH_ORDER = N_("The brand of the thread has no order with this number")
NO_OPEN_ORDER = N_("The customer has no open order")
MORE_OPEN_ORDERS = N_("The customer has more than one open order")
NEEDS_CUSTOMER = N_("Only an internal ticket can be without a customer")
_COLUMNS = {"customer": "contact_id", "partner": "partner_contact_id"}
_EVENTS = {"customer": "CustomerChanged", "partner": "PartnerChanged"}


class UnableToSay(Exception):
    """Raised when a step cannot be carried out. `step` is the field of `MacroSteps`. The message says why, in English."""

    def __init__(self, step: str, why: str) -> None:
        super().__init__(why)
        self.step = step


@dataclass(frozen=True)
class Meant:
    """The customer, partner and order that the steps of a macro name. A value is None if the steps do not name it."""

    customer_id: uuid.UUID | None = None
    partner_id: uuid.UUID | None = None
    order: Order | None = None


def find_meant(session: Session, steps: MacroSteps, *, brand_id: uuid.UUID, contact_id: uuid.UUID | None) -> Meant:
    """Find the contacts and the order that the steps name. Raises `UnableToSay`.

    `brand_id` and `contact_id` are the brand and the present customer of the thread.
    """
    customer = _find_contact(session, steps.customer_id, "customer_id")
    partner = _find_contact(session, steps.partner_id, "partner_id")
    if steps.order is None:
        return Meant(customer, partner)
    return Meant(customer, partner, find_order_meant(session, steps.order, brand_id=brand_id, contact_id=customer or contact_id))


def find_order_meant(session: Session, asked: str, *, brand_id: uuid.UUID, contact_id: uuid.UUID | None) -> Order:
    """Return the brand's order with the number `asked`. If `asked` is `ONLY_OPEN`, return the only open order of the customer.

    Raises `UnableToSay` if there is no such order, or if the customer has several open orders.
    """
    query = sa.select(Order).where(Order.brand_id == brand_id)
    if asked != ONLY_OPEN:
        order = session.execute(query.where(Order.order_number == asked)).scalar_one_or_none()
        if order is None:
            raise UnableToSay("order", NO_SUCH_ORDER)
        return order
    theirs = query.where(Order.customer_contact_id == contact_id, Order.status.not_in(ENDED)).limit(2)
    found = session.execute(theirs).scalars().all() if contact_id is not None else []
    if len(found) != 1:
        raise UnableToSay("order", MORE_OPEN_ORDERS if found else NO_OPEN_ORDER)
    return found[0]


def say_about(session: Session, thread: Thread, steps: MacroSteps, *, actor: Actor, now: datetime) -> None:
    """Carry out the steps that set what a locked thread is about: subject, customer, partner and order. Raises `UnableToSay`."""
    meant = find_meant(session, steps, brand_id=thread.brand_id, contact_id=thread.contact_id)
    if steps.subject is not None:
        edit_thread(session, thread, {"subject": steps.subject}, actor=actor, now=now)
    if meant.customer_id is not None:
        change_person(session, thread, "customer", meant.customer_id, actor=actor, now=now)
    if meant.partner_id is not None:
        change_person(session, thread, "partner", meant.partner_id, actor=actor, now=now)
    if meant.order is not None:
        link_by_hand(session, thread, meant.order, actor=actor, now=now)


def change_person(
    session: Session, thread: Thread, which: str, contact_id: uuid.UUID | None, *, actor: Actor, now: datetime
) -> None:
    """Set the customer or the partner of a locked thread. `which` is "customer" or "partner". None removes the contact.

    Raises `UnableToSay` if the customer of a thread on a channel would be removed.
    """
    column = _COLUMNS[which]
    former: uuid.UUID | None = getattr(thread, column)
    if contact_id == former:
        return
    if which == "customer" and contact_id is None and thread.channel_id is not None:
        raise UnableToSay("customer_id", NEEDS_CUSTOMER)
    edit_thread(session, thread, {column: contact_id}, actor=actor, now=now)
    names = {"from": _name(session, former), "to": _name(session, contact_id)}
    payload = {**names, "contact_id": str(contact_id) if contact_id else None}
    record(session, _EVENTS[which], subject=subject_of(thread), now=now, actor=actor, payload=payload)


def link_by_hand(session: Session, thread: Thread, order: Order, *, actor: Actor, now: datetime) -> None:
    """Link a locked thread with the order. Do nothing if they are linked already."""
    with contextlib.suppress(AlreadyAbout):
        link_order(session, order, thread, because=Because.HAND, now=now, actor=actor)


def list_links(session: Session, thread_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, list[str]]:
    """Return thread id -> ids of its linked orders as sorted strings. Threads without orders are absent. One query."""
    links: dict[uuid.UUID, list[str]] = defaultdict(list)
    query = sa.select(OrderThread.thread_id, OrderThread.order_id).where(OrderThread.thread_id.in_(thread_ids))
    for row in session.execute(query.order_by(OrderThread.order_id)):
        links[row.thread_id].append(str(row.order_id))
    return links


def restore_links(
    session: Session, thread: Thread, *, was: Collection[str], wanted: Collection[str], actor: Actor, now: datetime
) -> None:
    """Undo a change of the thread's order links.

    `was`: the ids of the linked orders after that change. `wanted`: their ids before it.
    """
    for order_id in sorted(set(was) ^ set(wanted)):
        order = session.get(Order, uuid.UUID(order_id))
        if order is None:
            continue
        if order_id in wanted:
            link_by_hand(session, thread, order, actor=actor, now=now)
        else:
            unlink_order(session, order, thread, for_good=False, now=now, actor=actor)


def restore_person(session: Session, thread: Thread, which: str, contact_id: str | None, *, actor: Actor, now: datetime) -> None:
    """Set the former customer or partner again. If that contact was merged into another, set the other contact."""
    known = _find_contact(session, uuid.UUID(contact_id), f"{which}_id") if contact_id else None
    change_person(session, thread, which, known, actor=actor, now=now)


def _find_contact(session: Session, contact_id: uuid.UUID | None, step: str) -> uuid.UUID | None:
    if contact_id is None:
        return None
    if session.get(Contact, contact_id) is None:
        raise UnableToSay(step, NO_SUCH_CONTACT)
    return find_kept(session, contact_id) or contact_id


def _name(session: Session, contact_id: uuid.UUID | None) -> str:
    contact = session.get(Contact, contact_id) if contact_id else None
    return contact.name if contact is not None else ""
