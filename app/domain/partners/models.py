"""Tables of partners: keys, people, agreements, orders, product numbers, dealers, calls, reports."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, WithId, text_enum

SLUG = r"^[a-z0-9][a-z0-9-]{1,39}$"
CALLS_PER_MINUTE = 60


class Environment(StrEnum):
    """Live or sandbox. Sandbox orders are kept apart, use up no order numbers, and nobody is written to about them."""

    SANDBOX = "sandbox"
    LIVE = "live"


class Protocol(StrEnum):
    """How a partner's orders come in; the values are the words of the partner documents."""

    API = "api"
    WEBHOOK = "webhook"
    FORM = "form"
    EMAIL = "email"


class Authentication(StrEnum):
    """How we sign in at a partner's own API."""

    API_KEY = "api_key"
    OAUTH2 = "oauth2"
    BASIC_AUTH = "basic_auth"
    BEARER_TOKEN = "bearer_token"  # noqa: S105  the name of a way


class SyncFrequency(StrEnum):
    REAL_TIME = "real_time"
    EVERY_15_MINUTES = "every_15_minutes"
    HOURLY = "hourly"
    DAILY = "daily"


class Scope(StrEnum):
    """What a key may do."""

    ORDERS_WRITE = "orders:write"
    ORDERS_READ = "orders:read"
    STATUS_WRITE = "status:write"
    CONFIG_WRITE = "config:write"


class Partner(WithId, Base):
    """A company that sends us orders. `contact_id` is its organization in the tree of contacts, from which commissions follow.

    `channel_id`: the channel on which customers of its orders are written to. `allowed_networks`: from where its keys may be
    used, [] anywhere. `order_mail_senders`: addresses and domains whose mails are read as orders. `form_integration_id`: the form
    whose submissions are its orders. `mailed_states`: order states the partner is mailed about. `body_mapping`: which of the
    partner's fields is which of ours, for bodies in its own shape (`own_bodies.py`).

    The columns from `integration_name` on are for our calls to the partner's API: states are pulled if `sync_enabled`, orders are
    pushed if `push_enabled`, at `sync_frequency`. `sealed_credentials` is an encrypted JSON object. `status_mapping` is
    {"chargecars_to_partner": {ours: theirs}, "partner_to_chargecars": {theirs: ours}}.
    """

    __tablename__ = "partners"

    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    brand_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("brands.id"))
    contact_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("contacts.id"))
    channel_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("channels.id", ondelete="SET NULL"))
    protocol: Mapped[Protocol] = mapped_column(text_enum(Protocol, "protocol"), default=Protocol.API)
    is_active: Mapped[bool] = mapped_column(default=True)
    allowed_networks: Mapped[list[str]] = mapped_column(default=list)
    calls_per_minute: Mapped[int] = mapped_column(default=CALLS_PER_MINUTE)
    integration_name: Mapped[str] = mapped_column(default="")
    api_base_url: Mapped[str] = mapped_column(default="")
    api_version: Mapped[str] = mapped_column(default="")
    authentication_type: Mapped[Authentication | None] = mapped_column(text_enum(Authentication, "authentication_type"))
    sealed_credentials: Mapped[bytes | None]
    sync_enabled: Mapped[bool] = mapped_column(default=False)
    push_enabled: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    sync_frequency: Mapped[SyncFrequency] = mapped_column(
        text_enum(SyncFrequency, "sync_frequency"), default=SyncFrequency.REAL_TIME
    )
    pulled_at: Mapped[datetime | None]  # the last round
    pulled_until: Mapped[datetime | None]  # what changed before is known
    pull_lease_until: Mapped[datetime | None]
    pull_problem: Mapped[str] = mapped_column(default="", server_default="")  # of the last round
    status_mapping: Mapped[dict[str, Any]] = mapped_column(default=dict)
    order_mail_senders: Mapped[list[str]] = mapped_column(default=list, server_default="{}")
    form_integration_id: Mapped[uuid.UUID | None] = mapped_column(
        sa.ForeignKey("integrations.id", ondelete="SET NULL"), unique=True
    )
    mailed_states: Mapped[list[str]] = mapped_column(default=list, server_default="{}")
    body_mapping: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        sa.Index("ix_partners_brand", "brand_id"),
        sa.Index("ix_partners_contact", "contact_id"),
        sa.CheckConstraint(f"slug ~ '{SLUG}'", name="slug"),
        sa.CheckConstraint("name <> ''", name="name"),
        sa.CheckConstraint("calls_per_minute BETWEEN 1 AND 100000", name="calls_per_minute"),
    )


