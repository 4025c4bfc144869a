"""Callbacks a second: messages for one endpoint are queued while the workers rest, and the clock runs until the last is in.

The receiver is bare, in a process of its own. The yardstick beside it: the same bodies, signed and posted one after the other
over kept connections by as many processes as there are workers for callbacks, with no row and no log.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import socketserver
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from multiprocessing import Process, Queue
from typing import Any

import psycopg
import redis
import urllib3
from rq import suspension

from app import create_app
from app.config import Settings
from app.core.clock import utc_now
from app.core.db import transaction
from app.core.runtime import runtime
from app.domain.accounts.models import Brand
from app.domain.events.actions import SYSTEM
from app.domain.webhooks.actions import EndpointContent, create_endpoint, queue_message
from app.domain.webhooks.models import EndpointKind
from bench.company import start_workers
from tests.support.live import running_application

BODY = {"type": "job.updated", "data": {"order_number": "CC-2026-00001", "order_status": "scheduled", "notes": "x" * 300}}
WORKERS, BATCH = 2, 500
QUIET_SECONDS = 180.0


@dataclass(frozen=True)
class Brought:
    """Callbacks a second, ours and bare."""

    ours: float
    bare: float


def measure_callbacks(settings: Settings, *, messages: int) -> Brought:
    """With every process of the application at work."""
    with running_application(settings) as live, receiver() as url:
        start_workers(live)
        bare = _bare(url, messages)
        connection = redis.Redis.from_url(live.settings.redis_url)
        suspension.suspend(connection)
        time.sleep(3)  # a worker looks once a second; what it has begun it ends
        endpoint_id = _queue(live.settings, url, messages)
        began = time.monotonic()
        suspension.resume(connection)
        _wait(settings.database_url.replace("postgresql+psycopg://", "postgresql://"), endpoint_id)
        return Brought(messages / (time.monotonic() - began), bare)


def _queue(settings: Settings, url: str, messages: int) -> str:
    app = create_app(settings)
    with app.app_context():
        with transaction() as session:
            brand_id = session.query(Brand.id).limit(1).scalar()
            content, who = EndpointContent("Bench", url, max_concurrency=32), {"now": utc_now(), "actor": SYSTEM}
            made, _ = create_endpoint(
                session, content, kind=EndpointKind.WEBHOOK, brand_id=brand_id, keyring=runtime().keyring, **who
            )
        for first in range(0, messages, BATCH):
            with transaction() as session:
                for number in range(first, min(first + BATCH, messages)):
                    told = {**BODY, "number": number}
                    queue_message(session, event_type="job.updated", payload=told, brand_id=brand_id, now=utc_now())
        return str(made.id)


def _wait(database: str, endpoint_id: str) -> None:
    query = "SELECT count(*) FROM webhook_deliveries WHERE endpoint_id = %s AND state IN ('ready', 'running')"
    ends_at = time.monotonic() + QUIET_SECONDS
    with psycopg.connect(database, autocommit=True) as connection:
        while (row := connection.execute(query, [endpoint_id]).fetchone()) and row[0]:
            if time.monotonic() > ends_at:
                raise TimeoutError(f"{row[0]} callbacks are still open")
            time.sleep(0.1)


def _bare(url: str, messages: int) -> float:
    with ProcessPoolExecutor(WORKERS) as pool:
        list(pool.map(_post_bare, [url] * WORKERS, [10] * WORKERS))
        began = time.monotonic()
        list(pool.map(_post_bare, [url] * WORKERS, [messages // WORKERS] * WORKERS))
        return messages / (time.monotonic() - began)


def _post_bare(url: str, messages: int) -> None:
    pool = urllib3.PoolManager()
    for number in range(messages):
        body = json.dumps({**BODY, "number": number}).encode()
        signature = hmac.new(b"bench", body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "webhook-signature": signature}
        pool.request("POST", url, body=body, headers=headers)


class Takes(BaseHTTPRequestHandler):
    """Answers each post with an empty 200."""

    protocol_version = "HTTP/1.1"

    def take(self, body: bytes) -> None:
        """Whatever is done with it."""

    def do_POST(self) -> None:
        self.take(self.rfile.read(int(self.headers["Content-Length"])))
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    def log_message(self, *_arguments: Any) -> None:
        pass


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64


def _serve(told: Any, handler: type[Takes]) -> None:
    with _Server(("127.0.0.1", 0), handler) as server:
        told.put(server.server_address[1])
        server.serve_forever()


@contextmanager
def receiver(handler: type[Takes] = Takes) -> Iterator[str]:
    """Where a receiver in a process of its own listens."""
    told: Any = Queue()
    process = Process(target=_serve, args=(told, handler), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{told.get(timeout=10)}/hooks"
    finally:
        process.kill()
