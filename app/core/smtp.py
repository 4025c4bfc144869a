"""Send one mail to a mail server by SMTP (RFC 5321). Every mail that leaves by SMTP goes through this module.

Guarantees: `guarded_connect.py` makes the connection. Without TLS, nothing leaves this machine. The whole exchange ends by
its deadline. A failure says whether the server may have accepted the mail (`SmtpTrouble.outcome_unknown`). It may have done
so only if the connection breaks once the last piece of the text is being sent, because a server may not accept a mail before
its end.
"""

from __future__ import annotations

import io
import re
import smtplib
import ssl
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal

from app.core.addresses import AddressGuard
from app.core.guarded_connect import Deadline, Resolver, TimedReader, UnableToDial, dial, leads_here, system_resolver, tls_context
from app.core.metering import Endpoint, Meter, counting

Security = Literal["tls", "starttls", "none"]
Stage = Literal["connect", "tls", "login", "sender", "text"]
STEP_SECONDS = 20.0
WHOLE_SECONDS = 90.0
_PIECE_BYTES = 65_536
_WORDS = 300


@dataclass(frozen=True)
class SmtpServer:
    """A mail server and our account there. `security` "none" needs no TLS and is only for this machine; "starttls" requires TLS
    before the sign-in."""

    host: str
    port: int
    security: Security
    user: str = ""
    password: str = field(default="", repr=False)
    account: str = ""  # the id of the channel it is counted for


@dataclass(frozen=True)
class Refusal:
    """A server's refusal: its three-digit code and its own text."""

    code: int
    words: str

    @property
    def is_permanent(self) -> bool:
        return self.code >= 500


@dataclass(frozen=True)
class Handed:
    """The result of a sent mail: recipients for whom the server accepted it (`taken`), and the others with the refusals. If
    `taken` is empty, nothing was sent."""

    taken: tuple[str, ...]
    refused: Mapping[str, Refusal]


class SmtpTrouble(Exception):
    """Raised when the server accepted the mail for no recipient, or when `outcome_unknown` is True: then it may have accepted
    it.

    `refusal` is the server's answer, None if there was none. Then `kind` says what failed: refused_address, dns, connect,
    timeout, tls, no_starttls, unsafe, broken, no_login.
    """

    def __init__(self, stage: Stage, kind: str = "refused", refusal: Refusal | None = None, *, unknown: bool = False) -> None:
        super().__init__(f"{stage}: {refusal.code if refusal else kind}")
        self.stage = stage
        self.kind = kind
        self.refusal = refusal
        self.outcome_unknown = unknown


@dataclass(frozen=True)
class SmtpClient:
    """Sends mails through mail servers, with a new connection for each mail. `meter` counts the mails."""

    guard: AddressGuard
    ehlo_name: str = "switchyard.localhost"
    resolve: Resolver = system_resolver
    tls: Callable[[], ssl.SSLContext] = tls_context
    meter: Meter | None = None

    def hand_over(
        self,
        server: SmtpServer,
        raw: bytes,
        *,
        sender: str,
        recipients: Sequence[str],
        before_text: Callable[[], None] = lambda: None,
    ) -> Handed:
        """Send the mail to the server. `raw` has CRLF line ends. `sender` "" is the empty envelope sender of automatic mail.

        `before_text` is called when the server has accepted everything except the text. Raises `SmtpTrouble`.
        """
        line = self._open(server)
        try:
            with counting(self.meter, _endpoint(server, "MAIL")) as call:
                line.introduce(sender, len(raw))
                refused = {one: said for one in recipients if (said := line.add_recipient(one)) is not None}
                taken = tuple(one for one in recipients if one not in refused)
                if taken:
                    line.agree_on_text()
                    _say_the_text(line, raw, before_text)
                else:
                    call.status = next((said.code for said in refused.values()), None)
                return Handed(taken, refused)
        finally:
            line.leave()

    def check(self, server: SmtpServer) -> None:
        """Connect and sign in without sending anything. Raises SmtpTrouble."""
        self._open(server).leave()

    def _open(self, server: SmtpServer) -> _Line:
        line = _Line(self, server)
        try:
            with counting(self.meter, _endpoint(server, "LOGIN")):
                line.greet()
                line.secure(self.tls)
                line.sign_in()
        except BaseException:
            line.leave()
            raise
        return line


def _endpoint(server: SmtpServer, step: str) -> Endpoint:
    return Endpoint("mail_server", f"SMTP {step}", server.account)


def _say_the_text(line: _Line, raw: bytes, before_text: Callable[[], None]) -> None:
    try:
        before_text()
        line.send_text(raw)
    except BaseException:
        line.close()  # in the middle of a text a QUIT is a word of it: nobody would answer
        raise