class PartnerKey(WithId, Base):
    """A key of a partner. `key_hash` is the SHA-256 of its whole text, `shown` its first and last characters.

    `sealed_signing_secret` signs requests, which must be signed if `requires_signature` and may be otherwise. A rotated key works
    until `expires_at` beside its replacement.
    """

    __tablename__ = "partner_keys"

    partner_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("partners.id", ondelete="CASCADE"))
    environment: Mapped[Environment] = mapped_column(text_enum(Environment, "environment"))
    name: Mapped[str]
    shown: Mapped[str]
    key_hash: Mapped[bytes] = mapped_column(unique=True)
    scopes: Mapped[list[str]]
    requires_signature: Mapped[bool] = mapped_column(default=False)
    sealed_signing_secret: Mapped[bytes]
    created_by_user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    last_used_ip: Mapped[str] = mapped_column(default="")
    revoked_at: Mapped[datetime | None]
    replaced_by_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("partner_keys.id", ondelete="SET NULL"))

    __table_args__ = (sa.Index("ix_partner_keys_partner", "partner_id", "created_at"),)


class PartnerPerson(WithId, Base):
    """A user of a partner's portal. `contact_id`: the dealer whose orders are all this user sees; None: the partner itself."""

    __tablename__ = "partner_people"

    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), unique=True)
    partner_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("partners.id", ondelete="CASCADE"))
    contact_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("contacts.id"))
    created_at: Mapped[datetime]

    __table_args__ = (sa.Index("ix_partner_people_partner", "partner_id"), sa.Index("ix_partner_people_contact", "contact_id"))


class PartnerAgreement(WithId, Base):
    """A version of the agreement with a partner; its text never changes.

    `accepted_name`: the name of the user who accepted it, as it was then; "" until somebody did.
    """

    __tablename__ = "partner_agreements"

    partner_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("partners.id", ondelete="CASCADE"))
    version: Mapped[int]
    text: Mapped[str]
    created_by_user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]
    accepted_by_user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id", ondelete="SET NULL"))
    accepted_name: Mapped[str] = mapped_column(default="")
    accepted_at: Mapped[datetime | None]

    __table_args__ = (
        sa.UniqueConstraint("partner_id", "version"),
        sa.CheckConstraint("version > 0", name="version"),
        sa.CheckConstraint("text <> ''", name="text"),
        sa.CheckConstraint("(accepted_at IS NULL) = (accepted_name = '')", name="accepted"),
        sa.CheckConstraint("accepted_by_user_id IS NULL OR accepted_at IS NOT NULL", name="accepted_by"),
    )


class PartnerCommitmentAlert(Base):
    """An alert that a commitment is at risk, once a day (UTC) for each commitment. `value`: what was measured."""

    __tablename__ = "partner_commitment_alerts"

    partner_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("partners.id", ondelete="CASCADE"), primary_key=True)
    commitment: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    value: Mapped[Decimal] = mapped_column(sa.Numeric(12, 2))
    told_at: Mapped[datetime]


class PartnerNonce(Base):
    """A nonce that was used with a key. Kept in the database, because an emptied Redis must not let a request in twice."""

    __tablename__ = "partner_nonces"

    key_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("partner_keys.id", ondelete="CASCADE"), primary_key=True)
    nonce: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime]

    __table_args__ = (sa.Index("ix_partner_nonces_expires", "expires_at"),)


class PartnerOrder(WithId, Base):
    """An order as a partner sent it, one row for each of the partner's numbers. A sandbox order has this row alone, and no Order.

    `payload` is what the partner sent, `fingerprint` its SHA-256 in canonical form; `warnings` stood in the answer;
    `unmapped_skus` are the numbers without an article. `order_status` and `sequence` (one more with each change) follow the
    order. `differing`: what a later post of the same number said otherwise, {"changed_fields", "payload", "at"}; the order does
    not follow it. `mails`: the outcome of the mail about each state, {state: asked, sent, refused, …}.
    """

    __tablename__ = "partner_orders"

    partner_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("partners.id"))
    environment: Mapped[Environment] = mapped_column(text_enum(Environment, "environment"))
    partner_order_id: Mapped[str]
    order_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("orders.id", ondelete="CASCADE"), unique=True)
    order_number: Mapped[str] = mapped_column(unique=True)
    order_status: Mapped[str]
    sequence: Mapped[int] = mapped_column(default=1)
    customer_name: Mapped[str]
    payload: Mapped[dict[str, Any]]
    fingerprint: Mapped[bytes]
    warnings: Mapped[list[Any]] = mapped_column(default=list)
    unmapped_skus: Mapped[list[str]] = mapped_column(default=list)
    differing: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    mails: Mapped[dict[str, str]] = mapped_column(JSONB, default=dict, server_default="{}")
    repeats: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (
        sa.UniqueConstraint("partner_id", "environment", "partner_order_id"),
        sa.Index("ix_partner_orders_updated", "partner_id", "environment", "updated_at", "id"),
        sa.Index("ix_partner_orders_created", "partner_id", "environment", "created_at", "id"),
        sa.CheckConstraint("(environment = 'live') = (order_id IS NOT NULL)", name="order"),
        sa.CheckConstraint("sequence > 0", name="sequence"),
    )


