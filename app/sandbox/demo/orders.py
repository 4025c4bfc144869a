"""Make articles and orders of the demo companies, for the people of their threads."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.address_parts import read_line
from app.core.money import round2
from app.domain.appointments.actions import AppointmentContent, plan_appointment, set_appointment_state
from app.domain.appointments.models import Appointment, AppointmentState
from app.domain.events.actions import SYSTEM
from app.domain.events.models import OutboxEntry
from app.domain.orders.actions import NewLine, NewOrder, create_order, set_order_status
from app.domain.orders.articles import add_article
from app.domain.orders.models import Order, OrderSource, OrderStatus
from app.domain.orders.payments import NewPayment, add_payment
from app.domain.threads.models import Thread
from app.sandbox.demo.company import Articles, DemoOrder

ARTICLES: Articles = (
    ("WALLBOX-11KW", "Wallbox 11kW", "749.00"),
    ("WALLBOX-22KW", "Wallbox 22kW", "899.00"),
    ("CABLE-5M", "Slimme laadkabel", "189.00"),
    ("INST-BASIC-1P", "Installatie 1-fase", "425.00"),
    ("INST-PLUS-3P", "Installatie 3-fase", "545.00"),
)
ADDRESSES = (
    "Kerkstraat 12, 1234AB Amsterdam",
    "Molenweg 7-A, 3511CD Utrecht",
    "Dorpsstraat 12, 2011KL Haarlem",
    "Stationslaan 4 bis, 3811EF Amersfoort",
    "Schoolstraat 999, 2312GH Leiden",
)
ORDERS = 24


@dataclass(frozen=True)
class Work:
    """The settings for the visits of a company's orders: title, time zone, and the technician of future visits."""

    title: str
    zone: str
    technician_user_id: UUID | None = None


@dataclass(frozen=True)
class Wanted:
    """An order to make from a thread. `made_at` is when it was created, `ended_at` when it reached its final status."""

    made_at: datetime
    ended_at: datetime
    thread: Thread
    demo: DemoOrder


def make_articles(session: Session, articles: Articles, *, brand_ids: Iterable[UUID], now: datetime) -> None:
    """Make every article for each brand."""
    for brand_id in brand_ids:
        for sku, name, price in articles:
            add_article(session, brand_id=brand_id, sku=sku, name=name, unit_price=Decimal(price), now=now)


def orders_by_chance(session: Session, dice: random.Random, *, now: datetime) -> Iterator[Wanted]:
    """Yield one random order for each of the newest threads with a contact, the oldest first."""
    newest = sa.select(Thread).where(Thread.contact_id.is_not(None), Thread.spam_at.is_(None))
    threads = session.scalars(newest.order_by(Thread.last_message_at.desc(), Thread.id).limit(ORDERS)).all()
    for age, thread in reversed(list(enumerate(threads))):
        goal, address = dice.choice(tuple(OrderStatus)), dice.choice(ADDRESSES)
        order, hour = DemoOrder(goal, address, _lines(dice)), timedelta(hours=1)
        yield Wanted(now - (7 * age + 6) * hour, now - hour, thread, order)


def make_orders(session: Session, wanted: Iterable[Wanted], *, work: Work, now: datetime) -> None:
    """Make each order from its thread, with the times in `wanted`, and change it step by step to its final status."""
    for one in wanted:
        thread, demo = one.thread, one.demo
        assert thread.contact_id is not None
        new = NewOrder(
            brand_id=thread.brand_id,
            customer_contact_id=thread.contact_id,
            source=OrderSource.USER,
            status=OrderStatus.INTAKE_RECEIVED if demo.goal is OrderStatus.INTAKE_RECEIVED else OrderStatus.NEW,
            address=read_line(demo.address),
            lines=[NewLine("", Decimal(quantity), article, tax_code=tax_code) for article, quantity, tax_code in demo.lines],
            thread_id=thread.id,
            discount=Decimal(demo.discount),
        )
        order = create_order(session, new, now=one.made_at, actor=SYSTEM)
        _walk(session, order, one, work=work, now=now)
        _pay(session, order, one)
    session.execute(sa.delete(OutboxEntry).where(OutboxEntry.handler == "push_thread_change"))  # no page is open yet


