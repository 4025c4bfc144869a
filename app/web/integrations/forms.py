"""Form that connects or changes an integration (`IntegrationForm`). No secret goes back into a page."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from app.contract.forms import FIELDS
from app.core.text import mark as N_
from app.core.text import storable
from app.core.translation import gettext as _
from app.domain.integrations.actions import IntegrationContent
from app.domain.integrations.models import Integration, Provider

NAME_CHARACTERS, LINE_CHARACTERS, SECRET_CHARACTERS = 80, 300, 2000
LONG_AGO = date(2000, 1, 1)
REGIONS = (("", N_("Worldwide")), ("eu", N_("European Union")))
FIELD_WORDS = {
    "customer_name": N_("Name"),
    "email": N_("Email"),
    "phone": N_("Phone"),
    "address": N_("Address"),
    "products": N_("Products"),
    "notes": N_("Notes"),
    "reference": N_("Sender’s order number"),
}
SCENARIOS = {
    "order_processing": N_("Order processing: incoming orders and their status"),
    "inventory_update": N_("Inventory: articles ordered, used or returned"),
    "customer_communication": N_("Customer communication: who receives messages about an order"),
    "financial_processing": N_("Finance: what was paid, and what can be invoiced"),
}


@dataclass
class IntegrationForm:
    """An integration as typed into its form: `values` and `errors` by field.

    `brand_ids` are the brands to choose from. `channel_brands` are the channels to choose from, each with its brand. `zone`
    is the user's time zone.
    """

    provider: Provider
    values: Mapping[str, str]
    brand_ids: Sequence[uuid.UUID]
    channel_brands: Mapping[uuid.UUID, uuid.UUID]
    allows_http: bool = False
    zone: str = "Europe/Amsterdam"
    errors: dict[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str:
        return storable(self.values.get(name, "")).strip()

    def content(self) -> IntegrationContent | None:
        """Return the content that the form describes. If a field is wrong, set `errors` and return None."""
        name = self._line("name", NAME_CHARACTERS)
        if not name:
            self.errors.setdefault("name", _("Enter a name."))
        brand_id = next((one for one in self.brand_ids if str(one) == self.get("brand")), None)
        if brand_id is None:
            self.errors["brand"] = _("Choose one of your brands.")
        channel_id = self._channel(brand_id)
        settings = self._form_settings() if self.provider == Provider.FORMS else self._hook_settings()
        return None if self.errors or brand_id is None else IntegrationContent(name, brand_id, channel_id, settings)

    def secrets(self) -> dict[str, str]:
        """Return the typed secrets by field. An empty field is left out, so that its stored secret stays."""
        names = ["api_key"] if self.provider == Provider.FORMS else ["hook_key", *(f"hook_{name}" for name in SCENARIOS)]
        typed = {name: self.get(name) for name in names if self.get(name)}
        for name in typed:
            if len(typed[name]) > SECRET_CHARACTERS or not typed[name].isascii():
                self.errors[name] = _("Use at most %(count)s characters.", count=SECRET_CHARACTERS)
        return typed

    def _channel(self, brand_id: uuid.UUID | None) -> uuid.UUID | None:
        wanted = self.get("channel")
        if not wanted:
            return None
        found = next((one for one in self.channel_brands if str(one) == wanted), None)
        if found is None or self.channel_brands[found] != brand_id:
            self.errors["channel"] = _("Choose a channel of this brand.")
        return found

    def _form_settings(self) -> dict[str, Any]:
        fields = {name: self._line(f"field_{name}", LINE_CHARACTERS) for name in FIELDS}
        region = self.get("region") if self.get("region") in dict(REGIONS) else ""
        form_id = self._line("form_id", 80)
        if not all(c.isalnum() or c in "-_" for c in form_id):
            self.errors["form_id"] = _("A form ID has only letters, digits, hyphens and underscores.")
        since = self.get("since")
        if since:
            try:
                is_date = date.fromisoformat(since) >= LONG_AGO
            except ValueError:
                is_date = False
            if not is_date:
                self.errors["since"] = _("Enter a date after %(date)s.", date=LONG_AGO.isoformat())
        return {
            "form_id": form_id,
            "region": region,
            **({"since": since, "since_zone": self.zone} if since else {}),
            "fields": {name: one for name, one in fields.items() if one},
        }

    def _hook_settings(self) -> dict[str, Any]:
        """Return the hosts of the typed webhook addresses, by scenario, as {"hooks": ...}. The full addresses are secrets and
        not in it."""
        hooks = {}
        for name in SCENARIOS:
            address = self.get(f"hook_{name}")
            if address:
                hooks[name] = self._host(f"hook_{name}", address)
        return {"hooks": hooks}

    def _host(self, name: str, address: str) -> str:
        try:
            parts = urlsplit(address)
            host = parts.hostname or ""
        except ValueError:
            host = ""
        schemes = ("https", "http") if self.allows_http else ("https",)
        if not host or parts.scheme not in schemes or "@" in parts.netloc:
            self.errors[name] = _("Enter the address of the webhook, beginning with https://.")
        return host

    def _line(self, name: str, most: int) -> str:
        text = " ".join(self.get(name).split())
        if len(text) > most:
            self.errors[name] = _("Use at most %(count)s characters.", count=most)
        return text[:most]


def values_of(integration: Integration) -> dict[str, str]:
    """Return the form's values of an integration, without secrets."""
    settings = integration.settings
    values = {"name": integration.name, "brand": str(integration.brand_id), "channel": str(integration.channel_id or "")}
    values |= {name: str(settings.get(name, "")) for name in ("form_id", "region", "since")}
    return values | {f"field_{name}": question for name, question in (settings.get("fields") or {}).items()}
