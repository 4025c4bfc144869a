"""Tables of reports: facts, scopes, rollups by day, and the marks, wake-ups and rebuilds that cause facts to be derived.

A fact is never changed. It is closed (`removed_at`) and a new fact is written (`recorded_at`), so that a figure of last
Monday still opens the facts that it counted then.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, WithId


class ReportScope(Base):
    """A combination of brand, channel, team, user and other groups that facts belong to; one row for each combination that
    occurred. No foreign keys: a scope remains when the brand or user it names is deleted."""

    __tablename__ = "report_scopes"

    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    brand_id: Mapped[uuid.UUID]
    channel_id: Mapped[uuid.UUID | None]
    medium: Mapped[str] = mapped_column(default="")
    team_id: Mapped[uuid.UUID | None]
    user_id: Mapped[uuid.UUID | None]
    thread_type: Mapped[str] = mapped_column(default="")
    priority: Mapped[str] = mapped_column(default="")
    partner_id: Mapped[uuid.UUID | None]  # the contact on whose account an order is, or an order the thread is about

    __table_args__ = (
        sa.UniqueConstraint(
            "brand_id",
            "channel_id",
            "medium",
            "team_id",
            "user_id",
            "thread_type",
            "priority",
            "partner_id",
            name="uq_report_scopes_all",
            postgresql_nulls_not_distinct=True,
        ),
    )


_NOW = sa.text("removed_at IS NULL")


class ReportFact(Base):
    """A fact of a report, of a `kind` in kinds.py. `local_day` and `local_hour` are in the brand's reporting time zone.

    `subject_id`: the thread, task, survey or order that the fact was derived from. `thread_id`: the thread to open; null if
    there is none or it was erased. `ref`: the message or matter. `score`: a customer's rating. `wall_seconds`: the whole
    duration. `open_seconds`: the open hours in it without pauses (for orders the same as `wall_seconds`). `amount`: an
    order's total without tax, in `currency`.
    """

    __tablename__ = "report_facts"

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    kind: Mapped[int] = mapped_column(sa.SmallInteger)
    at: Mapped[datetime]
    local_day: Mapped[date]
    local_hour: Mapped[int] = mapped_column(sa.SmallInteger)
    scope_id: Mapped[int] = mapped_column(sa.ForeignKey("report_scopes.id"))
    subject_id: Mapped[uuid.UUID]
    thread_id: Mapped[uuid.UUID | None]
    ref: Mapped[uuid.UUID | None]
    open_seconds: Mapped[int | None]
    wall_seconds: Mapped[int | None]
    met: Mapped[bool | None]
    score: Mapped[int | None] = mapped_column(sa.SmallInteger)
    amount: Mapped[Decimal | None] = mapped_column(sa.Numeric(14, 2))
    currency: Mapped[str | None]
    recorded_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]

    __table_args__ = (
        sa.Index(
            "uq_report_facts_now",
            "subject_id",
            "kind",
            "at",
            "ref",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=_NOW,
        ),
        sa.Index(
            "ix_report_facts_now",
            "kind",
            "local_day",
            postgresql_include=["scope_id", "open_seconds", "wall_seconds", "met", "local_hour", "at", "score"],
            postgresql_where=_NOW,
        ),
        sa.Index(
            "ix_report_facts_scope",
            "scope_id",
            "local_day",
            postgresql_include=["kind", "open_seconds", "wall_seconds", "met", "score", "local_hour"],
            postgresql_where=_NOW,
        ),
        sa.Index("ix_report_facts_newest", "kind", "at", "id"),
        sa.Index("ix_report_facts_removed", "removed_at", postgresql_where=sa.text("removed_at IS NOT NULL")),
    )


class ReportDay(Base):
    """The sums of the facts of one kind, day, brand, channel and `value` of a `part` (see `rollups.Part`).

    Lists are packed, see cells.py: durations (`open_seconds`, `wall_seconds`), one hour for each matter, one score for each
    answer. A row is used only while its day or week has a seal. No foreign keys: a row remains when its brand or channel is
    deleted.
    """

    __tablename__ = "report_days"

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    local_day: Mapped[date]
    part: Mapped[int] = mapped_column(sa.SmallInteger)
    value: Mapped[str]
    kind: Mapped[int] = mapped_column(sa.SmallInteger)
    brand_id: Mapped[uuid.UUID]
    channel_id: Mapped[uuid.UUID | None]
    medium: Mapped[str]
    n: Mapped[int]
    known: Mapped[int]
    met: Mapped[int]
    score_sum: Mapped[int]
    hours: Mapped[bytes]
    scores: Mapped[bytes]
    open_seconds: Mapped[bytes]
    wall_seconds: Mapped[bytes]

    __table_args__ = (sa.Index("ix_report_days_part", "part", "local_day", "value"),)


class ReportSeal(Base):
    """The seal of a day: its stored sums (`ReportDay`) agree with its facts."""

    __tablename__ = "report_seals"

    local_day: Mapped[date] = mapped_column(primary_key=True)
    sealed_at: Mapped[datetime]


class ReportWeek(Base):
    """The seal of a week, which is named by its Monday. The stored weekly sums of persons agree with the facts of the seven
    days."""

    __tablename__ = "report_weeks"

    monday: Mapped[date] = mapped_column(primary_key=True)
    sealed_at: Mapped[datetime]


class ReportMark(Base):
    """A thread, task, survey or order whose facts must be derived anew. Several marks of the same subject are processed
    together."""

    __tablename__ = "report_marks"

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    kind: Mapped[int] = mapped_column(sa.SmallInteger)
    subject_id: Mapped[uuid.UUID]
    marked_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())


class ReportWakeup(Base):
    """The time at which a thread or task gets new facts without any event, such as a due time."""

    __tablename__ = "report_wakeups"

    subject_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    kind: Mapped[int] = mapped_column(sa.SmallInteger)
    wake_at: Mapped[datetime]

    __table_args__ = (sa.Index("ix_report_wakeups_due", "wake_at"),)


class ReportRebuild(WithId, Base):
    """A rebuild of all facts: first of threads, then of tasks, surveys and orders. `kind` is the present kind of subject.
    Subjects are taken in order of their ids, and `cursor` is the last id that is done."""

    __tablename__ = "report_rebuilds"

    kind: Mapped[int] = mapped_column(sa.SmallInteger)
    cursor: Mapped[uuid.UUID | None]
    total: Mapped[int]
    done: Mapped[int] = mapped_column(default=0)
    asked_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        sa.Index("ix_report_rebuilds_open", "asked_at", postgresql_where=sa.text("ended_at IS NULL")),
        sa.CheckConstraint("done <= total", name="done"),
    )


class ReportState(Base):
    """The time of the last batch of facts, in a single row. The time never goes back; pages show it as "as of"."""

    __tablename__ = "report_state"

    id: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True)
    batch_at: Mapped[datetime]

    __table_args__ = (sa.CheckConstraint("id = 1", name="one"),)
