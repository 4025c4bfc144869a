"""Orders: what is to be delivered or installed, for whom, where, and what they are called."""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, WithId, text_enum
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


class OrderPriority(StrEnum):
    """How urgent it is; the words are those of threads."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"
    CRITICAL = "critical"


ENDED = (OrderStatus.COMPLETED, OrderStatus.CANCELLED)


class OrderNumberSeries(Base):
    """What the numbers of a brand's orders begin with; two brands never share it."""

    __tablename__ = "order_number_series"

    brand_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("brands.id", ondelete="CASCADE"), primary_key=True)
    prefix: Mapped[str] = mapped_column(unique=True)

    __table_args__ = (sa.CheckConstraint("prefix ~ '^[A-Z][A-Z0-9]{1,7}$'", name="prefix"),)


class OrderCounter(Base):
    """The last number that was given out in a year. Its row is held until the order is written, so that no number is left out."""

    __tablename__ = "order_counters"

    brand_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("brands.id", ondelete="CASCADE"), primary_key=True)
    year: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True)
    last_number: Mapped[int]


class Article(WithId, Base):
    """Something that can be ordered. `sku` is the brand's own number of it, `unit_price` in euros without tax."""

    __tablename__ = "articles"

    brand_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("brands.id"))
    sku: Mapped[str]
    name: Mapped[str]
    unit_price: Mapped[Decimal | None] = mapped_column(sa.Numeric(12, 2))
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]

    __table_args__ = (
        sa.UniqueConstraint("brand_id", "sku"),
        sa.Index("ix_articles_name", "brand_id", sa.text("lower(name)")),
        sa.CheckConstraint("sku <> ''", name="sku"),
    )


class Order(WithId, Base):
    """One order. `customer_contact_id`: for whom it is; `account_contact_id`: whose account it is on.

    `channel_contact_ids`: through whom it came. `source_key` is what its sender calls it, unique for each source: the same order
    never becomes two."""

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
        sa.Index("uq_orders_source_key", "source", "source_key", unique=True, postgresql_where=sa.text("source_key IS NOT NULL")),
    )


class LineItem(WithId, Base):
    """One thing of an order. `description` is as it was ordered; the article may be unknown yet."""

    __tablename__ = "line_items"

    order_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("orders.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(sa.SmallInteger)
    article_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("articles.id"))
    description: Mapped[str]
    quantity: Mapped[Decimal] = mapped_column(sa.Numeric(12, 3))
    unit_price: Mapped[Decimal | None] = mapped_column(sa.Numeric(12, 2))
    status: Mapped[LineItemStatus] = mapped_column(text_enum(LineItemStatus, "status"))
    external_item_reference: Mapped[str] = mapped_column(default="")

    __table_args__ = (
        sa.UniqueConstraint("order_id", "position"),
        sa.CheckConstraint("quantity > 0", name="quantity"),
    )


class OrderThread(Base):
    """A conversation about an order. The thread is found by its alias where it was merged, so this refers to no row."""

    __tablename__ = "order_threads"

    order_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("orders.id", ondelete="CASCADE"), primary_key=True)
    thread_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    linked_at: Mapped[datetime]

    __table_args__ = (sa.Index("ix_order_threads_thread", "thread_id"),)


class OrderLinkRefusal(Base):
    """Somebody said that a conversation is not about the order: nothing links the two by itself any more. As `OrderThread`, it
    refers to no row of the thread."""

    __tablename__ = "order_link_refusals"

    order_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("orders.id", ondelete="CASCADE"), primary_key=True)
    thread_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    refused_at: Mapped[datetime]

    __table_args__ = (sa.Index("ix_order_link_refusals_thread", "thread_id"),)


class OrderPayment(WithId, Base):
    """Money that came in for an order. `source_key`: what its sender calls it, so that it counts once."""

    __tablename__ = "order_payments"

    order_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("orders.id", ondelete="CASCADE"))
    source_key: Mapped[str] = mapped_column(unique=True)
    amount: Mapped[Decimal] = mapped_column(sa.Numeric(12, 2))
    currency: Mapped[str]
    reference: Mapped[str] = mapped_column(default="")
    paid_at: Mapped[datetime]
    created_at: Mapped[datetime]

    __table_args__ = (
        sa.Index("ix_order_payments_order", "order_id"),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
    )
