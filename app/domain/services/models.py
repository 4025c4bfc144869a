"""Table of the last check of each service other than the channels."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class ServiceCheck(Base):
    """The last check of one service (`app/contract/service.py`). `name` and `place` are stored for alerts.

    `detail` says in English what is wrong. A service that is "down" stays so until it works. "degraded" usually ends without
    help.
    """

    __tablename__ = "service_checks"

    key: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    place: Mapped[str]
    health: Mapped[str]
    detail: Mapped[str]
    checked_at: Mapped[datetime]
    failing_since: Mapped[datetime | None]

    __table_args__ = (
        sa.CheckConstraint("health IN ('ok', 'degraded', 'down')", name="health"),
        sa.CheckConstraint("(health = 'ok') = (failing_since IS NULL)", name="failing"),
    )
