"""Periodic jobs for technicians' phones: delete unused files, and notify technicians of actions that wait on a phone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from app.core.clock import utc_now
from app.core.db import transaction
from app.core.runtime import runtime
from app.domain.field.models import FieldFile, PhoneAction
from app.domain.field.phones import note_late

KEPT, AT_ONCE = timedelta(days=30), 200


def sweep_files(**_ignored: Any) -> int:
    """Periodic job: delete files that are older than 30 days and that no action names. Return the number of deleted files.

    A phone that still needs such a file sends it again.
    """
    named = sa.exists().where(PhoneAction.user_id == FieldFile.user_id, PhoneAction.file_id == FieldFile.id)
    old = sa.select(FieldFile).where(FieldFile.created_at < utc_now() - KEPT, ~named).limit(AT_ONCE)
    with transaction() as session:
        files = session.execute(old.with_for_update(skip_locked=True)).scalars().all()
        keys = [key for file in files for key in (file.storage_key, file.thumbnail_key) if key]
        for file in files:
            session.delete(file)
    for key in keys:
        runtime().storage.delete(key)
    return len(files)


def tell_of_waiting(**_ignored: Any) -> int:
    """Periodic job: notify technicians whose phone has had unsent actions for a long time. Return the number of phones."""
    with transaction() as session:
        return note_late(session, now=utc_now())
