"""Form of a contact (`ContactForm`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.core.text import storable
from app.core.translation import gettext as _
from app.domain.contacts.actions import IdentityInput
from app.domain.contacts.models import ContactType
from app.domain.contacts.numbers import NotAnAddress, clean_email, clean_phone

NAME_CHARACTERS, LINE_CHARACTERS, NOTE_CHARACTERS = 200, 500, 20_000
LANGUAGES = ("nl", "en", "fr")


@dataclass
class ContactForm:
    """The form of a contact: typed values and errors, both by field. The route checks times and ids."""

    values: Mapping[str, str]
    errors: dict[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str:
        return self.values.get(name, "").strip()

    def columns(self) -> dict[str, Any]:
        """Check the form and return its values by column of the contact. Do not use them if `errors` is not empty afterwards."""
        name = self.line("name", NAME_CHARACTERS)
        if not name and "name" not in self.errors:
            self.errors["name"] = _("Enter a name.")
        language = self.get("language")
        if language and language not in LANGUAGES:
            self.errors["language"] = _("Choose one from the list.")
        kind = self.get("contact_type") or ContactType.PERSON.value
        if kind not in tuple(ContactType):
            self.errors["contact_type"] = _("Choose one from the list.")
            kind = ContactType.PERSON.value
        return {
            "name": name,
            "contact_type": ContactType(kind),
            "language": language or None,
            "job_title": self.line("job_title", LINE_CHARACTERS),
            "address": self.line("address", LINE_CHARACTERS),
            "note": self._note(),
        }

    def line(self, name: str, most: int) -> str:
        """Return a field as one line of text, with single spaces. Set an error if it has more than `most` characters."""
        text = " ".join(storable(self.get(name)).split())
        if len(text) > most:
            self.errors[name] = _("Use at most %(count)s characters.", count=most)
        return text

    def identity(self) -> IdentityInput | None:
        """Return the identity (address or number) in the field `value`. The field `kind` is email, phone or wa_id (WhatsApp).

        Set an error and return None if it is not valid.
        """
        kind, value = self.get("kind"), storable(self.get("value"))
        try:
            if kind == "email":
                return IdentityInput("email", clean_email(value), display=value)
            if kind == "phone":
                return IdentityInput("phone", clean_phone(value), display=value)
            if kind == "wa_id":
                number = clean_phone(value)
                return IdentityInput("wa_id", number.removeprefix("+"), display=number.removeprefix("+"))
        except NotAnAddress:
            self.errors["value"] = (
                _("Enter an email address such as name@example.nl.")
                if kind == "email"
                else _("Enter a phone number such as +31612345678.")
            )
            return None
        self.errors["kind"] = _("Choose one from the list.")
        return None

    def _note(self) -> str:
        note = storable(self.get("note")).replace("\r\n", "\n")
        if len(note) > NOTE_CHARACTERS:
            self.errors["note"] = _("Use at most %(count)s characters.", count=NOTE_CHARACTERS)
        return note
