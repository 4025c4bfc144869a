"""Give a technician of a demo company visits today and tomorrow, for /today and the planner.

Each visit belongs to an order. The order's address is known to the simulated register of addresses, so the map can show it
once the register has been asked.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.address_parts import read_line
from app.domain.accounts.models import User
from app.domain.appointments.actions import AppointmentContent, plan_appointment
from app.domain.events.actions import SYSTEM
from app.domain.field.checklists import set_checklist
from app.domain.orders.actions import NewLine, NewOrder, create_order, set_order_status
from app.domain.orders.models import Order, OrderSource, OrderStatus
from app.domain.reply_templates.visit_texts import install_visit_texts
from app.domain.threads.models import Thread
from app.sandbox.demo.company import Visits

VISITS = Visits(
    brand="chargecars",
    title="Installatie laadpaal",
    lines=("WALLBOX-11KW", "INST-PLUS-3P"),
    planned=(
        (0, 8, "Utrechtseweg 118, 3818EV Amersfoort", "Achterom, de voordeur is net geverfd"),
        (0, 11, "Hoofdstraat 7, 3831AA Leusden", "Meterkast in de kelder"),
        (0, 14, "Oosterpark 12, 1092AE Amsterdam", ""),
        (0, 16, "Kerkpad 3, 3995AB Houten", "Hond; eerst bellen"),
        (1, 9, "Dorpsstraat 40, 3761BN Soest", ""),
        (1, 13, "Stationsweg 9, 3743EM Baarn", "Parkeren kan op de stoep"),
    ),
    checks=("Spanning eraf gehaald", "Aarde gemeten", "Groep gelabeld", "Laadpunt getest met een auto", "Klant uitleg gegeven"),
)


def make_visits(
    session: Session, visits: Visits, *, brand_ids: Mapping[str, uuid.UUID], zone: str, technician: User, now: datetime
) -> None:
    """Make the visits, with customers of the brand's newest WhatsApp threads."""
    brand_id, place_zone = brand_ids[visits.brand], ZoneInfo(zone)
    newest = sa.select(Thread).where(Thread.brand_id == brand_id, Thread.medium == "whatsapp", Thread.contact_id.is_not(None))
    newest = newest.order_by(Thread.last_message_at.desc(), Thread.id).limit(len(visits.planned))
    today = now.astimezone(place_zone).date()
    for thread, (day, hour, place, notes) in zip(session.scalars(newest).all(), visits.planned, strict=False):
        order = _make_order(session, thread, place, visits.lines, now)
        starts_at = datetime.combine(today + timedelta(days=day), time(hour), tzinfo=place_zone).astimezone(UTC)
        content = AppointmentContent(
            brand_id=brand_id,
            contact_id=order.customer_contact_id,
            thread_id=thread.id,
            title=visits.title,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=2),
            zone=zone,
            technician_user_id=technician.id,
            order_id=order.id,
            place=place,
            notes=notes,
        )
        plan_appointment(session, content, now=now, actor=SYSTEM)
    set_checklist(session, brand_id=brand_id, order_type="", items=visits.checks, now=now, actor=SYSTEM)
    install_visit_texts(session, now=now)


def _make_order(session: Session, thread: Thread, place: str, articles: Sequence[str], now: datetime) -> Order:
    """Make an approved order for the thread, so that planning its visit makes it scheduled."""
    assert thread.contact_id is not None
    new = NewOrder(
        brand_id=thread.brand_id,
        customer_contact_id=thread.contact_id,
        source=OrderSource.USER,
        address=read_line(place),
        lines=[NewLine("", article=article) for article in articles],
        thread_id=thread.id,
    )
    order = create_order(session, new, now=now - timedelta(days=9), actor=SYSTEM)
    for days, status in ((7, OrderStatus.QUOTED), (5, OrderStatus.APPROVED)):
        set_order_status(session, order.id, status, now=now - timedelta(days=days), actor=SYSTEM)
    return order
