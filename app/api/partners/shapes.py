"""Schemas of the bodies that partners send, for both forms of their documents (energy companies and dealers).

A field that no schema knows is stored with the order and named in the warnings of the answer. A body that lacks required
fields is refused with all faults at once, each with the name of its field.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from app.api.problems import problem_of_input
from app.contract.address_parts import AddressParts, read_fields
from app.core.problems import FieldError, Problem
from app.domain.contacts.numbers import NotAnAddress, clean_email, clean_phone
from app.domain.orders.models import LINE_CHARACTERS, MOST_QUANTITY, NAME_CHARACTERS, NOTES_CHARACTERS
from app.domain.partners.incoming import ORDER_ID_CHARACTERS, UNKNOWN_FIELD, IncomingLine, IncomingOrder, warning
from app.domain.partners.own_bodies import OWN_BODY, Translated

T = TypeVar("T", bound=BaseModel)
MOST_LINES = 200
REFERENCE_CHARACTERS = 200
UNREAD = "%s is mapped to nothing here: it is kept with the order and nothing follows from it"
NO_HOUSE_NUMBER = "The address has no house number: it is kept as it was sent and will be looked at"


def _email(text: str) -> str:
    return _clean(clean_email, text)


def _phone(text: str) -> str:
    return _clean(clean_phone, text)


def _clean(clean: Any, text: str) -> str:
    try:
        cleaned: str = clean(text)
    except NotAnAddress as error:
        raise ValueError(str(error)) from error
    return cleaned


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _quantity(value: float) -> float:
    if round(value, 3) <= 0:
        raise ValueError("must be at least 0.001")
    return round(value, 3)


Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=NAME_CHARACTERS), AfterValidator(_one_line)
]
Text = Annotated[str, StringConstraints(max_length=LINE_CHARACTERS), AfterValidator(_one_line)]
Reference = Annotated[str, StringConstraints(max_length=REFERENCE_CHARACTERS), AfterValidator(_one_line)]
Words = Annotated[str, StringConstraints(max_length=NOTES_CHARACTERS)]
Email = Annotated[str, StringConstraints(max_length=320), AfterValidator(_email)]
Phone = Annotated[str, StringConstraints(max_length=60), AfterValidator(_phone)]
Quantity = Annotated[float, Field(gt=0, le=float(MOST_QUANTITY), allow_inf_nan=False), AfterValidator(_quantity)]


class Sent(BaseModel):
    """A body that a partner sends. Fields that the schema does not know are stored too."""

    model_config = ConfigDict(extra="allow", hide_input_in_errors=True)


class AddressSent(Sent):
    """The address of the installation. The house number may be part of `street`."""

    street: Text = ""
    house_number: Text = ""
    house_number_addition: Text = ""
    postal_code: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=12)]
    city: Text = ""
    country: Text = ""


class CustomerSent(Sent):
    """The customer of an order."""

    name: Name
    email: Email
    phone: Phone
    address: AddressSent


class ProductSent(Sent):
    """A product of an order, in the shape of the energy companies."""

    partner_sku: Reference = ""
    description: Text = ""
    quantity: Quantity = 1

    @model_validator(mode="after")
    def _says_what(self) -> ProductSent:
        if not self.partner_sku and not self.description:
            raise ValueError("needs a partner_sku or a description")
        return self


class LineItemSent(Sent):
    """A product of an order, in the shape of the dealers."""

    sku: Reference = ""
    description: Text = ""
    quantity: Quantity = 1
    partner_item_id: Reference = ""

    @model_validator(mode="after")
    def _says_what(self) -> LineItemSent:
        if not self.sku and not self.description:
            raise ValueError("needs a sku or a description")
        return self


class PreferencesSent(Sent):
    """The customer's wishes for the installation: date, time of day, access, notes."""

    preferred_date: Text = ""
    time_preference: Text = ""
    access_notes: Words = ""
    notes: Words = ""


class ReferencesSent(Sent):
    """Further references of the partner to an order."""

    dealer_group_id: Reference = ""
    purchase_order: Reference = ""
    customer_account: Reference = ""


class OrderSent(Sent):
    """An order with at least one line, in `products` or in `line_items`."""

    partner_order_id: Annotated[
        str, StringConstraints(pattern=r"^[\x21-\x7e]+$", min_length=1, max_length=ORDER_ID_CHARACTERS)
    ] = Field(description="Your number of it. Posting it again gives the same order back")
    partner_customer_id: Reference = ""
    dealer_group_id: Reference = ""
    purchase_order_number: Reference = ""
    customer: CustomerSent
    products: Annotated[list[ProductSent], Field(max_length=MOST_LINES)] = Field(default_factory=list)
    line_items: Annotated[list[LineItemSent], Field(max_length=MOST_LINES)] = Field(default_factory=list)
    installation_preferences: PreferencesSent = Field(default_factory=PreferencesSent)
    partner_references: ReferencesSent = Field(default_factory=ReferencesSent)

    @model_validator(mode="after")
    def _orders_something(self) -> OrderSent:
        if not self.products and not self.line_items:
            raise ValueError("products or line_items must have at least one line")
        return self


