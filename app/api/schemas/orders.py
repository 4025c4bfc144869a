"""Schemas of orders in the API. The names of fields are those of the source documents."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema

from app.api.schemas.base import Input, Line, ListQuery, Output, SafeText, absent
from app.api.schemas.contacts import Email, Name, Phone
from app.api.schemas.threads import BrandKey, References
from app.core.money import round_places
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


def _with_decimals(places: int) -> Callable[[float], float]:
    def check(value: float) -> float:
        exact = in_decimal(value)
        if exact != round_places(exact, places):
            raise ValueError(f"has at most {places} decimals")
        return value

    return check


Quantity = Annotated[float, Field(gt=0, le=float(MOST_QUANTITY), allow_inf_nan=False), AfterValidator(_in_thousandths)]
Price = Annotated[float, Field(ge=0, le=1_000_000_000, allow_inf_nan=False), AfterValidator(_with_decimals(4))]
Amount = Annotated[float, Field(ge=0, le=1_000_000_000, allow_inf_nan=False), AfterValidator(_with_decimals(2))]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), WithJsonSchema({"type": "string", "pattern": "^[A-Z]{3}$"})]
TaxCodeName = Literal["nl_21", "nl_9", "nl_0", "nl_reverse", "be_21", "be_6", "qc", "qc_exempt"]
OrderType = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z_]{0,39}$"), WithJsonSchema({"type": "string", "pattern": "^[a-z][a-z_]{0,39}$"})
]


class AddressOut(Output):
    """A place. `full_address` is the text that somebody wrote. The other fields are the parts that could be recognised in it."""

    full_address: str
    street: str
    house_number: str
    house_number_addition: str
    postal_code: str
    city: str
    country: str = Field(description="Two letters")


class LineItemOut(Output):
    """A line of an order. `sku` is the SKU of our article, or null if the line is not an article of ours."""

    id: uuid.UUID
    line_order: int
    sku: str | None
    description: str
    quantity: float
    unit_price: float | None = Field(description="In the order's currency; with tax where `prices_include_tax`")
    discount_amount: float = Field(description="Off the whole line")
    tax_code: str
    line_total: float | None = Field(description="Quantity times price, less discounts; null without a price")
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
    currency: str = Field(description="ISO 4217")
    prices_include_tax: bool
    discount_amount: float = Field(description="Off the whole order, shared out over its lines")
    net_total: float | None = Field(description="Without tax; null while a line has no price")
    tax_total: float | None
    gross_total: float | None
    notes: str
    source: OrderSource = Field(description="How it came in")
    thread_ids: list[uuid.UUID] = Field(description="The conversations about it")
    partner_external_references: dict[str, Any] = Field(description="What others call it")
    external_references: dict[str, Any] = Field(description="The older name of `partner_external_references`")
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
    """The customer of an order: the contact with this email address or phone number. If there is none, a new contact is made."""

    name: Name
    email: Email | None = None
    phone: Phone | None = None


class AddressIn(Input):
    """An address: `full_address` in one line, or its parts."""

    full_address: Line = ""
    street: Short = ""
    house_number: Annotated[str, StringConstraints(max_length=40), SafeText] = ""
    house_number_addition: Annotated[str, StringConstraints(max_length=40), SafeText] = ""
    postal_code: Annotated[str, StringConstraints(max_length=12), SafeText] = ""
    city: Short = ""
    country: Annotated[str, StringConstraints(max_length=60), SafeText] = ""


class LineItemIn(Input):
    """A line to order: the `sku` of an article, a description, or both."""

    sku: Annotated[str, StringConstraints(max_length=200), SafeText] = ""
    description: Short = ""
    quantity: Quantity = 1
    unit_price: Price | None = Field(default=None, description="In the order's currency. Left out: the article's")
    discount_amount: Amount = 0
    tax_code: TaxCodeName | None = Field(default=None, description="Left out: the article's, or the brand's")
    external_item_reference: Short = ""


LineItems = Annotated[list[LineItemIn], Field(min_length=1, max_length=MOST_LINES)]


class OrderCreate(Input):
    """A new order, for an existing contact (`customer_contact_id`) or a `customer` by name, address or number."""

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
    currency: Currency | None = Field(default=None, description="Left out: the brand's")
    prices_include_tax: bool | None = Field(default=None, description="Left out: as the brand's orders are")
    discount_amount: Amount = 0
    partner_external_references: References = Field(default_factory=dict)
    external_references: References = Field(default_factory=dict, description="The older name of `partner_external_references`")


class OrderUpdate(Input):
    """A change of an order. A field that is left out does not change."""

    order_status: OrderStatus = absent()
    priority: OrderPriority = absent()
    status_reason: Short = absent("Why; goes with `order_status`")
    notes: Notes = absent()
    partner_external_references: References = absent()
    external_references: References = absent("The older name of `partner_external_references`")


def in_decimal(value: float) -> Decimal:
    """Return the number as a `Decimal` with exactly the digits that were written."""
    return Decimal(str(value))
