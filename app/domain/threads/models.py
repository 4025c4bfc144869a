"""Tables of threads, messages, attachments, drafts, read marks, message keys and aliases."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, WithId, text_enum
from app.domain.threads.indexes import due_index, newest_index, rank_index


class ThreadType(StrEnum):
    CUSTOMER_SUPPORT = "customer_support"
    PARTNER_INQUIRY = "partner_inquiry"
    INSTALLATION_COORDINATION = "installation_coordination"
    TECHNICAL_ISSUE = "technical_issue"
    SALES_INQUIRY = "sales_inquiry"
    COMPLAINT = "complaint"
    INTERNAL_TASK = "internal_task"
    PROJECT_DISCUSSION = "project_discussion"
    INTERNAL_TICKET = "internal_ticket"


class Priority(StrEnum):
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Return the rank, highest for the most urgent; the same as PRIORITY_RANK in the database."""
        return list(Priority).index(self)


PRIORITY_RANK = "CASE priority WHEN 'critical' THEN 4 WHEN 'urgent' THEN 3 WHEN 'high' THEN 2 WHEN 'normal' THEN 1 ELSE 0 END"


class ThreadStatus(StrEnum):
    OPEN = "open"
    IN_PROGRESS = "in_progress"
    WAITING_CUSTOMER = "waiting_customer"
    WAITING_INTERNAL = "waiting_internal"
    ESCALATED = "escalated"
    RESOLVED = "resolved"
    CLOSED = "closed"


CLOSED_STATUSES = frozenset({ThreadStatus.RESOLVED, ThreadStatus.CLOSED})


class MessageType(StrEnum):
    INCOMING = "incoming"
    OUTGOING = "outgoing"
    INTERNAL_NOTE = "internal_note"
    SYSTEM_NOTIFICATION = "system_notification"
    AUTO_RESPONSE = "auto_response"
    PHONE_CALL = "phone_call"


IN_INBOX = "is_open AND snoozed_until IS NULL"


