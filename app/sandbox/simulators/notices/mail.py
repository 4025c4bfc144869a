"""Simulate a mail server that stores the mails it gets: enough of SMTP for a client, without TLS.

GET  /__sim/mails   the stored mails, newest first: {"from", "to", "headers", "text", "at"}
POST /__sim/mail    {"mode": "fine" | "refuses" (550) | "busy" (451) | "drops" (takes the mail, then breaks the connection) |
                     "deaf" (breaks the connection and takes nothing) | "closed" (421 to everybody)}
"""

from __future__ import annotations

import email
import email.policy
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from flask import Blueprint, Response, jsonify, request

from app.sandbox.simulators.common import Json
from app.sandbox.simulators.mailserver.smtp import LineServer, smtp_conversation

MODES = ("fine", "refuses", "busy", "drops", "deaf", "closed")


@dataclass
class MailServer:
    """State of the simulated mail server."""

    now: Callable[[], datetime]
    mode: str = "fine"
    mails: list[Json] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def forget(self) -> None:
        """Forget the mails, and set the mode to "fine"."""
        with self.lock:
            self.mails.clear()
            self.mode = "fine"

    def keep(self, sender: str, to: str, raw: bytes) -> None:
        """Store one more mail, parsed from its bytes `raw`."""
        message = email.message_from_bytes(raw, policy=email.policy.default)
        body = message.get_body(("plain",))
        headers = [[name, str(value)] for name, value in message.items()]
        mail = {"from": sender, "to": to, "headers": headers, "text": body.get_content() if body else ""}
        with self.lock:
            self.mails.append(mail | {"at": self.now().isoformat()})

    # The server's half of SMTP.

    def greeting(self) -> str | None:
        return "421 4.3.2 no service today" if self.mode == "closed" else None

    def login(self, user: str, password: str) -> bool | None:
        return None

    def sender(self, user: str, address: str) -> str | None:
        return None

    def recipient(self, address: str) -> str | None:
        return {"refuses": "550 5.1.1 unknown", "busy": "451 4.3.0 later"}.get(self.mode)

    def take(self, user: str, sender: str, recipients: tuple[str, ...], raw: bytes) -> str | None:
        if self.mode == "deaf":
            return None
        for to in recipients:
            self.keep(sender, to, raw)
        return None if self.mode == "drops" else "250 kept"


def start_smtp(state: MailServer, *, host: str, port: int) -> LineServer:
    """Start the SMTP server in threads of this process, on `port`."""
    return LineServer(smtp_conversation(state), host=host, port=port)


def mail_routes(state: MailServer) -> Blueprint:
    """Return the routes of the controls over HTTP. The mails themselves arrive by SMTP."""
    routes = Blueprint("simulated_mail_server", __name__)

    @routes.get("/__sim/mails")
    def mails() -> Response:
        return jsonify(mails=list(reversed(state.mails)))

    @routes.post("/__sim/mail")
    def configure() -> Response | tuple[Response, int]:
        mode = (request.get_json(silent=True, force=True) or {}).get("mode", "fine")
        if mode not in MODES:
            return jsonify(error=f"mode must be one of {', '.join(MODES)}"), 400
        state.mode = mode
        return jsonify(ok=True)

    return routes
