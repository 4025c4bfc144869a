"""Tables of the troubles of the installation, with their beginning and end, and of the time of the last check."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, WithId


class SystemTrouble(WithId, Base):
    """One trouble of the installation, with the times when it began and ended. `ended_at` is None while it lasts.

    `key` names what is wrong, `text` describes it in English, `place` is the path of the page where to look.
    """

    __tablename__ = "system_troubles"

    key: Mapped[str]
    text: Mapped[str]
    place: Mapped[str]
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    __table_args__ = (sa.Index("uq_system_troubles_open", "key", unique=True, postgresql_where=sa.text("ended_at IS NULL")),)


class SystemWatch(Base):
    """The time when a periodic check last ran. The only row is that of the check "troubles".

    A long gap since then means that the scheduler was down.
    """

    __tablename__ = "system_watches"

    name: Mapped[str] = mapped_column(primary_key=True)
    looked_at: Mapped[datetime]
