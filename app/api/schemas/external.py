"""Schemas of /external: mails that programs send."""

from __future__ import annotations

import uuid
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from app.api.schemas.base import Input, Line, Output, SafeText, Text

MOST_RECIPIENTS = 5_000
Address = Annotated[str, StringConstraints(min_length=3, max_length=320, pattern=r"^[^\s@<>,;]+@[^\s@<>,;]+$"), SafeText]
TemplateId = Annotated[str, StringConstraints(min_length=1, max_length=200), SafeText]
Values = Annotated[
    dict[Annotated[str, StringConstraints(max_length=100)], str | int | float | bool | None], Field(max_length=100)
]


class MailContent(Input):
    """The text of a mail, or a template for it. Variables are `{{name}}` or `{{name|fallback}}`, filled from `dynamic_data`."""

    subject: Annotated[Line, StringConstraints(max_length=300)] = ""
    message_content: Text = Field(default="", description="Plain text; made from `message_html` where it is left out")
    message_html: Text = Field(default="", description="The same with formatting; cut down to a few tags")
    template_id: TemplateId | None = Field(
        default=None,
        description="A template here by id or by name, or a dynamic template (`d-…`) at the provider of the channel by id",
    )
    channel_id: uuid.UUID | None = Field(default=None, description="Left out: the one mailbox you can send from")
    category: Line = ""

    @model_validator(mode="after")
    def _says_something(self) -> MailContent:
        if not (self.template_id or self.message_content.strip() or self.message_html.strip()):
            raise ValueError("give `message_content`, `message_html` or `template_id`")
        if not self.subject.strip() and not self.template_id:
            raise ValueError("give a `subject`")
        return self


class ExternalMailCreate(MailContent):
    """One mail to one address. It begins a thread. An answer to the mail joins this thread."""

    to: Address
    to_name: Line = ""
    dynamic_data: Values = Field(default_factory=dict)


class ConsentInput(Input):
    given: bool
    basis: Line = Field(default="", description="Where they said so, such as `order form`")


class MailingRecipientInput(Input):
    email: Address
    name: Line = ""
    dynamic_data: Values = Field(default_factory=dict)
    consent: ConsentInput | None = Field(default=None, description="What they said; their own latest word here goes before it")


class MailingCreate(MailContent):
    """One mail to many people: to `recipients`, or to the list `list_id`. An address that is named twice gets one mail."""

    recipients: Annotated[list[MailingRecipientInput], Field(max_length=MOST_RECIPIENTS)] = Field(default_factory=list)
    list_id: Literal["marketing_subscribers"] | None = Field(
        default=None, description="`marketing_subscribers`: the contacts of the mailbox's brand who agreed to emails about offers"
    )
    send_at: AwareDatetime | None = Field(default=None, description="Not before then; left out: now")


class MailingProblem(Output):
    email: str
    outcome: str = Field(description="`stopped`, `no_consent` or `failed`")
    reason: str


class MailingOut(Output):
    """The progress of a mailing. `total` is the sum of `waiting`, `queued`, `stopped`, `no_consent`, `failed`, and the
    recipients left out because somebody stopped the mailing."""

    id: uuid.UUID
    channel_id: uuid.UUID
    subject: str
    category: str
    send_at: AwareDatetime
    created_at: AwareDatetime
    total: int
    waiting: int = Field(description="Nothing was decided about these yet")
    queued: int = Field(description="Their message was promised; `deliveries` says what became of it")
    stopped: int = Field(description="Nothing is to be sent there: email came back, was called spam, or they unsubscribed")
    no_consent: int
    failed: int
    deliveries: dict[str, Any] = Field(description="How many messages stand at which `delivery_status`")
    problems: list[MailingProblem] = Field(description="The first 100 that got nothing, with why")
