"""Schemas of brands in the API."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from app.api.schemas.base import Input, ListQuery, Output, SafeText, absent
from app.api.schemas.contacts import Name
from app.domain.brands.actions import HUES
from app.domain.orders.numbers import PREFIX

Prefix = Annotated[str, StringConstraints(pattern=f"^{PREFIX.pattern}$")]
Colour = Annotated[int, Field(ge=0, lt=HUES, description="Which of the colours of the pages")]
Languages = Annotated[
    list[Literal["nl", "en", "fr"]],
    Field(min_length=1, max_length=3, description="Of its customers; the first where a customer's own is not known"),
]
Zone = Annotated[str, StringConstraints(min_length=1, max_length=64), SafeText, Field(examples=["Europe/Amsterdam"])]
Country = Annotated[
    str, StringConstraints(pattern="^([A-Z]{2})?$"), Field(description="Whose public holidays are closed (ISO 3166), or empty")
]
Signature = Annotated[str, StringConstraints(max_length=2000), SafeText]


class BrandOut(Output):
    """A brand: a name under which the company talks to people."""

    id: uuid.UUID
    key: str = Field(description="What programs name it by; it never changes")
    name: str
    order_prefix: str
    colour: int
    languages: list[str]
    timezone: str
    country: str
    email_signature: str
    is_archived: bool = Field(description="Nothing new is made under it; what there is stays")
    archived_at: datetime | None


class BrandPage(Output):
    items: list[BrandOut]
    next_cursor: str | None


class BrandListQuery(ListQuery):
    sort: Literal["name", "-name"] = "name"


class BrandCreate(Input):
    """A new brand. Administrators see it at once, other users only after they are added to it."""

    name: Name
    order_prefix: Prefix = absent("Made from the name if left out")
    colour: Colour = 0
    languages: Languages = absent("Dutch if left out")
    timezone: Zone = "Europe/Amsterdam"
    country: Country = "NL"
    email_signature: Signature = ""


class BrandUpdate(Input):
    """A change of a brand. A field that is left out does not change."""

    name: Name = absent()
    order_prefix: Prefix = absent()
    colour: Colour = absent()
    languages: Languages = absent()
    timezone: Zone = absent()
    country: Country = absent()
    email_signature: Signature = absent()
    is_archived: bool = absent("true: nothing new is made under it. Refused with 409 while a channel of it is in use")
