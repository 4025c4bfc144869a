"""Schemas of contacts in the API."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema

from app.api.schemas.base import ONE_LINE, Input, Line, ListQuery, Output, SafeText, absent
from app.domain.contacts.models import ContactType
from app.domain.contacts.numbers import NotAnAddress, clean_email, clean_phone

SortContacts = Literal["created_at", "-created_at"]
MOST_IDENTITIES = 20
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True), SafeText, ONE_LINE]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[A-Z]{2})?$")]
Note = Annotated[str, StringConstraints(max_length=20_000), SafeText]


def _cleaned(clean: Any) -> AfterValidator:
    def validate(value: str) -> str:
        try:
            return str(clean(value))
        except NotAnAddress as error:
            raise ValueError(str(error)) from error

    return AfterValidator(validate)


Email = Annotated[
    str,
    StringConstraints(min_length=3, max_length=320),
    SafeText,
    _cleaned(clean_email),
    WithJsonSchema({"type": "string", "format": "email", "maxLength": 320}),
]
Phone = Annotated[
    str,
    StringConstraints(min_length=3, max_length=40),
    SafeText,
    _cleaned(clean_phone),
    WithJsonSchema({"type": "string", "format": "phone", "minLength": 3, "maxLength": 40, "examples": ["+31612345678"]}),
]
Emails = Annotated[list[Email], Field(max_length=MOST_IDENTITIES)]
Phones = Annotated[list[Phone], Field(max_length=MOST_IDENTITIES, description="International, or Dutch without country code")]


class IdentityOut(Output):
    """An address, number or id by which this contact is recognised."""

    kind: Literal["email", "phone", "wa_id", "bsuid", "parent_bsuid", "username"]
    value: str
    display: str
    former_since: datetime | None = Field(None, description="Since when it is not theirs any more; nothing is sent to it.")


class ContactOut(Output):
    """A contact: a person or an organization."""

    id: uuid.UUID
    contact_type: ContactType
    name: str
    parent_organization_id: uuid.UUID | None
    language: str | None
    job_title: str
    address: str
    note: str
    emails: list[str]
    phones: list[str] = Field(description="E.164, such as +31612345678")
    whatsapp_numbers: list[str] = Field(description="E.164")
    identities: list[IdentityOut] = Field(description="All ways this contact is recognised, the above included")
    created_at: datetime
    updated_at: datetime


class ContactPage(Output):
    items: list[ContactOut]
    next_cursor: str | None


class ContactListQuery(ListQuery):
    contact_type: ContactType | None = None
    parent_organization_id: uuid.UUID | None = None
    name: Annotated[Line, StringConstraints(min_length=3)] | None = Field(default=None, description="Contains this, any case")
    email: Email | None = None
    phone: Phone | None = None
    sort: SortContacts = "-created_at"


class ContactCreate(Input):
    """A new contact. An address or number belongs to one contact at most."""

    name: Name
    contact_type: ContactType = ContactType.PERSON
    parent_organization_id: uuid.UUID | None = None
    language: Language | None = None
    job_title: Line = ""
    address: Line = ""
    note: Note = ""
    emails: Emails = Field(default_factory=list)
    phones: Phones = Field(default_factory=list)
    whatsapp_numbers: Phones = Field(default_factory=list)


class ContactUpdate(Input):
    """A change of a contact. A field that is left out does not change. A list replaces the former list."""

    name: Name = absent()
    contact_type: ContactType = absent()
    parent_organization_id: uuid.UUID | None = absent()
    language: Language | None = absent()
    job_title: Line = absent()
    address: Line = absent()
    note: Note = absent()
    emails: Emails = absent()
    phones: Phones = absent()
    whatsapp_numbers: Phones = absent()
