"""What a phone reported, for tests."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime

from sqlalchemy.orm import Session

from app.core.runtime import runtime
from app.domain.accounts.models import User
from app.domain.appointments.models import Appointment
from app.domain.field.models import ActionKind, FieldFile, Outcome, PhoneAction

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64


def make_file(session: Session, user: User, *, now: datetime, content: bytes = PNG) -> uuid.UUID:
    """A picture that arrived and that nothing names yet. Needs the application's context."""
    row = FieldFile(user_id=user.id, id=uuid.uuid4(), sha256=hashlib.sha256(content).hexdigest(), content_type="image/png")
    row.size_bytes, row.storage_key, row.created_at = len(content), runtime().storage.put(content).key, now
    session.add(row)
    session.flush()
    return row.id


def make_photo(session: Session, visit: Appointment, user: User, *, now: datetime) -> uuid.UUID:
    """A photo of the visit; returns the id of its file."""
    file_id = make_file(session, user, now=now)
    row = PhoneAction(user_id=user.id, id=uuid.uuid4(), device_id=uuid.uuid4(), appointment_id=visit.id, kind=ActionKind.PHOTO)
    row.digest, row.body, row.file_id, row.outcome, row.answer = "", {"label": "before"}, file_id, Outcome.APPLIED, {}
    row.occurred_at = row.received_at = now
    session.add(row)
    session.flush()
    return file_id
