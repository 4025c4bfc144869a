"""Appointments for tests."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.domain.appointments.actions import AppointmentContent, change_appointment, content_of, lock_appointment, plan_appointment
from app.domain.appointments.models import Appointment
from app.domain.events.actions import SYSTEM, Actor
from app.domain.threads.models import Thread
from tests.factories import NOW


def make_appointment(session: Session, thread: Thread, **more: Any) -> Appointment:
    """A visit of two hours in three days, unless told otherwise; `now` is when it is planned."""
    now = more.pop("now", NOW)
    starts_at = more.pop("starts_at", now + timedelta(days=3))
    values = {"title": "Schouw", "ends_at": starts_at + timedelta(hours=2), **more}
    assert thread.contact_id is not None
    content = AppointmentContent(
        brand_id=thread.brand_id, contact_id=thread.contact_id, thread_id=thread.id, starts_at=starts_at, **values
    )
    return plan_appointment(session, content, now=now, actor=SYSTEM)


def move_appointment(
    session: Session, appointment_id: uuid.UUID, *, starts_at: datetime, ends_at: datetime, now: datetime, actor: Actor
) -> Appointment:
    """Give it another time, as the planner does."""
    content = replace(content_of(lock_appointment(session, appointment_id)), starts_at=starts_at, ends_at=ends_at)
    return change_appointment(session, appointment_id, content, now=now, actor=actor)
