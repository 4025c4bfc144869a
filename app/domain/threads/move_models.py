"""Tables of merges and splits, and of the rows they moved, for the undo."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, WithId


class ThreadMove(WithId, Base):
    """One merge or split, which moved rows from `from_thread_id` to `to_thread_id`. Neither is a foreign key, as either may be
    gone.

    `batch_id` is the same for all moves of one request. `former` and `latter` are the two threads just before and just after
    the move: {"from": …, "to": …}, each a `snapshot` of row_moves.py. `user_id` is null if the move was made automatically.
    """

    __tablename__ = "thread_moves"

    kind: Mapped[str]  # merge | split
    batch_id: Mapped[uuid.UUID] = mapped_column(index=True)
    brand_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("brands.id"))
    from_thread_id: Mapped[uuid.UUID]
    to_thread_id: Mapped[uuid.UUID]
    user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id", ondelete="SET NULL"))
    moved_at: Mapped[datetime]
    undo_until: Mapped[datetime]
    undone_at: Mapped[datetime | None]
    undone_by_user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id", ondelete="SET NULL"))
    former: Mapped[dict[str, Any]] = mapped_column(default=dict)
    latter: Mapped[dict[str, Any]] = mapped_column(default=dict)

    __table_args__ = (
        sa.Index("ix_thread_moves_from", "from_thread_id"),
        sa.Index("ix_thread_moves_to", "to_thread_id"),
        sa.CheckConstraint("kind IN ('merge', 'split')", name="kind"),
        sa.CheckConstraint("undone_by_user_id IS NULL OR undone_at IS NOT NULL", name="undone"),
    )


class ThreadMoveItem(Base):
    """One row that moved: `kind` is its table, `item_id` its key, and `seq` its former place if it has one.

    `row` is the whole row, if it could not move and was removed.
    """

    __tablename__ = "thread_move_items"

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    move_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("thread_moves.id", ondelete="CASCADE"))
    kind: Mapped[str]
    item_id: Mapped[uuid.UUID]
    seq: Mapped[int | None]
    row: Mapped[dict[str, Any] | None]

    __table_args__ = (sa.Index("ix_thread_move_items_move", "move_id", "kind"),)
