"""Office pages of a visit: the technician's report as the customer gets it, and photos of an order's visits."""

from __future__ import annotations

import uuid

from flask import abort
from flask.typing import ResponseReturnValue

from app.core.db import db
from app.domain.accounts.models import Brand
from app.domain.accounts.permissions import Permission
from app.domain.appointments.models import AppointmentKind
from app.domain.appointments.queries import get_appointment, list_appointments_of_order
from app.domain.field.models import VisitReport
from app.domain.field.queries import row_of
from app.domain.field.record import find_file, read_record
from app.domain.orders.queries import get_order
from app.web.accounts.session import require
from app.web.field.blueprint import bp
from app.web.field.today import send_kept, send_paper
from app.web.pages import page


@bp.get("/appointments/<uuid:appointment_id>/report")
def office_report(appointment_id: uuid.UUID) -> ResponseReturnValue:
    """Show the technician's report of a visit."""
    viewer, session = require(Permission.VISITS_SEE), db.session()
    row = get_appointment(session, viewer=viewer, appointment_id=appointment_id)
    if row.appointment.kind != AppointmentKind.VISIT:
        abort(404)
    brand = session.get_one(Brand, row.appointment.brand_id)
    visit, record = row_of(session, row), read_record(session, appointment_id)
    sent = session.get(VisitReport, appointment_id)
    return page("field/office_report.html", visit=visit, record=record, brand=brand, sent=sent)


@bp.get("/appointments/<uuid:appointment_id>/files/<uuid:file_id>")
def office_file(appointment_id: uuid.UUID, file_id: uuid.UUID) -> ResponseReturnValue:
    """Serve a picture of a visit to a viewer who sees the visit."""
    viewer, session = require(Permission.VISITS_SEE), db.session()
    get_appointment(session, viewer=viewer, appointment_id=appointment_id)
    return send_kept(find_file(session, appointment_id=appointment_id, file_id=file_id))


@bp.get("/appointments/<uuid:appointment_id>/report.pdf")
def office_paper(appointment_id: uuid.UUID) -> ResponseReturnValue:
    """Serve the visit report as the PDF that the customer gets."""
    viewer, session = require(Permission.VISITS_SEE), db.session()
    if get_appointment(session, viewer=viewer, appointment_id=appointment_id).appointment.kind != AppointmentKind.VISIT:
        abort(404)
    return send_paper(appointment_id)


@bp.get("/orders/<uuid:order_id>/visits")
def order_visits(order_id: uuid.UUID) -> ResponseReturnValue:
    """Show the reports of the order's visits with their photos. An htmx request gets only the block `order-visits`."""
    viewer, session = require(Permission.ORDERS_SEE), db.session()
    order = get_order(session, viewer=viewer, order_id=order_id).order
    rows = list_appointments_of_order(session, viewer=viewer, order_id=order.id)
    visits = [(row_of(session, row), read_record(session, row.appointment.id)) for row in rows if row.appointment.kind == "visit"]
    return page("field/order_visits.html", blocks=("order_visits",), order=order, visits=visits)
