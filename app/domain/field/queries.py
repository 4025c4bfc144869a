"""Read a technician's visits with contact, address, messages, parts and checklist."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.accounts.access import Viewer
from app.domain.appointments.models import Appointment, AppointmentKind
from app.domain.appointments.queries import AppointmentRow, get_appointment, list_appointments_of_days
from app.domain.contacts.models import ContactIdentity
from app.domain.field.access import get_own_visit
from app.domain.field.checklists import items_of
from app.domain.field.record import VisitRecord, read_record
from app.domain.field.steps import VisitStep, next_steps
from app.domain.field.travel import Spot, minutes_from, spots_of
from app.domain.orders.models import LineItem, Order
from app.domain.threads.models import Attachment, Message, MessageType, Thread

SHOWN_MESSAGES = 20
SHOWN_TYPES = (MessageType.INCOMING, MessageType.OUTGOING, MessageType.AUTO_RESPONSE, MessageType.INTERNAL_NOTE)


@dataclass(frozen=True)
class VisitRow:
    """A visit as a list shows it: the appointment, its step, the contact's phone number, the type of work and the position
    (`spot`)."""

    row: AppointmentRow
    step: VisitStep
    phone: str
    order_type: str
    spot: Spot | None = None  # where the register has its address

    @property
    def id(self) -> uuid.UUID:
        return self.row.appointment.id

    @property
    def place(self) -> str:
        return self.row.appointment.place

    @property
    def thread_id(self) -> uuid.UUID | None:
        return self.row.appointment.thread_id

    @property
    def next_steps(self) -> tuple[VisitStep, ...]:
        """Return the steps that may follow, the usual one first."""
        return next_steps(self.step)


@dataclass(frozen=True)
class Line:
    """A message or note of a thread as text. `files`: (id, file name) of each attachment."""

    id: uuid.UUID
    who: str
    text: str
    at: datetime
    is_ours: bool
    is_note: bool
    files: tuple[tuple[uuid.UUID, str], ...] = ()


@dataclass(frozen=True)
class VisitPage:
    """A visit with its record and with the messages of its thread, oldest first.

    `parts`: the order's lines to bring, such as "2 × Charger". `checklist`: the items to tick.
    """

    visit: VisitRow
    record: VisitRecord
    messages: tuple[Line, ...]
    parts: tuple[str, ...]
    checklist: tuple[str, ...]
    last_message_id: uuid.UUID | None

    @property
    def unanswered(self) -> Line | None:
        """Return the customer's last message if nobody has answered it. Return None otherwise."""
        last = next((line for line in reversed(self.messages) if not line.is_note), None)
        return last if last is not None and not last.is_ours else None


def list_own_visits(session: Session, *, viewer: Viewer, first: date, last: date) -> dict[date, list[VisitRow]]:
    """Return {day: visits} of the viewer's own visits from `first` to `last`, without cancelled ones.

    The day is the local day of the visit's place. Visits of a day are sorted by start. Days without visits are missing.
    """
    days = list_appointments_of_days(session, viewer=viewer, first=first, last=last, technician_user_id=viewer.user_id)
    rows = [row for day in days.values() for row in day if row.appointment.kind == AppointmentKind.VISIT]
    visits = {visit.id: visit for visit in _with_facts(session, rows)}
    found = {
        day: [visits[row.appointment.id] for row in of_day if row.appointment.id in visits]
        for day, of_day in days.items()
        if first <= day <= last
    }
    return {day: of_day for day, of_day in found.items() if of_day}


def get_visit_page(session: Session, *, viewer: Viewer, appointment_id: uuid.UUID) -> VisitPage:
    """Return the page of the viewer's own visit. Raises `VisitMissing` if there is no such visit, or if it is not
    the viewer's.
    """
    appointment = get_own_visit(session, viewer=viewer, appointment_id=appointment_id)
    (visit,) = _with_facts(session, [get_appointment(session, viewer=viewer, appointment_id=appointment.id)])
    messages = _messages(session, appointment)
    return VisitPage(
        visit=visit,
        record=read_record(session, appointment.id),
        messages=messages,
        parts=_parts(session, appointment.order_id),
        checklist=items_of(session, brand_id=appointment.brand_id, order_type=visit.order_type),
        last_message_id=messages[-1].id if messages else None,
    )


def newest_messages(session: Session, visits: Sequence[VisitRow]) -> list[str]:
    """Return the time of the newest message in each thread of the visits, as ISO 8601. The list changes when somebody writes,
    so it shows whether a page is outdated."""
    query = sa.select(Thread.last_message_at).where(Thread.id.in_([visit.thread_id for visit in visits if visit.thread_id]))
    return [at.isoformat() for at in session.execute(query.order_by(Thread.id)).scalars()]


