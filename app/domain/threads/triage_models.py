"""Tables of tags of threads and of bulk actions."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Claimable, WithId

_DUE = sa.text("coalesce(response_due_at, '9999-12-31 00:00:00+00'::timestamptz)")
_BY_DUE = (_DUE, sa.text("last_message_at"), sa.text("thread_id"))


class ThreadTag(Base):
    """One tag of one thread with the thread's sort keys, so that one keyset scan lists the threads of a tag.

    Triggers on `threads` keep this table in step with `threads.tags` (migration 0025). `in_inbox`: the thread is open and
    not snoozed.
    """

    __tablename__ = "thread_tags"

    thread_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("threads.id", ondelete="CASCADE"), primary_key=True)
    tag: Mapped[str] = mapped_column(primary_key=True)
    brand_id: Mapped[uuid.UUID]
    last_message_at: Mapped[datetime]
    in_inbox: Mapped[bool]
    priority_rank: Mapped[int] = mapped_column(sa.SmallInteger, default=1, server_default="1")
    response_due_at: Mapped[datetime | None]

    __table_args__ = (
        sa.Index(
            "ix_thread_tags_rank",
            "brand_id",
            "tag",
            sa.text("priority_rank DESC"),
            sa.text("last_message_at DESC"),
            sa.text("thread_id DESC"),
            postgresql_where=sa.text("in_inbox"),
        ),
        sa.Index(
            "ix_thread_tags_inbox",
            "brand_id",
            "tag",
            sa.text("last_message_at DESC"),
            sa.text("thread_id DESC"),
            postgresql_where=sa.text("in_inbox"),
        ),
        sa.Index(
            "ix_thread_tags_rank_all",
            "brand_id",
            "tag",
            sa.text("priority_rank DESC"),
            sa.text("last_message_at DESC"),
            sa.text("thread_id DESC"),
        ),
        sa.Index("ix_thread_tags_due", "brand_id", "tag", *_BY_DUE, postgresql_where=sa.text("in_inbox")),
        sa.Index("ix_thread_tags_due_all", "brand_id", "tag", *_BY_DUE),
        sa.Index("ix_thread_tags_all", "brand_id", "tag", sa.text("last_message_at DESC"), sa.text("thread_id DESC")),
    )


class BulkAction(WithId, Claimable, Base):
    """A request to make one change to many threads, which a job carries out in batches.

    If it undoes another bulk action, `undoes_id` is the id of that one.
    """

    __tablename__ = "bulk_actions"

    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), index=True)
    change: Mapped[dict[str, Any]]  # {"kind": "status", "to": "closed"} …, see app/domain/threads/bulk.py
    total: Mapped[int]
    done: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    undoes_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("bulk_actions.id", ondelete="CASCADE"), unique=True)
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        sa.Index("ix_bulk_actions_due", "run_at", postgresql_where=sa.text("state IN ('ready', 'running')")),
        sa.CheckConstraint("state IN ('ready', 'running', 'done', 'failed')", name="state"),
    )


class BulkTarget(Base):
    """One thread of a bulk action, with its state before and after the change.

    `thread_id` is no foreign key, so that it stays valid if the thread is merged. The change is then made to the kept
    thread.
    """

    __tablename__ = "bulk_targets"

    bulk_action_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("bulk_actions.id", ondelete="CASCADE"), primary_key=True)
    thread_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    outcome: Mapped[str] = mapped_column(default="waiting", server_default="waiting")
    former: Mapped[dict[str, Any] | None]
    latter: Mapped[dict[str, Any] | None]

    __table_args__ = (
        sa.Index("ix_bulk_targets_waiting", "bulk_action_id", "thread_id", postgresql_where=sa.text("outcome = 'waiting'")),
        sa.CheckConstraint("outcome IN ('waiting', 'changed', 'unchanged', 'refused')", name="outcome"),
    )
