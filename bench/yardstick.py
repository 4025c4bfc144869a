"""The least a webhook can cost here: bare Flask, an HMAC over the body, one durable insert. Ours is divided by it."""

from __future__ import annotations

import hashlib
import hmac
import os
import threading
from uuid import uuid4

from flask import Flask, Response, request
from psycopg_pool import ConnectionPool

SECRET = b"bench-secret"
app = Flask(__name__)
_pool: ConnectionPool | None = None
_lock = threading.Lock()


def pool() -> ConnectionPool:
    """Opened in the worker, once."""
    global _pool
    with _lock:
        if _pool is None:
            _pool = ConnectionPool(os.environ["YARDSTICK_DATABASE"], min_size=4, max_size=16, open=True)
    return _pool


@app.post("/hook")
def hook() -> Response:
    body = request.get_data()
    given = request.headers.get("X-Hub-Signature-256", "")
    if not hmac.compare_digest("sha256=" + hmac.new(SECRET, body, hashlib.sha256).hexdigest(), given):
        return Response(status=401)
    with pool().connection() as connection:
        connection.execute("INSERT INTO yardstick (id, body) VALUES (%s, %s)", (uuid4(), body))
    return Response(status=200)
