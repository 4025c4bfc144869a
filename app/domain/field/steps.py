"""The steps of a visit as a technician takes them, and which may follow which. Pure but for the two at the end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.appointments.actions import set_appointment_state
from app.domain.appointments.models import Appointment, AppointmentState
from app.domain.events.actions import Actor
from app.domain.field.models import ActionKind, Outcome, PhoneAction


class VisitStep(StrEnum):
    PLANNED = "planned"
    ON_THE_WAY = "on_the_way"
    ARRIVED = "arrived"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    NOT_HOME = "not_home"
    ABORTED = "aborted"
    CANCELLED = "cancelled"


ENDED = frozenset({VisitStep.DONE, VisitStep.NOT_HOME, VisitStep.ABORTED, VisitStep.CANCELLED})
# What a technician may do next, the usual one first.
NEXT: Mapping[VisitStep, tuple[VisitStep, ...]] = {
    VisitStep.PLANNED: (VisitStep.ON_THE_WAY, VisitStep.ARRIVED, VisitStep.NOT_HOME, VisitStep.ABORTED),
    VisitStep.ON_THE_WAY: (VisitStep.ARRIVED, VisitStep.NOT_HOME, VisitStep.ABORTED),
    VisitStep.ARRIVED: (VisitStep.IN_PROGRESS, VisitStep.DONE, VisitStep.NOT_HOME, VisitStep.ABORTED),
    VisitStep.IN_PROGRESS: (VisitStep.DONE, VisitStep.ABORTED),
}
MAIN_STEPS = (VisitStep.PLANNED, VisitStep.ON_THE_WAY, VisitStep.ARRIVED, VisitStep.IN_PROGRESS, VisitStep.DONE)
REASONS: Mapping[VisitStep, tuple[str, ...]] = {
    VisitStep.NOT_HOME: ("nobody_answered", "wrong_address", "other"),
    VisitStep.ABORTED: ("not_safe", "part_missing", "not_possible", "customer_stopped", "other"),
}
WANT_REASON = frozenset(REASONS)


def current_step(session: Session, appointment: Appointment) -> VisitStep:
    """Where the visit stands."""
    if appointment.state == AppointmentState.DONE:
        return VisitStep.DONE
    query = sa.select(PhoneAction.body["to"].astext).where(
        PhoneAction.appointment_id == appointment.id,
        PhoneAction.kind == ActionKind.STEP,
        PhoneAction.outcome == Outcome.APPLIED,
    )
    last = session.execute(query.order_by(PhoneAction.number.desc()).limit(1)).scalar_one_or_none()
    if appointment.state == AppointmentState.CANCELLED:
        return VisitStep(last) if last in (VisitStep.NOT_HOME, VisitStep.ABORTED) else VisitStep.CANCELLED
    return VisitStep(last) if last is not None and VisitStep(last) not in ENDED else VisitStep.PLANNED


def write_step(session: Session, appointment: Appointment, step: VisitStep, *, reason: str, now: datetime, actor: Actor) -> None:
    """Bring the visit to `step`, which may follow; the caller has locked it."""
    state = {
        VisitStep.DONE: AppointmentState.DONE,
        VisitStep.NOT_HOME: AppointmentState.CANCELLED,
        VisitStep.ABORTED: AppointmentState.CANCELLED,
    }.get(step, AppointmentState.PLANNED)
    set_appointment_state(session, appointment.id, state, now=now, actor=actor)
