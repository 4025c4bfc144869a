"""Tables of deliveries, of their attempts (one per call) and provider reports, and of scheduled replies."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.contract.base import DeliveryStatus
from app.core.db import Base, Claimable, WithId, text_enum

LADDER = (
    DeliveryStatus.PENDING,
    DeliveryStatus.UNKNOWN,
    DeliveryStatus.ACCEPTED,
    DeliveryStatus.SENT,
    DeliveryStatus.DELIVERED,
    DeliveryStatus.READ,
)
ENDS_BADLY = frozenset({DeliveryStatus.FAILED, DeliveryStatus.BOUNCED, DeliveryStatus.EXPIRED})
PROVES_ARRIVAL = frozenset({DeliveryStatus.DELIVERED, DeliveryStatus.READ})


def next_status(now: DeliveryStatus, news: DeliveryStatus) -> DeliveryStatus:
    """Return the status of a delivery in status `now` after a report `news`. Late, repeated and out-of-order reports change
    nothing.

    A status only moves up the LADDER. A failure stays unless a later report proves arrival. A delivered mail can still
    bounce; a read message cannot.
    """
    if news in ENDS_BADLY:
        return _bad_end(now, news)
    if now in ENDS_BADLY:
        return news if news in PROVES_ARRIVAL else now
    return news if LADDER.index(news) > LADDER.index(now) else now


def _bad_end(now: DeliveryStatus, news: DeliveryStatus) -> DeliveryStatus:
    if now in ENDS_BADLY or now == DeliveryStatus.READ:
        return now
    return now if now == DeliveryStatus.DELIVERED and news != DeliveryStatus.BOUNCED else news


class Delivery(WithId, Claimable, Base):
    """The promise to bring one message to its recipients over one channel. `id` is our reference at the provider.

    Work states: ready (due at `run_at`) → running (leased) → done | failed. `status` is shown to people and changes by
    `next_status`; a ready delivery of status `unknown` waits for evidence of how its last call ended.
    """

    __tablename__ = "deliveries"

    message_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("messages.id"), unique=True)
    thread_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("threads.id"), index=True)
    channel_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("channels.id"))
    status: Mapped[DeliveryStatus] = mapped_column(text_enum(DeliveryStatus, "status"), default=DeliveryStatus.PENDING)
    outgoing: Mapped[dict[str, Any]] = mapped_column(default=dict)  # what to send, see app/domain/delivery/envelope.py
    progress: Mapped[dict[str, Any]] = mapped_column(default=dict)  # what the adapter saved between its steps
    provider_message_id: Mapped[str | None]
    rfc822_message_id: Mapped[str | None]
    reason: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        sa.Index("ix_deliveries_due", "run_at", postgresql_where=sa.text("state IN ('ready', 'running')")),
        sa.Index(
            "ix_deliveries_thread_unfinished",
            "thread_id",
            "created_at",
            postgresql_where=sa.text("state IN ('ready', 'running')"),
        ),
        sa.Index(
            "ix_deliveries_attention",
            "channel_id",
            sa.text("created_at DESC"),
            sa.text("id DESC"),
            postgresql_where=sa.text("state <> 'done' OR status IN ('failed', 'bounced', 'expired', 'unknown')"),
        ),
        sa.Index("ix_deliveries_channel_newest", "channel_id", sa.text("created_at DESC")),
        sa.Index("ix_deliveries_provider_message", "provider_message_id"),
        sa.Index("ix_deliveries_rfc822", "rfc822_message_id", postgresql_where=sa.text("rfc822_message_id IS NOT NULL")),
        sa.CheckConstraint("state IN ('ready', 'running', 'done', 'failed')", name="state"),
    )


class DeliveryAttempt(WithId, Base):
    """One attempt to send a delivery. The row is committed before the provider is called; without `ended_at` its outcome is
    unknown."""

    __tablename__ = "delivery_attempts"

    delivery_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("deliveries.id", ondelete="CASCADE"))
    attempt_no: Mapped[int]
    trigger: Mapped[str] = mapped_column(default="auto")  # auto | manual
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None]  # accepted | temporary | permanent | unknown | found_sent | looked (and sent nothing)
    code: Mapped[str | None]
    detail: Mapped[str | None]
    provider_message_id: Mapped[str | None]
    status_code: Mapped[int | None]

    __table_args__ = (
        sa.UniqueConstraint("delivery_id", "attempt_no"),
        sa.CheckConstraint("(ended_at IS NULL) = (outcome IS NULL)", name="ended_pair"),
    )


class DeliveryReport(WithId, Base):
    """A status that a provider reported. A report may arrive before we know the provider's id of the message; it is then
    matched to its delivery later."""

    __tablename__ = "delivery_reports"

    delivery_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("deliveries.id", ondelete="CASCADE"), index=True)
    channel_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("channels.id"))
    provider_message_id: Mapped[str | None]
    our_reference: Mapped[str | None]
    rfc822_message_id: Mapped[str | None]
    status: Mapped[str]
    occurred_at: Mapped[datetime]
    received_at: Mapped[datetime]
    reason: Mapped[dict[str, Any] | None]
    applied: Mapped[bool] = mapped_column(default=False)
    fingerprint: Mapped[str] = mapped_column(unique=True)  # of ids, status and time: the same report is kept once

    __table_args__ = (
        sa.Index("ix_delivery_reports_unmatched", "provider_message_id", postgresql_where=sa.text("delivery_id IS NULL")),
        sa.Index("ix_delivery_reports_unmatched_reference", "our_reference", postgresql_where=sa.text("delivery_id IS NULL")),
    )


class ScheduledReply(WithId, Claimable, Base):
    """A reply or forward that will be queued at `run_at`. It has no message and no delivery until then.

    States: ready → done (queued: `message_id`) | held (a person must decide: `held_because`) | cancelled; held → ready |
    cancelled. `reply` has the values for `queue_reply`: {"text", "html", "template", "attachment_ids", "to", "cc", "bcc",
    …}. For a forward, see app/domain/delivery/scheduled_forward.py.
    """

    __tablename__ = "scheduled_replies"

    thread_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("threads.id", ondelete="CASCADE"), index=True)
    channel_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("channels.id"))
    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"))
    reply: Mapped[dict[str, Any]] = mapped_column(default=dict)
    hold_if_newer: Mapped[bool] = mapped_column(default=True)
    last_seen_message_id: Mapped[uuid.UUID | None]
    client_token: Mapped[uuid.UUID | None]
    held_because: Mapped[str | None]  # newer: somebody wrote meanwhile; else the reason it cannot be sent
    message_id: Mapped[uuid.UUID | None]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        sa.Index("ix_scheduled_replies_due", "run_at", postgresql_where=sa.text("state IN ('ready', 'running')")),
        sa.Index("ix_scheduled_replies_waiting", "thread_id", postgresql_where=sa.text("state IN ('ready', 'running', 'held')")),
        sa.Index(
            "uq_scheduled_replies_client_token",
            "user_id",
            "client_token",
            unique=True,
            postgresql_where=sa.text("client_token IS NOT NULL"),
        ),
        sa.CheckConstraint("state IN ('ready', 'running', 'held', 'done', 'failed', 'cancelled')", name="state"),
        sa.CheckConstraint("(state = 'held') = (held_because IS NOT NULL)", name="held_says_why"),
    )
