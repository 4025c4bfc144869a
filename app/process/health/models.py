"""Tables of troubles of the installation, each from its beginning to its end, and of the time of the last look."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, WithId


class SystemTrouble(WithId, Base):
    """A trouble of the installation; one row from its beginning to its end.

    `key` names what is wrong, `text` says it in English, `place` is the path where to look.
    """

    __tablename__ = "system_troubles"

    key: Mapped[str]
    text: Mapped[str]
    place: Mapped[str]
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    __table_args__ = (sa.Index("uq_system_troubles_open", "key", unique=True, postgresql_where=sa.text("ended_at IS NULL")),)


class SystemWatch(Base):
    """When the watch last looked; a gap means that nothing was scheduled meanwhile."""

    __tablename__ = "system_watches"

    name: Mapped[str] = mapped_column(primary_key=True)
    looked_at: Mapped[datetime]