class Thread(WithId, Base):
    """One thread (conversation) over any channels. `version` grows with every change; `message_count` numbers its messages.

    Every list is sorted by `last_message_at`; a list by priority is sorted by `priority_rank` first. `is_open` is computed
    from `status`, so that one index serves all open work.
    """

    __tablename__ = "threads"

    number: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), unique=True)
    subject: Mapped[str] = mapped_column(default="")
    thread_type: Mapped[ThreadType] = mapped_column(text_enum(ThreadType, "thread_type"), default=ThreadType.CUSTOMER_SUPPORT)
    priority: Mapped[Priority] = mapped_column(text_enum(Priority, "priority"), default=Priority.NORMAL)
    priority_rank: Mapped[int] = mapped_column(sa.SmallInteger, sa.Computed(PRIORITY_RANK, persisted=True))
    status: Mapped[ThreadStatus] = mapped_column(text_enum(ThreadStatus, "status"), default=ThreadStatus.OPEN)
    is_open: Mapped[bool] = mapped_column(sa.Computed("status NOT IN ('resolved', 'closed')", persisted=True))
    brand_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("brands.id"))
    channel_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("channels.id"))
    medium: Mapped[str]
    contact_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("contacts.id"))
    contact_language: Mapped[str] = mapped_column(default="", server_default="")  # kept by triggers; "": nobody said which
    partner_contact_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("contacts.id"))
    assignee_user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id"))
    team_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("teams.id"))
    created_by_user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id"))
    about_thread_id: Mapped[uuid.UUID | None]  # what a ticket is about; found by its alias where that was merged
    created_at: Mapped[datetime]
    last_message_at: Mapped[datetime]
    last_inbound_at: Mapped[datetime | None]  # newest message a person on the other side wrote
    window_opened_at: Mapped[datetime | None]  # newest message that opens a free-text window on the channel
    resolved_at: Mapped[datetime | None]
    response_due_at: Mapped[datetime | None]
    snoozed_until: Mapped[datetime | None]  # out of the open views until then, or until somebody outside writes
    spam_at: Mapped[datetime | None]  # marked as spam: closed until somebody says it is none, see app/domain/threads/spam.py
    spam_former: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))  # what it was before
    unsent_medium: Mapped[str | None]  # what we sent over it did not arrive, and nobody did anything about it, see unsent.py
    waiting_for: Mapped[str | None]  # what its open tasks wait for, kept by app/domain/tasks
    preview: Mapped[str] = mapped_column(default="")
    tags: Mapped[list[str]] = mapped_column(default=list, server_default="{}")
    external_references: Mapped[dict[str, Any]] = mapped_column(default=dict)
    message_count: Mapped[int] = mapped_column(default=0)
    inbound_seq: Mapped[int] = mapped_column(default=0, server_default="0")  # newest item from outside; unread until seen
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        newest_index("ix_threads_open", "brand_id", where=IN_INBOX),
        newest_index("ix_threads_open_medium", "brand_id", "medium", where=IN_INBOX),
        newest_index("ix_threads_open_assignee", "assignee_user_id", "brand_id", where=IN_INBOX),
        newest_index("ix_threads_open_unassigned", "brand_id", where=f"{IN_INBOX} AND assignee_user_id IS NULL"),
        newest_index("ix_threads_snoozed", "brand_id", where="snoozed_until IS NOT NULL"),
        newest_index("ix_threads_spam", "brand_id", where="spam_at IS NOT NULL"),
        newest_index("ix_threads_unsent", "brand_id", where="unsent_medium IS NOT NULL"),
        sa.Index(
            "ix_threads_waiting_groups",  # nobody has them: routing gives them away, those that need the same person in order
            "channel_id",
            "thread_type",
            sa.text("coalesce(team_id, '00000000-0000-0000-0000-000000000000'::uuid)"),
            "priority_rank",
            "contact_language",
            "response_due_at",
            "created_at",
            "id",
            postgresql_where=sa.text(
                f"{IN_INBOX} AND assignee_user_id IS NULL AND status <> 'waiting_customer'"
                " AND (last_inbound_at IS NOT NULL OR medium <> 'email')"
            ),
        ),
        sa.Index("ix_threads_snooze_due", "snoozed_until", postgresql_where=sa.text("snoozed_until IS NOT NULL")),
        newest_index("ix_threads_status", "brand_id", "status"),
        newest_index("ix_threads_medium_status", "brand_id", "medium", "status"),
        newest_index("ix_threads_assignee_status", "assignee_user_id", "brand_id", "status"),
        newest_index("ix_threads_open_team", "team_id", "brand_id", where=f"{IN_INBOX} AND team_id IS NOT NULL"),
        newest_index("ix_threads_open_channel", "channel_id", "brand_id", where=IN_INBOX),
        newest_index("ix_threads_open_type", "brand_id", "thread_type", where=IN_INBOX),
        newest_index("ix_threads_team", "team_id", "brand_id", where="team_id IS NOT NULL"),
        newest_index("ix_threads_type_status", "brand_id", "thread_type", "status"),
        newest_index("ix_threads_all", "brand_id"),
        sa.Index("ix_threads_created", "brand_id", sa.text("created_at DESC"), sa.text("id DESC")),
        sa.Index("ix_threads_subject_trigram", "subject", postgresql_using="gin", postgresql_ops={"subject": "gin_trgm_ops"}),
        sa.Index("ix_threads_contact", "contact_id", sa.text("last_message_at DESC")),
        sa.Index("ix_threads_about", "about_thread_id", postgresql_where=sa.text("about_thread_id IS NOT NULL")),
        sa.Index("ix_threads_partner", "partner_contact_id", postgresql_where=sa.text("partner_contact_id IS NOT NULL")),
        rank_index("ix_threads_rank", "brand_id", where=IN_INBOX),
        rank_index("ix_threads_rank_assignee", "assignee_user_id", "brand_id", where=IN_INBOX),
        rank_index("ix_threads_rank_unassigned", "brand_id", where=f"{IN_INBOX} AND assignee_user_id IS NULL"),
        rank_index("ix_threads_rank_team", "team_id", "brand_id", where=f"{IN_INBOX} AND team_id IS NOT NULL"),
        rank_index("ix_threads_rank_medium", "brand_id", "medium", where=IN_INBOX),
        rank_index("ix_threads_rank_channel", "channel_id", "brand_id", where=IN_INBOX),
        rank_index("ix_threads_rank_type", "brand_id", "thread_type", where=IN_INBOX),
        rank_index("ix_threads_rank_all", "brand_id"),
        due_index("ix_threads_due", "brand_id", where=IN_INBOX),
        due_index("ix_threads_due_assignee", "assignee_user_id", "brand_id", where=IN_INBOX),
        due_index("ix_threads_due_unassigned", "brand_id", where=f"{IN_INBOX} AND assignee_user_id IS NULL"),
        due_index("ix_threads_due_team", "team_id", "brand_id", where=f"{IN_INBOX} AND team_id IS NOT NULL"),
        due_index("ix_threads_due_medium", "brand_id", "medium", where=IN_INBOX),
        due_index("ix_threads_due_channel", "channel_id", "brand_id", where=IN_INBOX),
        due_index("ix_threads_due_type", "brand_id", "thread_type", where=IN_INBOX),
        due_index("ix_threads_due_all", "brand_id"),
        sa.CheckConstraint("(status IN ('resolved', 'closed')) = (resolved_at IS NOT NULL)", name="resolved_pair"),
        sa.CheckConstraint("medium IN ('email', 'whatsapp', 'sms', 'phone', 'internal')", name="medium"),
        sa.CheckConstraint("snoozed_until IS NULL OR status NOT IN ('resolved', 'closed')", name="snoozed_is_open"),
        sa.CheckConstraint("spam_at IS NULL OR (status = 'closed' AND spam_former IS NOT NULL)", name="spam_is_closed"),
    )

    @property
    def is_ticket(self) -> bool:
        """Return whether the thread is an internal ticket without anybody outside to write to.

        A ticket into which a customer's thread was merged does not count.
        """
        return self.thread_type == ThreadType.INTERNAL_TICKET and self.last_inbound_at is None


