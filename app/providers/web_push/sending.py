"""Post one message to a push service. No database."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.contract.notice_outcome import Answer, Outcome
from app.core.allowed_hosts import is_allowed
from app.core.http import FAILURES, HttpClient, HttpFailure, HttpResponse
from app.core.metering import Endpoint
from app.core.retry_after import read_retry_after
from app.core.text import known
from app.core.text import mark as N_
from app.providers.web_push.encryption import BadSubscription, BrowserKeys, TooMuchToPush, seal
from app.providers.web_push.vapid import OwnKey, authorization

ACCEPTED = N_("The push service accepted the notification.")
GONE = N_("The browser ended its subscription; we removed the device.")
FORBIDDEN = N_("This installation does not allow the browser's push service (setting PUSH_HOSTS).")
TOO_LONG = N_("The message is too long for the push service.")
KEY_REFUSED = known("The push service refuses our key (%(status)s).")
BUSY = known("The push service asks us to wait (%(status)s).")
BROKEN = known("The push service has a problem (%(status)s).")
SILENT = known("The push service does not answer (%(why)s).")
STRANGE = known("The push service answered with status %(status)s.")
DAY_SECONDS = 86_400
CALLED = Endpoint("push", "POST subscription")


@dataclass(frozen=True)
class PushMessage:
    """A message to push to a browser. `payload` becomes JSON. A newer message with the same `topic` replaces it.

    `ttl_seconds` is how long the push service keeps the message for a browser that is offline.
    """

    payload: dict[str, Any] = field(repr=False)
    topic: str
    urgent: bool = False
    ttl_seconds: int = DAY_SECONDS


@dataclass(frozen=True)
class Address:
    """The push address of one browser."""

    endpoint: str = field(repr=False)
    p256dh: str = field(repr=False)
    auth: str = field(repr=False)


def topic_of(text: str) -> str:
    """Return a topic for any text: 32 characters of base64url."""
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())[:32].decode()


@dataclass(frozen=True)
class PushSender:
    """A sender of push messages, signed with our key. `hosts` are the allowed push services.

    `contact` is the operator's address that the push services get.
    """

    http: HttpClient
    key: OwnKey
    hosts: tuple[str, ...]
    contact: str

    def send(self, address: Address, message: PushMessage, *, now: datetime) -> Answer:
        """Post the message to the push service and return the outcome. A failure is returned too, never raised."""
        if not is_allowed(address.endpoint, self.hosts):
            return Answer(Outcome.REFUSED, FORBIDDEN)
        try:
            body = seal(_json(message.payload), BrowserKeys.parse(address.p256dh, address.auth))
        except BadSubscription:
            return Answer(Outcome.GONE, GONE)
        except TooMuchToPush:
            return Answer(Outcome.REFUSED, TOO_LONG)
        try:
            answer = self.http.request(
                "POST",
                address.endpoint,
                called=CALLED,
                data=body,
                headers=self._headers(address, message),
                deadline=10,
                max_bytes=16_384,
            )
        except HttpFailure as failure:
            wrong = failure.kind in ("bad_url", "refused_address")
            return Answer(Outcome.REFUSED, FORBIDDEN) if wrong else Answer(None, SILENT % {"why": FAILURES[failure.kind]})
        return _read(answer, now)

    def _headers(self, address: Address, message: PushMessage) -> dict[str, str]:
        token = authorization(self.key.private, endpoint=address.endpoint, contact=self.contact, now_seconds=int(time.time()))
        return {
            "Authorization": token,
            "Content-Type": "application/octet-stream",
            "Content-Encoding": "aes128gcm",
            "TTL": str(message.ttl_seconds),
            "Topic": message.topic,
            "Urgency": "high" if message.urgent else "normal",
        }


def _json(payload: dict[str, Any]) -> bytes:
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()


def _read(answer: HttpResponse, now: datetime) -> Answer:
    status = answer.status
    if 200 <= status < 300:
        return Answer(Outcome.ACCEPTED, ACCEPTED)
    if status in (404, 410):
        return Answer(Outcome.GONE, GONE)
    if status == 413:
        return Answer(Outcome.REFUSED, TOO_LONG)
    if status in (406, 429):
        return Answer(None, BUSY % {"status": status}, read_retry_after(answer.headers.get("retry-after"), now=now))
    if status >= 500:
        return Answer(None, BROKEN % {"status": status}, read_retry_after(answer.headers.get("retry-after"), now=now))
    return Answer(Outcome.REFUSED, (KEY_REFUSED if status in (400, 401, 403) else STRANGE) % {"status": status})
