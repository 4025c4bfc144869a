"""A flood: signed messages at a fixed rate while people browse and many sockets listen, and then what is left to do.

The load comes from processes of its own: one posts, one listens on all sockets, one is five people who browse. Instants are those
of the monotonic clock, which is one for all processes of a machine.
"""

from __future__ import annotations

import json
import re
import selectors
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache, partial
from multiprocessing import Manager
from typing import Any

import psycopg
import redis
import requests
import websocket
from rq import Queue, suspension

from app.wiring import LIVE
from bench.doors import Target
from bench.generator import Posted, posts_at_rate

SOCKETS, PEOPLE, PER_SECOND = 200, 5, 50
PAGES = ("/inbox", "/inbox/unassigned", "/inbox", "/inbox/mine", "/inbox")
PAUSE_SECONDS = 1.0  # between two pages of one person
QUIET_SECONDS = 180.0
_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


@dataclass(frozen=True)
class Flooded:
    """What a flood brought; times in milliseconds, sorted."""

    posted: list[Posted]
    pages_ms: list[float]
    pushed_ms: list[float]  # from its acceptance until the last of all sockets heard of a message
    unheard: int
    closed: int


@dataclass
class Heard:
    """When each message was heard of, how often, and how many sockets were lost meanwhile."""

    last: dict[str, float] = field(default_factory=dict)
    times: dict[str, int] = field(default_factory=dict)
    closed: int = 0


def measure_flood(target: Target, base_url: str, *, seconds: int, people: Sequence[tuple[str, str]], database: str) -> Flooded:
    """Post at PER_SECOND for `seconds` while `people` (address, password) browse and SOCKETS sockets of theirs listen."""
    cookies = [sign_in(base_url, *person) for person in people]
    with Manager() as manager, ProcessPoolExecutor(2) as pool:
        stop, ready = manager.Event(), manager.Event()
        listening = pool.submit(_listen, base_url, [cookies[n % len(cookies)] for n in range(SOCKETS)], ready, stop)
        if not ready.wait(60):
            raise RuntimeError("the sockets did not open")
        browsing = pool.submit(_browse, base_url, cookies, stop)
        posted = posts_at_rate(target, per_second=PER_SECOND, seconds=seconds)
        accepted = {post.name: post.answered for post in posted if post.is_accepted}
        ids = _wait_until_stored(database, accepted)
        time.sleep(2)  # what was stored last is on its way to the browsers
        stop.set()
        heard, pages = listening.result(), browsing.result()
    late = [
        (heard.last[message_id] - accepted[name]) * 1000
        for name, message_id in ids.items()
        if heard.times.get(message_id, 0) >= SOCKETS
    ]
    return Flooded(posted, sorted(pages), sorted(late), len(accepted) - len(late), heard.closed)


def sign_in(base_url: str, email: str, password: str) -> str:
    """The session cookie, as a header has it."""
    browser = requests.Session()
    page = browser.get(f"{base_url}/sign-in", timeout=30)
    found = _TOKEN.search(page.text)
    fields = {"email": email, "password": password, "csrf_token": found[1] if found else ""}
    browser.post(f"{base_url}/sign-in", data=fields, headers={"Origin": base_url}, timeout=30).raise_for_status()
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.cookies)


def _wait_until_stored(database: str, accepted: dict[str, float]) -> dict[str, str]:
    """The ids of the messages by the provider's, as soon as all are there or QUIET_SECONDS are over."""
    give_up = time.monotonic() + QUIET_SECONDS
    with psycopg.connect(database, autocommit=True) as connection:
        while True:
            query = "SELECT external_id, id FROM messages WHERE external_id = ANY(%s)"
            ids = {row[0]: str(row[1]) for row in connection.execute(query, [list(accepted)])}
            if len(ids) >= len(accepted) or time.monotonic() > give_up:
                return ids
            time.sleep(0.5)


def _browse(base_url: str, cookies: Sequence[str], stop: threading.Event) -> list[float]:
    with ThreadPoolExecutor(len(cookies)) as pool:
        return [ms for times in pool.map(partial(_one_browses, base_url, stop), cookies) for ms in times]


def _one_browses(base_url: str, stop: threading.Event, cookie: str) -> list[float]:
    browser, times = requests.Session(), []
    while not stop.is_set():
        began = time.monotonic()
        page = browser.get(f"{base_url}{PAGES[len(times) % len(PAGES)]}", headers={"Cookie": cookie}, timeout=60)
        page.raise_for_status()
        times.append((time.monotonic() - began) * 1000)
        stop.wait(PAUSE_SECONDS)
    return times


