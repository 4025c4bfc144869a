"""Tables of automation rules, their runs, and requests to call something outside."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, WithId


class AutomationRule(WithId, Base):
    """An automation rule. `parts` is [{"match": "all" | "any", "conditions": […], "steps": {…}}, …], with one or two parts (see
    conditions.py and app/domain/threads/macros.py). The second part is tested only if the first part fits.

    `trigger` is a name in triggers.py. `after_hours` is for triggers by elapsed time. `at_minute` (of the day) and
    `weekdays` (Monday is 0; empty: every day) are for the trigger at a time of day. `stops` True: if the rule fits, later
    rules do not run. `shipped`: the key of the ready-made rule (shipped.py) from which the rule was made.
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
    """A run of a rule on an occasion that it fitted, at most one per rule and occasion. `occasion` is a key such as "event:…",
    "message:…" or "thread:…".

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
    """A call to something outside that a rule or a person asked for. State `done`: it became a call of a scenario or
    webhook, a card in Teams or a WhatsApp message. `noted`: nothing is connected that could take the call, so nothing was
    sent. `failed`: it could not be sent."""

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
