"""Store the state of the simulated SendGrid: settings, mails sent, suppression lists, events to post.

The recipient's local part decides the result of a mail: "bounce…", "block…", "defer…", "spam…" or "gone…" (unsubscribes).
Mail to any other address is delivered. Mail to an address on the list of bounces, spam reports or unsubscribes is dropped.
"""

from __future__ import annotations

import base64
import secrets
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.sandbox.simulators.graph.world import Sent

Json = dict[str, Any]
LISTS = ("bounces", "blocks", "spam_reports", "unsubscribes", "invalid_emails")


@dataclass
class Settings:
    """The settings that POST /__sim/config changes."""

    api_key: str = "SG.simulated-key"
    scopes: tuple[str, ...] = ("mail.send", "suppression.delete")
    verified_domains: tuple[str, ...] = ()
    webhook_url: str = ""
    inbound_url: str = ""
    duplicate: bool = False  # every batch of events is posted twice
    reorder: bool = False  # newest first
    wrong_key: bool = False
    strip: bool = False  # the last line end is lost on the way
    hold: bool = False  # events wait until they are released
    rate_limited: bool = False
    limit: int = 600


@dataclass
class Account:
    """The state of the simulated SendGrid account."""

    now: Callable[[], datetime]
    settings: Settings = field(default_factory=Settings)
    outbox: list[Sent] = field(default_factory=list)
    bodies: list[Json] = field(default_factory=list)
    lists: dict[str, dict[str, Json]] = field(default_factory=lambda: {name: {} for name in LISTS})
    waiting: list[Json] = field(default_factory=list)
    parsed: list[Json] = field(default_factory=list)  # mails posted to us: {"status", "lost", "subject"}
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    other_key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    lock: threading.RLock = field(default_factory=threading.RLock)

    def forget(self) -> None:
        with self.lock:
            for kept in (self.outbox, self.bodies, self.waiting, self.parsed):
                kept.clear()
            for one in self.lists.values():
                one.clear()

    def public_key(self) -> str:
        """Return the public key as base64 of DER, as SendGrid's settings page shows it."""
        der = self.key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(der).decode()

    def sign(self, stamp: str, body: bytes) -> str:
        key = self.other_key if self.settings.wrong_key else self.key
        return base64.b64encode(key.sign(stamp.encode() + body, ec.ECDSA(hashes.SHA256()))).decode()

    def events_for(self, mail: Json, message_id: str) -> Iterator[Json]:
        """Yield the events of each recipient of a mail, recipient by recipient, oldest first."""
        for one in mail["personalizations"]:
            arguments = {**(mail.get("custom_args") or {}), **(one.get("custom_args") or {})}
            for name in ("to", "cc", "bcc"):
                for person in one.get(name) or ():
                    yield from self._of_recipient(str(person["email"]).lower(), mail, message_id, arguments)

    def _of_recipient(self, address: str, mail: Json, message_id: str, arguments: Json) -> Iterator[Json]:
        common = self._common(address, mail, message_id, arguments)
        stopped = next((name for name in ("bounces", "spam_reports", "unsubscribes") if address in self.lists[name]), None)
        if stopped:
            why = {"bounces": "Bounced Address", "spam_reports": "Spam Reporting Address", "unsubscribes": "Unsubscribed Address"}
            yield common | _new_id() | {"event": "dropped", "reason": why[stopped]}
            return
        yield common | _new_id() | {"event": "processed"}
        yield from (common | _new_id() | one for one in self._fate(address))

    def _fate(self, address: str) -> list[Json]:
        local = address.partition("@")[0]
        delivered = {"event": "delivered", "response": "250 OK"}
        if local.startswith("bounce"):
            self.lists["bounces"][address] = {"email": address, "reason": "550 5.1.1 unknown"}
            return [{"event": "bounce", "type": "bounce", "status": "5.1.1", "reason": "550 5.1.1 The account does not exist"}]
        if local.startswith("block"):
            return [{"event": "bounce", "type": "blocked", "status": "4.7.1", "reason": "421 4.7.1 Greylisted"}]
        if local.startswith("defer"):
            return [{"event": "deferred", "attempt": "1", "response": "450 try later"}, delivered]
        if local.startswith("spam"):
            self.lists["spam_reports"][address] = {"email": address}
            return [delivered, {"event": "spamreport"}]
        if local.startswith("gone"):
            self.lists["unsubscribes"][address] = {"email": address}
            return [delivered, {"event": "unsubscribe"}]
        return [delivered, {"event": "open", "sg_machine_open": True, "useragent": "Mozilla/5.0", "ip": "192.0.2.1"}]

    def _common(self, address: str, mail: Json, message_id: str, arguments: Json) -> Json:
        headers = {name.lower(): value for name, value in (mail.get("headers") or {}).items()}
        categories = mail.get("categories") or []
        common: Json = {
            "email": address,
            "timestamp": int(self.now().timestamp()),
            "sg_message_id": f"{message_id}.filter0001.16648.5515E0B88.0",
            "smtp-id": headers.get("message-id", f"<{message_id}@geopod-ismtpd-1-0>"),
        }
        common |= {"category": categories[0] if len(categories) == 1 else categories} if categories else {}
        return arguments | common


def _new_id() -> Json:
    return {"sg_event_id": secrets.token_urlsafe(22)}
