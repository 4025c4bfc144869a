"""Apply a scenario's call: an order, a status, a payment or a customer's message, once per event.

This happens in the transaction of the inbound event. If the order does not exist (yet), the event is quarantined; a person
can process it again later.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.base import UnableToParse
from app.core.clock import utc_now
from app.core.text import known
from app.core.text import mark as N_
from app.domain.appointments.actions import finish_visits
from app.domain.contacts.models import Contact
from app.domain.events.actions import SYSTEM, Actor
from app.domain.ingest.context import ItemResult
from app.domain.ingest.models import InboundEvent
from app.domain.ingest.parsing import reading_budget
from app.domain.integrations.models import Integration
from app.domain.integrations.people import find_person
from app.domain.integrations.queries import get_integration
from app.domain.integrations.write_thread import Said, begin_thread, say
from app.domain.orders.actions import (
    NewLine,
    NewOrder,
    create_order,
    find_by_source_key,
    link_thread,
    note_feedback,
    set_order_status,
)
from app.domain.orders.models import Order, OrderSource, OrderStatus
from app.domain.orders.payments import NewPayment, WrongCurrency, add_payment
from app.domain.threads.actions import lock_thread
from app.domain.threads.models import Thread
from app.domain.threads.order_threads import find_thread_of_order
from app.domain.transitions.actions import TransitionRefused
from app.providers.make.parse import Told, lacking, read_amount, read_customer, read_lines, read_place, read_told

SOURCE = "make"
_NOT_NOW = known("order %(name)s cannot be completed: %(why)s Process this event again once the order can be completed")
_OTHER_CURRENCY = known("the currency of order %(name)s is not %(currency)s")
_NO_ORDER = known("this brand has no order %(name)s: process this event again once the order exists")


@dataclass(frozen=True)
class _Job:
    session: Session
    integration: Integration
    event: InboundEvent
    told: Told
    now: datetime


def read_scenario(session: Session, event: InboundEvent) -> list[ItemResult]:
    """Apply the inbound event of a scenario's call, and return a list with its result. Raises `UnableToParse`."""
    integration = get_integration(session, uuid.UUID(str(event.meta.get("integration_id"))))
    with reading_budget():
        told = read_told(event.body, received_at=event.received_at)
    apply = _APPLY.get(str(event.meta.get("scenario")))
    if apply is None:
        raise UnableToParse(N_("there is no such scenario"))
    now = utc_now()
    integration.last_inbound_at = now
    return [apply(_Job(session, integration, event, told, now))]


def _order_created(job: _Job) -> ItemResult:
    told, integration = job.told, job.integration
    name = told.text("order_reference", "external_order_id", "partner_order_id") or told.event_id or str(job.event.id)
    key = f"{integration.id}:{name}"
    lines = [NewLine(line.description, line.quantity, line.article, line.unit_price) for line in read_lines(told)]
    customer = read_customer(told)
    if not lines:
        raise lacking("line_items")
    contact_id = integration.id  # of nobody: only the key is looked for
    new = NewOrder(integration.brand_id, contact_id, OrderSource.MAKE, source_key=key)
    known_order = find_by_source_key(job.session, new)
    if known_order is not None:
        return ItemResult("duplicate", reason=known_order.order_number)
    contact = find_person(job.session, **customer, now=job.now)
    references = {"order_reference": name} if name else {}
    listed = [f"{line.quantity.normalize():f} × {line.description or line.article}" for line in lines]
    text = "\n".join([name, "", *listed, *filter(None, ("", told.words("notes")))]).strip()
    meta = {"scenario": {"order_reference": name}}
    said = Said(f"make:{key}", f"{integration.name} · {name}", text, told.occurred_at, job.event.id, meta)
    thread = begin_thread(job.session, integration, contact, said, now=job.now)
    made = NewOrder(
        integration.brand_id,
        contact.id,
        OrderSource.MAKE,
        source_key=key,
        address=read_place(told),
        lines=lines,
        notes=told.words("notes"),
        external_references=references,
        thread_id=thread.id,
    )
    return ItemResult("new", thread.id, reason=create_order(job.session, made, now=job.now, actor=SYSTEM).order_number)


