"""Simulate the server's half of an SMTP conversation (RFC 5321, with AUTH, SIZE and STARTTLS)."""

from __future__ import annotations

import base64
import binascii
import socketserver
import ssl
import threading
from typing import Any, Protocol

MOST_BYTES = 40_000_000


class Backend(Protocol):
    """The decisions of a simulated mail server.

    `greeting`, `sender` and `recipient` return the line that refuses the client, or None to accept.
    """

    def greeting(self) -> str | None: ...

    def login(self, user: str, password: str) -> bool | None:
        """Return whether user and password are right, or None if the server needs no sign-in."""
        ...

    def sender(self, user: str, address: str) -> str | None: ...

    def recipient(self, address: str) -> str | None: ...

    def take(self, user: str, sender: str, recipients: tuple[str, ...], raw: bytes) -> str | None:
        """Take a mail and return the line that answers it. Return None to break the connection without an answer."""
        ...


class LineServer:
    """A TCP server for a line-based protocol, run in threads of this process. `port` 0 takes a free port."""

    def __init__(self, conversation: type[socketserver.StreamRequestHandler], *, host: str = "127.0.0.1", port: int = 0) -> None:
        self._server = _Server((host, port), conversation)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        self.port = int(self._server.server_address[1])

    def stop(self) -> None:
        """Stop the server. The received mails are not deleted."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore errors of one client, for example a broken connection: print nothing."""


def smtp_conversation(backend: Backend, *, tls: ssl.SSLContext | None = None) -> type[socketserver.StreamRequestHandler]:
    """Return a handler class that speaks SMTP, for `LineServer`. With `tls` it offers STARTTLS."""

    class Conversation(_Conversation):
        house = backend
        context = tls

    return Conversation


class _Conversation(socketserver.StreamRequestHandler):
    house: Backend
    context: ssl.SSLContext | None
    timeout = 30

    def setup(self) -> None:
        super().setup()
        self._user, self._sender, self._recipients = "", "", list[str]()
        self._is_safe = False

    def finish(self) -> None:
        """Close the socket. After STARTTLS it is a different object from the socket that the server itself closes."""
        super().finish()
        self.request.close()

    def handle(self) -> None:
        """Serve one client until it quits."""
        refusal = self.house.greeting()
        self._say(refusal or "220 simulated.example ESMTP")
        while not refusal and (line := self.rfile.readline(2_000).decode("utf-8", "replace").strip()):
            verb, _, rest = line.partition(" ")
            if not getattr(self, f"_on_{verb.lower()}", self._unknown)(rest.strip()):
                return

    def _on_ehlo(self, _rest: str) -> bool:
        offers = [f"SIZE {MOST_BYTES}", "8BITMIME"]
        offers += ["STARTTLS"] if self.context and not self._is_safe else []
        offers += ["AUTH PLAIN LOGIN"] if self.house.login("", "") is not None else []
        lines = ["simulated.example", *offers]
        return self._say("\r\n".join([*(f"250-{one}" for one in lines[:-1]), f"250 {lines[-1]}"]))

    _on_helo = _on_ehlo

    def _on_starttls(self, _rest: str) -> bool:
        if self.context is None:
            return self._unknown("")
        self._say("220 go ahead")
        self.request = self.context.wrap_socket(self.request, server_side=True)
        self._is_safe = True
        self.rfile, self.wfile = self.request.makefile("rb"), self.request.makefile("wb", buffering=0)
        return True

    def _on_auth(self, rest: str) -> bool:
        mechanism, _, first = rest.partition(" ")
        try:
            if mechanism.upper() == "PLAIN":
                _, user, password = _decoded(first or self._ask("334 ")).split("\0")
            else:
                user = _decoded(first or self._ask("334 VXNlcm5hbWU6"))
                password = _decoded(self._ask("334 UGFzc3dvcmQ6"))
        except ValueError:
            return self._say("501 5.5.2 cannot read that")
        if not self.house.login(user, password):
            return self._say("535 5.7.8 Username and Password not accepted")
        self._user = user
        return self._say("235 2.7.0 Accepted")

    def _on_mail(self, rest: str) -> bool:
        if self.house.login("", "") is not None and not self._user:
            return self._say("530 5.7.0 Authentication Required")
        self._sender, self._recipients = _address(rest), []
        return self._say(self.house.sender(self._user, self._sender) or "250 2.1.0 ok")

    def _on_rcpt(self, rest: str) -> bool:
        refusal = self.house.recipient(_address(rest))
        if refusal is None:
            self._recipients.append(_address(rest))
        self._say(refusal or "250 2.1.5 ok")
        return not (refusal or "").startswith("421")

    def _on_data(self, _rest: str) -> bool:
        if not self._recipients:
            return self._say("503 5.5.1 nobody to send to")
        self._say("354 go on")
        raw = bytearray()
        while (line := self.rfile.readline()) != b".\r\n":
            raw += line[1:] if line.startswith(b"..") else line
            if not line or len(raw) > MOST_BYTES:
                return False
        answer = self.house.take(self._user, self._sender, tuple(self._recipients), bytes(raw))
        return answer is not None and self._say(answer)

    def _on_rset(self, _rest: str) -> bool:
        self._recipients = []
        return self._say("250 2.0.0 ok")

    _on_noop = _on_rset

    def _on_quit(self, _rest: str) -> bool:
        self._say("221 2.0.0 bye")
        return False

    def _unknown(self, _rest: str) -> bool:
        return self._say("502 5.5.1 no such command")

    def _ask(self, prompt: str) -> str:
        self._say(prompt)
        return self.rfile.readline(2_000).decode("ascii", "replace").strip()

    def _say(self, line: str) -> bool:
        self.wfile.write(f"{line}\r\n".encode())
        return True


def _address(rest: str) -> str:
    return rest.partition("<")[2].partition(">")[0] or rest.partition(":")[2].strip().partition(" ")[0].strip("<>")


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except binascii.Error as error:
        raise ValueError("not base64") from error
