"""The data classes that adapters and the domain exchange: parsed messages, outgoing messages, statuses, `ProviderError`.

An adapter turns provider bytes into `Parsed` and an `OutgoingMessage` into provider calls. It knows the provider's oddities;
it knows no database, no Flask and no feature. All data classes are frozen, so a value can be passed to any thread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from app.contract.account_notice import AccountNotice
    from app.contract.calls import CallUpdate
    from app.contract.health import Health
    from app.contract.receive import Consent

from app.contract.choices import ChoiceLimits, Choices
from app.contract.suppression import AddressNews

Headers = Mapping[str, str]
Json = dict[str, Any]
SaveProgress = Callable[[Json], None]


class IdentityKind(StrEnum):
    EMAIL = "email"
    PHONE = "phone"  # E.164 with "+"
    WA_ID = "wa_id"  # digits, as the provider writes them
    BSUID = "bsuid"  # business-scoped user id
    PARENT_BSUID = "parent_bsuid"
    USERNAME = "username"  # display only: it can change hands, never match on it


@dataclass(frozen=True)
class Identity:
    """One way to recognise a contact. `scope` is the business account in which a provider's id is valid, "" for other values."""

    kind: IdentityKind
    value: str
    scope: str = ""


@dataclass(frozen=True)
class Party:
    """A sender or recipient of a message. `identities` is ordered, most trusted first, and may be empty."""

    identities: tuple[Identity, ...] = ()
    name: str = ""

    def address(self) -> str:
        return self.identities[0].value if self.identities else ""


class Direction(StrEnum):
    INCOMING = "incoming"
    OUTGOING = "outgoing"


class Automatic(StrEnum):
    """The reason why a mail counts as automatic: it is shown folded, reopens no thread and gets no automatic answer."""

    AUTO_REPLY = "auto_reply"
    BOUNCE = "bounce"
    RECEIPT = "receipt"  # MDN: read or not read
    BULK = "bulk"
    LOOP = "loop"
    CALENDAR = "calendar_response"
    SURVEY = "survey"  # a score, tapped or typed, for a question of ours
    OTHER = "other"


@dataclass(frozen=True)
class InboundAttachment:
    """A file that came with a message: the bytes of a mail's file (`content`), or an id or URL to download it from later.

    `linked_by`, such as "form/7f…", is set for a URL that needs no account: the integration in whose name it is downloaded.
    """

    filename: str
    content_type: str
    content: bytes | None = None
    provider_media_id: str | None = None
    provider_url: str | None = None
    sha256: str | None = None  # lower hex, where the provider says it
    size_bytes: int | None = None
    content_id: str | None = None  # without <>
    is_inline: bool = False
    linked_by: str | None = None


@dataclass(frozen=True)
class MailEvidence:
    """The data of a mail that say to which thread it belongs. Ids are exact, without "<>"; empty ids are left out."""

    message_id: str | None
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    plus_tokens: tuple[str, ...] = ()  # local part after "+", from envelope/Delivered-To/To/Cc, lower case
    subject_token: int | None = None  # the 123 of "[#123]"
    conversation_id: str | None = None
    participants: tuple[str, ...] = ()  # lower-case addresses in From/To/Cc/Reply-To
    bounced_message_ids: tuple[str, ...] = ()  # original Message-IDs named by a bounce or receipt


@dataclass(frozen=True)
class MessageChange:
    """A change to an earlier message: an edit, a deletion by its author, a reaction."""

    kind: str  # "edit" | "revoke" | "reaction"
    target_external_id: str
    text: str = ""  # the new text, or the emoji; "" removes a reaction


@dataclass(frozen=True)
class InboundMessage:
    """One message of any channel.

    `external_id` is unique within a channel type. `content_hash` (hex SHA-256) distinguishes a repeat of the message from
    another message with the same id. `occurred_at` is the provider's time, aware UTC. `html` is as the sender wrote it:
    ingest sanitises it. `kind` is the type of the content, the same for all providers ("text", "image", "location",
    "unsupported", …), for display.
    """

    external_id: str
    content_hash: str
    occurred_at: datetime
    sender: Party
    direction: Direction = Direction.INCOMING
    recipients: tuple[Party, ...] = ()
    cc: tuple[Party, ...] = ()
    kind: str = "text"
    subject: str = ""
    text: str = ""
    html: str = ""
    attachments: tuple[InboundAttachment, ...] = ()
    reply_to_external_id: str | None = None
    automatic: Automatic | None = None
    automatic_reason: str = ""
    evidence: MailEvidence | None = None
    change: MessageChange | None = None
    opens_window: bool = False  # a customer message after which free text may be sent for a while
    is_past: bool = False  # written before we were connected and brought in since: it asks nobody for anything
    new_identities: tuple[Identity, ...] = ()  # by which the sender is reached from now on
    our_reference: str | None = None  # a delivery id of ours found inside (our own copy in Sent Items)
    consent: Consent | None = None  # the message says just that
    bounces: tuple[StatusUpdate, ...] = ()  # what a bounce or receipt says about messages we sent
    meta: Json = field(default_factory=dict)


