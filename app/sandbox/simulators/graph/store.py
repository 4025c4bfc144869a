"""Store the simulated mailboxes with folders and messages, and the log of changes that delta reads. All in memory.

A message has two ids, as in Exchange. The immutable id stays the same when the message moves inside the mailbox. The moving
id changes with each move. Code that reads or changes the store must hold `MailStore.lock`.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Json = dict[str, Any]

# Well-known names and what a Dutch mailbox shows for them: display names are never safe to match on.
FOLDER_NAMES = {
    "inbox": "Postvak IN",
    "drafts": "Concepten",
    "sentitems": "Verzonden items",
    "deleteditems": "Verwijderde items",
    "archive": "Archief",
    "junkemail": "Ongewenste e-mail",
    "orders": "Bestellingen",
}
# Made by the mailbox's owner, each inside another: Graph knows such a folder by its id alone.
INSIDE = {"orders": "inbox"}


@dataclass
class Attachment:
    id: str
    name: str
    content_type: str
    content: bytes
    content_id: str | None = None
    is_inline: bool = False
    odata_type: str = "#microsoft.graph.fileAttachment"
    source_url: str | None = None  # of a referenceAttachment, which has no bytes


@dataclass
class Message:
    """One message in a mailbox. `raw` is set only for a message that came in as MIME.

    For any other message the MIME is written when a caller asks for it.
    """

    immutable_id: str
    moving_id: str
    folder: str
    created_at: datetime
    modified_at: datetime
    received_at: datetime
    sent_at: datetime | None = None
    visible_at: datetime | None = None  # until then only delta names it: replication lag
    is_draft: bool = False
    is_read: bool = False
    subject: str = ""
    sender: Json | None = None
    to: list[Json] = field(default_factory=list)
    cc: list[Json] = field(default_factory=list)
    bcc: list[Json] = field(default_factory=list)
    reply_to: list[Json] = field(default_factory=list)
    body: Json = field(default_factory=lambda: {"contentType": "text", "content": ""})
    message_id: str = ""  # with <>
    conversation_id: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    headers: list[Json] = field(default_factory=list)
    properties: dict[str, str] = field(default_factory=dict)
    attachments: list[Attachment] = field(default_factory=list)
    categories: list[str] = field(default_factory=list)
    wants_read_receipt: bool = False
    importance: str = "normal"
    odata_type: str = "#microsoft.graph.message"
    raw: bytes | None = None
    version: int = 1

    @property
    def change_key(self) -> str:
        return f"CQAAABYAAAD{self.version:05d}"


@dataclass(frozen=True)
class Change:
    """One change in a folder's history. `fields` names the fields that changed; `reason` of a removal is "deleted" or
    "changed"."""

    sequence: int
    message_id: str  # immutable
    kind: str  # "created" | "updated" | "removed"
    fields: tuple[str, ...] = ()
    reason: str = ""


class Mailbox:
    """One mailbox; every change goes through its methods so that each folder's history is complete."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.folder_ids = {name: f"AQMkAD{secrets.token_urlsafe(18)}AAA=" for name in FOLDER_NAMES}
        self.messages: dict[str, Message] = {}
        self.history: dict[str, list[Change]] = {name: [] for name in FOLDER_NAMES}
        self._sequence = 0

    @property
    def sequence(self) -> int:
        return self._sequence

    def folder_of(self, reference: str) -> str | None:
        """Return our name of the folder with this well-known name (in any case) or this id, or None if there is none."""
        if reference.lower() in FOLDER_NAMES and reference.lower() not in INSIDE:
            return reference.lower()
        return next((name for name, folder_id in self.folder_ids.items() if folder_id == reference), None)

    def find(self, message_id: str) -> Message | None:
        """Return the message whose immutable or moving id is `message_id`, or None. Ids are case-sensitive."""
        direct = self.messages.get(message_id)
        return direct or next((message for message in self.messages.values() if message.moving_id == message_id), None)

    def in_folder(self, folder: str) -> list[Message]:
        """Return the messages in a folder, newest first, as Outlook lists them."""
        found = [message for message in self.messages.values() if message.folder == folder]
        return sorted(found, key=lambda message: message.received_at, reverse=True)

    def add(self, message: Message) -> Message:
        self.messages[message.immutable_id] = message
        self._note(message.folder, message, "created")
        return message

    def update(self, message: Message, fields: Sequence[str], *, now: datetime) -> None:
        message.modified_at = now
        message.version += 1
        self._note(message.folder, message, "updated", fields=tuple(fields))

    def move(self, message: Message, folder: str, *, now: datetime) -> None:
        self._note(message.folder, message, "removed", reason="changed")
        message.folder, message.modified_at, message.moving_id = folder, now, new_moving_id()
        message.version += 1
        self._note(folder, message, "created")

    def remove(self, message: Message, *, reason: str = "deleted") -> None:
        del self.messages[message.immutable_id]
        self._note(message.folder, message, "removed", reason=reason)

    def _note(self, folder: str, message: Message, kind: str, *, fields: tuple[str, ...] = (), reason: str = "") -> None:
        self._sequence += 1
        self.history[folder].append(Change(self._sequence, message.immutable_id, kind, fields, reason))


class MailStore:
    """The tenant's mailboxes by lower-case address."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._mailboxes: dict[str, Mailbox] = {}

    def open(self, address: str) -> Mailbox:
        """Return the mailbox with this address. Create the mailbox if it does not exist."""
        return self._mailboxes.setdefault(address.lower(), Mailbox(address.lower()))

    def find(self, address: str) -> Mailbox | None:
        return self._mailboxes.get(address.lower())

    def __iter__(self) -> Iterator[Mailbox]:
        return iter(list(self._mailboxes.values()))

    def clear(self) -> None:
        """Forget all mail; the mailboxes stay."""
        self._mailboxes = {address: Mailbox(address) for address in self._mailboxes}


def new_immutable_id() -> str:
    return f"AAkALgAAAAAAHYQDEapmEc2byACqAC-EWg0A{secrets.token_urlsafe(15)}AAAA=="


def new_moving_id() -> str:
    return f"AAMkAGI2{secrets.token_urlsafe(30)}AAA="


def new_conversation_id() -> str:
    return f"AAQkAGI2{secrets.token_urlsafe(18)}="
