"""Tables of SLA: calendars, policies and their versions, facts, clocks, steps, recomputes.

Versions never change. A clock stores the versions with which it was calculated, so it can always be explained.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Claimable, WithId, text_enum
from app.domain.sla.clock import ClockKind, FactKind, Outcome
from app.domain.threads.models import Priority


class BusinessCalendar(WithId, Base):
    """One business calendar. A thread uses the calendar of its team, or else of its channel or brand, or else the calendar for
    all.

    `version` is the number of the calendar's newest version.
    """

    __tablename__ = "business_calendars"

    name: Mapped[str]
    brand_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("brands.id", ondelete="CASCADE"))
    team_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("teams.id", ondelete="CASCADE"))
    channel_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("channels.id", ondelete="CASCADE"))
    version: Mapped[int] = mapped_column(default=1)
    is_by_name_only: Mapped[bool] = mapped_column(default=False)  # only for policies that name it
    archived_at: Mapped[datetime | None]

    __table_args__ = (
        sa.CheckConstraint("num_nonnulls(brand_id, team_id, channel_id) <= 1", name="one_scope"),
        sa.CheckConstraint("name <> ''", name="name"),
        sa.Index(
            "uq_business_calendars_scope",
            "brand_id",
            "team_id",
            "channel_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=sa.text("archived_at IS NULL AND NOT is_by_name_only"),
        ),
    )


class CalendarVersion(WithId, Base):
    """One version of a calendar, valid from `created_at` on. `rules` have the format of `StoredCalendar`
    (app/domain/sla/rules.py)."""

    __tablename__ = "calendar_versions"

    calendar_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("business_calendars.id", ondelete="CASCADE"))
    number: Mapped[int]
    rules: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    created_by_user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id", ondelete="SET NULL"))

    __table_args__ = (sa.UniqueConstraint("calendar_id", "number"),)


class SlaPolicy(WithId, Base):
    """An SLA policy. Of the policies that fit a thread, the first by `position` applies."""

    __tablename__ = "sla_policies"

    position: Mapped[int]
    version: Mapped[int] = mapped_column(default=1)
    archived_at: Mapped[datetime | None]

    __table_args__ = (sa.Index("ix_sla_policies_position", "position"),)


class PolicyVersion(WithId, Base):
    """One version of a policy, valid from `created_at` on. `rules` have the format of `PolicyRules` (app/domain/sla/rules.py)."""

    __tablename__ = "policy_versions"

    policy_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("sla_policies.id", ondelete="CASCADE"))
    number: Mapped[int]
    rules: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    created_by_user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id", ondelete="SET NULL"))

    __table_args__ = (sa.UniqueConstraint("policy_id", "number"),)


class SlaFact(WithId, Base):
    """Something that happened to a thread and affects its clocks. Facts with the same time are ordered by id."""

    __tablename__ = "sla_facts"

    thread_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("threads.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    kind: Mapped[FactKind] = mapped_column(text_enum(FactKind, "kind"))
    value: Mapped[str] = mapped_column(default="")
    message_id: Mapped[uuid.UUID | None]  # no foreign key: a message that was taken back was there once
    policy_version_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("policy_versions.id"))
    calendar_version_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("calendar_versions.id"))
    because: Mapped[str] = mapped_column(default="")  # of terms: the event that changed them

    __table_args__ = (
        sa.Index("ix_sla_facts_thread", "thread_id", "at", "id"),
        sa.Index("ix_sla_facts_message", "message_id", postgresql_where=sa.text("message_id IS NOT NULL")),
    )


class SlaClock(WithId, Base):
    """One clock of a thread. `due_at` is None if the clock is paused or never due, or if nothing is promised.

    `next_step_at` is when the next escalation step is due. The periodic job finds due clocks by this column.
    """

    __tablename__ = "sla_clocks"

    thread_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("threads.id", ondelete="CASCADE"))
    kind: Mapped[ClockKind] = mapped_column(text_enum(ClockKind, "kind"))
    started_at: Mapped[datetime]
    target_seconds: Mapped[int | None]
    due_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[Outcome] = mapped_column(text_enum(Outcome, "outcome"))
    paused_for: Mapped[str] = mapped_column(default="")
    policy_version_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("policy_versions.id"))
    calendar_version_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("calendar_versions.id"))
    next_step_at: Mapped[datetime | None]

    __table_args__ = (
        sa.UniqueConstraint("thread_id", "kind", "started_at"),
        sa.Index("ix_sla_clocks_step", "next_step_at", postgresql_where=sa.text("next_step_at IS NOT NULL")),
        sa.Index("ix_sla_clocks_running", "thread_id", postgresql_where=sa.text("ended_at IS NULL")),
        sa.CheckConstraint("(outcome = 'running') = (ended_at IS NULL)", name="ended"),
        sa.CheckConstraint("next_step_at IS NULL OR ended_at IS NULL", name="step_of_running"),
    )


class SlaStep(WithId, Base):
    """An escalation step that was carried out for a clock. Each step is carried out at most once for each clock."""

    __tablename__ = "sla_steps"

    thread_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("threads.id", ondelete="CASCADE"))
    kind: Mapped[ClockKind] = mapped_column(text_enum(ClockKind, "kind"))
    started_at: Mapped[datetime]  # of the clock
    step: Mapped[str]
    due_at: Mapped[datetime]
    reached_at: Mapped[datetime]
    task_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("tasks.id", ondelete="SET NULL"))

    __table_args__ = (sa.UniqueConstraint("thread_id", "kind", "started_at", "step"),)


class SlaRecompute(WithId, Claimable, Base):
    """A request to recompute all running clocks, because rules changed at `changed_at`. `cursor` is the id of the last thread
    done."""

    __tablename__ = "sla_recomputes"

    changed_at: Mapped[datetime]
    what: Mapped[str]  # the name of what changed
    is_backfill: Mapped[bool] = mapped_column(default=False)  # begins the clocks of threads from before there were any
    user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id", ondelete="SET NULL"))
    total: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    cursor: Mapped[uuid.UUID | None]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        sa.Index("ix_sla_recomputes_due", "run_at", postgresql_where=sa.text("state IN ('ready', 'running')")),
        sa.CheckConstraint("state IN ('ready', 'running', 'done', 'failed')", name="state"),
    )


class TaskDueTime(Base):
    """The open time in minutes after which a task of this priority is due if it has no date. No row: such tasks get no due
    time."""

    __tablename__ = "task_due_times"

    priority: Mapped[Priority] = mapped_column(text_enum(Priority, "priority"), primary_key=True)
    minutes: Mapped[int]

    __table_args__ = (sa.CheckConstraint("minutes > 0", name="minutes"),)