def _listen(base_url: str, cookies: Sequence[str], ready: threading.Event, stop: threading.Event) -> Heard:
    """One loop over all sockets, so that listening costs as little as it can; UTF-8 is not checked letter by letter."""
    heard, url = Heard(), base_url.replace("http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket"
    with selectors.DefaultSelector() as lines:
        for cookie in cookies:
            line = websocket.create_connection(url, cookie=cookie, origin=base_url, timeout=30, skip_utf8_validation=True)
            line.recv()  # engine.io opens
            line.send("40")
            lines.register(line.sock, selectors.EVENT_READ, line)
        ready.set()
        while not stop.is_set():
            for key, _events in lines.select(0.5):
                try:
                    _note(heard, key.data)
                except (OSError, websocket.WebSocketException):
                    heard.closed += 1
                    lines.unregister(key.fileobj)
        for key in list(lines.get_map().values()):
            with suppress(OSError, websocket.WebSocketException):
                key.data.close(timeout=0)
    return heard


def _note(heard: Heard, line: websocket.WebSocket) -> None:
    frame = line.recv()
    if not frame:
        raise OSError("closed")
    if frame == "2":
        line.send("3")
    now = time.monotonic()
    for message_id in _messages_in(frame):
        heard.last[message_id] = now
        heard.times[message_id] = heard.times.get(message_id, 0) + 1


@lru_cache(maxsize=64)  # all sockets hear the same
def _messages_in(frame: str) -> tuple[str, ...]:
    if not frame.startswith('42["message:new"'):
        return ()
    body: dict[str, Any] = json.loads(frame[2:])[1]
    return tuple(item["message_id"] for item in (*body.get("others", ()), body))


@dataclass(frozen=True)
class WorkedOff:
    """Jobs a second that do nothing, and messages a second until thread, reactions and pushes are done, by the same workers."""

    jobs_per_second: float
    messages_per_second: float

    @property
    def ratio(self) -> float:
        return self.messages_per_second / self.jobs_per_second


def measure_backlog(target: Target, *, messages: int, redis_url: str, database: str) -> WorkedOff:
    """Let jobs, then messages, wait while the workers are suspended, and time how these work them off."""
    connection = redis.Redis.from_url(redis_url)
    queue = Queue(LIVE, connection=connection, serializer="json")
    with psycopg.connect(database, autocommit=True) as books:

        def open_rows() -> int:
            query = "SELECT (SELECT count(*) FROM inbound_events WHERE state IN ('ready', 'running'))"
            query += " + (SELECT count(*) FROM outbox_entries WHERE state IN ('ready', 'running'))"
            row = books.execute(query).fetchone()
            return int(row[0]) if row else 0

        def post() -> None:
            posted = posts_at_rate(target, per_second=100, seconds=messages // 100)
            if not all(one.is_accepted for one in posted):
                raise RuntimeError("not all were accepted")

        def do_nothing() -> None:
            queue.enqueue_many([Queue.prepare_data("builtins.dict", result_ttl=0) for _ in range(messages)])

        jobs = [_rate(connection, do_nothing, lambda: len(queue)), 0.0]
        rate = _rate(connection, post, open_rows)
        jobs[1] = _rate(connection, do_nothing, lambda: len(queue))
    return WorkedOff(sum(jobs) / 2, rate)


def _rate(connection: redis.Redis, fill: Callable[[], None], count: Callable[[], int]) -> float:
    """What is filled in while the workers rest, a second, from the moment they begin until nothing is left."""
    suspension.suspend(connection)
    time.sleep(3)  # a worker looks once a second; what it has begun it ends
    fill()
    total = count()
    suspension.resume(connection)
    give_up = time.monotonic() + QUIET_SECONDS * 2
    _wait_until(lambda: count() != total, give_up, 0.005)
    began = time.monotonic()
    _wait_until(lambda: count() == 0, give_up, 0.02)
    return total / (time.monotonic() - began)


def _wait_until(is_true: Callable[[], bool], give_up: float, pause: float) -> None:
    while not is_true():
        if time.monotonic() > give_up:
            raise RuntimeError("the workers did not get it done")
        time.sleep(pause)


def stored_once(database: str, names: list[str]) -> int:
    """How many of the posts are one event and one message."""
    query = """
        SELECT count(*) FROM (SELECT external_id FROM messages WHERE external_id = ANY(%s) GROUP BY 1 HAVING count(*) = 1) once
    """
    with psycopg.connect(database) as connection:
        row = connection.execute(query, [names]).fetchone()
    return int(row[0]) if row else 0
