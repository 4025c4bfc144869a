"""Tables of orders, lines, articles, prices, payments, taxes, numbers and saved order lists."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, WithId, text_enum
from app.domain.orders.taxes import STANDARD
from app.providers.registry import serving

NAME_CHARACTERS, LINE_CHARACTERS, NOTES_CHARACTERS = 200, 300, 20_000
MOST_QUANTITY = Decimal(100_000)


class OrderStatus(StrEnum):
    INTAKE_RECEIVED = "intake_received"  # preliminary: somebody asked for it in a form, nobody has looked at it
    NEW = "new"
    QUOTED = "quoted"  # a price was named; the customer has not said yes
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    IN_PROGRESS = "in_progress"
    ON_HOLD = "on_hold"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class LineItemStatus(StrEnum):
    PRELIMINARY = "preliminary"
    QUOTED = "quoted"
    ORDERED = "ordered"
    INSTALLED = "installed"
    CANCELLED = "cancelled"


class OrderSource(StrEnum):
    USER = "user"
    API = "api"
    FORM = serving("forms")
    MAKE = "make"
    PARTNER = "partner"
    IMPORT = "import"


class OrderPriority(StrEnum):
    """How urgent an order is; the same priorities as those of threads."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"
    CRITICAL = "critical"


class PaymentKind(StrEnum):
    PAYMENT = "payment"
    REFUND = "refund"


class PaymentState(StrEnum):
    PENDING = "pending"
    RECEIVED = "received"  # of a refund: it went out
    FAILED = "failed"


ENDED = (OrderStatus.COMPLETED, OrderStatus.CANCELLED)


class OrderNumberSeries(Base):
    """The prefix of a brand's order numbers; two brands never share one."""

    __tablename__ = "order_number_series"

    brand_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("brands.id", ondelete="CASCADE"), primary_key=True)
    prefix: Mapped[str] = mapped_column(unique=True)

    __table_args__ = (sa.CheckConstraint("prefix ~ '^[A-Z][A-Z0-9]{1,7}$'", name="prefix"),)


class OrderCounter(Base):
    """The last number a brand gave out in a year. The row stays locked until the order is written, so no number is left out."""

    __tablename__ = "order_counters"

    brand_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("brands.id", ondelete="CASCADE"), primary_key=True)
    year: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True)
    last_number: Mapped[int]


class Article(WithId, Base):
    """Something that can be ordered. `sku` is the brand's own number for it, `unit_price` in the brand's currency.

    `tax_code` None: the brand's own.
    """

    __tablename__ = "articles"

    brand_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("brands.id"))
    sku: Mapped[str]
    name: Mapped[str]
    unit_price: Mapped[Decimal | None] = mapped_column(sa.Numeric(14, 4))
    tax_code: Mapped[str | None]
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]

    __table_args__ = (
        sa.UniqueConstraint("brand_id", "sku"),
        sa.Index("ix_articles_name", "brand_id", sa.text("lower(name)")),
        sa.CheckConstraint("sku <> ''", name="sku"),
    )


class ArticlePrice(WithId, Base):
    """An article's price from `valid_from` until before `valid_until` (None: for good), in its brand's currency.

    Of several prices that hold, the one that began last counts; without one, the article's own.
    """

    __tablename__ = "article_prices"

    article_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("articles.id", ondelete="CASCADE"))
    unit_price: Mapped[Decimal] = mapped_column(sa.Numeric(14, 4))
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    created_at: Mapped[datetime]

    __table_args__ = (
        sa.UniqueConstraint("article_id", "valid_from"),
        sa.CheckConstraint("unit_price >= 0", name="unit_price"),
        sa.CheckConstraint("valid_until > valid_from", name="valid"),
    )


class OrderSettings(Base):
    """Order settings of a brand: its currency, the time zone of the year in order numbers, how prices are written and taxed.

    `column_limits`: the number of orders, by status, above which the board warns; a warning forbids nothing.
    """

    __tablename__ = "order_settings"

    brand_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("brands.id", ondelete="CASCADE"), primary_key=True)
    currency: Mapped[str] = mapped_column(default="EUR", server_default="EUR")
    zone: Mapped[str] = mapped_column(default="Europe/Amsterdam", server_default="Europe/Amsterdam")
    tax_code: Mapped[str] = mapped_column(default=STANDARD, server_default=STANDARD)
    prices_include_tax: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    column_limits: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")

    __table_args__ = (sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),)


