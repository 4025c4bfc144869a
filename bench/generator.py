"""Load from one process of its own: as fast as it goes, or at a fixed rate, where a stall counts against the server.

Requests are signed and rendered beforehand and sent over plain sockets from one selector loop, so that the generator takes
as little as it can of the cores it shares with the server it measures.
"""

from __future__ import annotations

import re
import selectors
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

from bench.doors import Target, signed

CONNECTIONS = 16
MOST_PER_SECOND = 8000
ACCEPTED = (b"HTTP/1.1 200", b"HTTP/1.1 201")
NAME = re.compile(rb"wamid\.[0-9a-f]+|BENCH-[0-9a-f]{32}")
PATIENCE_SECONDS = 30.0


def full_speed(target: Target, *, seconds: float) -> float:
    """Accepted posts per second over CONNECTIONS kept connections; raises RuntimeError if one is refused."""
    with ProcessPoolExecutor(1) as pool:
        return pool.submit(_hammer, target, seconds).result()


def at_rate(target: Target, *, per_second: float, seconds: int) -> list[float]:
    """Milliseconds from the instant each post was due to its answer, sorted; each over a connection of its own."""
    with ProcessPoolExecutor(1) as pool:
        return pool.submit(_keep_time, target, per_second, seconds).result()


@dataclass(frozen=True)
class Posted:
    """One post: the sender's id in it, the instants when it was due and when its answer was there, and the status of that."""

    name: str
    due: float
    answered: float
    is_accepted: bool
    status: int

    @property
    def milliseconds(self) -> float:
        return (self.answered - self.due) * 1000


def posts_at_rate(target: Target, *, per_second: float, seconds: int) -> list[Posted]:
    """As `at_rate`, but each post is told of, and one that is refused raises nothing."""
    with ProcessPoolExecutor(1) as pool:
        return pool.submit(_post_in_time, target, per_second, seconds).result()


def _hammer(target: Target, seconds: float) -> float:
    posts = iter([_rendered(target, keep=True) for _ in range(int(seconds * MOST_PER_SECOND))])
    done = 0
    with selectors.DefaultSelector() as ready:
        for _ in range(CONNECTIONS):
            _send(ready, _connect(target.url), next(posts), 0)
        began = time.monotonic()
        while (now := time.monotonic()) < began + seconds:
            for connection, _number, answer in _answers(ready):
                if not answer.startswith(ACCEPTED):
                    raise RuntimeError(f"not accepted: {answer[:200]!r}")
                done += 1
                post = next(posts, None)
                if post is None:
                    raise RuntimeError(f"more than {MOST_PER_SECOND} a second: prepare more")
                connection.sendall(post)
        rate = done / (now - began)
        for key in list(ready.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
    return rate


def _keep_time(target: Target, per_second: float, seconds: int) -> list[float]:
    posted = _post_in_time(target, per_second, seconds)
    refused = sum(not post.is_accepted for post in posted)
    if refused:
        raise RuntimeError(f"{refused} of {len(posted)} were not accepted")
    return sorted(post.milliseconds for post in posted)


def _post_in_time(target: Target, per_second: float, seconds: int) -> list[Posted]:
    posts = [_rendered(target, keep=False) for _ in range(round(per_second * seconds))]
    names = [found[0].decode() if (found := NAME.search(post)) else "" for post in posts]
    posted: list[Posted] = []
    with selectors.DefaultSelector() as ready:
        began = time.monotonic() + 0.1
        due = [began + n / per_second for n in range(len(posts))]
        sent = 0
        while len(posted) < len(posts):
            now = time.monotonic()
            while sent < len(posts) and due[sent] <= now:
                _send(ready, _connect(target.url), posts[sent], sent)
                sent += 1
            wait = max(0.0, due[sent] - time.monotonic()) if sent < len(posts) else PATIENCE_SECONDS
            for connection, number, answer in _answers(ready, wait):
                is_accepted = answer.startswith(ACCEPTED)
                posted.append(Posted(names[number], due[number], time.monotonic(), is_accepted, int(answer[9:12])))
                ready.unregister(connection)
                connection.close()
    return posted


def _rendered(target: Target, *, keep: bool) -> bytes:
    body, headers = signed(target)
    parts = urlsplit(target.url)
    headers |= {"Host": parts.netloc, "Content-Length": str(len(body)), "Connection": "keep-alive" if keep else "close"}
    lines = [f"POST {parts.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode() + body


def _connect(url: str) -> socket.socket:
    parts = urlsplit(url)
    connection = socket.create_connection((parts.hostname or "", parts.port or 80), timeout=PATIENCE_SECONDS)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _send(ready: selectors.BaseSelector, connection: socket.socket, post: bytes, number: int) -> None:
    connection.sendall(post)
    ready.register(connection, selectors.EVENT_READ, number)


def _answers(ready: selectors.BaseSelector, wait: float = PATIENCE_SECONDS) -> Iterator[tuple[socket.socket, int, bytes]]:
    """The connections on which an answer begins to arrive within `wait` seconds, each with its post's number and the answer."""
    if not ready.get_map():
        time.sleep(wait)
        return
    for key, _events in ready.select(wait):
        connection: socket.socket = key.fileobj  # type: ignore[assignment]
        yield connection, key.data, _whole_answer(connection)


def _whole_answer(connection: socket.socket) -> bytes:
    """Head and body may come apart."""
    answer = b""
    while not _is_whole(answer):
        more = connection.recv(65536)
        if not more:
            raise RuntimeError(f"the line broke after {answer[:200]!r}")
        answer += more
    return answer


def _is_whole(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    return bool(end) and len(body) >= length
