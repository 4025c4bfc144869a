"""Tables of callbacks: endpoints, messages, deliveries, attempts."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Claimable, WithId, text_enum
from app.core.work import FAILED

SKIPPED = "skipped"  # a delivery of which no attempt is made; `why` says why not
ANY_EVENT = "*"
RULE_CALLED = "rule.called"  # sent only to the endpoint that a rule or macro names
MAX_EVENT_TYPES = 60
MAX_NAME, MAX_URL = 100, 2048
OWNED = "kind IN ('make', 'partner_api')"  # whose address their owner keeps
MAX_BODY_BYTES = 262_144


class EndpointKind(StrEnum):
    """Who owns an endpoint: an administrator, a partner or a connection to Make. PARTNER_API stands for a partner's own API."""

    WEBHOOK = "webhook"
    PARTNER = "partner"
    MAKE = "make"
    PARTNER_API = "partner_api"


class EndpointState(StrEnum):
    """The state of an endpoint. PAUSED: a person paused it. DISABLED: the engine disabled it, for `state_reason`. In both cases
    a person resumes it."""

    ACTIVE = "active"
    PAUSED = "paused"
    DISABLED = "disabled"


class Trigger(StrEnum):
    """The reason for a delivery: an event, a test by a person, or a replay by a person."""

    EVENT = "event"
    TEST = "test"
    REPLAY = "replay"


class WebhookEndpoint(WithId, Base):
    """A URL of another party to which events are posted. `owner_id` is the partner or integration that owns it, None for the
    brand.

    `sealed_secrets` is an encrypted JSON object (`secrets.py`); it is None if secrets of this kind are stored elsewhere.
    `event_types` are event names, or `ANY_EVENT`. `signature_header` and `event_header` are names of additional headers, or
    "". If `is_test` is True, it gets only test data. `failures_in_row`, `failing_since` and `has_incident` are about its
    attempts, not its deliveries.
    """

    __tablename__ = "webhook_endpoints"

    kind: Mapped[EndpointKind] = mapped_column(text_enum(EndpointKind, "kind"))
    owner_id: Mapped[uuid.UUID | None]
    brand_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("brands.id"))
    name: Mapped[str]
    url: Mapped[str] = mapped_column(default="")
    sealed_secrets: Mapped[bytes | None]
    event_types: Mapped[list[str]] = mapped_column(default=list)
    schedule: Mapped[str]
    payload_version: Mapped[str] = mapped_column(default="")
    signature_header: Mapped[str] = mapped_column(default="")
    event_header: Mapped[str] = mapped_column(default="")
    max_concurrency: Mapped[int] = mapped_column(default=4)
    is_test: Mapped[bool] = mapped_column(default=False)
    email_fallback: Mapped[bool] = mapped_column(default=False)
    includes_customer_data: Mapped[bool] = mapped_column(default=False)
    state: Mapped[EndpointState] = mapped_column(text_enum(EndpointState, "state"), default=EndpointState.ACTIVE)
    state_reason: Mapped[str] = mapped_column(default="")
    state_changed_at: Mapped[datetime | None]
    failures_in_row: Mapped[int] = mapped_column(default=0)
    failing_since: Mapped[datetime | None]
    has_incident: Mapped[bool] = mapped_column(default=False)
    resting_until: Mapped[datetime | None]
    last_ok_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (
        sa.Index("ix_webhook_endpoints_owner", "owner_id"),
        sa.Index("uq_webhook_endpoints_owned", "owner_id", "name", unique=True, postgresql_where=sa.text(OWNED)),
        sa.Index("ix_webhook_endpoints_brand", "brand_id", "kind", postgresql_where=sa.text("deleted_at IS NULL")),
    )

    @property
    def is_active(self) -> bool:
        return self.state == EndpointState.ACTIVE and self.deleted_at is None

    def hears(self, event_type: str) -> bool:
        return ANY_EVENT in self.event_types or event_type in self.event_types


