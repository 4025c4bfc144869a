"""A mail server that keeps what it is given: enough of SMTP (RFC 5321) for a client, without TLS, on loopback.

GET  /__sim/mails   what came, newest first: {"from", "to", "headers", "text", "at"}
POST /__sim/mail    {"mode": "fine" | "refuses" (550) | "busy" (451) | "drops" (takes the mail, and the line breaks) | "deaf"}
"""

from __future__ import annotations

import email
import email.policy
import socketserver
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from flask import Blueprint, Response, jsonify, request

from app.simulators.common import Json

MODES = ("fine", "refuses", "busy", "drops", "deaf")
MOST_BYTES = 10_000_000


@dataclass
class MailServer:
    """State of the simulated mail server."""

    now: Callable[[], datetime]
    mode: str = "fine"
    mails: list[Json] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def forget(self) -> None:
        """What came, and how it behaves."""
        with self.lock:
            self.mails.clear()
            self.mode = "fine"

    def keep(self, sender: str, to: str, raw: bytes) -> None:
        """One mail more."""
        message = email.message_from_bytes(raw, policy=email.policy.default)
        body = message.get_body(("plain",))
        headers = [[name, str(value)] for name, value in message.items()]
        mail = {"from": sender, "to": to, "headers": headers, "text": body.get_content() if body else ""}
        with self.lock:
            self.mails.append(mail | {"at": self.now().isoformat()})


class RunningMailServer:
    """Served from a thread of this process on `port`."""

    def __init__(self, state: MailServer, *, host: str = "127.0.0.1", port: int = 0) -> None:
        class Conversation(_Conversation):
            server_state = state

        self._server = _Server((host, port), Conversation)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        self.port = int(self._server.server_address[1])

    def stop(self) -> None:
        """End it; what it kept stays."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False


class _Conversation(socketserver.StreamRequestHandler):
    server_state: MailServer
    timeout = 30

    def handle(self) -> None:
        """One client, until it quits."""
        sender = to = ""
        self._say("220 simulated.example ESMTP")
        while line := self.rfile.readline(2_000).decode("latin-1").strip():
            verb, _, rest = line.partition(" ")
            verb = verb.upper()
            if verb == "MAIL":
                sender = rest.partition(":")[2].strip().partition(" ")[0].strip("<>")
            elif verb == "RCPT":
                to = rest.partition(":")[2].strip().strip("<>")
            if not (self._take(sender, to) if verb == "DATA" else self._answer(verb)):
                return

    def _answer(self, verb: str) -> bool:
        refusals = {"refuses": "550 5.1.1 unknown", "busy": "451 4.3.0 later"}
        if verb == "RCPT" and self.server_state.mode in refusals:
            self._say(refusals[self.server_state.mode])
        elif verb in ("EHLO", "HELO"):
            self._say("250 simulated.example")
        elif verb == "QUIT":
            self._say("221 bye")
            return False
        else:
            self._say("250 ok" if verb in ("MAIL", "RCPT", "RSET", "NOOP") else "502 no such command")
        return True

    def _take(self, sender: str, to: str) -> bool:
        self._say("354 go on")
        raw = bytearray()
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            raw += line[1:] if line.startswith(b"..") else line
            if len(raw) > MOST_BYTES:
                return False
        if self.server_state.mode == "deaf":
            return False
        self.server_state.keep(sender, to, bytes(raw))
        if self.server_state.mode == "drops":
            return False
        self._say("250 kept")
        return True

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


def mail_routes(state: MailServer) -> Blueprint:
    """The controls; the mails themselves come by SMTP."""
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