def drives(visits: Sequence[VisitRow]) -> dict[uuid.UUID, int]:
    """Return {visit id: estimated travel time in minutes from the previous visit in the list}. The first visit is missing.
    Pure."""
    spots = {order_id: visit.spot for visit in visits if (order_id := visit.row.appointment.order_id) and visit.spot}
    return {to.id: minutes_from(come.row.appointment, to.row.appointment, spots) for come, to in pairwise(visits)}


def row_of(session: Session, row: AppointmentRow) -> VisitRow:
    """Return the `VisitRow` of an appointment. Phone number, type of work and position are read from the database."""
    (found,) = _with_facts(session, [row])
    return found


def today_of(viewer: Viewer, now: datetime) -> date:
    """Return today's date in the viewer's time zone."""
    return now.astimezone(ZoneInfo(viewer.timezone)).date()


def _with_facts(session: Session, rows: Sequence[AppointmentRow]) -> list[VisitRow]:
    contact_ids = {row.appointment.contact_id for row in rows}
    phones = _phones(session, contact_ids)
    order_ids = {row.appointment.order_id for row in rows if row.appointment.order_id}
    types, spots = _order_types(session, order_ids), spots_of(session, order_ids)
    return [
        VisitRow(
            row=row,
            step=row.appointment.state,
            phone=phones.get(row.appointment.contact_id, ""),
            order_type=types.get(row.appointment.order_id, "") if row.appointment.order_id else "",
            spot=spots.get(row.appointment.order_id) if row.appointment.order_id else None,
        )
        for row in rows
    ]


def _phones(session: Session, contact_ids: set[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Return {contact id: phone number to call, with a leading "+"}. A telephone number is preferred to a WhatsApp number."""
    query = sa.select(ContactIdentity.contact_id, ContactIdentity.kind, ContactIdentity.value)
    query = query.where(
        ContactIdentity.contact_id.in_(contact_ids),
        ContactIdentity.kind.in_(("phone", "wa_id")),
        ContactIdentity.former_since.is_(None),
    )
    rows = session.execute(query.order_by(ContactIdentity.kind.desc(), ContactIdentity.is_primary, ContactIdentity.id.desc()))
    return {row.contact_id: row.value if row.value.startswith("+") else f"+{row.value}" for row in rows}


def _order_types(session: Session, order_ids: set[uuid.UUID]) -> dict[uuid.UUID, str]:
    if not order_ids:
        return {}
    rows = session.execute(sa.select(Order.id, Order.order_type).where(Order.id.in_(order_ids)))
    return {row.id: row.order_type for row in rows}


def _parts(session: Session, order_id: uuid.UUID | None) -> tuple[str, ...]:
    if order_id is None:
        return ()
    query = sa.select(LineItem.quantity, LineItem.description).where(LineItem.order_id == order_id).order_by(LineItem.position)
    return tuple(f"{row.quantity.normalize():f} × {row.description}" for row in session.execute(query))


def _messages(session: Session, appointment: Appointment) -> tuple[Line, ...]:
    if appointment.thread_id is None:
        return ()
    query = sa.select(Message).where(Message.thread_id == appointment.thread_id, Message.message_type.in_(SHOWN_TYPES))
    query = query.where(Message.revoked_at.is_(None)).order_by(Message.seq.desc()).limit(SHOWN_MESSAGES)
    rows = list(session.execute(query).scalars())
    files = _files(session, [message.id for message in rows])
    return tuple(line_of(message, files.get(message.id, ())) for message in reversed(rows))


def _files(session: Session, message_ids: list[uuid.UUID]) -> dict[uuid.UUID, tuple[tuple[uuid.UUID, str], ...]]:
    query = sa.select(Attachment.message_id, Attachment.id, Attachment.filename).where(
        Attachment.message_id.in_(message_ids), Attachment.state == "stored"
    )
    found: dict[uuid.UUID, tuple[tuple[uuid.UUID, str], ...]] = {}
    for row in session.execute(query.order_by(Attachment.position, Attachment.id)):
        found[row.message_id] = (*found.get(row.message_id, ()), (row.id, row.filename))
    return found


def line_of(message: Message, files: tuple[tuple[uuid.UUID, str], ...] = ()) -> Line:
    """Convert a message to a Line of a visit's page."""
    return Line(
        id=message.id,
        who=str(message.sender.get("name") or ""),
        text=message.text,
        at=message.occurred_at,
        is_ours=message.message_type != MessageType.INCOMING,
        is_note=message.message_type == MessageType.INTERNAL_NOTE,
        files=files,
    )
