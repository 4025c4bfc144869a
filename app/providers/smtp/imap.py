"""Open one IMAP connection, as carefully as any connection to a host somebody typed.

Folders are only examined, so no mail is ever marked as read. A mail is read in pieces, so that no server can make us take
more than we want. Every read has a deadline. imapclient parses the answers, but the connection below it is ours, made by
`app/core/guarded_connect.py`.
"""

from __future__ import annotations

import imaplib
import io
import ssl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from imapclient import IMAPClient
from imapclient.exceptions import LoginError
from imapclient.imapclient import SEEN, SENT

from app.contract.base import ProviderError, Reason
from app.core.addresses import AddressGuard
from app.core.guarded_connect import Deadline, Resolver, TimedReader, UnableToDial, dial, leads_here, system_resolver, tls_context
from app.core.metering import Call, Endpoint, Meter, counting
from app.core.text import known
from app.core.text import mark as N_
from app.providers.smtp.account import ImapServer
from app.providers.smtp.errors import line_trouble, sign_in_refused

STEP_SECONDS = 20.0
WHOLE_SECONDS = 75.0  # whoever polls holds the mailbox for two minutes
PIECE_BYTES = 1024 * 1024
_LONGEST_LINE = 1_000_000
_REFUSED = known("The mail server refused a command (%(command)s)")


@dataclass(frozen=True)
class FolderFacts:
    """The present facts of one folder. `count` is the number of mails. `next_uid` is the uid of the next mail, None if unknown.

    If `uid_validity` has changed, all uids in the folder are new ones.
    """

    name: str
    uid_validity: int
    next_uid: int | None
    count: int


@dataclass(frozen=True)
class MailFacts:
    uid: int
    size: int
    arrived_at: datetime | None
    was_read: bool = False


@dataclass(frozen=True)
class ImapClient:
    """A connector to IMAP servers. `meter` counts the commands sent."""

    guard: AddressGuard
    resolve: Resolver = system_resolver
    tls: Callable[[], ssl.SSLContext] = tls_context
    meter: Meter | None = None

    @contextmanager
    def open(self, server: ImapServer) -> Iterator[ImapLine]:
        """Yield a connection that is signed in. Errors on it are raised as ProviderError."""
        with telling_provider_errors():
            line = self._signed_in(server)
            try:
                yield ImapLine(line, lambda command: counting(self.meter, _endpoint(server, command)))
            finally:
                _leave(line)

    def _signed_in(self, server: ImapServer) -> IMAPClient:
        with counting(self.meter, _endpoint(server, "LOGIN")):
            line = _connect(self, server)
            try:
                _sign_in(line, server)
            except BaseException:
                _leave(line)
                raise
            return line


Counting = Callable[[str], AbstractContextManager[Call]]


class ImapLine:
    """A signed-in IMAP connection. Every method may raise errors that `telling_provider_errors` turns into ProviderError."""

    def __init__(self, client: IMAPClient, counting_as: Counting) -> None:
        self._client = client
        self._counting = counting_as

    def examine(self, folder: str) -> FolderFacts | None:
        """Select a folder read-only and return its facts. Return None if there is no folder of that name."""
        try:
            with self._counting("EXAMINE"):
                told = self._client.select_folder(folder, readonly=True)
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error:
            return None
        next_uid = told.get(b"UIDNEXT")
        return FolderFacts(folder, int(told[b"UIDVALIDITY"]), int(next_uid) if next_uid else None, int(told.get(b"EXISTS", 0)))

    def sent_folder(self) -> str | None:
        """Return the name of the folder of sent mail: the one the server marks so, or one with a usual name. Return None if
        there is none."""
        with self._counting("LIST"):
            found: str | None = self._client.find_special_folder(SENT)
        return found

    def uids_from(self, first: int, *, since: date | None = None) -> list[int]:
        """Return the uids from `first` on, ascending. With `since`, only those of mails that came on that day or later.

        The answer is filtered, because IMAP's `*` means the last mail, even if its uid is below `first`.
        """
        criteria: list[Any] = ["UID", f"{first}:*", *(["SINCE", since] if since else [])]
        with self._counting("SEARCH"):
            found = self._client.search(criteria)
        return sorted(uid for uid in found if uid >= first)

    def facts(self, uids: list[int]) -> dict[int, MailFacts]:
        """Return for each mail, by uid, its size in bytes, its time of arrival, and whether it was read. Deleted mails are left
        out."""
        with self._counting("FETCH"):
            told = self._client.fetch(uids, ["RFC822.SIZE", "INTERNALDATE", "FLAGS"])
        return {
            uid: MailFacts(uid, int(one.get(b"RFC822.SIZE") or 0), one.get(b"INTERNALDATE"), SEEN in one.get(b"FLAGS", ()))
            for uid, one in told.items()
            if uid in uids
        }

    def read(self, uid: int, *, at_most: int) -> bytes | None:
        """Read the mail in pieces and return its first `at_most` bytes. Return None if the mail is gone."""
        content = bytearray()
        while len(content) < at_most:
            size = min(PIECE_BYTES, at_most - len(content))
            with self._counting("FETCH"):
                told = self._client.fetch([uid], [f"BODY.PEEK[]<{len(content)}.{size}>"]).get(uid)
            if told is None:
                return None
            piece = next((value for name, value in told.items() if name.startswith(b"BODY[]")), None) or b""
            content += piece
            if len(piece) < size:
                break
        return bytes(content)

    def has(self, message_id: str) -> bool:
        """Tell whether the examined folder contains a mail with this Message-ID (without <>)."""
        with self._counting("SEARCH"):
            return bool(self._client.search(["HEADER", "Message-ID", message_id]))

    def append(self, folder: str, raw: bytes, at: datetime) -> None:
        """Add a mail to a folder, marked as read."""
        with self._counting("APPEND"):
            self._client.append(folder, raw, flags=(b"\\Seen",), msg_time=at)


