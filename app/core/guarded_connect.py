"""Connect sockets to hosts whose names people typed: resolve the name once, check every address, connect to a checked address.

The HTTP client and the clients of mail servers share this code. It only connects; the caller sets the time limit.
"""

from __future__ import annotations

import io
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Literal

from app.core.addresses import AddressGuard, plain_address

Resolver = Callable[[str, int], Sequence[str]]
DialKind = Literal["refused_address", "dns", "connect", "timeout"]
Patience = Callable[[], float]


class UnableToDial(Exception):
    """Raised when no connection could be made and nothing was sent. `kind` says why. The message has no text of the resolver or
    socket."""

    def __init__(self, kind: DialKind) -> None:
        super().__init__(kind)
        self.kind = kind


class Deadline:
    """One deadline for all steps of an exchange, even if the other side answers slowly."""

    def __init__(self, seconds: float) -> None:
        self._ends_at = time.monotonic() + seconds

    def patience(self, at_most: float) -> float:
        """Return how many seconds the next step may take, at most `at_most`. Raises `TimeoutError` after the deadline."""
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise TimeoutError("deadline passed")
        return min(at_most, left)


def system_resolver(host: str, port: int) -> Sequence[str]:
    """Return the numeric addresses of `host` in the system's order. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


def dial(host: str, port: int, *, guard: AddressGuard, patience: Patience, resolve: Resolver = system_resolver) -> socket.socket:
    """Return a socket connected to the first address of `host` that answers. If `guard` refuses one address, no address is
    tried.

    `patience` returns how many seconds the next step may take, and may raise `TimeoutError`. Raises `UnableToDial`.
    """
    if not guard.allows_name(host):
        raise UnableToDial("refused_address")
    addresses = _resolve_in_time(resolve, host, port, patience())
    if not all(guard.allows(address, port) for address in addresses):
        raise UnableToDial("refused_address")
    kind: DialKind = "connect"
    for address in addresses:
        try:
            sock = socket.create_connection((address, port), patience())
        except OSError as error:
            kind = "timeout" if isinstance(error, TimeoutError) else "connect"
            continue
        return _confirmed(sock, address)
    raise UnableToDial(kind)


def leads_here(sock: socket.socket) -> bool:
    """Return whether the other end is on this machine, so that nobody else can listen."""
    return plain_address(str(sock.getpeername()[0])).is_loopback


class TimedReader(io.RawIOBase):
    """Reads from a socket. Each read must end within the remaining time, so that a slow sender cannot exceed the deadline."""

    def __init__(self, sock: socket.socket, raw: io.RawIOBase, patience: Patience) -> None:
        self._sock = sock
        self._raw = raw
        self._patience = patience

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._patience())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


def tls_context() -> ssl.SSLContext:
    """Return a new context for TLS connections. Reading the machine's certificates takes 50 ms, so the caller should reuse it."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _confirmed(sock: socket.socket, address: str) -> socket.socket:
    if plain_address(str(sock.getpeername()[0])) != plain_address(address):
        sock.close()
        raise UnableToDial("refused_address")
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def _resolve_in_time(resolve: Resolver, host: str, port: int, seconds: float) -> Sequence[str]:
    """Return the addresses of `host`. Raises `UnableToDial` if there are none within `seconds`.

    The name is resolved in a thread, because the system's resolver takes no timeout and can hang for minutes.
    """
    found: list[Sequence[str]] = []

    def look_up() -> None:
        try:
            found.append(resolve(host, port))
        except (OSError, UnicodeError):
            found.append(())

    thread = threading.Thread(target=look_up, name="resolve", daemon=True)
    thread.start()
    thread.join(seconds)
    if not found or not found[0]:
        raise UnableToDial("dns" if found else "timeout")
    return found[0]
