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
    """The live environment or the sandbox. Sandbox orders are separate, use no order numbers, and no customer is contacted
    about them."""

    SANDBOX = "sandbox"
    LIVE = "live"


class Protocol(StrEnum):
    """The way in which a partner's orders come in. The values are the words of the partner documents."""

    API = "api"
    WEBHOOK = "webhook"
    FORM = "form"
    EMAIL = "email"


class Authentication(StrEnum):
    """The method with which we authenticate at a partner's own API."""

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
    """A company that sends us orders. `contact_id` is its organization among the contacts; that organization's place in the
    tree of contacts determines the commissions.

    `channel_id`: the channel for messages to customers of the partner's orders. `allowed_networks`: the networks from which
    its keys may be used; [] means any. `order_mail_senders`: addresses and domains whose mails are read as orders.
    `form_integration_id`: the form whose submissions are orders of the partner. `mailed_states`: the order states about
    which the partner gets a mail. `body_mapping`: maps the partner's fields to ours, for request bodies in the partner's own
    format (`own_bodies.py`).

    The columns from `integration_name` on are for our calls to the partner's API. States are pulled if `sync_enabled`, and
    orders are pushed if `push_enabled`, at `sync_frequency`. `sealed_credentials` is an encrypted JSON object.
    `status_mapping` is {"chargecars_to_partner": {our status: partner's word}, "partner_to_chargecars": {partner's word: our
    status}}.
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
    """A key with which a partner's program calls our API. `key_hash` is the SHA-256 hash of the whole key. `shown` is a
    shortened form of the key.

    `sealed_signing_secret` is the encrypted secret for signing requests. Requests must be signed if `requires_signature` is
    True, and may be signed otherwise. A rotated key works until `expires_at`, beside its replacement.
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
    """A user of a partner's portal. If `contact_id` is a dealer, the user sees only this dealer's orders. None: everything of
    the partner."""

    __tablename__ = "partner_people"

    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), unique=True)
    partner_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("partners.id", ondelete="CASCADE"))
    contact_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("contacts.id"))
    created_at: Mapped[datetime]

    __table_args__ = (sa.Index("ix_partner_people_partner", "partner_id"), sa.Index("ix_partner_people_contact", "contact_id"))


class PartnerAgreement(WithId, Base):
    """One version of the agreement with a partner. Its text never changes.

    `accepted_name`: the name of the user who accepted this version, at that time; "" if nobody has accepted it.
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
    """An alert that a commitment to a partner is at risk. There is at most one for each commitment and day (UTC).

    `value` is the measured value.
    """

    __tablename__ = "partner_commitment_alerts"

    partner_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("partners.id", ondelete="CASCADE"), primary_key=True)
    commitment: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    value: Mapped[Decimal] = mapped_column(sa.Numeric(12, 2))
    told_at: Mapped[datetime]


class PartnerNonce(Base):
    """A nonce that was used in a request signed with a key.

    Nonces are stored in the database, because a request must not be accepted twice after Redis was emptied.
    """

    __tablename__ = "partner_nonces"

    key_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("partner_keys.id", ondelete="CASCADE"), primary_key=True)
    nonce: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime]

    __table_args__ = (sa.Index("ix_partner_nonces_expires", "expires_at"),)


class PartnerOrder(WithId, Base):
    """An order as a partner sent it, one row for each of the partner's order numbers. A sandbox order has only this row and no
    `Order`.

    `payload` is what the partner sent; `fingerprint` is its SHA-256 hash in canonical form. `warnings` were returned to the
    partner. `unmapped_skus` are product numbers without an article. `order_status` follows the order; `sequence` grows by
    one with each change.

    If a later request with the same number has different content, `differing` stores it as {"changed_fields", "payload",
    "at"}, and the order is not changed. `mails` is the outcome of the mail about each state: {state: asked, sent, refused,
    …}.
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
    """The mapping of a partner's product number to one of our articles. It is valid from `valid_from` until before
    `valid_until` (None: without end).

    `unit_price` is in euros without tax. None means the price of the article.
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
    """A dealer of a partner. `dealer_group_id` is the id that the partner sends for the dealer, and `contact_id` is the
    dealer's organization among our contacts.

    The organizations above the dealer in the tree of contacts earn a commission on the dealer's orders, too.
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
    """One request of a partner to our API with its response. The partner and we can see here why a request failed.

    `id` is the X-Request-Id. `code` is the error code of a refused request, else "". `environment` is None if the request
    had no key of ours.
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
    """The outcome of a partner's report. SKIPPED: nothing was changed, and the `reason` of the report says why."""

    APPLIED = "applied"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"


class PartnerReport(WithId, Base):
    """A partner's report about the state of an order, stored once. `word` is the partner's word for the state. `mapped_status`
    is our status for it, or "".

    `reason` says why a report was skipped: "no_status_mapping", or the code with which the change was refused.
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
