"""Transcribe a voice note after commit, with the service at the endpoint TRANSCRIBE_URL that the operator has set.

The request is that of OpenAI's `POST /v1/audio/transcriptions`, which self-hosted engines also accept. Without an endpoint,
no sound is sent anywhere. The transcript is stored with the file and added as a note, in one transaction, once.
"""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.db import transaction
from app.core.log import get_logger
from app.core.metering import Endpoint
from app.core.runtime import runtime
from app.core.storage import FileMissing
from app.core.text import known, storable
from app.domain.accounts.models import User
from app.domain.appointments.models import Appointment
from app.domain.events.actions import SYSTEM
from app.domain.events.models import Event
from app.domain.field.effects import SUFFIXES
from app.domain.field.models import TEXT_CHARACTERS, FieldFile, PhoneAction
from app.domain.threads.actions import add_note

HEARD = known("Automatic transcript of the voice note (please check): %(text)s")
WORDS = "Zaptec, Alfen, Easee, laadpaal, meterkast, groepenkast, 3-fase, kWh"  # names an engine would not guess
SECONDS, MOST_BYTES = 60, 256 * 1024
PERMANENT = frozenset({400, 413, 415, 422})  # it cannot read this sound, and will not tomorrow
log = get_logger(__name__)


class UnableToTranscribe(Exception):
    """Raised when the endpoint answered with a temporary error or without valid JSON. The job tries again later."""


def transcribe(event: Event) -> None:
    """Transcribe the voice note of a `VisitReported` event, if it has no transcript yet. Do nothing if no endpoint is set.

    Raises `UnableToTranscribe` if the endpoint answered with a temporary error or without valid JSON, and `HttpFailure` if
    the request failed.
    """
    settings = runtime().settings
    if not settings.transcribe_url:
        return
    with transaction() as session:
        file, language = _find(session, event)
        if file is None or file.transcript:
            return
        user_id, file_id, key, kind = file.user_id, file.id, file.storage_key, file.content_type
    try:
        with runtime().storage.open(key) as kept:
            sound = kept.read()
    except FileMissing:
        return
    text = _ask(sound, kind, language)
    if text:
        with transaction() as session:
            _keep(session, event, user_id, file_id, text)


def _ask(sound: bytes, kind: str, language: str) -> str:
    settings = runtime().settings
    answer = runtime().http.request(
        "POST",
        settings.transcribe_url,
        called=Endpoint("transcription", "POST"),
        headers={"Authorization": f"Bearer {settings.transcribe_key}"} if settings.transcribe_key else None,
        data={"model": settings.transcribe_model, "language": language, "prompt": WORDS, "response_format": "json"},
        files={"file": (f"note.{SUFFIXES.get(kind, 'bin')}", sound, kind)},
        read_timeout=SECONDS,
        deadline=SECONDS + 10,
        max_bytes=MOST_BYTES,
    )
    if answer.status in PERMANENT:
        log.warning("voice_note_not_read", status=answer.status)
        return ""
    if not answer.ok:
        raise UnableToTranscribe(f"status {answer.status}")
    try:
        said = answer.json()
    except ValueError as error:
        raise UnableToTranscribe("no JSON") from error
    text = said.get("text") if isinstance(said, dict) else None
    return storable(text).strip()[:TEXT_CHARACTERS] if isinstance(text, str) else ""


def _find(session: Session, event: Event) -> tuple[FieldFile | None, str]:
    """Return the event's sound file and the speaker's language code, such as "nl". Return (None, "") if there is no such file."""
    named = sa.and_(PhoneAction.user_id == FieldFile.user_id, PhoneAction.file_id == FieldFile.id)
    query = sa.select(FieldFile, User.locale).join(PhoneAction, named).join(User, User.id == FieldFile.user_id)
    query = query.where(PhoneAction.id == uuid.UUID(event.payload["action_id"]), PhoneAction.user_id == event.actor_user_id)
    found = session.execute(query).one_or_none()
    return (found.FieldFile, found.locale[:2]) if found is not None else (None, "")


def _keep(session: Session, event: Event, user_id: uuid.UUID, file_id: uuid.UUID, text: str) -> None:
    thread_id = session.execute(
        sa.select(Appointment.thread_id).where(Appointment.id == uuid.UUID(event.payload["appointment_id"]))
    ).scalar_one_or_none()
    is_first = sa.and_(FieldFile.user_id == user_id, FieldFile.id == file_id, FieldFile.transcript == "")
    statement = sa.update(FieldFile).where(is_first).values(transcript=text).returning(FieldFile.id)
    if session.execute(statement).scalar_one_or_none() is None or thread_id is None:
        return
    words = HEARD % {"text": text}
    add_note(session, thread_id=thread_id, text=words, actor=SYSTEM, author_name="Switchyard", now=event.occurred_at)
