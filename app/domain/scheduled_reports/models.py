"""Tables of scheduled reports, their recipients, and the mails to send."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.contract.notice_outcome import Outcome
from app.core.db import Base, Claimable, WithId, text_enum


class Every(StrEnum):
    """How often a report is sent. A report covers the last complete day, week or month."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class ReportSchedule(WithId, Base):
    """A report that is sent regularly by mail. `args` are the filters of the report's URL; `is_open`: times count open hours
    only.

    `weekday` (Monday 0), `month_day` and `hour` are in each recipient's time zone. A month without this day sends on its
    last day. `since_at` is when the schedule was made, changed or resumed; mails that were due before are not sent.
    """

    __tablename__ = "report_schedules"

    owner_user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str]
    args: Mapped[dict[str, Any]]
    is_open: Mapped[bool]
    every: Mapped[Every] = mapped_column(text_enum(Every, "every"))
    weekday: Mapped[int] = mapped_column(sa.SmallInteger)
    month_day: Mapped[int] = mapped_column(sa.SmallInteger)
    hour: Mapped[int] = mapped_column(sa.SmallInteger)
    since_at: Mapped[datetime]
    paused_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    __table_args__ = (
        sa.CheckConstraint("name <> ''", name="name"),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6 AND month_day BETWEEN 1 AND 31 AND hour BETWEEN 0 AND 23", name="moment"),
        sa.Index("uq_report_schedules_name", "owner_user_id", sa.text("lower(name)"), unique=True),
    )


class ReportRecipient(Base):
    """One user who gets a scheduled report."""

    __tablename__ = "report_recipients"

    schedule_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("report_schedules.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True)


class ReportSend(Claimable, WithId, Base):
    """One mail to one user for one due time. The row is written before the mail is sent. The mail covers `first_day` to
    `last_day`.

    `calling_at` is set while the mail is being handed to the mail server.
    """

    __tablename__ = "report_sends"

    schedule_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("report_schedules.id", ondelete="CASCADE"))
    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"))
    due_at: Mapped[datetime]
    first_day: Mapped[date]
    last_day: Mapped[date]
    is_test: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    calling_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[Outcome | None] = mapped_column(text_enum(Outcome, "outcome"))
    error: Mapped[str] = mapped_column(default="", server_default="")
    created_at: Mapped[datetime]

    __table_args__ = (
        sa.Index("uq_report_sends_due", "schedule_id", "user_id", "due_at", unique=True, postgresql_where=sa.text("NOT is_test")),
        sa.Index("ix_report_sends_due", "run_at", postgresql_where=sa.text("state IN ('ready', 'running')")),
        sa.Index("ix_report_sends_user", "user_id"),
        sa.CheckConstraint("state IN ('ready', 'running', 'done', 'failed')", name="state"),
    )