def _visit_completed(job: _Job) -> ItemResult:
    order = _order(job)
    technician, notes = job.told.text("technician", "technician_name", most=100), job.told.text("notes", most=200)
    reason = " · ".join(filter(None, (technician, notes))) or "visit-completed"
    actor = Actor(by={"kind": "scenario", "id": str(job.integration.id), "name": job.integration.name})
    try:
        finish_visits(job.session, order.id, before=job.told.occurred_at, now=job.now, actor=actor)
        set_order_status(job.session, order.id, OrderStatus.COMPLETED, reason=reason, now=job.now, actor=actor)
    except TransitionRefused as refused:
        raise UnableToParse(_NOT_NOW % {"name": order.order_number, "why": str(refused)}) from refused
    return ItemResult("changed", reason=order.order_number)


def _payment_received(job: _Job) -> ItemResult:
    told, order = job.told, _order(job)
    amount, currency = read_amount(told.data.get("amount"), "amount"), (told.text("currency") or order.currency).upper()
    if amount <= 0:
        raise lacking("amount")
    if len(currency) != 3 or not (currency.isascii() and currency.isalpha()):
        raise lacking("currency")
    reference = told.text("payment_id", "reference") or told.event_id or str(job.event.id)
    key = f"{job.integration.id}:{reference}"
    payment = NewPayment(key, amount, currency, reference, told.at("paid_at"))
    try:
        is_new = add_payment(job.session, order, payment, now=job.now, actor=SYSTEM)
    except WrongCurrency as error:
        raise UnableToParse(_OTHER_CURRENCY % {"name": order.order_number, "currency": currency}) from error
    return ItemResult("new" if is_new else "duplicate", reason=order.order_number)


def _customer_feedback(job: _Job) -> ItemResult:
    told = job.told
    order = _order(job) if told.text("order_number", "order_id") else None
    comment, rating = told.words("comment", "feedback", "message"), told.text("rating", "score", most=20)
    if not comment and not rating:
        raise lacking("comment")
    if order is not None:
        contact = job.session.get_one(Contact, order.customer_contact_id)
    else:
        contact = find_person(job.session, **read_customer(told), now=job.now)
    said = _said(job, comment, rating)
    thread = _thread_of(job.session, order) if order is not None else None
    if thread is not None:
        say(job.session, thread, contact, said, now=job.now)
    else:
        thread = begin_thread(job.session, job.integration, contact, said, now=job.now)
    if order is not None:
        link_thread(job.session, order, thread.id, now=job.now)
        note_feedback(job.session, order, rating=rating, now=job.now, actor=SYSTEM)
    return ItemResult("threaded", thread.id)


def _said(job: _Job, comment: str, rating: str) -> Said:
    text = "\n".join(filter(None, (f"★ {rating}" if rating else "", comment)))
    external_id = f"make:{job.integration.id}:{job.told.event_id or job.event.id}"
    return Said(external_id, job.integration.name, text, job.told.occurred_at, job.event.id, {"feedback": {"rating": rating}})


def _order(job: _Job) -> Order:
    name = job.told.text("order_number", "order_id", "chargecars_order_id")
    if not name:
        raise lacking("order_number")
    found = sa.select(Order).where(Order.brand_id == job.integration.brand_id)
    reference = Order.external_references["order_reference"].astext == name
    called = sa.or_(Order.order_number == name.upper(), sa.cast(Order.id, sa.Text) == name.lower(), reference)
    order = job.session.execute(found.where(called).order_by(Order.created_at).limit(1)).scalar_one_or_none()
    if order is None:
        raise UnableToParse(_NO_ORDER % {"name": name})
    return order


def _thread_of(session: Session, order: Order) -> Thread | None:
    """Return the thread that was linked to the order last, locked. Return None if the order has no thread."""
    found = find_thread_of_order(session, order.id)
    return lock_thread(session, found) if found is not None else None


_APPLY: dict[str, Callable[[_Job], ItemResult]] = {
    "order-created": _order_created,
    "visit-completed": _visit_completed,
    "payment-received": _payment_received,
    "customer-feedback": _customer_feedback,
}
