"""A line between a browser and the application that a test can cut: refuse, cut off what goes up, lose the answer."""

from __future__ import annotations

import re
import socket
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

CHUNK = 16 * 1024


@dataclass
class CutLine:
    """Listens on a port of its own and passes bytes to `target`, (host, port).

    `is_down`: connections are refused. `faults`: of the next requests whose first line contains the words, what happens to each:
    "lose" passes the request and cuts before the answer, a number passes so many bytes of it and cuts, bytes are the answer of
    somebody who stands in the way.
    """

    target: tuple[str, int]
    is_down: bool = False
    faults: list[tuple[str, str | int | bytes]] = field(default_factory=list)
    happened: list[str] = field(default_factory=list)
    bytes_up: Counter[str] = field(default_factory=Counter)  # by method and path of the request, its head included

    def __post_init__(self) -> None:
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._listen, daemon=True).start()

    def cut(self) -> None:
        """No network from now on, for open connections too."""
        self.is_down = True
        with self._lock:
            for one in self._open:
                _end(one)

    def passed(self, path: str) -> int:
        """How many bytes of requests to paths that contain this went through."""
        return sum(size for line, size in self.bytes_up.items() if path in line)

    def mend(self) -> None:
        self.is_down = False

    def close(self) -> None:
        self.cut()
        _end(self._server)

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                client, _address = self._server.accept()
                if self.is_down:
                    _end(client)
                else:
                    threading.Thread(target=self._pass, args=(client,), daemon=True).start()

    def _pass(self, client: socket.socket) -> None:
        with suppress(OSError):
            server = socket.create_connection(self.target)
            with self._lock:
                self._open |= {client, server}
            lost = threading.Event()
            threading.Thread(target=self._down, args=(server, client, lost), daemon=True).start()
            self._up(client, server, lost)

    def _up(self, client: socket.socket, server: socket.socket, lost: threading.Event) -> None:
        left: int | None = None
        line = ""
        with suppress(OSError):
            while data := client.recv(CHUNK):
                line = _request_line(data) or line
                fault = self._fault(data)
                if fault == "lose":
                    lost.set()
                if isinstance(fault, bytes):
                    client.sendall(fault)
                    break
                left = fault if isinstance(fault, int) else left
                sent = data if left is None else data[:left]
                with self._lock:
                    self.bytes_up[line] += len(sent)
                server.sendall(sent)
                if left is not None and (left := left - len(data)) <= 0:
                    break
        self._close(client, server)

    def _down(self, server: socket.socket, client: socket.socket, lost: threading.Event) -> None:
        with suppress(OSError):
            while (data := server.recv(CHUNK)) and not lost.is_set():
                client.sendall(data)
        self._close(client, server)

    def _fault(self, data: bytes) -> str | int | bytes | None:
        line = data.split(b"\r\n", 1)[0].decode("latin-1")
        with self._lock:
            if self.faults and self.faults[0][0] in line:
                words, fault = self.faults.pop(0)
                self.happened.append(f"{words} {fault!r:.40}")
                return fault
        return None

    def _close(self, *ends: socket.socket) -> None:
        with self._lock:
            self._open -= set(ends)
        for end in ends:
            _end(end)


def _request_line(data: bytes) -> str:
    """Method and path where a request begins, else ""."""
    found = re.match(rb"((?:GET|POST|PUT|PATCH|DELETE) \S+) HTTP/1\.1\r\n", data)
    return found[1].decode("latin-1") if found else ""


def _end(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    with suppress(OSError):
        one.close()
