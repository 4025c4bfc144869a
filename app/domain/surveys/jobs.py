"""Job (RQ entry point) that sends one survey question."""

from __future__ import annotations

import uuid
from typing import Any

from app.core.promises import keep
from app.domain.surveys.send_one import PROMISE


def send_survey(*, row_id: str, **_ignored: Any) -> None:
    """RQ entry point: send one question. A repeat sends nothing."""
    keep(PROMISE, uuid.UUID(row_id))
