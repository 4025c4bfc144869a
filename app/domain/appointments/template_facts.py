"""Fill template variables about a visit. It is the next visit, or else the last one."""

from __future__ import annotations

import uuid
from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from babel.dates import format_date
from sqlalchemy.orm import Session

from app.domain.accounts.models import User
from app.domain.appointments.models import Appointment, AppointmentKind, AppointmentState
from app.domain.contacts.models import ContactIdentity


def visit_facts(
    session: Session,
    *,
    order_id: uuid.UUID | None = None,
    thread_id: uuid.UUID | None = None,
    visit_id: uuid.UUID | None = None,
    language: str,
    now: datetime,
) -> dict[str, str]:
    """Return the values of the template variables about one visit, by variable. It is the visit `visit_id` if given, otherwise
    the next visit of the order or thread, otherwise its last visit.

    Return {} if there is no visit. One query.
    """
    whose = Appointment.order_id == order_id if order_id is not None else Appointment.thread_id == thread_id
    whose = Appointment.id == visit_id if visit_id is not None else whose
    asked = (whose, Appointment.kind == AppointmentKind.VISIT, Appointment.state != AppointmentState.CANCELLED)
    phones = sa.select(ContactIdentity.value).where(
        ContactIdentity.contact_id == User.contact_id, ContactIdentity.kind == "phone"
    )
    phone = phones.order_by(ContactIdentity.is_primary.desc(), ContactIdentity.id).limit(1).correlate(User).scalar_subquery()
    query = (
        sa.select(Appointment, User.name, phone.label("phone"))
        .outerjoin(User, User.id == Appointment.technician_user_id)
        .where(*asked)
    )
    is_past, distance = Appointment.ends_at < now, sa.func.abs(sa.extract("epoch", Appointment.starts_at - now))
    row = session.execute(query.order_by(is_past, distance, Appointment.id).limit(1)).one_or_none()
    if row is None:
        return {}
    visit, zone = row.Appointment, ZoneInfo(row.Appointment.zone)
    begin, end = visit.starts_at.astimezone(zone), visit.ends_at.astimezone(zone)
    return {
        "visit.date": format_date(begin.date(), "EEEE d MMMM y", locale=language),
        "visit.time": f"{begin:%H:%M}",
        "visit.end_time": f"{end:%H:%M}",
        "visit.place": visit.place,
        "visit.technician": row.name or "",
        "visit.technician_phone": row.phone or "",
    }
