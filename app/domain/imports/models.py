"""Tables of imports (orders, articles, prices) and of the outcome of each row."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Claimable, WithId, text_enum


class ImportKind(StrEnum):
    ORDERS = "orders"
    ARTICLES = "articles"
    PRICES = "prices"


class ImportPhase(StrEnum):
    READING = "reading"
    PREVIEW = "preview"  # read, nothing of it is made yet
    UNREADABLE = "unreadable"  # `problem` says why
    IMPORTING = "importing"
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"


RUNNING_PHASES = (ImportPhase.READING, ImportPhase.IMPORTING, ImportPhase.UNDOING)


class RowOutcome(StrEnum):
    """The outcome of a row. NEW to WRONG are outcomes in the preview, MADE to SKIPPED after the import, TAKEN_BACK and LEFT
    after an undo."""

    NEW = "new"
    CHANGES = "changes"
    SAME = "same"
    WRONG = "wrong"
    MADE = "made"
    CHANGED = "changed"
    SKIPPED = "skipped"
    TAKEN_BACK = "taken_back"
    LEFT = "left"  # the undo left it, `problems` says why


class Import(WithId, Claimable, Base):
    """An import of one file. The row is the promise to read, import or undo the file, depending on its `phase`.

    `heads`: the names of the file's columns. `columns`: the field key of each column, "" for none, in the same order. `done`
    and `total`: how many rows are handled in this phase, and of how many.
    """

    __tablename__ = "imports"

    brand_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("brands.id", ondelete="CASCADE"))
    user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id", ondelete="SET NULL"))
    kind: Mapped[ImportKind] = mapped_column(text_enum(ImportKind, "kind"))
    phase: Mapped[ImportPhase] = mapped_column(text_enum(ImportPhase, "phase"))
    file_name: Mapped[str]
    storage_key: Mapped[str]
    size_bytes: Mapped[int]
    sha256: Mapped[str]
    heads: Mapped[list[Any]] = mapped_column(default=list)
    columns: Mapped[list[Any]] = mapped_column(default=list)
    encoding: Mapped[str] = mapped_column(default="")
    separator: Mapped[str] = mapped_column(default="")
    total: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    problem: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        sa.Index("ix_imports_brand", "brand_id", "created_at"),
        sa.Index("ix_imports_due", "run_at", postgresql_where=sa.text("state IN ('ready', 'running')")),
        sa.CheckConstraint("state IN ('ready', 'running', 'done', 'failed')", name="state"),
    )


class ImportRow(Base):
    """One row of an imported file. An order's row may consist of several lines. `number`: the line of the file at which the row
    begins.

    `cells`: one {field: value} for each line. `entity_id`: the order, article or price that the row created or changed.
    `before` and `after`: its values before and after the import, which an undo compares. `problems`: [{"column", "text"}],
    with `text` in English.
    """

    __tablename__ = "import_rows"

    import_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("imports.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    cells: Mapped[list[Any]]
    outcome: Mapped[RowOutcome] = mapped_column(text_enum(RowOutcome, "outcome"))
    problems: Mapped[list[Any]] = mapped_column(default=list)
    entity_id: Mapped[uuid.UUID | None]
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))

    __table_args__ = (sa.Index("ix_import_rows_outcome", "import_id", "outcome", "number"),)
