"""Find missing parts of a done visit's documentation, and create the task to finish it. The caller owns the transaction.

The task is created once, when the visit is done and parts are missing. It is closed when later actions complete the
documentation, together with other tasks of that type in the visit's thread.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.core.text import known
from app.core.text import mark as N_
from app.domain.appointments.models import Appointment
from app.domain.events.actions import SYSTEM
from app.domain.field.checklists import items_of
from app.domain.field.models import PhotoLabel, VisitReport
from app.domain.field.record import VisitRecord, read_record
from app.domain.orders.models import Order
from app.domain.tasks.actions import TaskContent, add_task, set_task_status
from app.domain.tasks.models import Task, TaskStatus, TaskType

NO_PHOTO = N_("A photo of the finished work is missing.")
NO_SIGNATURE = N_("The customer's signature is missing.")
NO_CHECK = known("Not ticked: %(item)s")
FINISH = known("Finish the documentation: %(title)s")
TITLE_CHARACTERS = 200


def lacking(record: VisitRecord, checklist: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of missing parts of the documentation: "photo", "checklist", "signature"."""
    parts = {
        "photo": PhotoLabel.AFTER.value in record.labels,
        "checklist": all(item in record.checks for item in checklist),
        "signature": record.signature is not None,
    }
    return tuple(name for name, is_there in parts.items() if not is_there)


def lacks_of(record: VisitRecord, checklist: tuple[str, ...]) -> tuple[str, ...]:
    """Return an English sentence for each missing part and each checklist item without an answer."""
    found = [NO_CHECK % {"item": item} for item in checklist if item not in record.checks]
    missing = {"photo": NO_PHOTO, "signature": NO_SIGNATURE}
    return (*found, *(words for name, words in missing.items() if name in lacking(record, checklist)))


def note_done(session: Session, appointment: Appointment, *, now: datetime) -> None:
    """Store that a done visit needs a report. If documentation is missing, create the task to finish it; if nothing is missing,
    close that task."""
    values = {"appointment_id": appointment.id, "created_at": now, "reason": ""}
    insert = postgresql.insert(VisitReport).values(values).on_conflict_do_nothing()
    is_new = session.execute(insert.returning(VisitReport.appointment_id)).scalar_one_or_none() is not None
    report = session.get_one(VisitReport, appointment.id)
    lacks = lacks_of(read_record(session, appointment.id), _checklist(session, appointment))
    if lacks and is_new:
        report.task_id = add_task(session, _task(appointment, lacks), now=now, actor=SYSTEM).id
        session.flush()
    elif not lacks:
        _close_tasks(session, appointment, report, now)


def _checklist(session: Session, appointment: Appointment) -> tuple[str, ...]:
    query = sa.select(Order.order_type).where(Order.id == appointment.order_id)
    order_type = session.execute(query).scalar_one_or_none() if appointment.order_id else None
    return items_of(session, brand_id=appointment.brand_id, order_type=order_type or "")


def _task(appointment: Appointment, lacks: tuple[str, ...]) -> TaskContent:
    return TaskContent(
        brand_id=appointment.brand_id,
        title=(FINISH % {"title": appointment.title})[:TITLE_CHARACTERS],
        notes="\n".join(lacks),
        task_type=TaskType.DOCUMENTATION,
        thread_id=appointment.thread_id,
        zone=appointment.zone,
    )


def _close_tasks(session: Session, appointment: Appointment, report: VisitReport, now: datetime) -> None:
    of_thread = sa.and_(Task.thread_id == appointment.thread_id, Task.task_type == TaskType.DOCUMENTATION)
    mine = of_thread if appointment.thread_id is not None else sa.false()
    query = sa.select(Task.id).where(sa.or_(Task.id == report.task_id, mine))
    open_ones = query.where(Task.status.in_((TaskStatus.OPEN, TaskStatus.IN_PROGRESS))).order_by(Task.id)
    for task_id in session.execute(open_ones).scalars().all():
        set_task_status(session, task_id, TaskStatus.COMPLETED, now=now, actor=SYSTEM)