@contextmanager
def telling_provider_errors() -> Iterator[None]:
    """Turn the errors of a connection into ProviderError."""
    try:
        yield
    except UnableToDial as error:
        raise line_trouble(error.kind) from error
    except LoginError as error:
        raise sign_in_refused(str(error)) from error
    except ssl.SSLError as error:
        raise line_trouble("tls") from error
    except TimeoutError as error:
        raise line_trouble("timeout") from error
    except (imaplib.IMAP4.abort, OSError) as error:
        raise line_trouble("broken") from error
    except imaplib.IMAP4.error as error:
        words = str(error)
        reason = Reason("imap_refused", _REFUSED % {"command": words.partition(" ")[0][:20]}, detail=words[:300])
        raise ProviderError(reason, permanent=False) from error
    except (ValueError, KeyError, IndexError, TypeError) as error:
        reason = Reason("imap_unreadable", N_("The mail server's answer cannot be read"), detail=type(error).__name__)
        raise ProviderError(reason, permanent=False) from error


def _endpoint(server: ImapServer, command: str) -> Endpoint:
    return Endpoint("mail_server", f"IMAP {command}", server.account)


def _leave(line: IMAPClient) -> None:
    with suppress(Exception):
        line.logout()
    with suppress(Exception):
        line.shutdown()


def _connect(house: ImapClient, server: ImapServer) -> IMAPClient:
    try:
        client = _Client(house, server)
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as error:  # the server says BYE instead of a greeting
        reason = Reason("imap_unavailable", N_("The mail server asks us to try later"), detail=str(error)[:300])
        raise ProviderError(reason, permanent=False) from error
    is_safe = server.security == "tls"
    if not is_safe and client.has_capability("STARTTLS"):
        client.starttls(house.tls())
        is_safe = True
    if server.security == "starttls" and not is_safe:
        client.shutdown()
        raise line_trouble("no_starttls")
    if not is_safe and not leads_here(client.socket()):
        client.shutdown()
        raise line_trouble("unsafe")
    return client


def _sign_in(client: IMAPClient, server: ImapServer) -> None:
    if client.has_capability("LOGINDISABLED"):
        raise line_trouble("no_login")
    client.login(server.user, server.password)


class _Client(IMAPClient):  # type: ignore[misc]
    def __init__(self, house: ImapClient, server: ImapServer) -> None:
        self._house, self._server = house, server
        super().__init__(server.host, server.port, ssl=server.security == "tls")

    def _create_IMAP4(self) -> imaplib.IMAP4:
        return _Wire(self._house, self._server)


class _Wire(imaplib.IMAP4):
    """imaplib's connection, made to a checked address, with a deadline for everything and a limit on the size of each read."""

    def __init__(self, house: ImapClient, server: ImapServer) -> None:
        self._house, self._server = house, server
        self._deadline = Deadline(WHOLE_SECONDS)
        self._reader: tuple[Any, io.BufferedReader] | None = None
        super().__init__(server.host, server.port)

    def _create_socket(self, timeout: float | None) -> Any:
        server = self._server
        sock = dial(server.host, server.port, guard=self._house.guard, patience=self._patience, resolve=self._house.resolve)
        sock.settimeout(self._patience())
        return self._house.tls().wrap_socket(sock, server_hostname=server.host) if server.security == "tls" else sock

    def read(self, size: int) -> bytes:
        if size > 2 * PIECE_BYTES:
            raise self.abort("more than was asked for")
        return self._timed().read(size)

    def readline(self) -> bytes:
        line = self._timed().readline(_LONGEST_LINE + 1)
        if len(line) > _LONGEST_LINE:
            raise self.abort("a line without an end")
        return line

    def send(self, data: Any) -> None:
        for start in range(0, len(data), PIECE_BYTES):
            self.sock.settimeout(self._patience())
            self.sock.sendall(data[start : start + PIECE_BYTES])

    def shutdown(self) -> None:
        if self._reader is not None:
            self._reader[1].close()
        super().shutdown()

    def _timed(self) -> io.BufferedReader:
        """Return a reader of the present socket. STARTTLS replaces the socket, and what was read ahead is thrown away."""
        if self._reader is None or self._reader[0] is not self.sock:
            raw = self.sock.makefile("rb", buffering=0)
            self._reader = (self.sock, io.BufferedReader(TimedReader(self.sock, raw, self._patience)))
        return self._reader[1]

    def _patience(self) -> float:
        return self._deadline.patience(STEP_SECONDS)
