"""A receiver of callbacks on loopback that answers by a script, one line for each request, and keeps what it got as it came."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

FINE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
HANGS = b""  # takes everything and says nothing
CLOSES = None  # and the line is closed without a word


def answer(status: int, *headers: str, body: bytes = b"") -> bytes:
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass(frozen=True)
class Got:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """`script`: answers to come, the last of which stays."""

    port: int
    script: list[bytes | None] = field(default_factory=lambda: [FINE])
    got: list[Got] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks"

    def next_answer(self) -> bytes | None:
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]

    @property
    def ids(self) -> list[str]:
        return [one.headers["webhook-id"] for one in self.got]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Listen on a free port until the end."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        receiver = Receiver(server.getsockname()[1])
        threading.Thread(target=_accept, args=(server, receiver), daemon=True).start()
        yield receiver
        receiver.released.set()


def _accept(server: socket.socket, receiver: Receiver) -> None:
    with suppress(OSError):
        while True:
            line, _ = server.accept()
            threading.Thread(target=_serve, args=(line, receiver), daemon=True).start()


def _serve(line: socket.socket, receiver: Receiver) -> None:
    with line, suppress(OSError), line.makefile("rb") as reader:
        while (first := reader.readline()).strip():
            headers = dict[str, str]()
            while head := reader.readline().decode("latin-1").strip():
                name, _, value = head.partition(":")
                headers[name.lower()] = value.strip()
            body = reader.read(int(headers.get("content-length", 0)))
            receiver.got.append(Got(first.split()[1].decode(), headers, body))
            said = receiver.next_answer()
            if said is CLOSES:
                return
            if said == HANGS:
                receiver.released.wait()
                return
            line.sendall(said)
