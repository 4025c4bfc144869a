"""Lock and write the states of appointments for the status engine, and say which visits an order needs before a change of its
status."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.text import mark as N_
from app.domain.appointments.actions import FROM_CALENDAR, follow, lock_appointment, record_of_appointment, touch
from app.domain.appointments.machine import APPOINTMENTS
from app.domain.appointments.models import UNDER_WAY, Appointment, AppointmentKind, AppointmentState
from app.domain.events.actions import Actor
from app.domain.orders.models import Order
from app.domain.transitions.models import Transition
from app.domain.transitions.registry import EntityKind, Guard, Lack

NO_VISIT_PLANNED = N_("No visit is planned: plan one first.")
NO_VISIT_BEGUN = N_("No visit has begun.")
VISIT_OPEN = N_("A visit is still open: finish or cancel it.")
VISIT_UNDER_WAY = N_("A visit is under way: finish it first.")

EVENTS = {
    AppointmentState.PLANNED: "AppointmentPlannedAgain",
    AppointmentState.ON_THE_WAY: "AppointmentOnTheWay",
    AppointmentState.ARRIVED: "AppointmentArrived",
    AppointmentState.IN_PROGRESS: "AppointmentStarted",
    AppointmentState.DONE: "AppointmentDone",
    AppointmentState.NOT_HOME: "AppointmentNotHome",
    AppointmentState.ABORTED: "AppointmentAborted",
    AppointmentState.CANCELLED: "AppointmentCancelled",
}
_BEGUN = (AppointmentState.ARRIVED, AppointmentState.IN_PROGRESS, AppointmentState.DONE, AppointmentState.ABORTED)


def appointment_kind() -> EntityKind:
    return EntityKind(
        machine=APPOINTMENTS,
        lock=lock_appointment,
        status_of=lambda appointment: str(appointment.state),
        brand_of=lambda _session, appointment: appointment.brand_id,
        write=_write,
        guards={},
    )


def has_visit(session: Session, order: Order, states: Collection[AppointmentState]) -> bool:
    """Return whether a visit of the order is in one of these states; calls do not count."""
    query = sa.select(Appointment.id).where(Appointment.order_id == order.id, Appointment.state.in_(states))
    return session.execute(query.where(Appointment.kind == AppointmentKind.VISIT).limit(1)).first() is not None


def lacks_of_visits(states: Collection[AppointmentState]) -> dict[str, Lack | None]:
    """Return, by guard name, what an order lacks, given the `states` of its visits. The value is None if nothing is lacking."""
    found = set(states)
    is_open, under_way = found & {AppointmentState.PLANNED, *UNDER_WAY}, found & set(UNDER_WAY)
    return {
        "visit_planned": None if is_open else Lack(NO_VISIT_PLANNED),
        "visit_begun": None if found & set(_BEGUN) else Lack(NO_VISIT_BEGUN, or_reason=True),
        "no_visit_open": Lack(VISIT_OPEN) if is_open else None,
        "no_visit_under_way": Lack(VISIT_UNDER_WAY) if under_way else None,
    }


def _guard(name: str) -> Guard:
    def lack(session: Session, order: Order) -> Lack | None:
        visits = sa.select(Appointment.state).where(Appointment.order_id == order.id, Appointment.kind == AppointmentKind.VISIT)
        return lacks_of_visits(session.execute(visits.distinct()).scalars().all())[name]

    return lack


# What an order's machine asks of visits.
ORDER_GUARDS = {name: _guard(name) for name in lacks_of_visits(())}


def _write(session: Session, appointment: Appointment, transition: Transition, now: datetime, actor: Actor) -> None:
    state = appointment.state = AppointmentState(transition.to_status)
    touch(session, appointment, now)
    payload = {"from": transition.from_status, "reason": transition.reason, "reason_code": transition.reason_code}
    told = {**payload, "status": transition.to_status, "transition_id": str(transition.id)}
    record_of_appointment(session, EVENTS[state], appointment, now=now, actor=actor, payload=told)
    follow(session, appointment, now=now, from_calendar=bool(transition.business_context.get(FROM_CALENDAR)))
