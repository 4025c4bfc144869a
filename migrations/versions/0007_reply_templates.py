"""Templates to answer with: their texts, versions, brands and uses."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"

CATEGORIES = (
    "customer_service",
    "installation_scheduling",
    "technical_support",
    "sales_inquiry",
    "complaint_response",
    "follow_up",
    "auto_response",
    "internal_notification",
)
SEARCHED = (
    "to_tsvector(CASE language WHEN 'nl' THEN 'dutch'::regconfig WHEN 'fr' THEN 'french'::regconfig"
    " ELSE 'english'::regconfig END, name || ' ' || subject || ' ' || text)"
)
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    _create_templates()
    _create_brands_and_versions()
    _create_uses()


def _create_templates() -> None:
    category = sa.Enum(*CATEGORIES, name="category", native_enum=False, create_constraint=True, length=40)
    op.create_table(
        "reply_templates",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("category", category, nullable=False),
        sa.Column("media", postgresql.ARRAY(sa.Text()), nullable=False, server_default="{}"),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by_user_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("archived_at", TIME, nullable=True),
        sa.Column("tsv", postgresql.TSVECTOR(), sa.Computed(SEARCHED, persisted=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reply_templates")),
        sa.ForeignKeyConstraint(["created_by_user_id"], ["users.id"], name=op.f("fk_reply_templates_created_by_user_id")),
        sa.CheckConstraint("language IN ('en', 'nl', 'fr')", name=op.f("ck_reply_templates_language")),
        sa.CheckConstraint(
            "media <@ ARRAY['email', 'whatsapp', 'sms', 'phone', 'internal']", name=op.f("ck_reply_templates_media")
        ),
        sa.CheckConstraint("name <> '' AND text <> ''", name=op.f("ck_reply_templates_not_empty")),
    )
    op.create_index("ix_reply_templates_name", "reply_templates", [sa.text("lower(name)"), "id"])


def _create_brands_and_versions() -> None:
    op.create_table(
        "reply_template_brands",
        sa.Column("template_id", sa.Uuid(), nullable=False),
        sa.Column("brand_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("template_id", "brand_id", name=op.f("pk_reply_template_brands")),
        _of_template("brands"),
        sa.ForeignKeyConstraint(["brand_id"], ["brands.id"], name=op.f("fk_reply_template_brands_brand_id"), ondelete="CASCADE"),
    )
    op.create_table(
        "reply_template_versions",
        sa.Column("template_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.Column("saved_by_user_id", sa.Uuid(), nullable=True),
        sa.Column("saved_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("template_id", "version", name=op.f("pk_reply_template_versions")),
        _of_template("versions"),
        sa.ForeignKeyConstraint(["saved_by_user_id"], ["users.id"], name=op.f("fk_reply_template_versions_saved_by_user_id")),
    )


def _of_template(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_reply_template_{table}_template_id")
    return sa.ForeignKeyConstraint(["template_id"], ["reply_templates.id"], name=name, ondelete="CASCADE")


def _create_uses() -> None:
    foreign = (("user_id", "users", "SET NULL"), ("brand_id", "brands", "CASCADE"), ("thread_id", "threads", "SET NULL"))
    op.create_table(
        "reply_template_uses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("template_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("brand_id", sa.Uuid(), nullable=False),
        sa.Column("thread_id", sa.Uuid(), nullable=True),
        sa.Column("medium", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("inserted_at", TIME, nullable=False),
        sa.Column("sent_at", TIME, nullable=True),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reply_template_uses")),
        _of_template("uses"),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_reply_template_uses_{column}"), ondelete=gone)
            for column, table, gone in foreign
        ),
        sa.CheckConstraint("kind IN ('reply', 'note')", name=op.f("ck_reply_template_uses_kind")),
    )
    op.create_index(
        "ix_reply_template_uses_sent",
        "reply_template_uses",
        ["template_id", "sent_at"],
        postgresql_where=sa.text("sent_at IS NOT NULL"),
    )
    op.create_index(
        "ix_reply_template_uses_open",
        "reply_template_uses",
        ["thread_id", "user_id"],
        postgresql_where=sa.text("sent_at IS NULL"),
    )
