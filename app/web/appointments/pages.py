"""Pages of appointments: the list of a thread, one appointment, and the dialog that plans one."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import Any

from flask import g
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from app.core.db import db
from app.core.translation import gettext as _
from app.domain.appointments.models import USUAL_MINUTES, Appointment, AppointmentKind
from app.domain.appointments.queries import AppointmentRow, get_appointment, list_appointments_of_thread, list_technicians
from app.domain.appointments.reminders import list_reminders
from app.domain.appointments.times import USUAL_ZONES
from app.domain.contacts.models import Contact
from app.domain.orders.models import Order
from app.domain.orders.queries import get_order, list_orders_of_contact
from app.domain.threads.order_threads import list_orders_of_thread
from app.domain.threads.queries import get_thread
from app.web.accounts.session import current_viewer
from app.web.appointments import words
from app.web.appointments.blueprint import bp
from app.web.appointments.forms import LENGTHS, About, AppointmentForm
from app.web.pages import page


@dataclass(frozen=True)
class Choices:
    """The technicians and orders that the form offers, as (id, name), and the values that a new form begins with."""

    about: About
    contact_name: str
    technicians: tuple[tuple[uuid.UUID, str], ...]
    orders: tuple[tuple[uuid.UUID, str], ...]
    place: str = ""
    title: str = ""

    @property
    def technician_ids(self) -> set[uuid.UUID]:
        return {user_id for user_id, _name in self.technicians}

    @property
    def order_ids(self) -> set[uuid.UUID]:
        return {order_id for order_id, _number in self.orders}


@bp.get("/threads/<uuid:thread_id>/appointments")
def thread_appointments(thread_id: uuid.UUID) -> ResponseReturnValue:
    """Show the thread's appointments, the next one first. An htmx request gets only the block `thread-appointments`."""
    viewer, session = current_viewer(), db.session()
    thread = get_thread(session, viewer=viewer, thread_id=thread_id)
    rows = list_appointments_of_thread(session, viewer=viewer, thread_id=thread.id)
    context: dict[str, Any] = {"thread": thread, "rows": rows, "reminders": _reminders(rows)}
    return page("appointments/thread_page.html", blocks=("thread_appointments",), **context)


@bp.get("/threads/<uuid:thread_id>/appointments/new")
def plan_for_thread(thread_id: uuid.UUID) -> ResponseReturnValue:
    """Show the dialog that plans an appointment from a thread. Without scripts it is a page."""
    return editor_page(choices_of_thread(thread_id))


@bp.get("/orders/<uuid:order_id>/appointments/new")
def plan_for_order(order_id: uuid.UUID) -> ResponseReturnValue:
    """Show the dialog that plans an appointment from an order."""
    return editor_page(choices_of_order(order_id))


@bp.get("/appointments/<uuid:appointment_id>")
def show_appointment(appointment_id: uuid.UUID) -> ResponseReturnValue:
    """Show one appointment with the forms to change it. An htmx request gets only the dialog `appointment-place`."""
    row = get_appointment(db.session(), viewer=current_viewer(), appointment_id=appointment_id)
    return editor_page(choices_of(row), AppointmentForm(_values(row)), row=row)


def choices_of_thread(thread_id: uuid.UUID) -> Choices | None:
    """Return the form's choices for a thread, or None if the thread has no contact.

    If the thread has exactly one order, it is chosen beforehand. Raises `ThreadMissing` if the viewer cannot see the thread.
    """
    viewer, session = current_viewer(), db.session()
    thread = get_thread(session, viewer=viewer, thread_id=thread_id)
    if thread.contact_id is None:
        return None
    linked = list_orders_of_thread(session, viewer=viewer, thread_id=thread.id)
    about = About(thread.brand_id, thread.contact_id, thread.id, None)
    return _choices(about, linked[0] if len(linked) == 1 else None)


def choices_of_order(order_id: uuid.UUID) -> Choices:
    """Return the form's choices for an order. Raises `OrderMissing` if the viewer cannot see the order."""
    row = get_order(db.session(), viewer=current_viewer(), order_id=order_id)
    about = About(row.order.brand_id, row.order.customer_contact_id, None, row.order.id)
    return replace(_choices(about, row.order), place=row.address.typed if row.address else "")