class Order(WithId, Base):
    """One order. `customer_contact_id`: whom it is for; `account_contact_id`: the organization, such as a partner, on whose
    account it is; `channel_contact_ids`: the organizations through which it came.

    `source_key` is the sender's own number of the order, unique for each source and `source_owner_id` (the partner or connection,
    where there are several), so the same order is never written twice.
    Totals follow from the lines (`pricing.py`), None while a line has no price. `discount_amount` is off the whole order.
    """

    __tablename__ = "orders"

    order_number: Mapped[str] = mapped_column(unique=True)
    brand_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("brands.id"))
    order_type: Mapped[str] = mapped_column(default="installation")
    status: Mapped[OrderStatus] = mapped_column(text_enum(OrderStatus, "status"))
    priority: Mapped[OrderPriority] = mapped_column(
        text_enum(OrderPriority, "priority"), default=OrderPriority.NORMAL, server_default=OrderPriority.NORMAL.value
    )
    customer_contact_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("contacts.id"))
    account_contact_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("contacts.id"))
    channel_contact_ids: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(sa.Uuid), default=list)
    address_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("addresses.id"))
    source: Mapped[OrderSource] = mapped_column(text_enum(OrderSource, "source"))
    source_key: Mapped[str | None]
    source_owner_id: Mapped[uuid.UUID | None]
    currency: Mapped[str] = mapped_column(default="EUR", server_default="EUR")
    prices_include_tax: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    discount_amount: Mapped[Decimal] = mapped_column(sa.Numeric(14, 2), default=Decimal(0), server_default="0")
    net_total: Mapped[Decimal | None] = mapped_column(sa.Numeric(14, 2))
    tax_total: Mapped[Decimal | None] = mapped_column(sa.Numeric(14, 2))
    gross_total: Mapped[Decimal | None] = mapped_column(sa.Numeric(14, 2))
    notes: Mapped[str] = mapped_column(default="")
    external_references: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_by_user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        sa.Index("ix_orders_created", "brand_id", "created_at", "id"),
        sa.Index("ix_orders_customer", "customer_contact_id"),
        sa.Index("ix_orders_account", "account_contact_id", postgresql_where=sa.text("account_contact_id IS NOT NULL")),
        sa.Index("ix_orders_channel_contacts", "channel_contact_ids", postgresql_using="gin"),
        sa.Index("ix_orders_newest", "created_at", "id"),
        sa.Index("ix_orders_references", sa.text("reference_values(external_references)"), postgresql_using="gin"),
        sa.Index("ix_orders_board", "brand_id", "status", "created_at", "id", postgresql_include=["currency", "gross_total"]),
        sa.Index("ix_orders_address", "address_id", postgresql_where=sa.text("address_id IS NOT NULL")),
        sa.Index(
            "ix_orders_number_trigram", "order_number", postgresql_using="gin", postgresql_ops={"order_number": "gin_trgm_ops"}
        ),
        sa.Index("ix_orders_status", "status", "created_at", "id"),
        sa.Index(
            "uq_orders_source_key",
            "source",
            "source_owner_id",
            "source_key",
            unique=True,
            postgresql_where=sa.text("source_key IS NOT NULL"),
            postgresql_nulls_not_distinct=True,
        ),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        sa.CheckConstraint("discount_amount >= 0", name="discount"),
        sa.CheckConstraint("gross_total = net_total + tax_total", name="totals"),
        sa.CheckConstraint("num_nulls(net_total, tax_total, gross_total) IN (0, 3)", name="priced"),
    )


