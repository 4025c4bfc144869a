"""The status machine of appointments: the states and the changes allowed between them. Pure.

A call is planned and then done; a visit can pass through all states."""

from __future__ import annotations

from app.core.transitions import machine
from app.domain.appointments.models import AppointmentState

APPOINTMENT = "appointment"
_S = AppointmentState

APPOINTMENTS = machine(
    APPOINTMENT,
    AppointmentState,
    main_line=(_S.PLANNED, _S.ON_THE_WAY, _S.ARRIVED, _S.IN_PROGRESS, _S.DONE),
    ways={
        _S.PLANNED: (_S.ON_THE_WAY, _S.ARRIVED, _S.IN_PROGRESS, _S.DONE, _S.NOT_HOME, _S.ABORTED, _S.CANCELLED),
        _S.ON_THE_WAY: (_S.ARRIVED, _S.IN_PROGRESS, _S.PLANNED, _S.NOT_HOME, _S.ABORTED, _S.CANCELLED),
        _S.ARRIVED: (_S.IN_PROGRESS, _S.DONE, _S.NOT_HOME, _S.ABORTED),
        _S.IN_PROGRESS: (_S.DONE, _S.ABORTED),
        _S.DONE: (_S.PLANNED, _S.IN_PROGRESS),
        _S.NOT_HOME: (_S.ARRIVED, _S.PLANNED, _S.CANCELLED),
        _S.ABORTED: (_S.IN_PROGRESS, _S.PLANNED, _S.CANCELLED),
        _S.CANCELLED: (_S.PLANNED,),
    },
    with_reason={("*", _S.ABORTED)},
    codes={
        _S.NOT_HOME: ("nobody_answered", "wrong_address", "other"),
        _S.ABORTED: ("not_safe", "part_missing", "not_possible", "customer_stopped", "other"),
        _S.CANCELLED: ("customer_asked", "technician_ill", "replanned", "other"),
    },
)