class _Line(smtplib.SMTP):
    """One SMTP connection. Every step raises `SmtpTrouble` if it fails."""

    def __init__(self, client: SmtpClient, server: SmtpServer) -> None:
        super().__init__(local_hostname=client.ehlo_name)
        self._host = server.host  # by which starttls() judges the certificate
        self._client = client
        self._server = server
        self._deadline = Deadline(WHOLE_SECONDS)
        self._is_safe = False

    def greet(self) -> None:
        try:
            code, words = self.connect(self._server.host, self._server.port)
        except UnableToDial as error:
            raise SmtpTrouble("connect", error.kind) from error
        except ssl.SSLError as error:
            raise SmtpTrouble("tls", "tls") from error
        except (smtplib.SMTPException, OSError) as error:
            raise _broken("connect", error) from error
        if code != 220:
            raise SmtpTrouble("connect", refusal=_refusal(code, words))

    def secure(self, tls: Callable[[], ssl.SSLContext]) -> None:
        """Start TLS if the connection does not have it yet. Raises `SmtpTrouble` if there is no TLS, unless the server is on
        this machine and `security` is "none"."""
        try:
            self.ehlo_or_helo_if_needed()
            if self._server.security != "tls" and self.has_extn("starttls"):
                code, words = self.starttls(context=tls())
                if code != 220:
                    raise SmtpTrouble("tls", "no_starttls", _refusal(code, words))
                self._is_safe = True
                self.ehlo_or_helo_if_needed()
        except ssl.SSLError as error:
            raise SmtpTrouble("tls", "tls") from error
        except (smtplib.SMTPException, OSError) as error:
            raise _broken("tls", error) from error
        if self._server.security == "starttls" and not self._is_safe:
            raise SmtpTrouble("tls", "no_starttls")
        if not self._is_safe and (self.sock is None or not leads_here(self.sock)):
            raise SmtpTrouble("tls", "unsafe")

    def sign_in(self) -> None:
        if not self._server.user:
            return
        try:
            self.login(self._server.user, self._server.password)
        except smtplib.SMTPNotSupportedError as error:
            raise SmtpTrouble("login", "no_login") from error
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            raise _broken("login", error) from error

    def introduce(self, sender: str, size: int) -> None:
        """Send the envelope sender. Raises `SmtpTrouble`; if the server refuses the empty sender, the caller tries again with
        our own address."""
        options = [f"size={size}"] if self.has_extn("size") else []
        self._agreed("sender", lambda: self.mail(sender, options))

    def add_recipient(self, address: str) -> Refusal | None:
        try:
            code, words = self.rcpt(address)
        except (smtplib.SMTPException, OSError) as error:
            raise _broken("sender", error) from error
        if code == 421:  # the server leaves: nobody else is asked for
            raise SmtpTrouble("sender", refusal=_refusal(code, words))
        return None if code < 300 else _refusal(code, words)

    def agree_on_text(self) -> None:
        self._agreed("text", lambda: self.docmd("DATA"), good=354)

    def send_text(self, raw: bytes) -> None:
        """Send the mail's text and end marker. Raises `SmtpTrouble`.

        `outcome_unknown` is set if the connection breaks while the last piece is sent, or later.
        """
        text = re.sub(rb"(?m)^\.", b"..", raw) + (b"" if raw.endswith(b"\r\n") else b"\r\n") + b".\r\n"
        last = (len(text) - 1) // _PIECE_BYTES * _PIECE_BYTES
        try:
            self.send(text[:last])
        except (smtplib.SMTPException, OSError) as error:
            raise _broken("text", error) from error
        try:
            self.send(text[last:])
            code, words = self.getreply()
        except (smtplib.SMTPException, OSError) as error:
            raise SmtpTrouble("text", "broken", unknown=True) from error
        if code >= 300:
            raise SmtpTrouble("text", refusal=_refusal(code, words))

    def leave(self) -> None:
        with suppress(smtplib.SMTPException, OSError, UnableToDial):
            self.quit() if self.sock is not None else self.close()
        self.close()

    def _agreed(self, stage: Stage, ask: Callable[[], tuple[int, bytes]], good: int | None = None) -> None:
        try:
            code, words = ask()
        except (smtplib.SMTPException, OSError) as error:
            raise _broken(stage, error) from error
        if code >= 400 or (good is not None and code != good):
            raise SmtpTrouble(stage, refusal=_refusal(code, words))

    # What smtplib calls, with our sockets and our clock.

    def _get_socket(self, host: str, port: int, timeout: float) -> Any:
        sock = dial(host, port, guard=self._client.guard, patience=self._patience, resolve=self._client.resolve)
        sock.settimeout(self._patience())
        if self._server.security != "tls":
            return sock
        self._is_safe = True
        return self._client.tls().wrap_socket(sock, server_hostname=host)

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:
            unbuffered = self.sock.makefile("rb", buffering=0)
            self.file = io.BufferedReader(TimedReader(self.sock, unbuffered, self._patience))
        return super().getreply()

    def send(self, s: Any) -> None:
        data = s.encode(self.command_encoding) if isinstance(s, str) else s
        for start in range(0, len(data), _PIECE_BYTES):
            if self.sock is not None:
                self.sock.settimeout(self._patience())
            super().send(data[start : start + _PIECE_BYTES])

    def _patience(self) -> float:
        return self._deadline.patience(STEP_SECONDS)


def _broken(stage: Stage, error: Exception) -> SmtpTrouble:
    if isinstance(error, smtplib.SMTPResponseException) and error.smtp_code > 0:
        words = error.smtp_error
        return SmtpTrouble(stage, refusal=_refusal(error.smtp_code, words if isinstance(words, bytes) else words.encode()))
    return SmtpTrouble(stage, "timeout" if isinstance(error, TimeoutError) else "broken")


def _refusal(code: int, words: bytes) -> Refusal:
    return Refusal(code, " ".join(words.decode("utf-8", "replace").split())[:_WORDS])
