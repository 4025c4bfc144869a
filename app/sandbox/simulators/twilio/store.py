"""Store the state of the simulated Twilio: texts, files, calls, who said STOP, and the posts it made."""

from __future__ import annotations

import secrets
import threading
from dataclasses import asdict, dataclass, field
from datetime import datetime
from email.utils import format_datetime

from app.sandbox.simulators.common import Json, SimClock


@dataclass
class Text:
    """One text (SMS) in either direction. `date_sent` is None until its first status; lists filtered by date leave such a text
    out."""

    sid: str
    direction: str
    to: str
    from_: str
    body: str
    status: str
    date_created: datetime
    num_segments: int
    service: str = ""
    date_sent: datetime | None = None
    error_code: int | None = None
    error_message: str | None = None
    callback: str = ""
    validity: int = 36_000

    def to_json(self, account_sid: str) -> Json:
        return {
            "sid": self.sid,
            "account_sid": account_sid,
            "messaging_service_sid": self.service or None,
            "to": self.to,
            "from": self.from_ or None,
            "body": self.body,
            "status": self.status,
            "direction": self.direction,
            "num_segments": str(self.num_segments),
            "num_media": "0",
            "error_code": self.error_code,
            "error_message": self.error_message,
            "price": None,
            "price_unit": "USD",
            "api_version": "2010-04-01",
            "date_created": format_datetime(self.date_created),
            "date_sent": format_datetime(self.date_sent) if self.date_sent else None,
            "date_updated": format_datetime(self.date_created),
            "uri": f"/2010-04-01/Accounts/{account_sid}/Messages/{self.sid}.json",
        }


@dataclass
class Posted:
    """One post to a webhook of ours. `status` is the HTTP status of the answer, or None if there is no answer (yet)."""

    url: str
    kind: str
    id: str
    state: str
    at: datetime
    is_genuine: bool
    tries: int = 0
    status: int | None = None
    answer: str = ""
    seconds: float = 0.0

    @property
    def acknowledged(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    def to_json(self) -> Json:
        return {**asdict(self), "at": self.at.isoformat(), "acknowledged": self.acknowledged}


@dataclass
class Call:
    """A call as the customer's phone shows it."""

    sid: str
    direction: str
    number: str
    ours: str
    outcome: str
    at: datetime


@dataclass
class File:
    content: bytes = field(repr=False)
    content_type: str


class Store:
    """The state of the simulator, protected by `lock`."""

    def __init__(self, clock: SimClock) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.forget()

    def forget(self) -> None:
        """Delete texts, calls, files, posts, planned refusals and the list of people who said STOP."""
        with self.lock:
            self.texts: list[Text] = []
            self.calls: list[Call] = []
            self.files: dict[str, File] = {}
            self.stopped: set[tuple[str, str]] = set()
            self.posted: list[Posted] = []
            self.fail_next: list[int] = []

    def find_text(self, sid: str) -> Text | None:
        return next((text for text in self.texts if text.sid == sid), None)

    def of_number(self, number: str) -> list[Text]:
        with self.lock:
            return [text for text in self.texts if number in (text.to, text.from_)]


def new_sid(prefix: str) -> str:
    return prefix + secrets.token_hex(16)
