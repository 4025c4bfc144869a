"""Read appointments of the viewer's brands, by thread, order, day or technician."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from app.core.keyset import Place, Sort, cut, matching, paged
from app.core.paging import Page
from app.domain.accounts.access import Viewer
from app.domain.accounts.models import Brand, BrandMember, User
from app.domain.accounts.permissions import Permission, users_with
from app.domain.appointments.models import UNDER_WAY, Absence, Appointment, AppointmentKind, AppointmentState, CalendarEntry
from app.domain.connections.models import Channel
from app.domain.contacts.models import Contact
from app.domain.orders.models import ENDED, Order

MOST = 200
Technician, Creator = aliased(User), aliased(User)


class AppointmentMissing(Exception):
    """There is no such appointment, or the viewer may not see it."""


@dataclass(frozen=True)
class AppointmentRow:
    """An appointment with the names that are shown beside it. A missing name is "".

    `calendar_name`: the mailbox whose calendar gets the appointment. `is_written` True: that calendar has the present
    version.
    """

    appointment: Appointment
    brand_key: str
    brand_name: str
    contact_name: str
    technician_name: str
    technician_contact_id: uuid.UUID | None
    creator_name: str
    order_number: str
    calendar_name: str
    calendar_problem: str
    is_written: bool

    @property
    def local_start(self) -> datetime:
        return self.appointment.starts_at.astimezone(ZoneInfo(self.appointment.zone))

    @property
    def local_end(self) -> datetime:
        return self.appointment.ends_at.astimezone(ZoneInfo(self.appointment.zone))


@dataclass(frozen=True)
class AppointmentConditions:
    """The conditions of a list of appointments; None does not limit. `starts_after` is inclusive, `starts_before` exclusive."""

    kind: AppointmentKind | None = None
    status: AppointmentState | None = None
    brand: str | None = None
    thread_id: uuid.UUID | None = None
    order_id: uuid.UUID | None = None
    customer_contact_id: uuid.UUID | None = None
    technician_contact_id: uuid.UUID | None = None
    starts_after: datetime | None = None
    starts_before: datetime | None = None


def get_appointment(session: Session, *, viewer: Viewer, appointment_id: uuid.UUID) -> AppointmentRow:
    """Return an appointment that the viewer may see. Raises AppointmentMissing."""
    query = _query(viewer).where(Appointment.id == appointment_id).execution_options(populate_existing=True)
    record = session.execute(query).one_or_none()
    if record is None:
        raise AppointmentMissing(str(appointment_id))
    return _row(record)


def list_appointments_of_thread(session: Session, *, viewer: Viewer, thread_id: uuid.UUID) -> list[AppointmentRow]:
    """List a thread's appointments: first the planned ones, the earliest first; then all others, the latest first. One query."""
    return _list(session, viewer, Appointment.thread_id == thread_id)


def list_appointments_of_order(session: Session, *, viewer: Viewer, order_id: uuid.UUID) -> list[AppointmentRow]:
    """List an order's appointments, in the same order as `list_appointments_of_thread`. One query."""
    return _list(session, viewer, Appointment.order_id == order_id)


def list_appointments_of_days(
    session: Session, *, viewer: Viewer, first: date, last: date, technician_user_id: uuid.UUID | None = None
) -> dict[date, list[AppointmentRow]]:
    """Return the appointments of each local day from `first` to `last`, in order of start. Cancelled appointments are left out.
    One query.

    The day is in the appointment's own time zone. `technician_user_id` limits the list to one technician.
    """
    begin, end = _midnight(first) - timedelta(days=1), _midnight(last) + timedelta(days=2)
    query = _query(viewer).where(Appointment.starts_at >= begin, Appointment.starts_at < end)
    query = query.where(Appointment.state != AppointmentState.CANCELLED)
    if technician_user_id is not None:
        query = query.where(Appointment.technician_user_id == technician_user_id)
    found: dict[date, list[AppointmentRow]] = {}
    for record in session.execute(query.order_by(Appointment.starts_at, Appointment.id).limit(MOST * 5)):
        row = _row(record)
        found.setdefault(row.local_start.date(), []).append(row)
    return found


def list_appointments_without_technician(session: Session, *, viewer: Viewer, since: datetime) -> list[AppointmentRow]:
    """List planned visits without a technician from `since` on, the earliest first. One query."""
    query = _query(viewer).where(Appointment.technician_user_id.is_(None), Appointment.state == AppointmentState.PLANNED)
    query = query.where(Appointment.kind == AppointmentKind.VISIT, Appointment.starts_at >= since)
    return [_row(record) for record in session.execute(query.order_by(Appointment.starts_at, Appointment.id).limit(MOST))]


