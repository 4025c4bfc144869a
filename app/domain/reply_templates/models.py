"""Tables of reply templates, their versions, brands and uses."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, WithId, text_enum

# What a search for words compares, with the stems of the template's own language.
SEARCHED = (
    "to_tsvector(CASE language WHEN 'nl' THEN 'dutch'::regconfig WHEN 'fr' THEN 'french'::regconfig"
    " ELSE 'english'::regconfig END, name || ' ' || subject || ' ' || text)"
)


class TemplateCategory(StrEnum):
    CUSTOMER_SERVICE = "customer_service"
    INSTALLATION_SCHEDULING = "installation_scheduling"
    TECHNICAL_SUPPORT = "technical_support"
    SALES_INQUIRY = "sales_inquiry"
    COMPLAINT_RESPONSE = "complaint_response"
    FOLLOW_UP = "follow_up"
    AUTO_RESPONSE = "auto_response"
    INTERNAL_NOTIFICATION = "internal_notification"


class ReplyTemplate(WithId, Base):
    """A text for answering. `media` are the media for which it can be used (empty: any). `version` grows by one with every
    edit.

    `text` and `subject` may contain variables such as {{contact.first_name|there}}. The part after the bar is used if there
    is no value. `for_visits`: technicians can send the text from a visit with one tap.
    """

    __tablename__ = "reply_templates"

    name: Mapped[str]
    category: Mapped[TemplateCategory] = mapped_column(text_enum(TemplateCategory, "category"))
    media: Mapped[list[str]] = mapped_column(default=list, server_default="{}")
    language: Mapped[str]
    subject: Mapped[str] = mapped_column(default="")  # for mail
    text: Mapped[str]
    html: Mapped[str] = mapped_column(default="", server_default="")  # the same for a formatted mail, cleaned; "": plain only
    for_visits: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    version: Mapped[int] = mapped_column(default=1)
    created_by_user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]
    tsv: Mapped[Any] = mapped_column(TSVECTOR, sa.Computed(SEARCHED, persisted=True), deferred=True)

    __table_args__ = (
        sa.Index("ix_reply_templates_name", sa.text("lower(name)"), "id"),
        sa.Index("ix_reply_templates_visits", "id", postgresql_where=sa.text("for_visits AND archived_at IS NULL")),
        sa.CheckConstraint("language IN ('en', 'nl', 'fr')", name="language"),
        sa.CheckConstraint("media <@ ARRAY['email', 'whatsapp', 'sms', 'phone', 'internal']", name="media"),
        sa.CheckConstraint("name <> '' AND text <> ''", name="not_empty"),
    )


class ReplyTemplateBrand(Base):
    """One brand for which a template can be used. A template without rows here is for every brand."""

    __tablename__ = "reply_template_brands"

    template_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("reply_templates.id", ondelete="CASCADE"), primary_key=True)
    brand_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("brands.id", ondelete="CASCADE"), primary_key=True)


class ReplyTemplateVersion(Base):
    """One saved version of a template. `content` has "name", "category", "media", "brand_ids", "language", "subject" and
    "text".

    It has "html" and "for_visits" too if they were set.
    """

    __tablename__ = "reply_template_versions"

    template_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("reply_templates.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[dict[str, Any]]
    saved_by_user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id"))
    saved_at: Mapped[datetime]


class ReplyTemplateUse(WithId, Base):
    """One insertion of a template into a text that a user was writing. It counts as a use when the text is sent (`sent_at`)."""

    __tablename__ = "reply_template_uses"

    template_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("reply_templates.id", ondelete="CASCADE"))
    version: Mapped[int]
    user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id", ondelete="SET NULL"))
    brand_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("brands.id", ondelete="CASCADE"))
    thread_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("threads.id", ondelete="SET NULL"), index=True)
    medium: Mapped[str]
    kind: Mapped[str]  # reply | note | forward
    inserted_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    message_id: Mapped[uuid.UUID | None]  # what it went out with

    __table_args__ = (
        sa.Index("ix_reply_template_uses_sent", "template_id", "sent_at", postgresql_where=sa.text("sent_at IS NOT NULL")),
        sa.Index("ix_reply_template_uses_open", "thread_id", "user_id", postgresql_where=sa.text("sent_at IS NULL")),
        sa.Index("ix_reply_template_uses_message", "message_id", postgresql_where=sa.text("message_id IS NOT NULL")),
        sa.CheckConstraint("kind IN ('reply', 'note', 'forward')", name="kind"),
    )
