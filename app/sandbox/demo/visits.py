"""A technician of the demo company with visits today and tomorrow, so that /today and the planner have something to show."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.accounts.models import User
from app.domain.appointments.actions import AppointmentContent, plan_appointment
from app.domain.events.actions import SYSTEM
from app.domain.field.checklists import set_checklist
from app.domain.threads.models import Thread

PLACE = ZoneInfo("Europe/Amsterdam")
# Day, hour, address, notes.
VISITS = (
    (0, 8, "Utrechtseweg 118, Amersfoort", "Achterom, de voordeur is net geverfd"),
    (0, 11, "Hoofdstraat 7, Leusden", "Meterkast in de kelder"),
    (0, 14, "Oosterpark 12, Amsterdam", ""),
    (0, 16, "Kerkpad 3, Houten", "Hond; eerst bellen"),
    (1, 9, "Dorpsstraat 40, Soest", ""),
    (1, 13, "Stationsweg 9, Baarn", "Parkeren kan op de stoep"),
)
CHECKS = ("Spanning eraf gehaald", "Aarde gemeten", "Groep gelabeld", "Laadpunt getest met een auto", "Klant uitleg gegeven")


def make_visits(session: Session, *, brand_id: uuid.UUID, technician: User, now: datetime) -> None:
    """At people of the newest WhatsApp threads."""
    newest = sa.select(Thread).where(Thread.brand_id == brand_id, Thread.medium == "whatsapp", Thread.contact_id.is_not(None))
    threads = session.scalars(newest.order_by(Thread.last_message_at.desc(), Thread.id).limit(len(VISITS))).all()
    today = now.astimezone(PLACE).date()
    for thread, (day, hour, place, notes) in zip(threads, VISITS, strict=False):
        starts_at = datetime.combine(today + timedelta(days=day), time(hour), tzinfo=PLACE).astimezone(UTC)
        assert thread.contact_id is not None
        content = AppointmentContent(
            brand_id=brand_id,
            contact_id=thread.contact_id,
            thread_id=thread.id,
            title="Installatie laadpaal",
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=2),
            technician_user_id=technician.id,
            place=place,
            notes=notes,
        )
        plan_appointment(session, content, now=now, actor=SYSTEM)
    set_checklist(session, brand_id=brand_id, order_type="", items=CHECKS, now=now, actor=SYSTEM)
