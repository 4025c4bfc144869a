"""Serve /appointments: list, read, create and change appointments."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.api.answers import Answer, answer, check_if_match, show, version_tag
from app.api.authorize import current_viewer
from app.api.idempotency import write
from app.api.references import named_thread, named_user_id
from app.api.registry import Routes
from app.api.schemas.appointments import (
    AppointmentCreate,
    AppointmentListQuery,
    AppointmentOut,
    AppointmentPage,
    AppointmentReminderOut,
    AppointmentUpdate,
)
from app.api.schemas.base import IdPath
from app.core.clock import utc_now
from app.core.db import db
from app.core.keyset import Sort
from app.core.problems import invalid
from app.domain.accounts.access import Viewer
from app.domain.appointments import actions
from app.domain.appointments.actions import AppointmentContent
from app.domain.appointments.models import USUAL_MINUTES, AppointmentReminder
from app.domain.appointments.queries import AppointmentConditions, AppointmentRow, is_absent
from app.domain.appointments.queries import get_appointment as find_appointment
from app.domain.appointments.queries import list_appointments as find_appointments
from app.domain.appointments.reminders import list_reminders
from app.domain.orders.models import Order
from app.domain.orders.queries import OrderMissing
from app.domain.orders.queries import get_order as find_order

routes = Routes("Appointments")
CREATE = {
    "title": "Survey of the fuse box",
    "appointment_type": "visit",
    "order_id": "019ab3c0-0000-7000-8000-000000000001",
    "starts_at": "2026-12-01T08:00:00Z",
    "time_zone": "Europe/Amsterdam",
    "place": "Kerkstraat 12, Amsterdam",
}
PLAIN = {"title": "title", "appointment_type": "kind", "time_zone": "zone", "place": "place", "notes": "notes"}
_technician = partial(named_user_id, field="technician_contact_id", given="appointments")


@routes.add("get", "/appointments", scope="appointments:read", answers=AppointmentPage)
def list_appointments(query: AppointmentListQuery) -> Response:
    """List appointments.

    Limited to the brands the token's owner may see. Cancelled ones are included unless `status` says otherwise.
    """
    wanted = query.model_dump(exclude={"limit", "cursor", "sort", "appointment_type"})
    page = find_appointments(
        db.session(),
        viewer=current_viewer(),
        conditions=AppointmentConditions(kind=query.appointment_type, **wanted),
        sort=Sort.parse(query.sort),
        cursor=query.cursor,
        limit=query.limit,
    )
    reminders = list_reminders(db.session(), [row.appointment.id for row in page.items])
    items = [_out(row, reminders[row.appointment.id]) for row in page.items]
    return answer(AppointmentPage(items=items, next_cursor=page.next_cursor)).response()


@routes.add("get", "/appointments/<uuid:id>", scope="appointments:read", answers=AppointmentOut, refuses=(404,))
def get_appointment(path: IdPath) -> Response:
    """Show one appointment."""
    session = db.session()
    row = find_appointment(session, viewer=current_viewer(), appointment_id=path.id)
    return show(_out(row, list_reminders(session, [path.id])[path.id]), etag=version_tag(row.appointment))


@routes.add(
    "post", "/appointments", scope="appointments:write", answers=AppointmentOut, status=201, refuses=(409,), example=CREATE
)
def create_an_appointment(body: AppointmentCreate) -> Response:
    """Plan an appointment.

    Its contact is the contact of the thread, or else the customer of the order. The contact gets a reminder a day before a
    visit.
    """
    return write(lambda session: _create(session, current_viewer(), body))


@routes.change(
    "/appointments/<uuid:id>",
    scope="appointments:write",
    answers=AppointmentOut,
    example={"starts_at": "2026-12-02T08:00:00Z"},
    example_of_put={"status": "cancelled"},
)
def update_an_appointment(path: IdPath, body: AppointmentUpdate) -> Response:
    """Change, move or cancel an appointment.

    PUT and PATCH do the same: a field that is left out does not change.
    """
    return write(lambda session: _update(session, current_viewer(), path.id, body))


def _create(session: Session, viewer: Viewer, body: AppointmentCreate) -> Answer:
    thread, order = named_thread(session, viewer, body.thread_id), _order(session, viewer, body.order_id)
    if thread is not None and order is not None and thread.brand_id != order.brand_id:
        raise invalid("order_id", "is an order of another brand")
    contact_id = (thread.contact_id if thread else None) or (order.customer_contact_id if order else None)
    brand_id = thread.brand_id if thread else order.brand_id if order else None
    if contact_id is None or brand_id is None:
        raise invalid("thread_id", "give a thread with a contact, or an order_id")
    starts_at = body.starts_at.astimezone(UTC)
    usual = starts_at + timedelta(minutes=USUAL_MINUTES[body.appointment_type])
    content = AppointmentContent(
        brand_id=brand_id,
        contact_id=contact_id,
        thread_id=thread.id if thread else None,
        order_id=order.id if order else None,
        technician_user_id=_technician(session, body.technician_contact_id, brand_id),
        kind=body.appointment_type,
        title=" ".join(body.title.split()),
        starts_at=starts_at,
        ends_at=body.ends_at.astimezone(UTC) if body.ends_at else usual,
        zone=body.time_zone,
        place=" ".join(body.place.split()),
        notes=body.notes,
    )
    _check(session, content)
    made = actions.plan_appointment(session, content, now=utc_now(), actor=viewer.actor)
    return _answer(session, viewer, made.id, 201)


def _update(session: Session, viewer: Viewer, appointment_id: uuid.UUID, body: AppointmentUpdate) -> Answer:
    find_appointment(session, viewer=viewer, appointment_id=appointment_id)
    one, now = actions.lock_appointment(session, appointment_id), utc_now()
    check_if_match(version_tag(one))
    former = actions.content_of(one)
    content = _changed(session, viewer, former, body)
    if content != former:
        _check(session, content)
        actions.change_appointment(session, appointment_id, content, now=now, actor=viewer.actor)
    if "status" in body.model_fields_set:
        actions.set_appointment_state(session, appointment_id, body.status, now=now, actor=viewer.actor)
    return _answer(session, viewer, appointment_id, 200)


def _changed(session: Session, viewer: Viewer, former: AppointmentContent, body: AppointmentUpdate) -> AppointmentContent:
    sent = body.model_fields_set
    values: dict[str, Any] = {column: getattr(body, name) for name, column in PLAIN.items() if name in sent}
    if "technician_contact_id" in sent:
        values["technician_user_id"] = _technician(session, body.technician_contact_id, former.brand_id)
    if "order_id" in sent:
        order = _order(session, viewer, body.order_id)
        if order is not None and order.brand_id != former.brand_id:
            raise invalid("order_id", "is an order of another brand")
        values["order_id"] = order.id if order else None
    values |= _times(former, body)
    return replace(former, **values)


def _times(former: AppointmentContent, body: AppointmentUpdate) -> dict[str, datetime]:
    sent, length = body.model_fields_set, former.ends_at - former.starts_at
    starts_at = body.starts_at.astimezone(UTC) if "starts_at" in sent else former.starts_at
    return {"starts_at": starts_at, "ends_at": body.ends_at.astimezone(UTC) if "ends_at" in sent else starts_at + length}


def _check(session: Session, content: AppointmentContent) -> None:
    if content.ends_at <= content.starts_at:
        raise invalid("ends_at", "must be after starts_at")
    technician_id = content.technician_user_id
    if technician_id and is_absent(session, technician_id, starts_at=content.starts_at, zone=content.zone):
        raise invalid("technician_contact_id", "is absent on that day")


def _order(session: Session, viewer: Viewer, order_id: uuid.UUID | None) -> Order | None:
    if order_id is None:
        return None
    try:
        return find_order(session, viewer=viewer, order_id=order_id).order
    except OrderMissing as error:
        raise invalid("order_id", "there is no such order") from error


def _answer(session: Session, viewer: Viewer, appointment_id: uuid.UUID, status: int) -> Answer:
    session.flush()
    row = find_appointment(session, viewer=viewer, appointment_id=appointment_id)
    location = f"/api/v1/appointments/{appointment_id}" if status == 201 else None
    shown = _out(row, list_reminders(session, [appointment_id])[appointment_id])
    return answer(shown, status, etag=version_tag(row.appointment), location=location)


def _out(row: AppointmentRow, reminders: list[AppointmentReminder]) -> AppointmentOut:
    one = row.appointment
    return AppointmentOut(
        id=one.id,
        title=one.title,
        appointment_type=one.kind,
        status=one.state,
        brand=row.brand_key,
        customer_contact_id=one.contact_id,
        technician_contact_id=row.technician_contact_id,
        thread_id=one.thread_id,
        order_id=one.order_id,
        starts_at=one.starts_at,
        ends_at=one.ends_at,
        time_zone=one.zone,
        place=one.place,
        notes=one.notes,
        reminders=[_reminder_out(reminder) for reminder in reminders],
        created_at=one.created_at,
        updated_at=one.updated_at,
    )


def _reminder_out(reminder: AppointmentReminder) -> AppointmentReminderOut:
    return AppointmentReminderOut(
        send_at=reminder.run_at, outcome=reminder.outcome, reason=reminder.reason, message_id=reminder.message_id
    )