def list_appointments(
    session: Session,
    *,
    viewer: Viewer,
    conditions: AppointmentConditions,
    sort: Sort,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[AppointmentRow]:
    """List one page of appointments that fit the conditions. `sort.field` is starts_at or created_at. One query. Raises
    BadCursor."""
    column = {"starts_at": Appointment.starts_at, "created_at": Appointment.created_at}[sort.field]
    query = _query(viewer).where(*_conditions(conditions))
    records = session.execute(paged(query, sort, column, Appointment.id, cursor=cursor, limit=limit)).all()
    page = cut(records, limit, sort, lambda record: Place(getattr(record.Appointment, sort.field), record.Appointment.id))
    return Page(tuple(_row(record) for record in page.items), page.next_cursor)


def is_absent(session: Session, user_id: uuid.UUID, *, starts_at: datetime, zone: str) -> bool:
    """Return whether the technician is absent on the day the appointment begins."""
    day = starts_at.astimezone(ZoneInfo(zone)).date()
    query = sa.select(Absence.user_id).where(Absence.user_id == user_id, Absence.absent_date == day)
    return session.execute(query).first() is not None


def _list(session: Session, viewer: Viewer, condition: sa.ColumnElement[bool]) -> list[AppointmentRow]:
    query = _query(viewer).where(condition).order_by(Appointment.starts_at, Appointment.id).limit(MOST)
    rows = [_row(record) for record in session.execute(query)]
    planned = [row for row in rows if row.appointment.is_planned]
    return [*planned, *(row for row in reversed(rows) if not row.appointment.is_planned)]


def _query(viewer: Viewer) -> sa.Select[*tuple[Any, ...]]:
    columns = (
        Appointment,
        Brand.key,
        Brand.name.label("brand_name"),
        Contact.name.label("contact_name"),
        Technician.name.label("technician_name"),
        Technician.contact_id.label("technician_contact_id"),
        Creator.name.label("creator_name"),
        Order.order_number,
        Channel.name.label("calendar_name"),
        CalendarEntry.problem,
        CalendarEntry.state.label("entry_state"),
    )
    query: sa.Select[*tuple[Any, ...]] = sa.select(*columns).join(Brand, Brand.id == Appointment.brand_id)
    query = query.join(Contact, Contact.id == Appointment.contact_id)
    query = query.outerjoin(Technician, Technician.id == Appointment.technician_user_id)
    query = query.outerjoin(Creator, Creator.id == Appointment.created_by_user_id)
    query = query.outerjoin(Order, Order.id == Appointment.order_id)
    query = query.outerjoin(CalendarEntry, CalendarEntry.appointment_id == Appointment.id)
    query = query.outerjoin(Channel, Channel.id == CalendarEntry.channel_id)
    return query.where(Appointment.brand_id.in_(viewer.brand_ids))


def _conditions(wanted: AppointmentConditions) -> Sequence[sa.ColumnElement[bool]]:
    found = matching(
        {
            Appointment.kind: wanted.kind,
            Appointment.state: wanted.status,
            Brand.key: wanted.brand,
            Appointment.thread_id: wanted.thread_id,
            Appointment.order_id: wanted.order_id,
            Appointment.contact_id: wanted.customer_contact_id,
            Technician.contact_id: wanted.technician_contact_id,
        }
    )
    if wanted.starts_after is not None:
        found.append(Appointment.starts_at >= wanted.starts_after)
    if wanted.starts_before is not None:
        found.append(Appointment.starts_at < wanted.starts_before)
    return found


def _row(record: sa.Row[*tuple[Any, ...]]) -> AppointmentRow:
    return AppointmentRow(
        appointment=record.Appointment,
        brand_key=record.key,
        brand_name=record.brand_name,
        contact_name=record.contact_name,
        technician_name=record.technician_name or "",
        technician_contact_id=record.technician_contact_id,
        creator_name=record.creator_name or "",
        order_number=record.order_number or "",
        calendar_name=record.calendar_name or "",
        calendar_problem=record.problem or "",
        is_written=record.entry_state == "done",
    )


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("UTC"))


def list_technicians(session: Session, *brand_ids: uuid.UUID) -> tuple[tuple[uuid.UUID, str], ...]:
    """List the ids and names of active users of these brands who carry out or plan visits, by name. One query."""
    member = sa.exists().where(BrandMember.user_id == User.id, BrandMember.brand_id.in_(brand_ids))
    query = sa.select(User.id, User.name).where(User.disabled_at.is_(None), sa.or_(users_with(Permission.BRANDS_ALL), member))
    query = query.where(users_with(Permission.VISITS_CHANGE, Permission.VISITS_OWN)).order_by(User.name, User.id)
    return tuple((row.id, row.name) for row in session.execute(query))


def order_of_technician(user_id: uuid.UUID) -> sa.ColumnElement[bool]:
    """Return the SQL condition for orders for which the technician has an appointment that is not cancelled."""
    theirs = sa.select(Appointment.order_id).where(Appointment.technician_user_id == user_id, Appointment.order_id.is_not(None))
    return Order.id.in_(theirs.where(Appointment.state != AppointmentState.CANCELLED))


def order_overdue(now: datetime) -> sa.ColumnElement[bool]:
    """Return the SQL condition for orders that are open and have an appointment that has passed its end but is not done or
    cancelled."""
    late = sa.select(Appointment.order_id).where(Appointment.ends_at < now, Appointment.order_id.is_not(None))
    late = late.where(Appointment.state.in_((AppointmentState.PLANNED, *UNDER_WAY)))
    return sa.and_(Order.id.in_(late), Order.status.not_in(ENDED))