def choices_of(row: AppointmentRow) -> Choices:
    """Return the form's choices for an existing appointment.

    Its own technician and order are always among them, even if they are not available for a new appointment.
    """
    one = row.appointment
    found = _choices(About(one.brand_id, one.contact_id, one.thread_id, None), None)
    technicians, orders = list(found.technicians), list(found.orders)
    if one.technician_user_id and one.technician_user_id not in found.technician_ids:
        technicians.append((one.technician_user_id, row.technician_name))
    if one.order_id and one.order_id not in found.order_ids:
        orders.append((one.order_id, row.order_number))
    return replace(found, technicians=tuple(technicians), orders=tuple(orders))


def editor_page(
    choices: Choices | None,
    form: AppointmentForm | None = None,
    *,
    row: AppointmentRow | None = None,
    moved_on: bool = False,
    status: int = 200,
) -> Response:
    """Render the form of a new appointment, or of the existing appointment `row`.

    `moved_on`: somebody else has changed the appointment meanwhile. If `choices` is None, no appointment can be planned.
    """
    g.current_view = "tasks"
    form = form or AppointmentForm(_first_values(choices))
    context: dict[str, Any] = {
        "choices": choices,
        "form": form,
        "row": row,
        "moved_on": moved_on,
        "options": _options(choices, form),
        "reminders": _reminders([row] if row else []),
        "token": form.get("token") or str(uuid.uuid4()),
    }
    return page("appointments/editor.html", blocks=("appointment_place",), status=status, **context)


def _choices(about: About, order: Order | None) -> Choices:
    session, viewer = db.session(), current_viewer()
    contact = session.get_one(Contact, about.contact_id)
    orders = list_orders_of_contact(session, viewer=viewer, contact_id=about.contact_id)
    numbers = {row.order.id: row.order.order_number for row in orders if row.order.brand_id == about.brand_id}
    if order is not None:
        numbers.setdefault(order.id, order.order_number)
    people = list_technicians(session, about.brand_id)
    first = replace(about, order_id=order.id if order else about.order_id)
    return Choices(first, contact.name, people, tuple(numbers.items()), place=contact.address or "")


def _first_values(choices: Choices | None) -> dict[str, str]:
    if choices is None:
        return {}
    order = str(choices.about.order_id or "")
    return {"kind": "visit", "place": choices.place, "order": order, "zone": "", "technician": ""}


def _values(row: AppointmentRow) -> dict[str, str]:
    one: Appointment = row.appointment
    minutes = int((one.ends_at - one.starts_at).total_seconds() // 60)
    return {
        "kind": one.kind.value,
        "title": one.title,
        "date": row.local_start.date().isoformat(),
        "time": f"{row.local_start:%H:%M}",
        "minutes": str(minutes),
        "zone": one.zone,
        "place": one.place,
        "notes": one.notes,
        "technician": str(one.technician_user_id or ""),
        "order": str(one.order_id or ""),
    }


def _options(choices: Choices | None, form: AppointmentForm) -> dict[str, list[tuple[str, str]]]:
    chosen, own = form.get("minutes"), current_viewer().timezone
    lengths = sorted({*LENGTHS, *([int(chosen)] if chosen.isdecimal() and 0 < len(chosen) < 6 and int(chosen) else [])})
    usual = " / ".join(words.length_words(USUAL_MINUTES[kind]) for kind in AppointmentKind)
    zones = dict.fromkeys((own, *USUAL_ZONES, *([form.get("zone")] if form.get("zone") else [])))
    return {
        "kinds": [(kind.value, words.appointment_kind_words(kind)) for kind in AppointmentKind],
        "lengths": [
            ("", _("Default for visit / phone call / other: %(lengths)s", lengths=usual)),
            *((str(one), words.length_words(one)) for one in lengths),
        ],
        "zones": [(zone, zone.replace("_", " ")) for zone in zones],
        "technicians": [("", _("Unassigned")), *((str(user_id), name) for user_id, name in choices.technicians)]
        if choices
        else [],
        "orders": [("", _("None")), *((str(order_id), number) for order_id, number in choices.orders)] if choices else [],
    }


def _reminders(rows: list[AppointmentRow]) -> dict[uuid.UUID, list[Any]]:
    return list_reminders(db.session(), [row.appointment.id for row in rows]) if rows else {}
