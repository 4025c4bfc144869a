"""Table of saved views."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, WithId, text_enum
from app.domain.threads.sorting import ListSort


class ViewScope(StrEnum):
    PRIVATE = "private"
    TEAM = "team"
    EVERYONE = "everyone"


class SavedView(WithId, Base):
    """A saved list with filters and sort order, or a saved search. A search has the typed text in `search` and no filters.

    `filters` is read and written only through `list_filters.ViewFilters`. A saved view never lets readers see more threads
    than they otherwise may.
    """

    __tablename__ = "saved_views"

    name: Mapped[str]
    owner_user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), index=True)
    scope: Mapped[ViewScope] = mapped_column(text_enum(ViewScope, "view_scope"))
    team_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("teams.id", ondelete="CASCADE"), index=True)
    filters: Mapped[dict[str, Any]]
    sort: Mapped[ListSort] = mapped_column(text_enum(ListSort, "list_sort"))
    search: Mapped[str | None]
    hidden_columns: Mapped[list[str]] = mapped_column(default=list, server_default="{}")  # of columns.Column
    position: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (
        sa.Index("ix_saved_views_everyone", "position", postgresql_where=sa.text("scope = 'everyone'")),
        sa.CheckConstraint("(scope = 'team') = (team_id IS NOT NULL)", name="team"),
        sa.CheckConstraint("name <> ''", name="name"),
        sa.CheckConstraint("search <> ''", name="search"),
    )
