"""Read the filters of a report from its URL. Unknown values are ignored."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from app.domain.analytics.slices import NONE
from app.domain.threads.models import Priority, ThreadType

MEDIA = ("email", "whatsapp", "sms", "phone")
COLUMNS = {
    "brand": "brand_id",
    "channel": "channel_id",
    "medium": "medium",
    "team": "team_id",
    "person": "user_id",
    "type": "thread_type",
    "priority": "priority",
    "partner": "partner_id",
}
FILTERS = tuple(COLUMNS)
_IDS = frozenset({"brand", "channel", "team", "person", "partner"})


def read_filters(args: Mapping[str, str]) -> dict[str, str]:
    """Return the valid filters among a URL's query parameters, as {filter name: value}."""
    return {name: text for name in FILTERS if (text := _known(name, args.get(name, "")))}


def slice_values(filters: Mapping[str, str]) -> dict[str, Any]:
    """Return the filters of a URL as values for the fields of a `Slice`, by field name."""
    return {COLUMNS[name]: uuid.UUID(text) if name in _IDS and text != NONE else text for name, text in filters.items()}


def _known(name: str, text: str) -> str:
    """Return the value of a filter; "" for a text that is no valid value."""
    if name in _IDS:
        if text == NONE and name != "brand":
            return NONE
        try:
            return str(uuid.UUID(text))
        except ValueError:
            return ""
    known = {"medium": MEDIA, "type": tuple(ThreadType), "priority": tuple(Priority)}[name]
    return text if text in known else ""
