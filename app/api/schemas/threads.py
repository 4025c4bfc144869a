"""Schemas of threads in the API. The names of fields are those of the source documents."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from app.api.schemas.base import Input, Line, ListQuery, Output, SafeText, absent
from app.domain.threads.models import Priority, ThreadStatus, ThreadType

SortThreads = Literal["created_at", "-created_at", "last_message_at", "-last_message_at"]
Tag = Annotated[str, StringConstraints(min_length=1, max_length=50, strip_whitespace=True), SafeText]
Tags = Annotated[list[Tag], Field(max_length=50)]
ReferenceName = Annotated[str, StringConstraints(min_length=1, max_length=100), SafeText]
Reference = Annotated[str, StringConstraints(max_length=500), SafeText]
References = Annotated[dict[ReferenceName, Reference], Field(max_length=50)]
BrandKey = Annotated[str, StringConstraints(min_length=1, max_length=100), SafeText]


class ThreadOut(Output):
    """A thread: one conversation over any channels."""

    id: uuid.UUID
    thread_subject: str
    thread_type: ThreadType
    priority: Priority
    status: ThreadStatus
    channel_id: uuid.UUID | None
    brand: str = Field(description="Key of the brand, e.g. `chargecars`")
    order_id: uuid.UUID | None = Field(default=None, description="The newest order it is about; null: none")
    customer_contact_id: uuid.UUID | None
    partner_contact_id: uuid.UUID | None
    assigned_to_contact_id: uuid.UUID | None
    assigned_team_id: uuid.UUID | None
    created_by_contact_id: uuid.UUID | None
    created_at: datetime
    last_message_at: datetime
    response_due_at: datetime | None
    snoozed_until: datetime | None
    tags: list[str]
    external_references: dict[str, Any]
    unread: bool = Field(description="Something arrived that the owner of the token has not seen")


class ThreadPage(Output):
    items: list[ThreadOut]
    next_cursor: str | None


class ThreadListQuery(ListQuery):
    status: ThreadStatus | None = None
    priority: Priority | None = None
    thread_type: ThreadType | None = None
    channel_id: uuid.UUID | None = None
    brand: BrandKey | None = None
    customer_contact_id: uuid.UUID | None = None
    partner_contact_id: uuid.UUID | None = None
    order_id: uuid.UUID | None = Field(default=None, description="Is about this order")
    assigned_to_contact_id: uuid.UUID | Literal["none"] | None = Field(default=None, description="`none`: unassigned")
    assigned_team_id: uuid.UUID | Literal["none"] | None = None
    created_by_contact_id: uuid.UUID | None = None
    tags: Annotated[str, StringConstraints(max_length=50), SafeText] | None = Field(default=None, description="Has this tag")
    unread: bool | None = None
    sort: SortThreads = "-last_message_at"


class ThreadCreate(Input):
    """A new thread. With a channel it is a conversation with `customer_contact_id`; without a channel it is internal."""

    thread_subject: Annotated[Line, StringConstraints(min_length=1)]
    thread_type: ThreadType = ThreadType.CUSTOMER_SUPPORT
    priority: Priority = Priority.NORMAL
    channel_id: uuid.UUID | None = None
    brand: BrandKey | None = Field(default=None, description="Left out: the channel's brand, or your only one")
    customer_contact_id: uuid.UUID | None = None
    partner_contact_id: uuid.UUID | None = None
    assigned_to_contact_id: uuid.UUID | None = None
    assigned_team_id: uuid.UUID | None = None
    tags: Tags = Field(default_factory=list)
    external_references: References = Field(default_factory=dict)


class ThreadUpdate(Input):
    """A change of a thread. A field that is left out does not change."""

    thread_subject: Line = absent()
    thread_type: ThreadType = absent()
    priority: Priority = absent()
    status: ThreadStatus = absent()
    customer_contact_id: uuid.UUID | None = absent()
    partner_contact_id: uuid.UUID | None = absent()
    assigned_to_contact_id: uuid.UUID | None = absent("null: nobody")
    assigned_team_id: uuid.UUID | None = absent()
    tags: Tags = absent()
    external_references: References = absent()
    unread: Literal[False] = absent("false: you have seen everything")
