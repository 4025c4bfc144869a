"""Schema of /external/send-whatsapp: a body in the format of WhatsApp's own API, with the recipient's number."""

from __future__ import annotations

import uuid
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from app.api.schemas.base import Input, Line, SafeText, Text
from app.api.schemas.messages import TemplateInput

Number = Annotated[str, StringConstraints(min_length=6, max_length=32, pattern=r"^\+?[0-9 ()./-]+$"), SafeText]


class WhatsAppText(Input):
    body: Annotated[Text, StringConstraints(min_length=1, max_length=4096)]
    preview_url: bool | None = Field(default=None, description="Accepted; links are shown as WhatsApp decides")


class WhatsAppLanguage(Input):
    code: Annotated[str, StringConstraints(min_length=2, max_length=20, pattern=r"^[A-Za-z_]+$")]
    policy: str | None = Field(default=None, description="Accepted and not needed")


class WhatsAppTemplate(Input):
    """An approved template, with its variables filled in as WhatsApp's API expects."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=512, pattern=r"^[a-z0-9_]+$")]
    language: WhatsAppLanguage
    components: Annotated[list[dict[str, Any]], Field(max_length=20)] = Field(default_factory=list)

    def as_ours(self) -> dict[str, Any]:
        return TemplateInput(name=self.name, language=self.language.code, components=self.components).model_dump()


class WhatsAppContext(Input):
    message_id: Annotated[str, StringConstraints(min_length=1, max_length=500), SafeText]


class ExternalWhatsAppCreate(Input):
    """One WhatsApp message to one number. If the contact has an open thread on the channel, the message joins it. If not, it
    begins a new thread."""

    to: Number = Field(description="With country code, `+` or not")
    to_name: Line = ""
    type: Literal["text", "template"] = "text"
    text: WhatsAppText | None = None
    template: WhatsAppTemplate | None = None
    context: WhatsAppContext | None = Field(default=None, description="The message it answers, by WhatsApp's id")
    channel_id: uuid.UUID | None = Field(default=None, description="Left out: the one WhatsApp number you can send from")
    messaging_product: Literal["whatsapp"] | None = None
    recipient_type: Literal["individual"] | None = None

    @model_validator(mode="after")
    def _has_what_its_type_says(self) -> ExternalWhatsAppCreate:
        if getattr(self, self.type) is None:
            raise ValueError(f"give `{self.type}`, as `type` says")
        other = "template" if self.type == "text" else "text"
        if getattr(self, other) is not None:
            raise ValueError(f"give `{self.type}` alone, as `type` says")
        return self
