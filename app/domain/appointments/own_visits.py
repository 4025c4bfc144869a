"""Limit what technicians see to their own visits and the threads about them."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.appointments.models import Appointment, AppointmentState
from app.domain.orders.models import OrderThread
from app.domain.threads.models import Attachment, Message, Thread

BEFORE, AFTER = timedelta(days=14), timedelta(days=30)


def own_visits(user_id: uuid.UUID, *, now: datetime) -> sa.ColumnElement[bool]:
    """Return the SQL condition for the user's own appointments that are not cancelled and begin within the visible period (30
    days ago to 14 days ahead)."""
    return sa.and_(
        Appointment.technician_user_id == user_id,
        Appointment.state != AppointmentState.CANCELLED,
        Appointment.starts_at.between(now - AFTER, now + BEFORE),
    )


def about_own_visit(user_id: uuid.UUID, *, now: datetime) -> sa.ColumnElement[bool]:
    """Return the SQL condition for threads about a visit of the user: the thread of the visit, or a thread of the same customer
    about the visit's order."""
    about_order = sa.exists().where(OrderThread.thread_id == Thread.id, OrderThread.order_id == Appointment.order_id)
    same_order = sa.and_(Appointment.contact_id == Thread.contact_id, about_order.correlate(Thread, Appointment))
    mine = sa.select(Appointment.id).where(own_visits(user_id, now=now))
    return mine.where(sa.or_(Appointment.thread_id == Thread.id, same_order)).correlate(Thread).exists()


def is_of_own_visit(
    session: Session,
    *,
    user_id: uuid.UUID,
    now: datetime,
    appointment_id: uuid.UUID | None = None,
    thread_id: uuid.UUID | None = None,
    message_id: uuid.UUID | None = None,
    attachment_id: uuid.UUID | None = None,
    **_others: uuid.UUID,
) -> bool:
    """Return whether the given appointment, message, attachment or thread belongs to a visit of the user. Return False if no id
    is given. One query."""
    if appointment_id is not None:
        query = sa.select(Appointment.id).where(Appointment.id == appointment_id, own_visits(user_id, now=now))
    elif message_id is not None:
        query = sa.select(Message.id).join(Thread, Thread.id == Message.thread_id).where(Message.id == message_id)
        query = query.where(about_own_visit(user_id, now=now))
    elif attachment_id is not None:
        query = sa.select(Attachment.id).join(Thread, Thread.id == Attachment.thread_id).where(Attachment.id == attachment_id)
        query = query.where(about_own_visit(user_id, now=now))
    elif thread_id is not None:
        query = sa.select(Thread.id).where(Thread.id == thread_id, about_own_visit(user_id, now=now))
    else:
        return False
    return session.execute(query).first() is not None
