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
    """The prefix of one brand's order numbers. Two brands never have the same prefix."""

    __tablename__ = "order_number_series"

    brand_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("brands.id", ondelete="CASCADE"), primary_key=True)
    prefix: Mapped[str] = mapped_column(unique=True)

    __table_args__ = (sa.CheckConstraint("prefix ~ '^[A-Z][A-Z0-9]{1,7}$'", name="prefix"),)


class OrderCounter(Base):
    """The last order number that a brand used in a year. The row stays locked until the order is committed, so that the numbers
    have no gaps."""

    __tablename__ = "order_counters"

    brand_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("brands.id", ondelete="CASCADE"), primary_key=True)
    year: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True)
    last_number: Mapped[int]


class Article(WithId, Base):
    """Something that can be ordered. `sku` is the brand's own number for the article. `unit_price` is in the brand's currency;
    null means unknown. If `tax_code` is null, the brand's tax code applies."""

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
    """A dated price of an article, in the brand's currency. It is valid from the day `valid_from` until the day before
    `valid_until`; null means without end.

    If several prices are valid on a day, the one with the latest `valid_from` counts. If none is valid, the article's own
    price counts.
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
    """The order settings of one brand: the currency, the time zone that decides the year in order numbers, the usual tax code,
    and whether prices include tax.

    `column_limits`: {status: number of orders}. If there are more orders in the status, the board shows a warning; nothing
    is forbidden.
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
    """One order of a customer.

    `customer_contact_id`: the customer. `account_contact_id`: the organization (such as a partner) that ordered on its
    account. `channel_contact_ids`: the organizations through which the order came. `source_key`: the sender's own number for
    the order. It is unique for each source and `source_owner_id` (the partner or integration, if a source has several), so
    that the same order is never stored twice. The totals are calculated from the lines (`pricing.py`), and are null while a
    line has no price. `discount_amount` is subtracted from the total of the whole order.
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
    """One line of an order. `description` is the text with which it was ordered. `article_id` is null while the article is not
    known."""

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
    """The amount of one tax in an order. `part` is one of the taxes of a tax code. `tax` is the tax on the amount `taxable`,
    which is without tax. `rate` is in per cent."""

    __tablename__ = "order_tax_totals"

    order_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("orders.id", ondelete="CASCADE"), primary_key=True)
    tax_code: Mapped[str] = mapped_column(primary_key=True)
    part: Mapped[str] = mapped_column(primary_key=True)
    rate: Mapped[Decimal] = mapped_column(sa.Numeric(7, 4))
    taxable: Mapped[Decimal] = mapped_column(sa.Numeric(14, 2))
    tax: Mapped[Decimal] = mapped_column(sa.Numeric(14, 2))


class OrderThread(Base):
    """A link between a thread and an order. `thread_id` is not a foreign key, because a merged thread is found through its
    alias."""

    __tablename__ = "order_threads"

    order_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("orders.id", ondelete="CASCADE"), primary_key=True)
    thread_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    linked_at: Mapped[datetime]

    __table_args__ = (sa.Index("ix_order_threads_thread", "thread_id"),)


class OrderView(WithId, Base):
    """A saved list of orders. `filters` are the values of the list's form. They never show orders that a viewer may not see.

    If `is_shared` is True, all users have the view, otherwise only its owner.
    """

    __tablename__ = "order_views"

    name: Mapped[str]
    owner_user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), index=True)
    is_shared: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    filters: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]

    __table_args__ = (sa.CheckConstraint("name <> ''", name="name"),)


class OrderLinkRefusal(Base):
    """A statement by a user that a thread is not about an order. The two are then not linked automatically any more.

    As in `OrderThread`, `thread_id` is not a foreign key.
    """

    __tablename__ = "order_link_refusals"

    order_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("orders.id", ondelete="CASCADE"), primary_key=True)
    thread_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    refused_at: Mapped[datetime]

    __table_args__ = (sa.Index("ix_order_link_refusals_thread", "thread_id"),)


class OrderPayment(WithId, Base):
    """Money that came in for an order, or that was refunded. `source_key` is the sender's own id of the payment; it makes sure
    that the payment is counted only once.

    A refund is a row of its own, and `refunds_id` names its payment. The paid amount is everything received minus everything
    refunded.
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
