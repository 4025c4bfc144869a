"""Forms of orders and articles (`OrderForm`, `ArticleForm`)."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from app.contract.address_parts import AddressParts, read_fields, read_line
from app.core.money import UnreadableNumber, read_number, round_places
from app.core.text import storable
from app.core.translation import gettext as _
from app.domain.contacts.actions import IdentityInput
from app.domain.contacts.numbers import NotAnAddress, clean_email, clean_phone
from app.domain.orders.actions import NewLine
from app.domain.orders.articles import ArticleContent
from app.domain.orders.models import LINE_CHARACTERS, MOST_QUANTITY, NAME_CHARACTERS, NOTES_CHARACTERS

ROWS_AT_FIRST, MOST_ROWS = 3, 30
MOST_PRICE = Decimal(10**9)


def read_quantity(text: str, errors: dict[str, str], name: str) -> Decimal:
    """Return a typed quantity. If it is invalid or ambiguous, add an error under `name` and return 1."""
    quantity = _number(text, errors, name)
    if quantity is not None and 0 < quantity <= MOST_QUANTITY and quantity == round_places(quantity, 3):
        return quantity
    errors.setdefault(name, _("Enter a number above 0, such as 2 or 12.5."))
    return Decimal(1)


def read_price(text: str, errors: dict[str, str], name: str, *, places: int = 4) -> Decimal | None:
    """Return a typed price with at most `places` decimals, or None for "". If it is invalid or ambiguous, add an error under
    `name` and return None."""
    if not text:
        return None
    price = _number(text, errors, name)
    if price is not None and 0 <= price < MOST_PRICE and price == round_places(price, places):
        return price
    errors.setdefault(name, _("Enter an amount such as 12 or 1249.50."))
    return None


def _number(text: str, errors: dict[str, str], name: str) -> Decimal | None:
    try:
        return read_number(text) if len(text) < 25 else None
    except UnreadableNumber as error:
        if error.readings:
            large, small = (f"{one.normalize():f}" for one in error.readings)
            errors[name] = _("It is unclear which number you mean: enter %(large)s or %(small)s.", large=large, small=small)
        return None


@dataclass
class OrderForm:
    """An order as it was typed, and the errors by field. `rows`: the number of line rows in the form."""

    values: Mapping[str, str]
    errors: dict[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str:
        return storable(self.values.get(name, "")).strip()

    @property
    def rows(self) -> int:
        text = self.get("rows")
        return max(ROWS_AT_FIRST, min(int(text), MOST_ROWS)) if text.isdecimal() and len(text) < 4 else ROWS_AT_FIRST

    def brand_id(self, allowed: Collection[uuid.UUID]) -> uuid.UUID | None:
        found = next((brand_id for brand_id in allowed if str(brand_id) == self.get("brand")), None)
        if found is None:
            self.errors["brand"] = _("Choose one of your brands.")
        return found

    def customer(self) -> tuple[str, list[IdentityInput]]:
        """Return the pair (customer's name, typed email address and phone number). Sets errors for invalid values."""
        name = self._line("customer_name", NAME_CHARACTERS)
        if not name and "customer_name" not in self.errors:
            self.errors["customer_name"] = _("Enter a name.")
        identities = [self._identity("email"), self._identity("phone")]
        return name, [found for found in identities if found is not None]

    def address(self) -> AddressParts | None:
        """Return the typed address, or None if nothing was typed. The line `address` counts only while all fields are empty."""
        names = ("street", "house_number", "addition", "postal_code", "city")
        typed = {name: self._line(name, LINE_CHARACTERS) for name in names}
        if any(typed.values()):
            return read_fields(**typed, country=self.get("country"))
        line = self._line("address", LINE_CHARACTERS)
        return read_line(line) if line else None

    def lines(self) -> list[NewLine]:
        """Return an order line for each row that has an article or a description. Sets an error if there is no such row."""
        found = [self._one_line(number) for number in range(1, self.rows + 1)]
        lines = [line for line in found if line is not None]
        if not lines and not self.errors:
            self.errors["description-1"] = _("Enter what is ordered.")
        return lines

    def notes(self) -> str:
        notes = self.get("notes").replace("\r\n", "\n")
        if len(notes) > NOTES_CHARACTERS:
            self.errors["notes"] = _("Use at most %(count)s characters.", count=NOTES_CHARACTERS)
        return notes

    def _one_line(self, number: int) -> NewLine | None:
        article, description = self.get(f"article-{number}")[:200], self._line(f"description-{number}", LINE_CHARACTERS)
        quantity = self._quantity(f"quantity-{number}")
        return NewLine(description, quantity, article) if article or description else None

    def _quantity(self, name: str) -> Decimal:
        return read_quantity(self.get(name) or "1", self.errors, name)

    def _identity(self, kind: str) -> IdentityInput | None:
        text = self.get(kind)
        try:
            clean = {"email": clean_email, "phone": clean_phone}[kind]
            return IdentityInput(kind, clean(text), display=text[:320]) if text else None
        except NotAnAddress:
            self.errors[kind] = (
                _("Enter an email address such as name@example.nl.")
                if kind == "email"
                else _("Enter a phone number such as +31612345678.")
            )
            return None

    def _line(self, name: str, most: int) -> str:
        text = " ".join(self.get(name).split())
        if len(text) > most:
            self.errors[name] = _("Use at most %(count)s characters.", count=most)
        return text[:most]


@dataclass
class ArticleForm:
    """An article as it was typed, and the errors by field."""

    values: Mapping[str, str]
    errors: dict[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str:
        return " ".join(storable(self.values.get(name, "")).split())

    def brand_id(self, allowed: Collection[uuid.UUID]) -> uuid.UUID | None:
        found = next((brand_id for brand_id in allowed if str(brand_id) == self.get("brand")), None)
        if found is None:
            self.errors["brand"] = _("Choose one of your brands.")
        return found

    def content(self) -> ArticleContent:
        """Return the article's values from the form. Sets errors for invalid ones, so check `errors` before using the result."""
        sku = self._text("sku", 100, _("Enter an article number."))
        return ArticleContent(sku, self._text("name", NAME_CHARACTERS, _("Enter a name.")), self._price())

    def _text(self, name: str, most: int, missing: str) -> str:
        text = self.get(name)
        if not text:
            self.errors[name] = missing
        elif len(text) > most:
            self.errors[name] = _("Use at most %(count)s characters.", count=most)
        return text[:most]

    def _price(self) -> Decimal | None:
        return read_price(self.get("unit_price"), self.errors, "unit_price")