class DeliveryStatus(StrEnum):
    """The delivery statuses of all channels. `app/domain/delivery/models.py` lists the allowed changes from one to another."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    BOUNCED = "bounced"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Reason:
    """Why a provider refused or failed: its code, a sentence for the agent, and what the agent can do."""

    code: str
    title: str
    detail: str = ""
    advice: str = ""


@dataclass(frozen=True)
class StatusUpdate:
    """A provider's report about a message of ours, named by one of the three ids; a report inside a `SendResult` needs none."""

    status: DeliveryStatus
    occurred_at: datetime
    provider_message_id: str | None = None
    our_reference: str | None = None  # our delivery id, echoed back
    rfc822_message_id: str | None = None  # for bounces and receipts of mail
    recipient: str | None = None
    reason: Reason | None = None
    raw: Json = field(default_factory=dict)
    event_id: str | None = None  # the provider's own id of this report, where it has one
    needs_admin: bool = False  # why it failed shows on the channel


@dataclass(frozen=True)
class Parsed:
    """Everything one stored inbound event contained. `problems` has one sentence for each item that could not be parsed."""

    messages: tuple[InboundMessage, ...] = ()
    statuses: tuple[StatusUpdate, ...] = ()
    notices: tuple[AccountNotice, ...] = ()
    problems: tuple[str, ...] = ()
    calls: tuple[CallUpdate, ...] = ()
    addresses: tuple[AddressNews, ...] = ()


@dataclass(frozen=True)
class ChannelAccount:
    """A configured channel as an adapter sees it. `address` is the mailbox or phone number id. `secrets` are decrypted."""

    id: str
    channel_type: str
    name: str
    address: str
    settings: Json = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class OutgoingAttachment:
    filename: str
    content_type: str
    content: bytes = field(repr=False)
    content_id: str | None = None


@dataclass(frozen=True)
class OutgoingTemplate:
    name: str
    language: str
    components: Sequence[Json] = ()


@dataclass(frozen=True)
class OutgoingMessage:
    """One message to one contact. `reference` is our delivery id; we ask every provider to send it back with its reports."""

    reference: str
    to: tuple[Party, ...]
    cc: tuple[Party, ...] = ()
    bcc: tuple[Party, ...] = ()
    subject: str = ""
    text: str = ""
    html: str = ""
    attachments: tuple[OutgoingAttachment, ...] = ()
    template: OutgoingTemplate | None = None
    reply_to_external_id: str | None = None  # provider id of the message this one answers
    message_id_header: str | None = None  # our signed Message-ID, without <>
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    reply_address: str | None = None  # our signed plus-address
    is_automatic: bool = False
    taken_ids: tuple[str, ...] = ()  # what the provider calls other messages of ours with these words: it is none of them
    unsubscribe_url: str = ""  # of bulk mail: one POST there ends it
    choices: Choices | None = None  # to tap instead of writing


@dataclass(frozen=True)
class SendResult:
    """The result of an accepted send. `reports` are statuses that the provider gave at once, such as a refused recipient."""

    provider_message_id: str
    status: DeliveryStatus = DeliveryStatus.ACCEPTED
    meta: Json = field(default_factory=dict)
    reports: tuple[StatusUpdate, ...] = ()


class Found(StrEnum):
    SENT = "sent"
    NOT_SENT = "not_sent"  # certain: sending again is safe
    UNKNOWN = "unknown"  # cannot be told (yet)


@dataclass(frozen=True)
class Lookup:
    """The provider's answer whether an attempt to send went out. If `silence_tells`, no report after a while means it did not."""

    found: Found
    provider_message_id: str | None = None
    detail: str = ""
    silence_tells: bool = True


