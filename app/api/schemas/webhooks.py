"""Schemas of outgoing webhooks and their deliveries in the API."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from app.api.schemas.base import Input, ListQuery, Output, SafeText, absent
from app.api.schemas.contacts import Name
from app.api.schemas.threads import BrandKey
from app.domain.webhooks.models import MAX_EVENT_TYPES, MAX_URL, EndpointState, Trigger
from app.domain.webhooks.platform_events import NAMES

EventType = Annotated[str, StringConstraints(pattern=r"^(\*|[a-z0-9_]+(\.[a-z0-9_]+)*)$", max_length=64)]
EventTypes = Annotated[
    list[EventType],
    Field(min_length=1, max_length=MAX_EVENT_TYPES, description=f"`*` for everything, or of: {', '.join(NAMES)}"),
]
Url = Annotated[str, StringConstraints(min_length=1, max_length=MAX_URL), SafeText, Field(examples=["https://example.com/hooks"])]
HeaderValue = Annotated[str, StringConstraints(max_length=4096)]
Headers = Annotated[
    dict[Annotated[str, StringConstraints(max_length=64)], HeaderValue],
    Field(max_length=20, description="Sent beside ours; kept encrypted and never shown again"),
]
Schedule = Literal["webhook", "partner", "patient"]
DeliveryState = Literal["waiting", "delivered", "failed", "skipped"]
_SCHEDULE = "Seconds between tries: webhook 1, 2, 4, 8, 16; partner 60, 120; patient from 5 s to a day, over three days"


class WebhookOut(Output):
    """A webhook: a URL to which we post what happens to a brand."""

    id: uuid.UUID
    name: str
    url: str
    brand: str
    event_types: list[str]
    header_names: list[str]
    includes_customer_data: bool = Field(description="Names, addresses and texts of customers are said, not their ids alone")
    schedule: str = Field(description=_SCHEDULE)
    state: EndpointState = Field(description="`disabled`: we stopped it, for `state_reason`")
    state_reason: str
    failures_in_row: int
    failing_since: datetime | None
    last_delivered_at: datetime | None
    secret: str | None = Field(description="The signing secret: once, in the answer that made it, else null")
    created_at: datetime
    updated_at: datetime


class WebhookPage(Output):
    items: list[WebhookOut]
    next_cursor: str | None


class WebhookListQuery(ListQuery):
    sort: Literal["created_at", "-created_at"] = "-created_at"


class WebhookCreate(Input):
    """A new webhook. The URL does not need to answer yet."""

    name: Name
    url: Url
    brand: BrandKey
    event_types: EventTypes = Field(default_factory=lambda: ["*"])
    headers: Headers = Field(default_factory=dict)
    includes_customer_data: bool = False
    schedule: Schedule = Field(default="webhook", description=_SCHEDULE)


class WebhookUpdate(Input):
    """A change of a webhook. A field that is left out does not change."""

    name: Name = absent()
    url: Url = absent()
    event_types: EventTypes = absent()
    headers: Headers = absent("All of them from now on")
    includes_customer_data: bool = absent()
    schedule: Schedule = absent()
    state: Literal["active", "paused"] = absent("`paused` holds what it is told, `active` lets it go")


class SecretRotate(Input):
    """How long messages are signed with the old secret as well as with the new one."""

    overlap_seconds: Annotated[int, Field(ge=0, le=604_800, description="0 after a leak")] = 86_400


class AttemptOut(Output):
    """One HTTP call of a delivery."""

    attempt_no: int
    started_at: datetime
    total_ms: int
    outcome: str = Field(description="`ok`, or why it failed: `http_4xx`, `timeout`, `tls`, `blocked` …")
    status: int | None
    request_headers: dict[str, Any] = Field(description="As sent; secrets are masked")
    response_headers: dict[str, Any]
    response_body: str = Field(description="Its first 4 KiB")


class WebhookDeliveryOut(Output):
    """The delivery of one event to this webhook."""

    id: uuid.UUID
    message_id: str = Field(description="`webhook-id` of every attempt")
    event_type: str
    state: DeliveryState
    reason: dict[str, Any] = Field(description="Why it is in this state, or what it waits for: `code` and what goes with it")
    trigger: Trigger
    next_attempt_at: datetime | None
    created_at: datetime
    ended_at: datetime | None
    payload: str = Field(description="The very bytes that are signed")
    attempts: list[AttemptOut]


class WebhookDeliveryPage(Output):
    items: list[WebhookDeliveryOut]
    next_cursor: str | None


class WebhookDeliveryListQuery(ListQuery):
    state: DeliveryState | None = None
    event_type: Annotated[str | None, StringConstraints(max_length=64), SafeText] = None
    since: Annotated[AwareDatetime | None, Field(description="Begun since then")] = None


class DeliveryPath(BaseModel):
    id: uuid.UUID
    delivery_id: uuid.UUID
