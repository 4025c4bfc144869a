"""RQ entry points of appointments."""

from __future__ import annotations

import uuid
from typing import Any

from app.domain.appointments import keeping, reminding


def keep_entry(*, row_id: str, **_ignored: Any) -> None:
    """Bring a mailbox's calendar in step with one appointment. A hint given twice finds it done or not due."""
    keeping.keep(uuid.UUID(row_id))


def send_reminder(*, row_id: str, **_ignored: Any) -> None:
    """Remind a contact of one visit. A hint given twice finds it done or not due."""
    reminding.send(uuid.UUID(row_id))