class ProviderError(Exception):
    """Raised for any failure of a provider.

    `permanent`: the same call will never work. `retry_after_seconds`: the wait that the provider asked for.
    `outcome_unknown`: the call may have been carried out, so look it up before sending again. `channel_down`: the provider
    refuses the whole account (expired token). `recipient_only`: the provider refuses only this recipient. `needs_admin`: the
    error is shown on the channel.
    """

    def __init__(
        self,
        reason: Reason,
        *,
        permanent: bool,
        retry_after_seconds: float | None = None,
        outcome_unknown: bool = False,
        channel_down: bool = False,
        status_code: int | None = None,
        recipient_only: bool = False,
        needs_admin: bool = False,
    ) -> None:
        super().__init__(f"{reason.code}: {reason.title}")
        self.reason = reason
        self.permanent = permanent
        self.retry_after_seconds = retry_after_seconds
        self.outcome_unknown = outcome_unknown
        self.channel_down = channel_down
        self.status_code = status_code
        self.recipient_only = recipient_only
        self.needs_admin = needs_admin


@dataclass(frozen=True)
class ChannelRules:
    """The limits of a channel type. `window` is how long after a contact's message free text may be sent; None means always."""

    text_limit: int | None = None
    caption_limit: int | None = None
    attachments_per_message: int | None = None
    attachment_bytes: int = 25 * 1024 * 1024
    window: timedelta | None = None
    has_subject: bool = False
    takes_files: bool = True
    identity_kinds: tuple[IdentityKind, ...] = ()  # by which a person can be reached, most trusted first
    choices: ChoiceLimits | None = None  # None: no buttons and no lists
    find_file_problem: Callable[[str, int], Reason | None] | None = None  # of a file by content type and size in bytes
    takes_caption: Callable[[str], bool] | None = None  # by content type
    # of the file at the head of a template: by the header's kind ("image", …), content type and size in bytes
    find_header_problem: Callable[[str, str, int], Reason | None] | None = None


MAIL_RULES = ChannelRules(attachment_bytes=25 * 1024 * 1024, has_subject=True, identity_kinds=(IdentityKind.EMAIL,))


class UnableToParse(Exception):
    """Raised when bytes do not have the format that the provider documents. The message is the reason of the quarantine."""


class Sender(Protocol):
    """The methods of an adapter that sends messages.

    `save_progress` stores data of an attempt durably, such as a draft id or the id of uploaded media. `send` calls it before
    each step that the customer would notice if it were repeated. `progress` is what earlier attempts of the same delivery
    stored.
    """

    def send(
        self, message: OutgoingMessage, *, account: ChannelAccount, progress: Json, save_progress: SaveProgress
    ) -> SendResult: ...

    def lookup(self, message: OutgoingMessage, *, account: ChannelAccount, progress: Json) -> Lookup:
        """Find out whether an attempt with an unknown outcome went out. Raises `ProviderError` if it cannot be found out now."""

    def check(self, *, account: ChannelAccount) -> Health: ...


class WebhookReceiver(Protocol):
    """The methods of an adapter that gets webhooks. `verify` is constant-time and never raises."""

    def verify(self, *, headers: Headers, body: bytes, secrets: Sequence[str]) -> bool: ...

    def dedupe_key(self, body: bytes) -> str:
        """Return a key that is the same for two posts of the same items, in any order. Raises `UnableToParse`."""

    def parse(self, body: bytes, *, account: ChannelAccount) -> Parsed: ...


@dataclass(frozen=True)
class PolledItem:
    """One mail found by polling: raw MIME, with the provider's own data in `meta`. A change of the mail gives it a new `key`."""

    key: str
    raw: bytes = field(repr=False)
    meta: Json = field(default_factory=dict)


@dataclass(frozen=True)
class RemovedItem:
    """A mail that is no longer in `folder`. It was deleted, or moved to the folder with the name `to` ("" if unknown)."""

    key: str
    folder: str
    is_deleted: bool
    to: str = ""


@dataclass(frozen=True)
class PollPage:
    """One page of a poll. `state` replaces the stored state together with the items; if `more`, poll again at once."""

    items: tuple[PolledItem, ...]
    state: Json
    more: bool = False
    removed: tuple[RemovedItem, ...] = ()


class Poller(Protocol):
    def poll(self, *, account: ChannelAccount, state: Json) -> PollPage: ...