class Message(WithId, Base):
    """One item of a thread: a message in or out, a note, or the record of a call.

    `seq` is its number in order of arrival, `occurred_at` its time. `external_id` is the provider's id (for mail the
    Message-ID). `external_id` and `content_hash` together are unique within brand and medium. So a repeat is not stored
    again, and a different message that reuses an id is still stored. `html` is sanitised; `raw_key` leads to the original.
    """

    __tablename__ = "messages"

    thread_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("threads.id"))
    brand_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("brands.id"))
    channel_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("channels.id"))
    seq: Mapped[int]
    message_type: Mapped[MessageType] = mapped_column(text_enum(MessageType, "message_type"))
    medium: Mapped[str]
    kind: Mapped[str] = mapped_column(default="text")
    sender_contact_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("contacts.id"))
    sender_user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id"))
    sender: Mapped[dict[str, Any]] = mapped_column(default=dict)  # {"name", "address"} as it stood then
    recipients: Mapped[dict[str, Any]] = mapped_column(default=dict)  # {"to": [{"name", "address"}], "cc": […]}
    subject: Mapped[str] = mapped_column(default="")
    text: Mapped[str] = mapped_column(default="")
    html: Mapped[str] = mapped_column(default="")
    external_id: Mapped[str | None]
    content_hash: Mapped[str | None]
    reply_to_message_id: Mapped[uuid.UUID | None]
    occurred_at: Mapped[datetime]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    delivery_status: Mapped[str | None]
    delivery_reason: Mapped[dict[str, Any] | None]  # {"code", "title", "detail", "advice"}
    automatic: Mapped[str | None]
    automatic_reason: Mapped[str] = mapped_column(default="")
    revoked_at: Mapped[datetime | None]
    edits: Mapped[list[Any]] = mapped_column(default=list)  # [{"at", "text"}], oldest first; `text` holds the newest
    reactions: Mapped[list[Any]] = mapped_column(default=list)  # [{"by", "emoji", "at"}]
    evidence: Mapped[dict[str, Any]] = mapped_column(default=dict)  # why it is in this thread
    meta: Mapped[dict[str, Any]] = mapped_column(default=dict)
    inbound_event_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("inbound_events.id", ondelete="SET NULL"))
    raw_key: Mapped[str | None]  # where the raw source is stored
    client_token: Mapped[uuid.UUID | None]  # one per composer form: a double submit is one message
    tsv: Mapped[Any] = mapped_column(
        TSVECTOR,
        sa.Computed("to_tsvector('inbox', left(subject, 2000) || ' ' || left(text, 200000))", persisted=True),
        deferred=True,
    )

    __table_args__ = (
        sa.UniqueConstraint("thread_id", "seq"),
        sa.Index(
            "uq_messages_external",
            "brand_id",
            "medium",
            "external_id",
            "content_hash",
            unique=True,
            postgresql_where=sa.text("external_id IS NOT NULL"),
        ),
        sa.Index("ix_messages_external_id", "external_id", postgresql_where=sa.text("external_id IS NOT NULL")),
        sa.Index(
            "uq_messages_client_token",
            "sender_user_id",
            "client_token",
            unique=True,
            postgresql_where=sa.text("client_token IS NOT NULL"),
        ),
        sa.Index("ix_messages_timeline", "thread_id", sa.text("occurred_at DESC"), sa.text("id DESC")),
        sa.Index("ix_messages_brand", "brand_id", sa.text("occurred_at DESC"), sa.text("id DESC")),
        sa.Index("ix_messages_newest", sa.text("occurred_at DESC"), sa.text("id DESC")),
        sa.Index(
            "ix_messages_sender", "sender_contact_id", "thread_id", postgresql_where=sa.text("sender_contact_id IS NOT NULL")
        ),
        sa.Index("ix_messages_span", "occurred_at", postgresql_using="brin", postgresql_with={"pages_per_range": "32"}),
        sa.Index("ix_messages_tsv", "tsv", postgresql_using="gin", postgresql_with={"fastupdate": "off"}),
        sa.CheckConstraint(
            "delivery_status IN ('pending', 'accepted', 'sent', 'delivered', 'read', 'failed', 'bounced', 'expired', 'unknown')",
            name="delivery_status",
        ),
    )


