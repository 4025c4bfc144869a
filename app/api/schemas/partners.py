"""Schemas of partners and their keys in the API."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.api.schemas.base import Input, Line, ListQuery, Output, SafeText, absent
from app.api.schemas.contacts import Name
from app.api.schemas.threads import BrandKey
from app.domain.partners.actions import EVERY_SCOPE, MOST_NETWORKS
from app.domain.partners.models import CALLS_PER_MINUTE, SLUG, Authentication, Environment, Protocol, Scope, SyncFrequency
from app.domain.partners.own_bodies import MOST_ROWS, PATH_CHARACTERS

Slug = Annotated[str, StringConstraints(pattern=SLUG)]
Networks = Annotated[list[Annotated[str, StringConstraints(max_length=60), SafeText]], Field(max_length=MOST_NETWORKS)]
Calls = Annotated[int, Field(ge=1, le=100_000)]
Address = Annotated[str, StringConstraints(max_length=2048), SafeText]
StatusMapping = Annotated[dict[str, Any], Field(description="`chargecars_to_partner` and `partner_to_chargecars`")]


class BodyField(BaseModel):
    """A path in the partner's body (`client.name`, `items[].code`), and our field to which it is mapped."""

    model_config = ConfigDict(extra="forbid")
    path: Annotated[str, StringConstraints(min_length=1, max_length=PATH_CHARACTERS), SafeText]
    field: Annotated[str, StringConstraints(min_length=1, max_length=PATH_CHARACTERS), SafeText]


class PartnerOut(Output):
    """A partner: a company that sends us orders."""

    id: uuid.UUID
    slug: str = Field(description="What stands in its addresses")
    name: str
    brand: str = Field(description="Key of the brand")
    contact_id: uuid.UUID = Field(description="Its organization among the contacts")
    protocol: Protocol = Field(description="How its orders come in")
    is_active: bool
    allowed_networks: list[str] = Field(description="From where its keys work; empty: anywhere")
    calls_per_minute: int
    integration_name: str
    api_base_url: str
    api_version: str
    authentication_type: Authentication | None
    sync_enabled: bool
    push_enabled: bool
    sync_frequency: SyncFrequency
    status_mapping: dict[str, Any]
    body_mapping: list[BodyField] = Field(description="Which field of bodies in its own shape is which of ours")
    created_at: datetime
    updated_at: datetime


class PartnerPage(Output):
    items: list[PartnerOut]
    next_cursor: str | None


class PartnerListQuery(ListQuery):
    sort: Literal["created_at", "-created_at"] = "created_at"


class PartnerCreate(Input):
    """A new partner. Without a `contact_id`, a new organization with the partner's name is added to the contacts."""

    name: Name
    slug: Slug = absent("Made from the name if left out")
    brand: BrandKey | None = Field(default=None, description="Left out: your only one")
    contact_id: uuid.UUID | None = None
    protocol: Protocol = Protocol.API
    allowed_networks: Networks = Field(default_factory=list)
    calls_per_minute: Calls = CALLS_PER_MINUTE


class PartnerUpdate(Input):
    """A change of a partner. A field that is left out does not change."""

    name: Name = absent()
    slug: Slug = absent()
    is_active: bool = absent("Off: its keys are refused")
    protocol: Protocol = absent()
    allowed_networks: Networks = absent()
    calls_per_minute: Calls = absent()
    integration_name: Line = absent()
    api_base_url: Address = absent()
    api_version: Line = absent()
    authentication_type: Authentication | None = absent()
    sync_enabled: bool = absent()
    push_enabled: bool = absent()
    sync_frequency: SyncFrequency = absent()
    status_mapping: StatusMapping = absent()
    body_mapping: Annotated[list[BodyField], Field(max_length=MOST_ROWS)] = absent()


class BodySample(Input):
    """A sample body in the partner's own shape. `body_mapping` has mapping rows to try; without it, the saved rows are used."""

    body: dict[str, Any]
    body_mapping: Annotated[list[BodyField], Field(max_length=MOST_ROWS)] = absent()


class BodyFound(Output):
    field: str
    value: str


class BodyFault(Output):
    field: str
    message: str


class BodyPreview(Output):
    """Preview of the order that a sample body would become. Nothing is saved."""

    found: list[BodyFound]
    faults: list[BodyFault]
    unread: list[str] = Field(description="Paths in it that nothing is mapped from")


class PartnerKeyCreate(Input):
    """A new key of a partner."""

    environment: Environment = Environment.SANDBOX
    name: Line = ""
    scopes: Annotated[list[Scope], Field(min_length=1)] = Field(default_factory=lambda: [Scope(one) for one in EVERY_SCOPE])
    requires_signature: bool = Field(default=False, description="Take signed requests alone")


class PartnerKeyOut(Output):
    """A key of a partner. `api_key` and `signing_secret` are shown only in the answer that created the key, and null in all
    others."""

    id: uuid.UUID
    environment: Environment
    name: str
    shown: str = Field(description="Its first and last characters")
    scopes: list[str]
    requires_signature: bool
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    api_key: str | None
    signing_secret: str | None


class PartnerKeyPage(Output):
    items: list[PartnerKeyOut]
    next_cursor: str | None
