"""Make articles and orders of the demo company, for the people of its newest threads."""

from __future__ import annotations

import random
from collections.abc import Collection
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.address_parts import read_line
from app.domain.appointments.actions import AppointmentContent, plan_appointment, set_appointment_state
from app.domain.appointments.models import Appointment, AppointmentState
from app.domain.events.actions import SYSTEM
from app.domain.events.models import OutboxEntry
from app.domain.orders.actions import NewLine, NewOrder, create_order, set_order_status
from app.domain.orders.articles import add_article
from app.domain.orders.models import Order, OrderSource, OrderStatus
from app.domain.threads.models import Thread

ARTICLES = (
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


def make_orders(session: Session, dice: random.Random, *, brand_ids: Collection[UUID], now: datetime) -> None:
    """Articles for each brand, and one order for each of the newest threads with a contact."""
    for brand_id in brand_ids:
        for sku, name, price in ARTICLES:
            add_article(session, brand_id=brand_id, sku=sku, name=name, unit_price=Decimal(price), now=now)
    newest = sa.select(Thread).where(Thread.contact_id.is_not(None), Thread.spam_at.is_(None))
    threads = session.scalars(newest.order_by(Thread.last_message_at.desc(), Thread.id).limit(ORDERS)).all()
    for age, thread in reversed(list(enumerate(threads))):
        assert thread.contact_id is not None
        made_at, goal = now - timedelta(hours=7 * age + 6), dice.choice(tuple(OrderStatus))
        new = NewOrder(
            brand_id=thread.brand_id,
            customer_contact_id=thread.contact_id,
            source=OrderSource.USER,
            status=OrderStatus.INTAKE_RECEIVED if goal is OrderStatus.INTAKE_RECEIVED else OrderStatus.NEW,
            address=read_line(dice.choice(ADDRESSES)),
            lines=_lines(dice),
            thread_id=thread.id,
        )
        order = create_order(session, new, now=made_at, actor=SYSTEM)
        walk(session, order, goal, now=now)
    session.execute(sa.delete(OutboxEntry).where(OutboxEntry.handler == "push_thread_change"))  # nobody is looking yet


def walk(session: Session, order: Order, goal: OrderStatus, *, now: datetime) -> None:
    """Take a new order to `goal` as people would, step by step, the last one an hour ago at the latest."""
    ways = {
        OrderStatus.ON_HOLD: (OrderStatus.QUOTED, OrderStatus.ON_HOLD),
        OrderStatus.CANCELLED: (OrderStatus.QUOTED, OrderStatus.CANCELLED),
    }
    line = (OrderStatus.QUOTED, OrderStatus.APPROVED, OrderStatus.SCHEDULED, OrderStatus.IN_PROGRESS, OrderStatus.COMPLETED)
    way = ways.get(goal, line[: line.index(goal) + 1] if goal in line else ())
    pause = (now - timedelta(hours=1) - order.created_at) / max(len(way), 1)
    visit: Appointment | None = None
    for number, status in enumerate(way, start=1):
        at = order.created_at + number * pause
        if status is OrderStatus.SCHEDULED:
            visit = plan_appointment(session, _visit(order, goal, at, now), now=at, actor=SYSTEM)  # the order follows
        elif status is OrderStatus.IN_PROGRESS and visit is not None:
            set_appointment_state(session, visit.id, AppointmentState.ARRIVED, now=at, actor=SYSTEM)
        else:
            if status is OrderStatus.COMPLETED and visit is not None:
                set_appointment_state(session, visit.id, AppointmentState.DONE, now=at, actor=SYSTEM)
            code = {OrderStatus.ON_HOLD: "waiting_for_customer", OrderStatus.CANCELLED: "customer_withdrew"}.get(status, "")
            set_order_status(session, order.id, status, reason_code=code, now=at, actor=SYSTEM)


def _visit(order: Order, goal: OrderStatus, at: datetime, now: datetime) -> AppointmentContent:
    """In the coming days where it is still to be made, else right away."""
    starts_at = at + timedelta(minutes=30)
    if goal is OrderStatus.SCHEDULED:
        day = now + timedelta(days=2 + int(order.order_number[-1]) % 5)
        starts_at = day.replace(hour=9, minute=0, second=0, microsecond=0)
    return AppointmentContent(
        brand_id=order.brand_id,
        contact_id=order.customer_contact_id,
        title="Installatie laadpaal",
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=2),
        order_id=order.id,
    )


def _lines(dice: random.Random) -> list[NewLine]:
    device, work = dice.choice(ARTICLES[:2]), dice.choice(ARTICLES[3:])
    cable = [NewLine(ARTICLES[2][1], Decimal(dice.choice((1, 2))), ARTICLES[2][0])] if dice.random() < 0.4 else []
    return [NewLine(device[1], article=device[0]), NewLine(work[1], article=work[0]), *cable]
