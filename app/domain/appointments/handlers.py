"""React to events: appointments follow merged threads and contacts, and an order's status follows its visit.

Called in the transaction, see app/wiring.py.
"""

from __future__ import annotations

import uuid
from contextlib import suppress

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.db import table_of
from app.domain.appointments.models import UNDER_WAY, Appointment, AppointmentKind, AppointmentState
from app.domain.appointments.statuses import has_visit
from app.domain.contacts.models import ContactMerge
from app.domain.events.actions import Actor
from app.domain.events.models import Event
from app.domain.orders.actions import lock_order, set_order_status
from app.domain.orders.models import Order, OrderStatus
from app.domain.threads.row_moves import move_rows, parse_move, return_rows
from app.domain.transitions.actions import TransitionRefused

APPOINTMENTS = table_of(Appointment)


def follow_merged_thread(session: Session, event: Event) -> None:
    """`ThreadsMerged`, `SplitUndone`: move appointments of the removed thread to the kept one."""
    move = parse_move(event)
    if move.gone is not None:
        move_rows(session, APPOINTMENTS, move_id=move.noted_as, origin=move.gone, target=move.thread_id)


def go_back(session: Session, event: Event) -> None:
    """`MergeUndone`: return appointments to the thread they came from."""
    move = parse_move(event)
    return_rows(session, APPOINTMENTS, move_id=move.id, origin=move.origin, target=move.target)


def follow_merged_contact(session: Session, event: Event) -> None:
    """`ContactsMerged`: move appointments to the kept contact, and store the ids of the appointments in the row of the merge."""
    merge = session.get_one(ContactMerge, uuid.UUID(event.payload["merge_id"]))
    moved = _give(session, APPOINTMENTS.c.contact_id == merge.merged_id, merge.kept_id)
    merge.moved = {**merge.moved, "appointments": moved}
    session.flush()


def give_back_merged_contact(session: Session, event: Event) -> None:
    """`ContactMergeUndone`: return to the merged contact the moved appointments that still belong to the kept contact."""
    merge = session.get_one(ContactMerge, uuid.UUID(event.payload["merge_id"]))
    theirs = sa.and_(APPOINTMENTS.c.id.in_(merge.moved.get("appointments", [])), APPOINTMENTS.c.contact_id == merge.kept_id)
    _give(session, theirs, merge.merged_id)


def _give(session: Session, which: sa.ColumnElement[bool], contact_id: uuid.UUID) -> list[str]:
    statement = sa.update(Appointment).where(which).values(contact_id=contact_id).returning(Appointment.id)
    return [str(row_id) for row_id in session.execute(statement.execution_options(synchronize_session=False)).scalars()]


def move_order_with_visit(session: Session, event: Event) -> None:
    """Change an order's status after its visit was planned, begun, cancelled or done. A change that the brand forbids is
    silently skipped. The order's page asks whether to complete the order."""
    order_id = event.payload.get("order_id")
    if order_id is None:
        return
    appointment = session.get_one(Appointment, uuid.UUID(event.payload["appointment_id"]))
    order = lock_order(session, uuid.UUID(order_id))
    status = _status_after(session, appointment, order)
    if appointment.kind != AppointmentKind.VISIT or status is None:
        return
    context = {"appointment_id": str(appointment.id)}
    with suppress(TransitionRefused):
        set_order_status(session, order.id, status, now=event.occurred_at, actor=Actor(caused_by=event), business_context=context)


def _status_after(session: Session, appointment: Appointment, order: Order) -> OrderStatus | None:
    if appointment.state is AppointmentState.PLANNED and order.status is OrderStatus.APPROVED:
        return OrderStatus.SCHEDULED
    if order.status is not OrderStatus.SCHEDULED:
        return None
    if appointment.state in (AppointmentState.ARRIVED, AppointmentState.IN_PROGRESS, AppointmentState.DONE):
        return OrderStatus.IN_PROGRESS
    if appointment.state is AppointmentState.CANCELLED and not has_visit(session, order, (AppointmentState.PLANNED, *UNDER_WAY)):
        return OrderStatus.APPROVED
    return None