def _pay(session: Session, order: Order, wanted: Wanted) -> None:
    """Record the order's payments, 20 minutes apart, after its final status."""
    for place, one in enumerate(wanted.demo.paid, start=1):
        assert order.gross_total is not None
        at = wanted.ended_at + timedelta(minutes=20 * place)
        payment = NewPayment(
            source_key=f"demo-{order.order_number}-{place}",
            amount=round2(order.gross_total * Decimal(one.percent) / 100),
            currency=order.currency,
            reference=f"{order.order_number} ({place})",
            paid_at=at,
            kind=one.kind,
            state=one.state,
        )
        add_payment(session, order, payment, now=at, actor=SYSTEM)


def _walk(session: Session, order: Order, wanted: Wanted, *, work: Work, now: datetime) -> None:
    """Change a new order to its final status step by step, as people would, with its visit."""
    goal = wanted.demo.goal
    ways = {
        OrderStatus.ON_HOLD: (OrderStatus.QUOTED, OrderStatus.ON_HOLD),
        OrderStatus.CANCELLED: (OrderStatus.QUOTED, OrderStatus.CANCELLED),
    }
    line = (OrderStatus.QUOTED, OrderStatus.APPROVED, OrderStatus.SCHEDULED, OrderStatus.IN_PROGRESS, OrderStatus.COMPLETED)
    way = ways.get(goal, line[: line.index(goal) + 1] if goal in line else ())
    pause = (wanted.ended_at - order.created_at) / max(len(way), 1)
    visit: Appointment | None = None
    for number, status in enumerate(way, start=1):
        at = order.created_at + number * pause
        if status is OrderStatus.SCHEDULED:
            visit = plan_appointment(session, _visit(order, goal, work, at, now), now=at, actor=SYSTEM)  # moves the order too
        elif status is OrderStatus.IN_PROGRESS and visit is not None:
            set_appointment_state(session, visit.id, AppointmentState.ARRIVED, now=at, actor=SYSTEM)
        else:
            if status is OrderStatus.COMPLETED and visit is not None:
                set_appointment_state(session, visit.id, AppointmentState.DONE, now=at, actor=SYSTEM)
            code = {OrderStatus.ON_HOLD: "waiting_for_customer", OrderStatus.CANCELLED: "customer_withdrew"}.get(status, "")
            set_order_status(session, order.id, status, reason_code=code, now=at, actor=SYSTEM)


def _visit(order: Order, goal: OrderStatus, work: Work, at: datetime, now: datetime) -> AppointmentContent:
    """Return the visit for an order. It is in the next days if the order ends as scheduled, else half an hour after `at`."""
    starts_at, is_to_come = at + timedelta(minutes=30), goal is OrderStatus.SCHEDULED
    if is_to_come:
        day = (now + timedelta(days=2 + int(order.order_number[-1]) % 5)).astimezone(ZoneInfo(work.zone))
        starts_at = day.replace(hour=9, minute=0, second=0, microsecond=0).astimezone(UTC)
    return AppointmentContent(
        brand_id=order.brand_id,
        contact_id=order.customer_contact_id,
        title=work.title,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=2),
        zone=work.zone,
        technician_user_id=work.technician_user_id if is_to_come else None,
        order_id=order.id,
    )


def _lines(dice: random.Random) -> tuple[tuple[str, str, str], ...]:
    device, work = dice.choice(ARTICLES[:2]), dice.choice(ARTICLES[3:])
    cable = [(ARTICLES[2][0], str(dice.choice((1, 2))), "")] if dice.random() < 0.4 else []
    return ((device[0], "1", ""), (work[0], "1", ""), *cable)
