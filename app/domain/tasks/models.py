"""Table of tasks."""

from __future__ import annotations

import uuid
from datetime import date, datetime, time
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, WithId, text_enum
from app.domain.threads.models import Priority

TITLE_CHARACTERS, NOTES_CHARACTERS = 300, 10_000
WAITING_CHARACTERS = 60
REMINDER_MINUTES = 60 * 24 * 28


class TaskType(StrEnum):
    FOLLOW_UP = "follow_up"
    CALLBACK = "callback"
    SEND_EMAIL = "send_email"
    SCHEDULE_VISIT = "schedule_visit"
    ESCALATE = "escalate"
    RESEARCH = "research"
    DOCUMENTATION = "documentation"
    APPROVAL_REQUEST = "approval_request"
    OTHER = "other"


class TaskStatus(StrEnum):
    OPEN = "open"
    IN_PROGRESS = "in_progress"
    WAITING = "waiting"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class Recurrence(StrEnum):
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class Decision(StrEnum):
    """The decision of an approval task."""

    APPROVED = "approved"
    REFUSED = "refused"


OPEN_STATUSES = (TaskStatus.OPEN, TaskStatus.IN_PROGRESS, TaskStatus.WAITING)
_OPEN = "status IN ('open', 'in_progress', 'waiting')"


class Task(WithId, Base):
    """One task. It is overdue after `due_at`: `due_date` at `due_time` (without a time, the end of that day) in `zone`.

    `follows_id`: the completed task that this task repeats. `promised_in_message_id`: the reply that promised it.
    `called_in_message_id`: the missed call to return. `decision`: the decision of a completed approval; its reason is in
    `completion_notes`.

    While the task is open, its thread waits for `waiting_for` ("": nothing). The task itself waits for the task
    `depends_on_id`.
    """

    __tablename__ = "tasks"

    brand_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("brands.id"))
    thread_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("threads.id", ondelete="SET NULL"))
    order_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("orders.id", ondelete="SET NULL"))
    title: Mapped[str]
    notes: Mapped[str] = mapped_column(default="")
    task_type: Mapped[TaskType] = mapped_column(text_enum(TaskType, "task_type"), default=TaskType.OTHER)
    priority: Mapped[Priority] = mapped_column(text_enum(Priority, "priority"), default=Priority.NORMAL)
    status: Mapped[TaskStatus] = mapped_column(text_enum(TaskStatus, "status"), default=TaskStatus.OPEN)
    assignee_user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id", ondelete="SET NULL"))
    created_by_user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id", ondelete="SET NULL"))
    due_date: Mapped[date | None]
    due_time: Mapped[time | None]
    due_at: Mapped[datetime | None]
    zone: Mapped[str] = mapped_column(default="Europe/Amsterdam")
    reminder_minutes: Mapped[int | None]  # before due_at
    remind_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]
    recurrence: Mapped[Recurrence | None] = mapped_column(text_enum(Recurrence, "recurrence"))
    follows_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("tasks.id", ondelete="SET NULL"), unique=True)
    promised_in_message_id: Mapped[uuid.UUID | None] = mapped_column(
        sa.ForeignKey("messages.id", ondelete="SET NULL"), unique=True
    )
    called_in_message_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("messages.id", ondelete="SET NULL"), unique=True)
    waiting_for: Mapped[str] = mapped_column(default="", server_default="")
    depends_on_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("tasks.id", ondelete="SET NULL"))
    completion_notes: Mapped[str] = mapped_column(default="")
    decision: Mapped[Decision | None] = mapped_column(text_enum(Decision, "decision"))
    completed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        sa.Index("ix_tasks_open", "brand_id", "due_at", "id", postgresql_where=sa.text(_OPEN)),
        sa.Index(
            "ix_tasks_open_assignee",
            "assignee_user_id",
            "due_at",
            "id",
            postgresql_include=["brand_id"],  # counted for every page, from the index alone
            postgresql_where=sa.text(_OPEN),
        ),
        sa.Index("ix_tasks_thread", "thread_id", postgresql_where=sa.text("thread_id IS NOT NULL")),
        sa.Index("ix_tasks_order", "order_id", postgresql_where=sa.text("order_id IS NOT NULL")),
        sa.Index("ix_tasks_newest", "brand_id", "id"),
        sa.Index("ix_tasks_created", "brand_id", "created_at", "id"),
        sa.Index("ix_tasks_day", "brand_id", "due_date"),
        sa.Index("ix_tasks_remind", "remind_at", postgresql_where=sa.text("remind_at IS NOT NULL AND reminded_at IS NULL")),
        sa.Index("ix_tasks_depends_on", "depends_on_id", postgresql_where=sa.text("depends_on_id IS NOT NULL")),
        sa.CheckConstraint("length(waiting_for) <= 60", name="waiting_for"),
        sa.CheckConstraint("depends_on_id <> id", name="depends_on"),
        sa.CheckConstraint("(due_date IS NULL) = (due_at IS NULL)", name="due"),
        sa.CheckConstraint("due_time IS NULL OR due_date IS NOT NULL", name="due_time"),
        sa.CheckConstraint("(status = 'completed') = (completed_at IS NOT NULL)", name="completed"),
        sa.CheckConstraint("recurrence IS NULL OR due_date IS NOT NULL", name="recurring_is_due"),
        sa.CheckConstraint("remind_at IS NULL OR due_date IS NOT NULL", name="reminder_is_due"),
        sa.CheckConstraint("title <> ''", name="title"),
    )

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_STATUSES

    @property
    def stands_in_thread(self) -> bool:
        """Return whether changes of the task are shown in its thread."""
        return self.thread_id is not None and (self.promised_in_message_id is not None or self.waiting_for != "")
