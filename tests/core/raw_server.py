"""A TCP server whose every answer is written by hand, for what no HTTP server would send."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

Answer = Callable[[socket.socket, bytes], None]


class RawServer:
    """Accepts connections and lets `answer` do with each request what it likes; remembers what it read."""

    def __init__(self, answer: Answer, certificate: Path | None = None, address: tuple[str, int] = ("127.0.0.1", 0)) -> None:
        self._answer = answer
        self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH) if certificate else None
        if self._tls and certificate:
            self._tls.load_cert_chain(certificate)
        self._listener = socket.create_server(address)
        self.port = self._listener.getsockname()[1]
        self.url = f"http://{address[0]}:{self.port}"
        self.connections = 0
        self.hangs_up = False  # before it has read a word
        self.requests: list[bytes] = []
        self.closed = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, accepted: socket.socket) -> None:
        if self.hangs_up:
            return accepted.close()
        try:
            connection = self._tls.wrap_socket(accepted, server_side=True) if self._tls else accepted
        except OSError:
            return accepted.close()
        with connection:
            try:
                while request := _read_request(connection):
                    self.requests.append(request)
                    self._answer(connection, request)
            except OSError:
                pass

    def close(self) -> None:
        self.closed.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def _read_request(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(65536)
        if not piece:
            return b""
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


@contextmanager
def serving(
    answer: Answer | bytes, certificate: Path | None = None, address: tuple[str, int] = ("127.0.0.1", 0)
) -> Iterator[RawServer]:
    reply = (lambda connection, _: connection.sendall(answer)) if isinstance(answer, bytes) else answer
    server = RawServer(reply, certificate, address)
    try:
        yield server
    finally:
        server.close()