class OwnBody(Sent):
    """Any JSON object; the mapping agreed with the partner says what its fields mean."""


def read_order(body: dict[str, Any]) -> IncomingOrder:
    """Return the order in a body. Raises `Problem` with all faults of the body."""
    sent = read(OrderSent, body)
    customer, preferences = sent.customer, sent.installation_preferences
    address = _address(customer.address)
    own = sent.partner_references.model_dump(exclude=set(sent.partner_references.model_extra or ()))
    references = {
        **own,
        "partner_customer_id": sent.partner_customer_id,
        "dealer_group_id": sent.dealer_group_id or own["dealer_group_id"],
        "purchase_order_number": sent.purchase_order_number,
    }
    wishes = preferences.model_dump(exclude=set(preferences.model_extra or ()))
    return IncomingOrder(
        partner_order_id=sent.partner_order_id,
        customer_name=customer.name,
        email=customer.email,
        phone=customer.phone,
        address=address,
        lines=_lines(sent),
        payload=body,
        preferences={name: text for name, text in wishes.items() if text},
        references={name: text for name, text in references.items() if text},
        warnings=[*unknown_fields(sent), *_doubts(address)],
    )


def read_own_order(made: Translated, body: dict[str, Any]) -> IncomingOrder:
    """Return the order in `made`, the translation of a body in the partner's own shape. The original `body` is stored with the
    order.

    Raises `Problem` with the partner's own names of the wrong fields.
    """
    if made.faults:
        raise Problem("validation_failed", errors=[FieldError(path, message) for path, message in made.faults])
    try:
        incoming = read_order(made.body)
    except Problem as problem:
        told = [FieldError(_origin(made, error.field), error.message) for error in problem.errors]
        raise replace(problem, errors=told) from problem
    unread = [warning(UNKNOWN_FIELD, path, UNREAD % path) for path in made.unread]
    return replace(incoming, payload={**made.body, OWN_BODY: body}, warnings=[*incoming.warnings, *unread])


def _origin(made: Translated, name: str) -> str:
    """Return the path in the partner's body that is mapped to the field `name`. Return `name` itself if no path is mapped to
    it."""
    ours = re.sub(r"\.\d+\.", "[].", name)
    return made.origins.get(ours, name)


def read(shape: type[T], body: dict[str, Any]) -> T:
    """Return the body as an instance of `shape`. Raises `Problem` with all faults of the body."""
    try:
        return shape.model_validate(body)
    except ValidationError as error:
        raise problem_of_input(error) from error


def _lines(sent: OrderSent) -> list[IncomingLine]:
    """Return the order's lines: `products`, then `line_items`. `skus_by_position` of `app/domain/partners/products.py` relies
    on this sequence."""
    products = [IncomingLine(one.partner_sku, one.description, Decimal(str(one.quantity))) for one in sent.products]
    items = [IncomingLine(one.sku, one.description, Decimal(str(one.quantity)), one.partner_item_id) for one in sent.line_items]
    return [*products, *items]


def _address(sent: AddressSent) -> AddressParts:
    return read_fields(
        street=sent.street,
        house_number=sent.house_number,
        addition=sent.house_number_addition,
        postal_code=sent.postal_code,
        city=sent.city,
        country=sent.country,
    )


def _doubts(address: AddressParts) -> Iterator[dict[str, str]]:
    if not address.house_number:
        yield warning("address_doubtful", "customer.address", NO_HOUSE_NUMBER)


def unknown_fields(sent: BaseModel, at: str = "") -> Iterator[dict[str, str]]:
    """Yield a warning for every field that the schemas do not know, at any depth. `at` is the path of `sent` with a final dot."""
    for name in sent.model_extra or ():
        field = f"{at}{name}"
        yield warning(UNKNOWN_FIELD, field, f"{field} is not known here: it is kept with the order and nothing follows from it")
    for name in type(sent).model_fields:
        value = getattr(sent, name)
        members = enumerate(value) if isinstance(value, list) else [(None, value)]
        for number, member in members:
            if isinstance(member, BaseModel):
                yield from unknown_fields(member, f"{at}{name}." if number is None else f"{at}{name}.{number}.")
