"""Orders as the API shows and takes them. Names are those of the source documents."""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema

from app.api.schemas.base import Input, Line, ListQuery, Output, SafeText, absent
from app.api.schemas.contacts import Email, Name, Phone
from app.api.schemas.threads import BrandKey, References
from app.domain.orders.models import (
    LINE_CHARACTERS,
    MOST_QUANTITY,
    NOTES_CHARACTERS,
    LineItemStatus,
    OrderPriority,
    OrderSource,
    OrderStatus,
)

MOST_LINES = 200
SortOrders = Literal["created_at", "-created_at"]
Notes = Annotated[str, StringConstraints(max_length=NOTES_CHARACTERS), SafeText]
Short = Annotated[str, StringConstraints(max_length=LINE_CHARACTERS), SafeText]


def _in_thousandths(value: float) -> float:
    if round(value, 3) <= 0:
        raise ValueError("must be at least 0.001")
    return round(value, 3)


def _in_cents(value: float) -> float:
    return round(value, 2)


Quantity = Annotated[float, Field(gt=0, le=float(MOST_QUANTITY), allow_inf_nan=False), AfterValidator(_in_thousandths)]
Price = Annotated[float, Field(ge=0, le=1_000_000_000, allow_inf_nan=False), AfterValidator(_in_cents)]
OrderType = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z_]{0,39}$"), WithJsonSchema({"type": "string", "pattern": "^[a-z][a-z_]{0,39}$"})
]


class AddressOut(Output):
    """A place. `full_address` is what somebody wrote; the other members are what could be read from it."""

    full_address: str
    street: str
    house_number: str
    house_number_addition: str
    postal_code: str
    city: str
    country: str = Field(description="Two letters")


class LineItemOut(Output):
    """Something that is ordered. `sku` is that of our article, null where it is none of ours."""

    id: uuid.UUID
    line_order: int
    sku: str | None
    description: str
    quantity: float
    unit_price: float | None = Field(description="In euros, without tax")
    line_item_status: LineItemStatus
    external_item_reference: str


class OrderOut(Output):
    """An order with its lines."""

    id: uuid.UUID
    order_number: str = Field(description="Such as CC-2026-00123")
    order_type: str
    order_status: OrderStatus
    priority: OrderPriority
    brand: str = Field(description="Key of the brand, e.g. `chargecars`")
    customer_contact_id: uuid.UUID
    account_contact_id: uuid.UUID | None
    channel_contact_ids: list[uuid.UUID]
    installation_address: AddressOut | None
    line_items: list[LineItemOut]
    notes: str
    source: OrderSource = Field(description="How it came in")
    thread_ids: list[uuid.UUID] = Field(description="The conversations about it")
    external_references: dict[str, Any]
    created_at: datetime
    updated_at: datetime


class OrderPage(Output):
    items: list[OrderOut]
    next_cursor: str | None


class OrderListQuery(ListQuery):
    order_status: OrderStatus | None = None
    order_number: Line | None = None
    brand: BrandKey | None = None
    customer_contact_id: uuid.UUID | None = None
    sort: SortOrders = "-created_at"


class CustomerIn(Input):
    """For whom the order is: whoever has this address or number, else somebody new."""

    name: Name
    email: Email | None = None
    phone: Phone | None = None


class AddressIn(Input):
    """Either `full_address`, in one line, or its parts."""

    full_address: Line = ""
    street: Short = ""
    house_number: Annotated[str, StringConstraints(max_length=40), SafeText] = ""
    house_number_addition: Annotated[str, StringConstraints(max_length=40), SafeText] = ""
    postal_code: Annotated[str, StringConstraints(max_length=12), SafeText] = ""
    city: Short = ""
    country: Annotated[str, StringConstraints(max_length=60), SafeText] = ""


class LineItemIn(Input):
    """Something to order: the `sku` of an article, words, or both."""

    sku: Annotated[str, StringConstraints(max_length=200), SafeText] = ""
    description: Short = ""
    quantity: Quantity = 1
    unit_price: Price | None = Field(default=None, description="In euros, without tax. Left out: the article's")
    external_item_reference: Short = ""


LineItems = Annotated[list[LineItemIn], Field(min_length=1, max_length=MOST_LINES)]


class OrderCreate(Input):
    """A new order, for a contact there is (`customer_contact_id`) or for a `customer` by name, address or number."""

    customer_contact_id: uuid.UUID | None = None
    customer: CustomerIn | None = None
    brand: BrandKey | None = Field(default=None, description="Left out: the thread's brand, or your only one")
    order_type: OrderType = "installation"
    order_status: OrderStatus = OrderStatus.NEW
    priority: OrderPriority = OrderPriority.NORMAL
    account_contact_id: uuid.UUID | None = None
    channel_contact_ids: Annotated[list[uuid.UUID], Field(max_length=20)] = Field(default_factory=list)
    installation_address: AddressIn | None = None
    line_items: LineItems
    notes: Notes = ""
    thread_id: uuid.UUID | None = Field(default=None, description="The conversation it came out of")
    external_references: References = Field(default_factory=dict)


class OrderUpdate(Input):
    """What to change; a member left out stays as it is."""

    order_status: OrderStatus = absent()
    priority: OrderPriority = absent()
    status_reason: Short = absent("Why; goes with `order_status`")
    notes: Notes = absent()
    external_references: References = absent()


def in_decimal(value: float) -> Decimal:
    """The number as it was written."""
    return Decimal(str(value))
