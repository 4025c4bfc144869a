"""Jobs (RQ entry points) of appointments: keep a calendar entry, send a reminder."""

from __future__ import annotations

import uuid
from typing import Any

from app.core.promises import keep
from app.domain.appointments import calendar_push
from app.domain.appointments import send_reminder as reminders


def keep_entry(*, row_id: str, **_ignored: Any) -> None:
    """RQ entry point: bring a mailbox's calendar in step with one appointment. A repeat finds it done or not due."""
    keep(calendar_push.PROMISE, uuid.UUID(row_id))


def send_reminder(*, row_id: str, **_ignored: Any) -> None:
    """RQ entry point: remind a contact of one visit. A repeat finds it done or not due."""
    keep(reminders.PROMISE, uuid.UUID(row_id))
