"""Schemas of channels, users, teams and search results in the API."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from app.api.schemas.base import Input, ListQuery, Output, Query, SafeText, absent
from app.api.schemas.contacts import Email, Name
from app.api.schemas.threads import BrandKey, ThreadOut
from app.domain.accounts.models import Role
from app.domain.accounts.passwords import MAX_CHARACTERS
from app.domain.connections.models import ChannelType, Medium

ColleagueRole = Literal[Role.AGENT, Role.LEAD, Role.MANAGER, Role.TECHNICIAN, Role.READ_ONLY, Role.ADMIN]
SortNamed = Literal["name", "-name", "created_at", "-created_at"]
SortChannels = Literal["channel_name", "-channel_name", "created_at", "-created_at"]

Brands = Annotated[list[BrandKey], Field(max_length=200)]
Ids = Annotated[list[uuid.UUID], Field(max_length=500)]


class ChannelOut(Output):
    """A channel: one account at a provider, such as a mailbox or a number. Its credentials and settings are never shown."""

    id: uuid.UUID
    channel_type: ChannelType
    channel_name: str
    medium: Medium
    brand: str
    address: str = Field(description="What people see: the mailbox or the number")
    is_active: bool
    is_paused: bool = Field(description="It receives and does not send")
    can_send: bool
    health: Literal["unknown", "ok", "degraded", "down"]
    health_detail: str
    last_inbound_at: datetime | None
    created_at: datetime


class ChannelMade(ChannelOut):
    """A channel that was just connected.

    `webhook_url` is the URL to which the provider must post. It is shown only in this answer; null means that we poll the
    provider.
    """

    webhook_url: str | None = None
    issued: dict[str, str] = Field(default_factory=dict, description="What we made for the provider to show us, told this once")


ChannelKind = Annotated[str, Field(max_length=60, description="Such as `whatsapp_business`: see `channels kinds`")]
Texts = Annotated[
    dict[Annotated[str, Field(max_length=60)], Annotated[str, Field(max_length=8000), SafeText]], Field(max_length=40)
]
ChannelName = Annotated[str, StringConstraints(min_length=1, max_length=80), SafeText]
Address = Annotated[str, StringConstraints(min_length=1, max_length=400), SafeText]


class ChannelCreate(Input):
    """A channel to connect. We test the connection at the provider before anything is saved."""

    kind: ChannelKind
    channel_name: ChannelName
    brand: BrandKey
    address: Address = Field(description="What the provider knows it by: the mailbox, the id of the number")
    display_address: Address | None = Field(None, description="What people see, where that is something else")
    settings: Texts = Field(default_factory=dict)
    secrets: Texts = Field(default_factory=dict, description="Sealed, and never shown again")


class ChannelUpdate(Input):
    """A change of a channel. A field that is left out does not change. The same is true of settings and secrets that are not
    named."""

    channel_name: ChannelName = absent()
    display_address: Address = absent()
    settings: Texts = absent()
    secrets: Texts = absent()
    is_active: bool = absent("false: it neither receives nor sends, and its brand may be archived")
    is_paused: bool = absent("true: it receives and does not send")


class ChannelPage(Output):
    items: list[ChannelOut]
    next_cursor: str | None


class ChannelListQuery(ListQuery):
    channel_type: ChannelType | None = None
    brand: BrandKey | None = None
    is_active: bool | None = None
    sort: SortChannels = "channel_name"


class UserOut(Output):
    """A colleague. Threads refer to people by `contact_id`."""

    id: uuid.UUID
    contact_id: uuid.UUID
    name: str
    email: str
    role: ColleagueRole
    brands: list[str] = Field(description="Keys of the brands they work for, as far as you see them too")
    team_ids: list[uuid.UUID]
    is_active: bool
    created_at: datetime


class UserMade(UserOut):
    invitation_url: str | None = Field(None, description="Where they choose a password; told this once, null where they have one")


class UserPage(Output):
    items: list[UserOut]
    next_cursor: str | None


class UserListQuery(ListQuery):
    role: ColleagueRole | None = None
    brand: BrandKey | None = None
    contact_id: uuid.UUID | None = None
    sort: SortNamed = "name"


class UserCreate(Input):
    """A new colleague. Without a `password`, they choose one at the `invitation_url` of the answer. That URL works for three
    days."""

    email: Email
    name: Name
    role: ColleagueRole
    brands: Brands = Field(default_factory=list, description="Keys of the brands they work for")
    team_ids: Ids = Field(default_factory=list)
    password: Annotated[str, StringConstraints(min_length=1, max_length=MAX_CHARACTERS)] | None = None


class UserUpdate(Input):
    """A change of a user. A field that is left out does not change. A list replaces the former list."""

    name: Name = absent()
    role: ColleagueRole = absent()
    brands: Brands = absent()
    team_ids: Ids = absent()
    is_active: bool = absent("false: they cannot sign in any more, their sessions end and their tokens stop working")


class TeamOut(Output):
    id: uuid.UUID
    name: str
    member_contact_ids: list[uuid.UUID]
    is_archived: bool = Field(description="It has no people and gets no work")


class TeamCreate(Input):
    """A new team. Its people are named by their `contact_id`."""

    name: Name
    member_contact_ids: Ids = Field(default_factory=list)


class TeamUpdate(Input):
    """A change of a team. A field that is left out does not change."""

    name: Name = absent()
    member_contact_ids: Ids = absent()
    is_archived: bool = absent("true: it loses its people and gets no more work")


class TeamPage(Output):
    items: list[TeamOut]
    next_cursor: str | None


class TeamListQuery(ListQuery):
    sort: Literal["name", "-name"] = "name"


class SearchQuery(Query):
    q: Annotated[str, StringConstraints(min_length=1, max_length=200), SafeText] = Field(
        description="Words that must all occur, the last one may be a beginning; or a person, an address, a number"
    )
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Annotated[str | None, Field(max_length=1000)] = None


class SearchHitOut(Output):
    thread: ThreadOut
    message_id: uuid.UUID | None = Field(description="The message that matched; null when the contact, number or subject did")
    snippet: str = Field(description="Safe HTML: text with `<mark>` around what matched")
    matched_at: datetime


class SearchPage(Output):
    items: list[SearchHitOut]
    next_cursor: str | None
