"""Jobs (RQ entry points) of appointments: write a calendar entry, send a reminder."""

from __future__ import annotations

import uuid
from typing import Any

from app.core.promises import keep
from app.domain.appointments import calendar_push
from app.domain.appointments import send_reminder as reminders


def keep_entry(*, row_id: str, **_ignored: Any) -> None:
    """RQ entry point: write one appointment into a mailbox's calendar. A repeat finds the entry done or not due."""
    keep(calendar_push.PROMISE, uuid.UUID(row_id))


def send_reminder(*, row_id: str, **_ignored: Any) -> None:
    """RQ entry point: send one reminder of a visit. A repeat finds the reminder done or not due."""
    keep(reminders.PROMISE, uuid.UUID(row_id))