class PartnerProduct(WithId, Base):
    """The mapping of a partner's product number to one of our articles. `unit_price` in euros without tax; None: the article's.

    It holds from `valid_from` until before `valid_until`; null: without end.
    """

    __tablename__ = "partner_products"

    partner_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("partners.id", ondelete="CASCADE"))
    partner_sku: Mapped[str]
    article_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("articles.id"))
    product_type: Mapped[str] = mapped_column(default="")
    unit_price: Mapped[Decimal | None] = mapped_column(sa.Numeric(12, 2))
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (
        sa.UniqueConstraint("partner_id", "partner_sku", "valid_from"),
        sa.Index("ix_partner_products_article", "article_id"),
        sa.CheckConstraint("partner_sku <> ''", name="partner_sku"),
        sa.CheckConstraint("valid_until IS NULL OR valid_until > valid_from", name="valid"),
    )


class PartnerDealer(WithId, Base):
    """A dealer of a partner: the partner's id of it, and its organization among our contacts.

    The channel of an order follows from the organization's place in the tree of contacts.
    """

    __tablename__ = "partner_dealers"

    partner_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("partners.id", ondelete="CASCADE"))
    dealer_group_id: Mapped[str]
    contact_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("contacts.id"))
    created_at: Mapped[datetime]

    __table_args__ = (
        sa.UniqueConstraint("partner_id", "dealer_group_id"),
        sa.Index("ix_partner_dealers_contact", "contact_id"),
        sa.CheckConstraint("dealer_group_id <> ''", name="dealer_group_id"),
    )


class PartnerCall(WithId, Base):
    """One request of a partner and its answer, so that the partner and we can see why one failed.

    `code` is that of the refusal, "" for none; `id` is the X-Request-Id. `environment` null: the request had no key of ours.
    """

    __tablename__ = "partner_calls"

    partner_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("partners.id", ondelete="CASCADE"))
    key_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("partner_keys.id", ondelete="SET NULL"))
    environment: Mapped[Environment | None] = mapped_column(text_enum(Environment, "environment"))
    method: Mapped[str]
    path: Mapped[str]
    partner_order_id: Mapped[str] = mapped_column(default="")
    status: Mapped[int] = mapped_column(sa.SmallInteger)
    code: Mapped[str] = mapped_column(default="")
    detail: Mapped[str] = mapped_column(default="")
    is_repeat: Mapped[bool] = mapped_column(default=False)
    took_ms: Mapped[int]
    ip: Mapped[str] = mapped_column(default="")
    called_at: Mapped[datetime]

    __table_args__ = (
        sa.Index("ix_partner_calls_newest", "partner_id", "called_at", "id"),
        sa.Index("ix_partner_calls_called", "called_at"),
    )


class ReportOutcome(StrEnum):
    """The outcome of a partner's report. Skipped: nothing changed, and the report's `reason` says why."""

    APPLIED = "applied"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"


class PartnerReport(WithId, Base):
    """A partner's report of an order's state, once. `word` is the partner's; `mapped_status` our status for it, or "".

    `reason` says why a report was skipped: no_status_mapping, or the code with which the change was refused.
    """

    __tablename__ = "partner_reports"

    partner_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("partners.id", ondelete="CASCADE"))
    partner_order_row_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("partner_orders.id", ondelete="CASCADE"))
    dedupe_key: Mapped[str]
    word: Mapped[str]
    mapped_status: Mapped[str] = mapped_column(default="")
    outcome: Mapped[ReportOutcome] = mapped_column(text_enum(ReportOutcome, "outcome"))
    reason: Mapped[str] = mapped_column(default="")
    transition_id: Mapped[str] = mapped_column(default="")
    notes: Mapped[str] = mapped_column(default="")
    payload: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]

    __table_args__ = (
        sa.UniqueConstraint("partner_order_row_id", "dedupe_key"),
        sa.Index("ix_partner_reports_newest", "partner_id", "created_at"),
        sa.CheckConstraint("(outcome = 'skipped') = (reason <> '')", name="skipped"),
    )
