"""React to reported visits: send the report, make thumbnails, read nameplates, transcribe voice notes."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.db import transaction
from app.core.runtime import runtime
from app.core.storage import FileMissing, undone_on_error
from app.domain.appointments.models import Appointment, AppointmentKind, AppointmentState
from app.domain.events.models import Event
from app.domain.field.codes import read_codes
from app.domain.field.documentation import note_done
from app.domain.field.models import ActionKind, FieldFile, PhoneAction, PhotoLabel
from app.domain.field.report_mail import send_report
from app.domain.field.thumbnails import make_small
from app.domain.field.transcribe import transcribe


def document_visit(session: Session, event: Event) -> None:
    """Handle `VisitReported` in its transaction: if the visit is done, request its report and create the task for missing
    documentation."""
    appointment = session.get_one(Appointment, uuid.UUID(event.payload["appointment_id"]))
    if appointment.kind == AppointmentKind.VISIT and appointment.state == AppointmentState.DONE:
        note_done(session, appointment, now=event.occurred_at)


def done_among(_session: Session, events: Sequence[Event]) -> Sequence[Event]:
    """Return the events that reported a step, which may have ended the visit."""
    return [event for event in events if event.payload.get("kind") == ActionKind.STEP]


def send_visit_report(event: Event) -> None:
    """After-commit handler: send the customer the report of a done visit, once."""
    send_report(uuid.UUID(event.payload["appointment_id"]))


def photos_among(_session: Session, events: Sequence[Event]) -> Sequence[Event]:
    """Return the events that reported a photo."""
    return [event for event in events if event.payload.get("kind") == ActionKind.PHOTO]


def make_thumbnail(event: Event) -> None:
    """After-commit handler: make the thumbnail of a photo. A second thumbnail made at the same time is deleted."""
    with transaction() as session:
        file = find_file_of_action(session, event)
        if file is None or file.thumbnail_key is not None:
            return
        key, identity = file.storage_key, (file.user_id, file.id)
    try:
        with runtime().storage.open(key) as kept:
            small = make_small(kept.read())
    except FileMissing:
        return
    if small is None:
        return
    with undone_on_error(runtime().storage) as storage:
        stored = storage.put(small)
        with transaction() as session:
            is_first = sa.and_(FieldFile.user_id == identity[0], FieldFile.id == identity[1], FieldFile.thumbnail_key.is_(None))
            statement = sa.update(FieldFile).where(is_first).values(thumbnail_key=stored.key).returning(FieldFile.id)
            is_used = session.execute(statement).scalar_one_or_none() is not None
    if not is_used:
        runtime().storage.delete(stored.key)


def nameplates_among(_session: Session, events: Sequence[Event]) -> Sequence[Event]:
    """Return the events that reported the photo of a nameplate."""
    return [event for event in events if event.payload.get("label") == PhotoLabel.NAMEPLATE]


def read_nameplate(event: Event) -> None:
    """After-commit handler: read the codes in the photo of a nameplate and store them. They are offered as serial numbers
    later. A repeat is harmless."""
    with transaction() as session:
        file = find_file_of_action(session, event)
        if file is None or file.codes:
            return
        key, identity = file.storage_key, (file.user_id, file.id)
    try:
        with runtime().storage.open(key) as kept:
            codes = read_codes(kept.read())
    except FileMissing:
        return
    if codes:
        with transaction() as session:
            session.get_one(FieldFile, identity).codes = codes


def voices_among(_session: Session, events: Sequence[Event]) -> Sequence[Event]:
    """Return the events that reported a voice note."""
    return [event for event in events if event.payload.get("kind") == ActionKind.VOICE]


def write_out_voice(event: Event) -> None:
    """After-commit handler: transcribe a voice note, if a transcription service is configured."""
    transcribe(event)


def find_file_of_action(session: Session, event: Event) -> FieldFile | None:
    """Return the file of the phone action in a `VisitReported` event. Return None if the action has no file."""
    query = sa.select(FieldFile).join(
        PhoneAction, sa.and_(PhoneAction.user_id == FieldFile.user_id, PhoneAction.file_id == FieldFile.id)
    )
    action_id = uuid.UUID(event.payload["action_id"])
    query = query.where(PhoneAction.id == action_id, PhoneAction.user_id == event.actor_user_id)
    return session.execute(query).scalar_one_or_none()
