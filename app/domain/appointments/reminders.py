"""Plan the reminder of a visit. It is sent once, a day before the visit. The caller owns the transaction.

If a visit is moved or cancelled, its waiting reminder is stopped in the same transaction. A new time promises a new
reminder. For one start time a reminder is sent only once, even if the visit is moved to another time and back.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.core.text import mark as N_
from app.core.work import DONE, READY, RUNNING
from app.domain.appointments.models import Appointment, AppointmentKind, AppointmentReminder, ReminderOutcome

BEFORE = timedelta(hours=24)
LEAST = timedelta(hours=1)  # with less left a reminder is of no use
MOVED = N_("The visit was moved.")
CANCELLED = N_("The visit was cancelled.")
TOOK_PLACE = N_("The visit is over.")
NO_VISIT = N_("The appointment is no longer a visit.")
TOO_LATE = N_("Less than an hour was left before the visit.")


def plan_reminder(session: Session, appointment: Appointment, *, now: datetime) -> None:
    """Stop, keep or add the reminder of an appointment after the appointment was changed. The caller has locked the
    appointment."""
    why_none = _why_none(appointment)
    waiting = _find_open(session, appointment.id)
    if waiting is not None:
        if not why_none and waiting.starts_at == appointment.starts_at:
            return
        _stop(waiting, why_none or MOVED, now)
        session.flush()
    if not why_none and not _was_sent(session, appointment):
        session.add(_new(appointment, now))
        session.flush()


def list_reminders(session: Session, appointment_ids: list[uuid.UUID]) -> dict[uuid.UUID, list[AppointmentReminder]]:
    """Return the reminders of each of these appointments by appointment id, the oldest first. One query."""
    found: dict[uuid.UUID, list[AppointmentReminder]] = {appointment_id: [] for appointment_id in appointment_ids}
    query = sa.select(AppointmentReminder).where(AppointmentReminder.appointment_id.in_(appointment_ids))
    query = query.order_by(AppointmentReminder.created_at, AppointmentReminder.id)
    for row in session.execute(query.execution_options(populate_existing=True)).scalars() if appointment_ids else ():
        found[row.appointment_id].append(row)
    return found


def _why_none(appointment: Appointment) -> str:
    if appointment.kind != AppointmentKind.VISIT:
        return NO_VISIT
    if not appointment.is_planned:
        return CANCELLED if appointment.state == "cancelled" else TOOK_PLACE
    return ""


def _find_open(session: Session, appointment_id: uuid.UUID) -> AppointmentReminder | None:
    query = sa.select(AppointmentReminder).where(
        AppointmentReminder.appointment_id == appointment_id, AppointmentReminder.state.in_((READY, RUNNING))
    )
    return session.execute(query.with_for_update().execution_options(populate_existing=True)).scalar_one_or_none()


def _was_sent(session: Session, appointment: Appointment) -> bool:
    query = sa.select(AppointmentReminder.id).where(
        AppointmentReminder.appointment_id == appointment.id,
        AppointmentReminder.starts_at == appointment.starts_at,
        AppointmentReminder.outcome == ReminderOutcome.SENT,
    )
    return session.execute(query).first() is not None


def _stop(reminder: AppointmentReminder, why: str, now: datetime) -> None:
    """Stop the reminder. A worker that is just sending it finds that it has lost its claim, and rolls back."""
    reminder.state, reminder.outcome, reminder.reason, reminder.ended_at = DONE, ReminderOutcome.STOPPED, why, now
    reminder.lease_token = reminder.lease_until = None


def _new(appointment: Appointment, now: datetime) -> AppointmentReminder:
    """Return a new reminder. It is due a day before the visit, or now if that time is past. If less than an hour is left before
    the visit, the reminder ends at once as too late."""
    row = AppointmentReminder(id=new_id(), appointment_id=appointment.id, starts_at=appointment.starts_at, created_at=now)
    row.state, row.attempts, row.reason = READY, 0, ""
    row.run_at = max(appointment.starts_at - BEFORE, now)
    if appointment.starts_at - now <= LEAST:
        row.state, row.outcome, row.reason, row.ended_at = DONE, ReminderOutcome.TOO_LATE, TOO_LATE, now
    return row
