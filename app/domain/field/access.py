"""Limit technicians to their own visits."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.accounts.access import Viewer
from app.domain.appointments.models import Appointment, AppointmentKind


class VisitMissing(Exception):
    """Raised when there is no such visit, or when it is not the viewer's own visit."""


def own_visits(viewer: Viewer) -> tuple[sa.ColumnElement[bool], ...]:
    """Return SQL conditions on `Appointment` that select the viewer's own visits, within the viewer's brands."""
    return (
        Appointment.technician_user_id == viewer.user_id,
        Appointment.kind == AppointmentKind.VISIT,
        Appointment.brand_id.in_(viewer.brand_ids),
    )


def get_own_visit(session: Session, *, viewer: Viewer, appointment_id: uuid.UUID) -> Appointment:
    """Return the viewer's own visit with this id. Raises `VisitMissing` if there is none, or if it is not the viewer's."""
    query = sa.select(Appointment).where(Appointment.id == appointment_id, *own_visits(viewer))
    found = session.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()
    if found is None:
        raise VisitMissing(str(appointment_id))
    return found
