"""Write and read days of absence, and find the appointments they affect. The caller owns the transaction."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.core.db import table_of
from app.domain.accounts.access import Viewer
from app.domain.accounts.models import User
from app.domain.appointments.models import Absence, Appointment, AppointmentState
from app.domain.events.actions import Actor, Subject, record

# The day on which it begins, on the clock of its place.
LOCAL_DAY = sa.cast(sa.func.timezone(Appointment.zone, Appointment.starts_at), sa.Date)


@dataclass(frozen=True)
class AbsenceRow:
    """A user's day of absence, with the user's planned appointments of that day that the viewer may see."""

    absence: Absence
    name: str
    appointments: tuple[Appointment, ...]


def note_absence(session: Session, *, user_id: uuid.UUID, day: date, note: str, now: datetime, actor: Actor) -> bool:
    """Store that a user is absent on a day, and record an event for each brand with appointments of the user that day.

    Returns False if the absence was stored already."""
    values = {"user_id": user_id, "absent_date": day, "note": note, "created_by_user_id": actor.user_id, "created_at": now}
    insert = postgresql.insert(table_of(Absence)).values(values).on_conflict_do_nothing()
    if session.execute(insert.returning(Absence.user_id)).first() is None:
        return False
    payload = {"user_id": str(user_id), "date": day.isoformat()}
    record(session, "AbsenceNoted", subject=Subject(), now=now, actor=actor, payload=payload, about=("user", user_id))
    for brand_id, count in _affected(session, user_id, day).items():
        subject, told = Subject(brand_id=brand_id), {**payload, "count": count}
        record(session, "TechnicianAbsent", subject=subject, now=now, actor=actor, payload=told, about=("user", user_id))
    return True


def remove_absence(session: Session, *, user_id: uuid.UUID, day: date, now: datetime, actor: Actor) -> bool:
    """Remove a user's day of absence. Returns False if there was none."""
    known = session.get(Absence, (user_id, day), populate_existing=True)
    if known is None:
        return False
    session.delete(known)
    payload = {"user_id": str(user_id), "date": day.isoformat()}
    record(session, "AbsenceRemoved", subject=Subject(), now=now, actor=actor, payload=payload, about=("user", user_id))
    return True


def list_absences(session: Session, *, viewer: Viewer, user_ids: Collection[uuid.UUID], since: date) -> list[AbsenceRow]:
    """List the absences of these users from the day `since` on, the earliest first. Two queries."""
    query = sa.select(Absence, User.name).join(User, User.id == Absence.user_id)
    query = query.where(Absence.user_id.in_(user_ids), Absence.absent_date >= since)
    rows = session.execute(query.order_by(Absence.absent_date, User.name, User.id)).all()
    planned = _planned(session, viewer, {row.Absence.user_id for row in rows}, {row.Absence.absent_date for row in rows})
    return [
        AbsenceRow(row.Absence, row.name, tuple(planned.get((row.Absence.user_id, row.Absence.absent_date), ()))) for row in rows
    ]


def _planned(
    session: Session, viewer: Viewer, user_ids: set[uuid.UUID], days: set[date]
) -> dict[tuple[uuid.UUID | None, date], list[Appointment]]:
    found: dict[tuple[uuid.UUID | None, date], list[Appointment]] = {}
    if not user_ids:
        return found
    query = sa.select(Appointment, LOCAL_DAY.label("day")).where(*_theirs(user_ids, days))
    query = query.where(Appointment.brand_id.in_(viewer.brand_ids)).order_by(Appointment.starts_at, Appointment.id)
    for row in session.execute(query):
        found.setdefault((row.Appointment.technician_user_id, row.day), []).append(row.Appointment)
    return found


def _affected(session: Session, user_id: uuid.UUID, day: date) -> dict[uuid.UUID, int]:
    """Count the user's planned appointments on that day, by brand id."""
    query = sa.select(Appointment.brand_id, sa.func.count()).where(*_theirs({user_id}, {day}))
    rows = session.execute(query.group_by(Appointment.brand_id).order_by(Appointment.brand_id))
    return {row[0]: row[1] for row in rows}


def _theirs(user_ids: set[uuid.UUID], days: set[date]) -> tuple[sa.ColumnElement[bool], ...]:
    planned = Appointment.state == AppointmentState.PLANNED
    return Appointment.technician_user_id.in_(user_ids), planned, LOCAL_DAY.in_(days)
