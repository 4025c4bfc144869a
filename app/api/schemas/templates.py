"""Schemas of reply templates in the API. The names of fields are those of the source documents.

In the documents, a template is for one channel type and one business entity, or for all of them. Here a template may be for
several: they are listed in `media` and `brands`. A client may send either form.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from app.api.schemas.base import ONE_LINE, Input, ListQuery, Output, SafeText, absent
from app.api.schemas.threads import BrandKey
from app.domain.reply_templates.formatting import HTML_CHARACTERS
from app.domain.reply_templates.models import TemplateCategory

SortTemplates = Literal["created_at", "-created_at"]
Name = Annotated[str, StringConstraints(min_length=1, max_length=120, strip_whitespace=True), SafeText, ONE_LINE]
Subject = Annotated[str, StringConstraints(max_length=300), SafeText]
Body = Annotated[
    str,
    StringConstraints(min_length=1, max_length=20_000, strip_whitespace=True),
    SafeText,
    Field(description="With variables such as {{contact.first_name|there}}"),
]
Html = Annotated[
    str,
    StringConstraints(max_length=HTML_CHARACTERS, strip_whitespace=True),
    SafeText,
    Field(
        description="For formatted emails: p, br, strong, em, ul, ol, li, blockquote, a, code and pre are kept, all else loses "
        "its tags. Without `message_template` the plain version is made from it. Empty: none"
    ),
]
TemplateMedium = Literal["email", "whatsapp", "sms", "phone", "internal"]
Media = Annotated[list[TemplateMedium], Field(max_length=5, description="Where it fits; empty: anywhere")]
TemplateLanguage = Literal["en", "nl", "fr"]
BrandKeys = Annotated[list[BrandKey], Field(max_length=50, description="Keys of the brands it is for; empty: all")]


class TemplateChannel(StrEnum):
    """The kind of channel for which a template is, as the source documents call it."""

    ANY = "any"
    EMAIL = "email_outlook"
    WHATSAPP = "whatsapp_business"
    SMS = "sms"
    INTERNAL = "internal_comment"


class TemplateOut(Output):
    """A reply template."""

    id: uuid.UUID
    template_name: str
    template_category: TemplateCategory
    channel_type: TemplateChannel | None = Field(description="null where `media` says more than one word can")
    media: list[TemplateMedium]
    subject_template: str
    message_template: str
    html_template: str | None = Field(description="The same for formatted emails, cleaned; null where it is plain everywhere")
    variables: list[str] = Field(description="The variables the texts use")
    language: TemplateLanguage
    business_entity: str | None = Field(description="Key of its brand, or `all`; null where it is for several")
    brands: list[str]
    for_visits: bool = Field(description="Technicians have it at hand at a visit")
    is_active: bool = Field(description="false: archived, offered no more")
    usage_count: int = Field(description="How often it went out in your brands; the ETag does not tell of it")
    version: int
    created_at: datetime
    updated_at: datetime


class TemplatePage(Output):
    items: list[TemplateOut]
    next_cursor: str | None


class TemplateListQuery(ListQuery):
    template_category: TemplateCategory | None = None
    medium: TemplateMedium | None = Field(default=None, description="Fits there, those that fit anywhere included")
    language: TemplateLanguage | None = None
    brand: BrandKey | None = Field(default=None, description="For this brand, those for all included")
    is_active: bool | None = None
    sort: SortTemplates = "-created_at"


class TemplateCreate(Input):
    """A new template."""

    template_name: Name
    template_category: TemplateCategory
    message_template: Body = absent("May be left out where `html_template` is sent")
    html_template: Html = ""
    subject_template: Subject = ""
    language: TemplateLanguage = "nl"
    for_visits: bool = False
    channel_type: TemplateChannel = absent()
    media: Media = absent()
    business_entity: BrandKey = absent("`all` or the key of a brand")
    brands: BrandKeys = absent()


class TemplateUpdate(Input):
    """A change of a template. A field that is left out does not change. Every change of a text makes a new version."""

    template_name: Name = absent()
    template_category: TemplateCategory = absent()
    message_template: Body = absent()
    html_template: Html = absent()
    subject_template: Subject = absent()
    language: TemplateLanguage = absent()
    for_visits: bool = absent("Whether technicians have it at hand at a visit")
    channel_type: TemplateChannel = absent()
    media: Media = absent()
    business_entity: BrandKey = absent("`all` or the key of a brand")
    brands: BrandKeys = absent()
    is_active: bool = absent("false archives it, true offers it again")
