"""List the steps that a technician may take at a visit, and write a step."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from app.domain.appointments.actions import set_appointment_state
from app.domain.appointments.machine import APPOINTMENTS
from app.domain.appointments.models import Appointment, AppointmentState
from app.domain.events.actions import Actor

VisitStep = AppointmentState
MAIN_STEPS = tuple(VisitStep(status) for status in APPOINTMENTS.main_line)
TAKEN = (*MAIN_STEPS[1:], VisitStep.NOT_HOME, VisitStep.ABORTED)
ENDED = frozenset({VisitStep.DONE, VisitStep.NOT_HOME, VisitStep.ABORTED, VisitStep.CANCELLED})
CLOSED = frozenset({VisitStep.DONE, VisitStep.CANCELLED})  # from where the office alone goes on
REASONS: Mapping[VisitStep, tuple[str, ...]] = {
    step: tuple(APPOINTMENTS.codes[step]) for step in (VisitStep.NOT_HOME, VisitStep.ABORTED)
}


def next_steps(step: VisitStep) -> tuple[VisitStep, ...]:
    """Return the steps a technician may take from this state, the usual one first."""
    if step in CLOSED:
        return ()
    found = (VisitStep(edge.to_status) for edge in APPOINTMENTS.edges_from(step))
    return tuple(one for one in found if one in TAKEN)


def write_step(
    session: Session, appointment: Appointment, step: VisitStep, *, reason_code: str, reason: str, now: datetime, actor: Actor
) -> None:
    """Set the visit's state to the step. The caller has locked the visit. Raises `TransitionRefused` if the change is not
    allowed."""
    set_appointment_state(session, appointment.id, step, now=now, actor=actor, reason=reason, reason_code=reason_code)
