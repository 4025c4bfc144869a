"""Plan, change, move and cancel appointments. The caller owns the transaction.

The reminder and the calendar entry of an appointment are changed in the same transaction (`reminders`, `entries`).
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.domain.appointments.entries import promise_entry
from app.domain.appointments.machine import APPOINTMENT
from app.domain.appointments.models import UNDER_WAY, Appointment, AppointmentKind, AppointmentState
from app.domain.appointments.reminders import plan_reminder
from app.domain.events.actions import Actor, Subject, record
from app.domain.transitions.actions import change_entity_status, record_creation

FROM_CALENDAR = "from_calendar"


class AppointmentMovedOn(Exception):
    """The appointment was changed after the version that the writer saw."""


@dataclass(frozen=True)
class AppointmentContent:
    """The content of an appointment as a form sends it, already checked. `starts_at` lies before `ends_at`, both aware; `zone` is
    the time zone of the place."""

    brand_id: uuid.UUID
    contact_id: uuid.UUID
    title: str
    starts_at: datetime
    ends_at: datetime
    zone: str = "Europe/Amsterdam"
    kind: AppointmentKind = AppointmentKind.VISIT
    place: str = ""
    notes: str = ""
    thread_id: uuid.UUID | None = None
    order_id: uuid.UUID | None = None
    technician_user_id: uuid.UUID | None = None


def plan_appointment(
    session: Session, content: AppointmentContent, *, now: datetime, actor: Actor, appointment_id: uuid.UUID | None = None
) -> Appointment:
    """Create an appointment, and promise its reminder and its calendar entry."""
    made_by = {"created_by_user_id": actor.user_id, "created_at": now, "updated_at": now}
    planned = {"state": AppointmentState.PLANNED, "version": 1}
    appointment = Appointment(id=appointment_id or new_id(), **vars(content), **made_by, **planned)
    session.add(appointment)
    session.flush()
    record_creation(session, APPOINTMENT, appointment.id, appointment.state, now=now, actor=actor)
    record_of_appointment(session, "AppointmentPlanned", appointment, now=now, actor=actor)
    follow(session, appointment, now=now)
    return appointment


def change_appointment(
    session: Session,
    appointment_id: uuid.UUID,
    content: AppointmentContent,
    *,
    now: datetime,
    actor: Actor,
    if_version: int | None = None,
    from_calendar: bool = False,
) -> Appointment:
    """Change the content of an appointment; equal content changes nothing. `from_calendar`: the change came from the calendar.

    Raises AppointmentMovedOn if the appointment is no longer at `if_version`.
    """
    appointment = lock_appointment(session, appointment_id)
    if if_version is not None and appointment.version != if_version:
        raise AppointmentMovedOn(str(appointment_id))
    former = content_of(appointment)
    if content == former:
        return appointment
    for name, value in vars(content).items():
        setattr(appointment, name, value)
    is_moved = (former.starts_at, former.ends_at) != (content.starts_at, content.ends_at)
    touch(session, appointment, now)
    payload = {}
    if former.technician_user_id != content.technician_user_id:
        payload["former_technician_user_id"] = str(former.technician_user_id or "")
    event = "AppointmentMoved" if is_moved else "AppointmentChanged"
    record_of_appointment(session, event, appointment, now=now, actor=actor, payload=payload)
    follow(session, appointment, now=now, from_calendar=from_calendar)
    return appointment


def set_appointment_state(
    session: Session,
    appointment_id: uuid.UUID,
    state: AppointmentState,
    *,
    now: datetime,
    actor: Actor,
    reason: str = "",
    reason_code: str = "",
    from_calendar: bool = False,
) -> Appointment:
    """Set the state of an appointment. Setting the state it already has changes nothing. `from_calendar`: the change came from
    the calendar.

    Raises `TransitionRefused` if the change of state is not allowed.
    """
    change_entity_status(
        session,
        entity_type=APPOINTMENT,
        entity_id=appointment_id,
        to_status=state,
        transition_reason=reason,
        reason_code=reason_code,
        business_context={FROM_CALENDAR: True} if from_calendar else None,
        now=now,
        actor=actor,
    )
    return lock_appointment(session, appointment_id)


def finish_visits(session: Session, order_id: uuid.UUID, *, before: datetime, now: datetime, actor: Actor) -> None:
    """Set the order's visits to done that are planned or under way and begin at `before` or earlier. Raises `TransitionRefused`
    if this is not allowed."""
    query = sa.select(Appointment.id).where(Appointment.order_id == order_id, Appointment.kind == AppointmentKind.VISIT)
    query = query.where(Appointment.state.in_((AppointmentState.PLANNED, *UNDER_WAY)), Appointment.starts_at <= before)
    for appointment_id in session.execute(query.order_by(Appointment.id)).scalars().all():
        set_appointment_state(session, appointment_id, AppointmentState.DONE, now=now, actor=actor)


def content_of(appointment: Appointment) -> AppointmentContent:
    """Return the present content of an appointment."""
    return AppointmentContent(**{name: getattr(appointment, name) for name in AppointmentContent.__dataclass_fields__})


def lock_appointment(session: Session, appointment_id: uuid.UUID) -> Appointment:
    """Return the appointment, locked until the transaction ends."""
    query = sa.select(Appointment).where(Appointment.id == appointment_id).with_for_update()
    return session.execute(query.execution_options(populate_existing=True)).scalar_one()


def follow(session: Session, appointment: Appointment, *, now: datetime, from_calendar: bool = False) -> None:
    """Update the appointment's reminder after a change, and promise to write the change into a calendar. `from_calendar`: the
    change came from the calendar, so it is not written back.
    """
    plan_reminder(session, appointment, now=now)
    if not from_calendar:
        promise_entry(session, appointment)
    session.flush()


def touch(session: Session, appointment: Appointment, now: datetime) -> None:
    """Raise the appointment's version and set the time of its last change."""
    appointment.updated_at, appointment.version = now, appointment.version + 1
    session.flush()


def record_of_appointment(
    session: Session, event: str, appointment: Appointment, *, now: datetime, actor: Actor, payload: dict[str, Any] | None = None
) -> None:
    """Record an event about an appointment. The event's payload has the appointment's id, order and start, and the values of
    `payload`."""
    subject = Subject(brand_id=appointment.brand_id, thread_id=appointment.thread_id)
    told = {
        "appointment_id": str(appointment.id),
        "order_id": str(appointment.order_id) if appointment.order_id else None,
        "starts_at": appointment.starts_at.isoformat(),
        **(payload or {}),
    }
    record(session, event, subject=subject, now=now, actor=actor, payload=told, about=("appointment", appointment.id))
