"""Form of an order mail under review (`ReadingForm`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from app.contract.address_parts import AddressParts, read_line
from app.core.text import storable
from app.core.translation import gettext as _
from app.domain.contacts.numbers import NotAnAddress, clean_email, clean_phone
from app.domain.orders.models import LINE_CHARACTERS, NAME_CHARACTERS, NOTES_CHARACTERS
from app.domain.partners.incoming import ORDER_ID_CHARACTERS
from app.domain.partners.mail_models import PartnerMailReading
from app.domain.partners.order_mail.labels import ADDRESS, DATE, EMAIL, LINES, NAME, NOTES, PATHS, PHONE, REFERENCE

MOST_LINES, MOST_QUANTITY = 50, 1000
_LINE = re.compile(r"(\d{1,4}) ?(?:x|×)? ([^ ]{1,200})(?: (.*))?", re.IGNORECASE)


@dataclass
class ReadingForm:
    """The form in which a user reviews what was read from an order mail.

    `typed`: the typed values by field path. `read`: the address as read from the mail, whose parts are used if the typed
    text is the same.
    """

    typed: Mapping[str, str]
    read: AddressParts | None = None
    errors: dict[str, str] = field(default_factory=dict)

    def values(self) -> dict[str, Any]:
        """Return the checked values by field path. Sets `errors` for invalid ones."""
        found: dict[str, Any] = {
            REFERENCE: self._needed(REFERENCE, ORDER_ID_CHARACTERS),
            NAME: self._needed(NAME, NAME_CHARACTERS),
            EMAIL: self._cleaned(EMAIL, clean_email, _("This is not an email address.")),
            PHONE: self._cleaned(PHONE, clean_phone, _("This is not a phone number.")),
            ADDRESS: self._address(),
            LINES: self._lines(),
        }
        if typed := self._text(DATE):
            try:
                found[DATE] = date.fromisoformat(typed)
            except ValueError:
                self.errors[DATE] = _("Choose a day.")
        if notes := self._text(NOTES)[:NOTES_CHARACTERS]:
            found[NOTES] = notes
        return found

    def _text(self, path: str) -> str:
        return storable(self.typed.get(path, "")).strip()

    def _needed(self, path: str, most: int) -> str:
        text = " ".join(self._text(path).split())
        if not text or len(text) > most:
            self.errors[path] = _("Enter 1 to %(count)s characters.", count=most)
        return text

    def _cleaned(self, path: str, clean: Any, words: str) -> str:
        try:
            return str(clean(self._text(path)))
        except NotAnAddress:
            self.errors[path] = words
            return ""

    def _address(self) -> AddressParts:
        text = " ".join(self._text(ADDRESS).split())
        parts = self.read if self.read is not None and self.read.typed == text else read_line(text)
        if not parts.postal_code or not parts.house_number:
            self.errors[ADDRESS] = _("Enter street, house number, postal code and town, such as Kerkstraat 12, 1234AB Amsterdam.")
        return parts

    def _lines(self) -> list[dict[str, Any]]:
        found = []
        for line in filter(None, (" ".join(one.split()) for one in self._text(LINES).splitlines())):
            match = _LINE.fullmatch(line[: LINE_CHARACTERS + 300])
            if match is None or not 1 <= int(match[1]) <= MOST_QUANTITY:
                self.errors[LINES] = _("Write each line as quantity, article and description, such as 1 x ALV-LP11 Charger.")
                return []
            found.append({"sku": match[2], "description": (match[3] or "")[:LINE_CHARACTERS], "quantity": int(match[1])})
        if not found or len(found) > MOST_LINES:
            self.errors[LINES] = _("Enter what is ordered, at least one line.")
        return found


def form_of(row: PartnerMailReading) -> ReadingForm:
    """Return the form filled with the values that were read from the mail, or with those a colleague decided on."""
    typed = {}
    for path in PATHS:
        value = row.fields.get(path, {}).get("decided", row.fields.get(path, {}).get("value"))
        typed[path] = "" if value is None else _typed(path, value)
    return ReadingForm(typed, address_of(row))


def address_of(row: PartnerMailReading) -> AddressParts | None:
    """Return the address that was read from the mail, or None if none was read."""
    value = row.fields.get(ADDRESS, {}).get("value")
    return AddressParts(**value) if value else None


def _typed(path: str, value: Any) -> str:
    if path == ADDRESS:
        return str(value["typed"])
    if path == LINES:
        return "\n".join(" ".join(filter(None, (f"{one['quantity'] or '?'} x", one["sku"], one["description"]))) for one in value)
    return str(value)
