"""Tables of automation rules, their runs, and requests to tell something outside."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, WithId


class AutomationRule(WithId, Base):
    """`trigger` is a name of triggers.py. `parts` is [{"match": "all" | "any", "conditions": […], "steps": {…}}, …], one or two:
    conditions as in conditions.py, steps as in app/domain/threads/macros.py. A later part is looked at only where the first one
    fits.

    `after_hours` belongs to triggers by time, `at_minute` (of the day) and `weekdays` (Monday 0; none: every day) to the clock.
    `stops`: where it fits, rules behind it are not asked. `shipped`: which of the ready-made rules (shipped.py) it began as.
    """

    __tablename__ = "automation_rules"

    name: Mapped[str]
    brand_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("brands.id", ondelete="CASCADE"))
    position: Mapped[int]
    is_on: Mapped[bool] = mapped_column(default=False)
    stops: Mapped[bool] = mapped_column(default=False)
    trigger: Mapped[str]
    shipped: Mapped[str | None] = mapped_column(unique=True)
    after_hours: Mapped[int | None]
    at_minute: Mapped[int | None]
    weekdays: Mapped[list[Any]] = mapped_column(default=list)
    parts: Mapped[list[Any]]
    created_by_user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (
        sa.Index("ix_automation_rules_on", "trigger", "position", postgresql_where=sa.text("is_on")),
        sa.CheckConstraint("name <> ''", name="name"),
        sa.CheckConstraint("jsonb_array_length(parts) BETWEEN 1 AND 2", name="parts"),
        sa.CheckConstraint("(trigger IN ('unanswered', 'silent')) = (after_hours IS NOT NULL)", name="after_hours"),
        sa.CheckConstraint("(trigger = 'clock') = (at_minute IS NOT NULL)", name="at_minute"),
    )


class AutomationRun(WithId, Base):
    """A rule fitted. `occasion` names what it fitted ("event:…", "message:…", "thread:…"): once per rule, whoever asks again.

    `detail` is {"before", "after", "did": […], "why"}.
    """

    __tablename__ = "automation_runs"

    rule_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("automation_rules.id", ondelete="CASCADE"))
    occasion: Mapped[str]
    thread_id: Mapped[uuid.UUID | None]
    event_id: Mapped[uuid.UUID | None]
    outcome: Mapped[str]
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    run_at: Mapped[datetime]

    __table_args__ = (
        sa.UniqueConstraint("rule_id", "occasion"),
        sa.Index("ix_automation_runs_log", "rule_id", sa.text("run_at DESC"), sa.text("id DESC")),
        sa.Index("ix_automation_runs_thread", "thread_id", "rule_id"),
        sa.CheckConstraint("outcome IN ('changed', 'unchanged', 'failed', 'loop')", name="outcome"),
    )


class OutsideIntent(WithId, Base):
    """Something outside is to hear of it. `done`: it became a call of a scenario or a card in Teams; `noted`: nothing could tell
    it, and nothing was sent."""

    __tablename__ = "outside_intents"

    event_id: Mapped[uuid.UUID] = mapped_column(unique=True)
    kind: Mapped[str]
    target: Mapped[str]
    brand_id: Mapped[uuid.UUID | None]
    thread_id: Mapped[uuid.UUID | None]
    asked_by: Mapped[dict[str, Any]] = mapped_column(default=dict)  # the rule, or {} for a person
    state: Mapped[str] = mapped_column(default="noted")
    noted_at: Mapped[datetime]

    __table_args__ = (
        sa.Index("ix_outside_intents_noted", "kind", "noted_at", postgresql_where=sa.text("state = 'noted'")),
        sa.CheckConstraint("state IN ('noted', 'done', 'failed')", name="state"),
    )
