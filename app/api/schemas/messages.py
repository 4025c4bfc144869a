"""Schemas of messages and files in the API."""

from __future__ import annotations

import base64
import binascii
import uuid
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from flask_openapi3.models.file import FileStorage
from pydantic import Field, StringConstraints, model_validator

from app.api.schemas.base import Input, ListQuery, Output, SafeText, Text, absent
from app.contract.base import DeliveryStatus
from app.domain.threads.models import MessageType

SortMessages = Literal["created_at", "-created_at"]
MOST_ATTACHMENTS = 20
INLINE_BASE64_CHARACTERS = 7_000_000
FileName = Annotated[str, StringConstraints(min_length=1, max_length=300), SafeText]
Word = Annotated[str, StringConstraints(min_length=1, max_length=200), SafeText]


class MessageDirection(StrEnum):
    INCOMING = "incoming"
    OUTGOING = "outgoing"
    INTERNAL = "internal"


class AttachmentOut(Output):
    """A file. To download its content, get `url` with the same token."""

    id: uuid.UUID
    filename: str
    content_type: str
    size_bytes: int | None
    sha256: str | None
    state: Literal["pending", "stored", "failed"] = Field(description="pending: still being fetched from the provider")
    is_inline: bool
    created_at: datetime
    url: str


class MessageOut(Output):
    """One item of a thread: a message in or out, or a note."""

    id: uuid.UUID
    thread_id: uuid.UUID
    channel_id: uuid.UUID | None
    message_type: MessageType
    direction: MessageDirection
    sender_contact_id: uuid.UUID | None
    sender_external: dict[str, Any] | None = Field(description="Who wrote, as it stood then: `name`, `address`")
    recipient_contact_id: uuid.UUID | None
    recipient_external: dict[str, Any] | None = Field(description="Whom it went to: `to` and `cc`, lists of `name`, `address`")
    subject: str
    message_content: str
    message_html: str = Field(description="Sanitised; remote images are left in, so show it only in a sandboxed frame")
    attachments: list[AttachmentOut]
    external_message_id: str | None
    delivery_status: DeliveryStatus | None = Field(description="null for what is not delivered: incoming messages and notes")
    read_at: datetime | None
    created_at: datetime = Field(description="When it was written; for messages from outside, by the provider's clock")
    sent_at: datetime | None
    metadata: dict[str, Any]


class MessagePage(Output):
    items: list[MessageOut]
    next_cursor: str | None


class MessageListQuery(ListQuery):
    thread_id: uuid.UUID | None = None
    channel_id: uuid.UUID | None = None
    message_type: MessageType | None = None
    direction: MessageDirection | None = None
    delivery_status: DeliveryStatus | None = None
    sender_contact_id: uuid.UUID | None = None
    external_message_id: Word | None = None
    sort: SortMessages = "-created_at"


class AttachmentInput(Input):
    """Either the `id` of a file you uploaded before, or a small file inside this body."""

    id: uuid.UUID | None = None
    filename: FileName | None = None
    content_type: Annotated[str, StringConstraints(max_length=150, pattern=r"^[\w.+-]+/[\w.+-]+$")] = "application/octet-stream"
    content_base64: Annotated[str, StringConstraints(max_length=INLINE_BASE64_CHARACTERS)] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> AttachmentInput:
        inline = self.filename is not None and self.content_base64 is not None
        partly = self.filename is not None or self.content_base64 is not None
        if (self.id is None) != inline or (self.id is not None and partly):
            raise ValueError("give either `id`, or `filename` and `content_base64`")
        if inline:
            self.content()
        return self

    def content(self) -> bytes:
        """Return the bytes of an inline file. Raises `ValueError` if `content_base64` is not base64."""
        try:
            return base64.b64decode(self.content_base64 or "", validate=True)
        except binascii.Error as error:
            raise ValueError("`content_base64` is not base64") from error


class TemplateInput(Input):
    """A template that the provider approved, with its variables filled in."""

    name: Word
    language: Annotated[str, StringConstraints(min_length=2, max_length=20, pattern=r"^[A-Za-z_]+$")]
    components: Annotated[list[dict[str, Any]], Field(max_length=20)] = Field(default_factory=list)


class MessageMetadata(Input):
    template: TemplateInput | None = None


class MessageCreate(Input):
    """A new message: a reply to the contact, or a note that only colleagues see."""

    thread_id: uuid.UUID
    message_type: Literal["outgoing", "internal_note"]
    message_content: Text = Field(default="", description="May be empty with an attachment or a template")
    channel_id: uuid.UUID | None = Field(default=None, description="Left out: the thread's channel")
    template_id: uuid.UUID | None = Field(default=None, description="Not supported yet: use `metadata.template`")
    variables: dict[str, Any] | None = Field(default=None, description="Not supported yet: use `metadata.template`")
    attachments: Annotated[list[AttachmentInput], Field(max_length=MOST_ATTACHMENTS)] = Field(default_factory=list)
    last_seen_message_id: uuid.UUID | None = Field(
        default=None, description="The newest message you know of; if newer ones are there nothing is sent and they are answered"
    )
    metadata: MessageMetadata = Field(default_factory=MessageMetadata)


class MessageUpdate(Input):
    """A change of a message: `message_content` corrects a note you wrote, `delivery_status: pending` sends a failed one again."""

    message_content: Annotated[Text, StringConstraints(min_length=1)] = absent()
    delivery_status: Literal["pending"] = absent()


class UploadForm(Input):
    file: FileStorage = Field(description="The file, at most 25 MB")


class MovedOnBody(Output):
    """The part of an error response that shows why a message was not sent. `newer_items` are the items of the thread after
    `last_seen_message_id`, oldest first."""

    newer_items: list[MessageOut]
