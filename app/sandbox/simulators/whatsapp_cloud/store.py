"""Store the state of the simulated WhatsApp: people, chats, files, templates, windows, and the ledger.

Tests compare our data with the ledger. It has every message that Meta accepted, and every webhook item with its posts and
its acknowledgement.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from app.sandbox.simulators.common import Json, SimClock
from app.sandbox.simulators.whatsapp_cloud.templates import Template, starting_templates

WINDOW = timedelta(hours=24)
_LADDER = ("accepted", "sent", "delivered", "read", "played")


@dataclass
class Person:
    """A person with WhatsApp. `hides_number`: webhooks contain only the business-scoped id, as for somebody with a user name."""

    wa_id: str
    user_id: str
    name: str = ""
    username: str = ""
    hides_number: bool = False


@dataclass
class ChatItem:
    """One bubble on the customer's phone. `ticks` goes from accepted to sent, delivered and read, or is "failed"."""

    id: str
    from_customer: bool
    type: str
    text: str
    at: datetime
    ticks: str = "accepted"
    media: Json | None = None
    error: Json | None = None
    context_id: str | None = None
    reactions: dict[str, str] = field(default_factory=dict)  # who ("customer", "business") → emoji
    is_edited: bool = False
    is_deleted: bool = False
    choices: list[Json] = field(default_factory=list)  # of something interactive: {"id", "title"}
    number_id: str = ""  # of the business, in whose chat it stands

    def tick(self, status: str) -> None:
        if status == "failed" or _LADDER.index(status) > _LADDER.index(self.ticks if self.ticks != "failed" else "sent"):
            self.ticks = status

    def to_json(self) -> Json:
        return {
            "id": self.id,
            "direction": "from_customer" if self.from_customer else "to_customer",
            "type": self.type,
            "text": self.text,
            "at": self.at.isoformat(),
            "ticks": self.ticks,
            "media": self.media,
            "error": self.error,
            "context_id": self.context_id,
            "reactions": dict(self.reactions),
            "is_edited": self.is_edited,
            "is_deleted": self.is_deleted,
            "choices": self.choices,
        }


@dataclass
class Accepted:
    """One message the provider took from us."""

    wamid: str
    phone_number_id: str
    to: str
    type: str
    text: str
    biz_opaque_callback_data: str
    at: datetime
    payload: Json


@dataclass
class Emitted:
    """One item of a webhook, with its posts.

    `acknowledged_at` is the time of the first 2xx answer to a post of it. `is_genuine`: an acknowledged post had a valid
    signature.
    """

    kind: str
    id: str
    status: str
    who: str
    text: str
    at: datetime
    posts: int = 0
    acknowledged_at: datetime | None = None
    is_genuine: bool = False


@dataclass
class StoredFile:
    """A file at the provider. It expires after 7 days if `is_inbound` (sent by a customer), after 30 days if we uploaded it."""

    id: str
    phone_number_id: str
    content: bytes = field(repr=False)
    mime_type: str
    filename: str
    created_at: datetime
    is_inbound: bool
    url_expires_at: dict[str, datetime] = field(default_factory=dict)

    def is_gone(self, now: datetime) -> bool:
        return now - self.created_at > timedelta(days=7 if self.is_inbound else 30)

    def sha256(self, form: str) -> str:
        digest = hashlib.sha256(self.content)
        return digest.hexdigest() if form == "hex" else base64.b64encode(digest.digest()).decode()


