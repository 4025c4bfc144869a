"""What happens to appointments when their thread or contact becomes another. Called in the transaction, see app/wiring.py."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.db import table_of
from app.domain.appointments.models import Appointment
from app.domain.contacts.models import ContactMerge
from app.domain.events.models import Event
from app.domain.threads.row_moves import move_rows, parse_move, return_rows

APPOINTMENTS = table_of(Appointment)


def follow_merged_thread(session: Session, event: Event) -> None:
    """`ThreadsMerged`, `SplitUndone`: appointments of the thread that goes belong to the one that stays."""
    move = parse_move(event)
    if move.gone is not None:
        move_rows(session, APPOINTMENTS, move_id=move.noted_as, origin=move.gone, target=move.thread_id)


def go_back(session: Session, event: Event) -> None:
    """`MergeUndone`: appointments return to the thread they came from."""
    move = parse_move(event)
    return_rows(session, APPOINTMENTS, move_id=move.id, origin=move.origin, target=move.target)


def follow_merged_contact(session: Session, event: Event) -> None:
    """`ContactsMerged`: appointments go to the kept contact; their ids are written into the merge."""
    merge = session.get_one(ContactMerge, uuid.UUID(event.payload["merge_id"]))
    moved = _give(session, APPOINTMENTS.c.contact_id == merge.merged_id, merge.kept_id)
    merge.moved = {**merge.moved, "appointments": moved}
    session.flush()


def give_back_merged_contact(session: Session, event: Event) -> None:
    """`ContactMergeUndone`: what went over goes back, where it is still the kept contact's."""
    merge = session.get_one(ContactMerge, uuid.UUID(event.payload["merge_id"]))
    theirs = sa.and_(APPOINTMENTS.c.id.in_(merge.moved.get("appointments", [])), APPOINTMENTS.c.contact_id == merge.kept_id)
    _give(session, theirs, merge.merged_id)


def _give(session: Session, which: sa.ColumnElement[bool], contact_id: uuid.UUID) -> list[str]:
    statement = sa.update(Appointment).where(which).values(contact_id=contact_id).returning(Appointment.id)
    return [str(row_id) for row_id in session.execute(statement.execution_options(synchronize_session=False)).scalars()]