class MessageKey(Base):
    """A Message-ID known to a thread. It is a mail's own (`role` is "own"), or a mail refers to it (`role` is "named").

    With these keys, replies and originals find each other in any order of arrival.
    """

    __tablename__ = "message_keys"

    brand_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("brands.id"), primary_key=True)
    value: Mapped[str] = mapped_column(primary_key=True)  # "mid:<lower-case Message-ID>" or "conv:<mailbox>:<conversation id>"
    message_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[str]  # own | named

    __table_args__ = (
        sa.Index("ix_message_keys_message_id", "message_id"),
        sa.CheckConstraint("role IN ('own', 'named')", name="role"),
    )


class Attachment(WithId, Base):
    """A file of a message, or one uploaded for a draft and not sent yet (`message_id` null, `uploaded_by_user_id` set)."""

    __tablename__ = "attachments"

    message_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("messages.id", ondelete="CASCADE"), index=True)
    thread_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("threads.id"), index=True)
    uploaded_by_user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id"))
    position: Mapped[int] = mapped_column(default=0)
    filename: Mapped[str]
    content_type: Mapped[str]
    size_bytes: Mapped[int | None] = mapped_column(sa.BigInteger)
    sha256: Mapped[str | None]
    storage_key: Mapped[str | None]
    state: Mapped[str] = mapped_column(default="stored")  # pending: still at the provider
    error: Mapped[str | None]
    provider: Mapped[dict[str, Any]] = mapped_column(default=dict)  # {"media_id", "url", "sha256"}
    content_id: Mapped[str | None]
    is_inline: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]

    __table_args__ = (
        sa.CheckConstraint("state IN ('pending', 'stored', 'failed')", name="state"),
        sa.CheckConstraint("(state = 'stored') = (storage_key IS NOT NULL)", name="stored_has_key"),
    )


class Draft(Base):
    """What one user typed and did not send, per thread and kind ("reply", "note", "call" or "forward"). Merges and splits of
    threads move drafts along."""

    __tablename__ = "drafts"

    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    thread_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("threads.id", ondelete="CASCADE"), primary_key=True, index=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    text: Mapped[str]
    attachment_ids: Mapped[list[Any]] = mapped_column(default=list)
    options: Mapped[dict[str, Any]] = mapped_column(
        default=dict, server_default="{}"
    )  # {"cc", "bcc", "unsigned", "call", "forward", "client_token", "html"}
    updated_at: Mapped[datetime]

    __table_args__ = (sa.CheckConstraint("kind IN ('reply', 'note', 'call', 'forward')", name="kind"),)


class TakenBackMessage(Base):
    """A message that its writer took back before it was sent.

    With this row, its form cannot send it again, and its place in the thread stays known.
    """

    __tablename__ = "taken_back_messages"

    message_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    thread_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("threads.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"))
    seq: Mapped[int]
    client_token: Mapped[uuid.UUID | None]
    taken_back_at: Mapped[datetime]

    __table_args__ = (sa.Index("ix_taken_back_messages_token", "user_id", "client_token"),)


class ThreadRead(Base):
    """The read mark of one user in one thread: all messages up to `seen_seq` were seen."""

    __tablename__ = "thread_reads"

    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    thread_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("threads.id", ondelete="CASCADE"), primary_key=True, index=True)
    seen_seq: Mapped[int]
    seen_at: Mapped[datetime]


class ThreadAlias(Base):
    """The old id and number of a merged thread that was removed. They lead to the thread that now has its messages."""

    __tablename__ = "thread_aliases"

    old_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    old_number: Mapped[int] = mapped_column(sa.BigInteger, unique=True)
    thread_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("threads.id", ondelete="CASCADE"), index=True)
    merged_at: Mapped[datetime]


class PendingChange(WithId, Base):
    """An edit, deletion or reaction that arrived before its message. It is applied when the message arrives."""

    __tablename__ = "pending_changes"

    brand_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("brands.id"))
    medium: Mapped[str]
    target_external_id: Mapped[str]
    external_id: Mapped[str]
    change: Mapped[dict[str, Any]]
    received_at: Mapped[datetime]

    __table_args__ = (sa.UniqueConstraint("target_external_id", "external_id", "medium", "brand_id"),)