class Store:
    """The state of the simulator. A caller that makes more than one access must hold `lock`."""

    def __init__(self, clock: SimClock) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.forget()

    def forget(self) -> None:
        """Forget people, chats, files, and everything else that happened."""
        with self.lock:
            self.people: dict[str, Person] = {}
            self._people_by_scoped_id: dict[str, Person] = {}
            self.chats: dict[str, list[ChatItem]] = {}
            self.bubbles: dict[str, ChatItem] = {}
            self.files: dict[str, StoredFile] = {}
            self.templates: dict[tuple[str, str], Template] = starting_templates()
            self.windows: dict[tuple[str, str], datetime] = {}
            self.accepted: list[Accepted] = []
            self.emitted: dict[tuple[str, str, str], Emitted] = {}
            self.blocked: set[str] = set()
            self.fail_next: list[Json] = []
            self.pair_tokens: dict[str, tuple[float, datetime]] = {}
            self.recent_sends: dict[str, list[datetime]] = {}

    def person(self, number_or_id: str) -> Person:
        """Return the person with this phone number or business-scoped id. Create the person if there is none."""
        with self.lock:
            known = self.find_person(number_or_id)
            if known is None:
                known = Person(number_or_id, scoped_id_of(number_or_id))
                self.people[known.wa_id] = known
                self._people_by_scoped_id[known.user_id] = known
            return known

    def find_person(self, number_or_id: str) -> Person | None:
        return self.people.get(number_or_id) or self._people_by_scoped_id.get(number_or_id)

    def add_bubble(self, wa_id: str, bubble: ChatItem) -> None:
        with self.lock:
            self.chats.setdefault(wa_id, []).append(bubble)
            self.bubbles[bubble.id] = bubble

    def react(self, message_id: str, who: str, emoji: str) -> bool:
        """Set the reaction of `who` to a message, or remove it if `emoji` is empty. Return False if there is no such message."""
        with self.lock:
            bubble = self.bubbles.get(message_id)
            if bubble is not None:
                bubble.reactions = {**{w: e for w, e in bubble.reactions.items() if w != who}, **({who: emoji} if emoji else {})}
            return bubble is not None

    def move_chat(self, person: Person, to: str) -> None:
        """Give the person another number, with their chat and open windows. A chat that the new number already had is lost."""
        with self.lock:
            self.people.pop(person.wa_id, None)
            self.chats[to] = self.chats.pop(person.wa_id, [])
            for number, wa_id in list(self.windows):
                if wa_id == person.wa_id:
                    self.windows[number, to] = self.windows.pop((number, wa_id))
            person.wa_id = to
            self.people[to] = person

    def open_window(self, phone_number_id: str, wa_id: str, at: datetime) -> None:
        with self.lock:
            known = self.windows.get((phone_number_id, wa_id))
            self.windows[phone_number_id, wa_id] = max(at, known) if known else at

    def window_is_open(self, phone_number_id: str, wa_id: str) -> bool:
        opened_at = self.windows.get((phone_number_id, wa_id))
        return opened_at is not None and self.clock.now() - opened_at < WINDOW

    def take_failure(self) -> Json | None:
        with self.lock:
            return self.fail_next.pop(0) if self.fail_next else None

    def keep_file(self, content: bytes, *, phone_number_id: str, mime_type: str, filename: str, is_inbound: bool) -> StoredFile:
        kept = StoredFile(
            new_digits(), phone_number_id, content, mime_type, filename, created_at=self.clock.now(), is_inbound=is_inbound
        )
        with self.lock:
            self.files[kept.id] = kept
        return kept


def scoped_id_of(wa_id: str) -> str:
    """Return the business-scoped id for a number. The same number always gives the same id."""
    return "NL." + str(int(hashlib.sha256(wa_id.encode()).hexdigest()[:14], 16))


def new_wamid() -> str:
    return "wamid." + base64.b64encode(secrets.token_bytes(30)).decode().rstrip("=")


def new_digits() -> str:
    return str(10**15 + secrets.randbelow(9 * 10**15))


def summary_of(content: Any) -> str:
    """Return a message's content as one string, as a person would see it: its text, caption, name, title or emoji."""
    if not isinstance(content, dict):
        return ""
    for name in ("body", "caption", "text", "name", "title", "emoji"):
        if isinstance(content.get(name), str):
            return str(content[name])
        if isinstance(content.get(name), dict):
            return summary_of(content[name])
    return ""
