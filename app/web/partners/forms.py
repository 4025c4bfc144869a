"""Forms of partners and their keys (`PartnerForm`, `KeyForm`)."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from app.core.text import storable
from app.core.translation import gettext as _
from app.core.translation import told
from app.domain.orders.models import OrderStatus
from app.domain.partners.actions import EVERY_SCOPE, NAME_CHARACTERS, PartnerContent, suggest_slug
from app.domain.partners.models import CALLS_PER_MINUTE, Authentication, Environment, Partner, Protocol, SyncFrequency
from app.domain.partners.status_map import IN, OUT, WORD_CHARACTERS

E = TypeVar("E", bound=StrEnum)
MAILED = tuple(one.value for one in OrderStatus if one != OrderStatus.INTAKE_RECEIVED)


@dataclass
class PartnerForm:
    """A partner as typed into its form: `values` and `errors` by field.

    `channel_brands` and `form_brands`: the channels and connected forms to choose from, each with its brand.
    """

    values: Mapping[str, str]
    brand_ids: Collection[uuid.UUID]
    channel_brands: Mapping[uuid.UUID, uuid.UUID]
    form_brands: Mapping[uuid.UUID, uuid.UUID]
    kept: Partner | None = None  # the saved partner, whose words and mapping have forms of their own
    errors: dict[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str:
        return storable(self.values.get(name, "")).strip()

    def content(self, contact_id: uuid.UUID | None) -> PartnerContent | None:
        """Return the partner's content from the form. If a field is wrong, set `errors` and return None.

        `contact_id`: the partner's organization, or None for a new partner.
        """
        name = " ".join(self.get("name").split())
        if not name:
            self.errors["name"] = _("Enter a name.")
        elif len(name) > NAME_CHARACTERS:
            self.errors["name"] = _("Use at most %(count)s characters.", count=NAME_CHARACTERS)
        brand_id = next((one for one in self.brand_ids if str(one) == self.get("brand")), None)
        if brand_id is None:
            self.errors["brand"] = _("Choose one of your brands.")
        content: dict[str, Any] = {
            "name": name,
            "slug": self.get("slug").lower() or suggest_slug(name),
            "contact_id": contact_id,
            "channel_id": self._of_brand("channel", self.channel_brands, brand_id, _("Choose a channel of this brand.")),
            "form_integration_id": self._of_brand("form", self.form_brands, brand_id, _("Choose one of this brand’s forms.")),
            "mailed_states": [one for one in MAILED if self.get(f"mail_{one}") == "1"],
            "protocol": self._choice("protocol", Protocol) or Protocol.API,
            "allowed_networks": self.get("allowed_networks").replace(",", " ").split(),
            "order_mail_senders": self.get("order_mail_senders").replace(",", " ").split(),
            "calls_per_minute": self._calls(),
            "integration_name": self.get("integration_name"),
            "api_base_url": self.get("api_base_url"),
            "api_version": self.get("api_version"),
            "authentication_type": self._choice("authentication_type", Authentication),
            "sync_enabled": self.get("sync_enabled") == "1",
            "push_enabled": self.get("push_enabled") == "1",
            "sync_frequency": self._choice("sync_frequency", SyncFrequency) or SyncFrequency.REAL_TIME,
        }
        if self.kept is not None:
            content |= {"status_mapping": self.kept.status_mapping, "body_mapping": self.kept.body_mapping}
        return None if self.errors or brand_id is None else PartnerContent(brand_id=brand_id, **content)

    def note(self, field_name: str, message: str) -> None:
        """Add an error that the domain code reported to the form field it belongs to."""
        self.errors["form" if field_name == "form_integration_id" else field_name] = told(message)

    def _of_brand(
        self, name: str, brands: Mapping[uuid.UUID, uuid.UUID], brand_id: uuid.UUID | None, words: str
    ) -> uuid.UUID | None:
        wanted = self.get(name)
        found = next((one for one in brands if str(one) == wanted), None)
        if wanted and (found is None or brands[found] != brand_id):
            self.errors[name] = words
        return found

    def _calls(self) -> int:
        text = self.get("calls_per_minute") or str(CALLS_PER_MINUTE)
        number = int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else 0
        if not 1 <= number <= 100_000:
            self.errors["calls_per_minute"] = _("Enter a number from 1 to 100000.")
        return number

    def _choice(self, name: str, kind: type[E]) -> E | None:
        return next((one for one in kind if one.value == self.get(name)), None)


def values_of(partner: Partner) -> dict[str, str]:
    """Return the form's values of a partner."""
    return {
        "name": partner.name,
        "slug": partner.slug,
        "brand": str(partner.brand_id),
        "channel": str(partner.channel_id or ""),
        "form": str(partner.form_integration_id or ""),
        **{f"mail_{one}": "1" for one in partner.mailed_states},
        "protocol": partner.protocol.value,
        "order_mail_senders": "\n".join(partner.order_mail_senders),
        "allowed_networks": "\n".join(partner.allowed_networks),
        "calls_per_minute": str(partner.calls_per_minute),
        "integration_name": partner.integration_name,
        "api_base_url": partner.api_base_url,
        "api_version": partner.api_version,
        "authentication_type": partner.authentication_type.value if partner.authentication_type else "",
        "sync_enabled": "1" if partner.sync_enabled else "",
        "push_enabled": "1" if partner.push_enabled else "",
        "sync_frequency": partner.sync_frequency.value,
    }


def read_mapping(values: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return the partner's words for order statuses, in both directions: {OUT: {our status: word}, IN: {word: our status}}.

    They are read from the fields `out_<status>` and `in_<status>`. The second may have several words, separated by commas.
    """
    out, back = {}, {}
    for status in OrderStatus:
        word = " ".join(storable(values.get(f"out_{status.value}", "")).split())[:WORD_CHARACTERS]
        if word:
            out[status.value] = word
        for one in storable(values.get(f"in_{status.value}", "")).split(","):
            if one.strip():
                back[one.strip()[:WORD_CHARACTERS]] = status.value
    return {OUT: out, IN: back}


@dataclass
class KeyForm:
    """A new key as it was typed, and the errors by field."""

    values: Mapping[str, str]
    scopes: Collection[str]
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> Environment:
        return Environment.LIVE if self.values.get("environment") == "live" else Environment.SANDBOX

    @property
    def name(self) -> str:
        return storable(self.values.get("key_name", "")).strip()[:NAME_CHARACTERS]

    def chosen_scopes(self) -> tuple[str, ...]:
        found = tuple(one for one in EVERY_SCOPE if one in self.scopes)
        if not found:
            self.errors["scopes"] = _("Choose what the key may do.")
        return found
