"""Business calendars, SLA policies, and the clocks of threads with what they are made from."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0023"
TIME = sa.DateTime(timezone=True)
OFFICE = [[540, 1020]]
CALENDAR = {"zone": "Europe/Amsterdam", "country": "NL", "week": [OFFICE, OFFICE, OFFICE, OFFICE, OFFICE, [], []]}
PRESSING = {"priorities": ["urgent", "critical"], "statuses": ["escalated"], "any_of": True}
TASKS = {"low": 2400, "normal": 960, "high": 480, "urgent": 120, "critical": 60}
STEPS = [
    {"percent": 75, "tell": "assignee", "through": ["app", "push"]},
    {"percent": 90, "tell": "team_lead", "through": ["app", "push", "email"]},
    {"percent": 100, "tell": "manager", "task": True, "through": ["app", "push", "email", "teams"]},
    {"late_minutes": 1440, "tell": "executive", "through": ["app", "email", "teams"], "in_quiet_hours": True},
]
COMMON = {"task_minutes": TASKS, "steps": STEPS, "pauses": ["waiting_customer", "task"], "reopen_hours": 168}
POLICIES: tuple[tuple[str, dict[str, Any], int], ...] = (
    ("Escalated and urgent", PRESSING, 30),
    ("WhatsApp", {"media": ["whatsapp"]}, 60),
    ("E-mail", {"media": ["email"]}, 240),
    ("Everything else", {}, 240),
)


def upgrade() -> None:
    """Threads of before get their clocks in the background: the row of `sla_recomputes` asks for that."""
    _create_rules()
    _create_clocks()
    _write_defaults()
    op.execute(
        "INSERT INTO sla_recomputes (id, changed_at, what, is_backfill, total, done, changed, created_at, state, attempts)"
        " SELECT gen_random_uuid(), now(), 'Everything', true, 0, 0, 0, now(), 'ready', 0 WHERE EXISTS (SELECT FROM threads)"
    )


def _write_defaults() -> None:
    """Office hours in the Netherlands; mails in four hours, chats in one, what presses in half an hour."""
    calendar = (
        "INSERT INTO business_calendars (id, name, version, is_by_name_only) SELECT gen_random_uuid(), 'Office hours', 1, false"
    )
    op.execute(
        sa.text(
            f"WITH made AS ({calendar} RETURNING id) INSERT INTO calendar_versions (id, calendar_id, number, rules, created_at)"
            " SELECT gen_random_uuid(), id, 1, cast(:rules AS jsonb), now() FROM made"
        ).bindparams(rules=json.dumps(CALENDAR))
    )
    for place, (name, match, minutes) in enumerate(POLICIES):
        rules = {"name": name, "match": match, "first_minutes": minutes, "next_minutes": minutes, **COMMON}
        op.execute(
            sa.text(
                "WITH made AS (INSERT INTO sla_policies (id, position, version) SELECT gen_random_uuid(), :place, 1 RETURNING id)"
                " INSERT INTO policy_versions (id, policy_id, number, rules, created_at)"
                " SELECT gen_random_uuid(), id, 1, cast(:rules AS jsonb), now() FROM made"
            ).bindparams(place=place, rules=json.dumps(rules))
        )


def _create_rules() -> None:
    op.create_table(
        "business_calendars",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("brand_id", sa.Uuid(), nullable=True),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("channel_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("is_by_name_only", sa.Boolean(), nullable=False),
        sa.Column("archived_at", TIME, nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("name <> ''", name=op.f("ck_business_calendars_name")),
        sa.CheckConstraint("num_nonnulls(brand_id, team_id, channel_id) <= 1", name=op.f("ck_business_calendars_one_scope")),
        sa.ForeignKeyConstraint(["brand_id"], ["brands.id"], name=op.f("fk_business_calendars_brand_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channels.id"], name=op.f("fk_business_calendars_channel_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_business_calendars_team_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_business_calendars")),
    )
    op.create_index(
        "uq_business_calendars_scope",
        "business_calendars",
        ["brand_id", "team_id", "channel_id"],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("archived_at IS NULL AND NOT is_by_name_only"),
    )
    op.create_table(
        "calendar_versions",
        sa.Column("calendar_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("rules", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("created_by_user_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["calendar_id"], ["business_calendars.id"], name=op.f("fk_calendar_versions_calendar_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["created_by_user_id"], ["users.id"], name=op.f("fk_calendar_versions_created_by_user_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_versions")),
        sa.UniqueConstraint("calendar_id", "number", name=op.f("uq_calendar_versions_calendar_id_number")),
    )
    op.create_table(
        "sla_policies",
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("archived_at", TIME, nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sla_policies")),
    )
    op.create_index("ix_sla_policies_position", "sla_policies", ["position"])
    op.create_table(
        "policy_versions",
        sa.Column("policy_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("rules", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("created_by_user_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["created_by_user_id"], ["users.id"], name=op.f("fk_policy_versions_created_by_user_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["policy_id"], ["sla_policies.id"], name=op.f("fk_policy_versions_policy_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_versions")),
        sa.UniqueConstraint("policy_id", "number", name=op.f("uq_policy_versions_policy_id_number")),
    )


def _create_clocks() -> None:
    op.create_table(
        "sla_facts",
        sa.Column("thread_id", sa.Uuid(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "asked",
                "answered",
                "withdrawn",
                "status",
                "waiting",
                "snoozed",
                "spam",
                "terms",
                name=op.f("ck_sla_facts_kind"),
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("policy_version_id", sa.Uuid(), nullable=True),
        sa.Column("calendar_version_id", sa.Uuid(), nullable=True),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["calendar_version_id"], ["calendar_versions.id"], name=op.f("fk_sla_facts_calendar_version_id")),
        sa.ForeignKeyConstraint(["policy_version_id"], ["policy_versions.id"], name=op.f("fk_sla_facts_policy_version_id")),
        sa.ForeignKeyConstraint(["thread_id"], ["threads.id"], name=op.f("fk_sla_facts_thread_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sla_facts")),
    )
    op.create_index("ix_sla_facts_message", "sla_facts", ["message_id"], postgresql_where=sa.text("message_id IS NOT NULL"))
    op.create_index("ix_sla_facts_thread", "sla_facts", ["thread_id", "at", "id"])
    op.create_table(
        "sla_clocks",
        sa.Column("thread_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "first_response",
                "next_response",
                "resolution",
                name=op.f("ck_sla_clocks_kind"),
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("target_seconds", sa.Integer(), nullable=True),
        sa.Column("due_at", TIME, nullable=True),
        sa.Column("ended_at", TIME, nullable=True),
        sa.Column(
            "outcome",
            sa.Enum(
                "running",
                "answered",
                "closed",
                name=op.f("ck_sla_clocks_outcome"),
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("paused_for", sa.Text(), nullable=False),
        sa.Column("policy_version_id", sa.Uuid(), nullable=True),
        sa.Column("calendar_version_id", sa.Uuid(), nullable=True),
        sa.Column("next_step_at", TIME, nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("(outcome = 'running') = (ended_at IS NULL)", name=op.f("ck_sla_clocks_ended")),
        sa.CheckConstraint("next_step_at IS NULL OR ended_at IS NULL", name=op.f("ck_sla_clocks_step_of_running")),
        sa.ForeignKeyConstraint(
            ["calendar_version_id"], ["calendar_versions.id"], name=op.f("fk_sla_clocks_calendar_version_id")
        ),
        sa.ForeignKeyConstraint(["policy_version_id"], ["policy_versions.id"], name=op.f("fk_sla_clocks_policy_version_id")),
        sa.ForeignKeyConstraint(["thread_id"], ["threads.id"], name=op.f("fk_sla_clocks_thread_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sla_clocks")),
        sa.UniqueConstraint("thread_id", "kind", "started_at", name=op.f("uq_sla_clocks_thread_id_kind_started_at")),
    )
    op.create_index("ix_sla_clocks_running", "sla_clocks", ["thread_id"], postgresql_where=sa.text("ended_at IS NULL"))
    op.create_index("ix_sla_clocks_step", "sla_clocks", ["next_step_at"], postgresql_where=sa.text("next_step_at IS NOT NULL"))
    op.create_table(
        "sla_steps",
        sa.Column("thread_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "first_response",
                "next_response",
                "resolution",
                name=op.f("ck_sla_steps_kind"),
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("reached_at", TIME, nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"], name=op.f("fk_sla_steps_task_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["thread_id"], ["threads.id"], name=op.f("fk_sla_steps_thread_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sla_steps")),
        sa.UniqueConstraint("thread_id", "kind", "started_at", "step", name=op.f("uq_sla_steps_thread_id_kind_started_at_step")),
    )
    op.create_table(
        "sla_recomputes",
        sa.Column("changed_at", TIME, nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("is_backfill", sa.Boolean(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("cursor", sa.Uuid(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("run_at", TIME, server_default=sa.func.now(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_token", sa.Uuid(), nullable=True),
        sa.Column("lease_until", TIME, nullable=True),
        sa.Column("hinted_at", TIME, nullable=True),
        sa.CheckConstraint("state IN ('ready', 'running', 'done', 'failed')", name=op.f("ck_sla_recomputes_state")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sla_recomputes_user_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sla_recomputes")),
    )
    op.create_index(
        "ix_sla_recomputes_due", "sla_recomputes", ["run_at"], postgresql_where=sa.text("state IN ('ready', 'running')")
    )