class WebhookMessage(WithId, Base):
    """One event as a message, stored once for all endpoints. `payload` has the bytes that are signed and sent. `number` is the
    order of writing.

    `dedupe_key` is unique, so that an event is sent once. An endpoint gets messages with the same `ordering_key` in
    sequence; "" means no sequence. `about` is for the log: {"label", "order_id", "thread_id", …}.
    """

    __tablename__ = "webhook_messages"

    number: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True))
    dedupe_key: Mapped[str] = mapped_column(unique=True)
    event_id: Mapped[uuid.UUID | None]
    event_type: Mapped[str]
    payload: Mapped[bytes]
    brand_id: Mapped[uuid.UUID]
    owner_id: Mapped[uuid.UUID | None]
    ordering_key: Mapped[str] = mapped_column(default="")
    about: Mapped[dict[str, Any]] = mapped_column(default=dict)
    is_test: Mapped[bool] = mapped_column(default=False)
    skipped: Mapped[str] = mapped_column(default="")
    occurred_at: Mapped[datetime]
    created_at: Mapped[datetime]

    __table_args__ = (
        sa.Index("ix_webhook_messages_order", "ordering_key", postgresql_where=sa.text("ordering_key <> ''")),
        sa.Index("ix_webhook_messages_created", "created_at"),
        sa.Index("ix_webhook_messages_owner", "owner_id", "created_at"),
    )

    @property
    def public_id(self) -> str:
        """Return the id by which a receiver recognises repeats: the same for every attempt and replay."""
        return f"msg_{self.id.hex}"


class WebhookDelivery(WithId, Claimable, Base):
    """The delivery of one message to one endpoint. `body` has its own bytes if they differ from the message's payload.

    `why` is {"code", …}: the reason of its state, or what it waits for. Pages turn it into words. `tries_before` is the
    number of attempts before the present round; a replay begins a new round.
    """

    __tablename__ = "webhook_deliveries"

    message_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("webhook_messages.id", ondelete="CASCADE"))
    endpoint_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("webhook_endpoints.id", ondelete="CASCADE"))
    number: Mapped[int] = mapped_column(sa.BigInteger)
    ordering_key: Mapped[str] = mapped_column(default="")
    body: Mapped[bytes | None]
    trigger: Mapped[Trigger] = mapped_column(text_enum(Trigger, "trigger"), default=Trigger.EVENT)
    replayed_by: Mapped[uuid.UUID | None]
    tries_before: Mapped[int] = mapped_column(default=0)
    why: Mapped[dict[str, Any]] = mapped_column(default=dict)
    last_outcome: Mapped[str] = mapped_column(default="")
    last_status: Mapped[int | None]
    total_ms: Mapped[int | None]
    fallback: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        sa.UniqueConstraint("message_id", "endpoint_id"),
        sa.Index("ix_webhook_deliveries_due", "run_at", postgresql_where=sa.text("state IN ('ready', 'running')")),
        sa.Index("ix_webhook_deliveries_newest", "endpoint_id", "created_at", "id"),
        sa.Index(
            "ix_webhook_deliveries_order",
            "endpoint_id",
            "ordering_key",
            "number",
            postgresql_where=sa.text("state IN ('ready', 'running')"),
        ),
        sa.Index("ix_webhook_deliveries_running", "endpoint_id", postgresql_where=sa.text("state = 'running'")),
        sa.CheckConstraint("state IN ('ready', 'running', 'done', 'failed', 'skipped')", name="state"),
    )

    @property
    def tries(self) -> int:
        """Return the number of attempts in the present round."""
        return self.attempts - self.tries_before

    @property
    def may_be_replayed(self) -> bool:
        return self.state in ("done", FAILED)


class WebhookAttempt(WithId, Base):
    """One HTTP call, written after it ended. Secret headers are masked. `response_body` is the first 4 KiB of the answer.

    `outcome` is a name from `outcomes.py`; `address` is the IP address that was called.
    """

    __tablename__ = "webhook_attempts"

    delivery_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("webhook_deliveries.id", ondelete="CASCADE"))
    attempt_no: Mapped[int]
    trigger: Mapped[Trigger] = mapped_column(text_enum(Trigger, "trigger"))
    why: Mapped[dict[str, Any]] = mapped_column(default=dict)
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime]
    url: Mapped[str]
    request_headers: Mapped[dict[str, Any]] = mapped_column(default=dict)
    outcome: Mapped[str]
    status: Mapped[int | None]
    response_headers: Mapped[dict[str, Any]] = mapped_column(default=dict)
    response_body: Mapped[bytes] = mapped_column(default=b"")
    is_cut: Mapped[bool] = mapped_column(default=False)
    address: Mapped[str] = mapped_column(default="")
    connect_ms: Mapped[int | None]
    total_ms: Mapped[int]
    retry_after_seconds: Mapped[int | None]

    __table_args__ = (
        sa.UniqueConstraint("delivery_id", "attempt_no"),
        sa.Index("ix_webhook_attempts_ended", "ended_at"),
    )
