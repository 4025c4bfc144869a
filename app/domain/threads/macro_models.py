"""Tables of macros and their runs."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, WithId


class Macro(WithId, Base):
    """A named list of steps for the threads of one brand, or of all brands if `brand_id` is null.

    `steps` has the form of `MacroSteps` in app/domain/threads/macros.py.
    """

    __tablename__ = "macros"

    name: Mapped[str]
    brand_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("brands.id", ondelete="CASCADE"), index=True)
    steps: Mapped[dict[str, Any]]
    created_by_user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (sa.CheckConstraint("name <> ''", name="name"),)


class MacroRun(Base):
    """One run of a macro by a user on a thread.

    `token` is made each time the menu is shown, so that pressing twice runs the macro once. `former` and `latter` are the
    thread's state before and after the run, for the undo. `message_id` is the message that the run sent.
    """

    __tablename__ = "macro_runs"

    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    token: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    macro_id: Mapped[uuid.UUID]
    thread_id: Mapped[uuid.UUID]
    run_at: Mapped[datetime]
    former: Mapped[dict[str, Any] | None]
    latter: Mapped[dict[str, Any] | None]
    message_id: Mapped[uuid.UUID | None]
    undone_at: Mapped[datetime | None]