class LineItem(WithId, Base):
    """One line of an order. `description` is as it was ordered; the article may not be known yet."""

    __tablename__ = "line_items"

    order_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("orders.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(sa.SmallInteger)
    article_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("articles.id"))
    description: Mapped[str]
    quantity: Mapped[Decimal] = mapped_column(sa.Numeric(12, 3))
    unit_price: Mapped[Decimal | None] = mapped_column(sa.Numeric(14, 4))
    discount_amount: Mapped[Decimal] = mapped_column(sa.Numeric(14, 2), default=Decimal(0), server_default="0")
    order_discount_share: Mapped[Decimal] = mapped_column(sa.Numeric(14, 2), default=Decimal(0), server_default="0")
    tax_code: Mapped[str] = mapped_column(default=STANDARD, server_default=STANDARD)
    line_total: Mapped[Decimal | None] = mapped_column(
        sa.Numeric(14, 2), sa.Computed("round(quantity * unit_price, 2) - discount_amount - order_discount_share", persisted=True)
    )
    status: Mapped[LineItemStatus] = mapped_column(text_enum(LineItemStatus, "status"))
    external_item_reference: Mapped[str] = mapped_column(default="")

    __table_args__ = (
        sa.UniqueConstraint("order_id", "position"),
        sa.CheckConstraint("quantity > 0", name="quantity"),
        sa.CheckConstraint("discount_amount >= 0 AND order_discount_share >= 0", name="discounts"),
        sa.CheckConstraint("line_total >= 0", name="line_total"),
    )


class OrderTaxTotal(Base):
    """The tax of one part of one tax code in an order: `tax` on the amount `taxable` without tax. `rate` in per cent."""

    __tablename__ = "order_tax_totals"

    order_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("orders.id", ondelete="CASCADE"), primary_key=True)
    tax_code: Mapped[str] = mapped_column(primary_key=True)
    part: Mapped[str] = mapped_column(primary_key=True)
    rate: Mapped[Decimal] = mapped_column(sa.Numeric(7, 4))
    taxable: Mapped[Decimal] = mapped_column(sa.Numeric(14, 2))
    tax: Mapped[Decimal] = mapped_column(sa.Numeric(14, 2))


class OrderThread(Base):
    """The link of a thread with an order. `thread_id` is no foreign key: a merged thread is found by its alias."""

    __tablename__ = "order_threads"

    order_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("orders.id", ondelete="CASCADE"), primary_key=True)
    thread_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    linked_at: Mapped[datetime]

    __table_args__ = (sa.Index("ix_order_threads_thread", "thread_id"),)


class OrderView(WithId, Base):
    """A saved list of orders: `filters` are the fields of the list's form, and never widen what a viewer may see.

    `is_shared`: everybody has it, else its owner alone.
    """

    __tablename__ = "order_views"

    name: Mapped[str]
    owner_user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), index=True)
    is_shared: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    filters: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]

    __table_args__ = (sa.CheckConstraint("name <> ''", name="name"),)


class OrderLinkRefusal(Base):
    """Somebody said that a thread is not about the order: nothing links the two automatically any more.

    As in `OrderThread`, `thread_id` is no foreign key.
    """

    __tablename__ = "order_link_refusals"

    order_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("orders.id", ondelete="CASCADE"), primary_key=True)
    thread_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    refused_at: Mapped[datetime]

    __table_args__ = (sa.Index("ix_order_link_refusals_thread", "thread_id"),)


class OrderPayment(WithId, Base):
    """Money that came in for an order, or went back. `source_key` is the sender's own id of it, so that it counts once.

    A refund is a row of its own that names the payment; what was received less what was refunded is paid.
    """

    __tablename__ = "order_payments"

    order_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("orders.id", ondelete="CASCADE"))
    source_key: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[PaymentKind] = mapped_column(
        text_enum(PaymentKind, "kind"), default=PaymentKind.PAYMENT, server_default=PaymentKind.PAYMENT.value
    )
    state: Mapped[PaymentState] = mapped_column(
        text_enum(PaymentState, "state"), default=PaymentState.RECEIVED, server_default=PaymentState.RECEIVED.value
    )
    refunds_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("order_payments.id", ondelete="CASCADE"))
    amount: Mapped[Decimal] = mapped_column(sa.Numeric(14, 2))
    currency: Mapped[str]
    reference: Mapped[str] = mapped_column(default="")
    paid_at: Mapped[datetime]
    created_at: Mapped[datetime]

    __table_args__ = (
        sa.Index("ix_order_payments_order", "order_id"),
        sa.CheckConstraint("amount > 0", name="amount"),
        sa.CheckConstraint("refunds_id IS NULL OR kind = 'refund'", name="refund"),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
    )
