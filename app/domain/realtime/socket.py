"""The Socket.IO server of the web processes, and the write-only emitter of all others.

WebSocket is the only transport, so a socket lives on one worker and no sticky sessions are needed; pushes reach all workers
through Redis. Rooms are joined by the server alone.
"""

from __future__ import annotations

import os

from flask import Flask
from flask_socketio import SocketIO
from gevent.monkey import is_module_patched

from app.core.ids import new_id

TRANSPORTS = ["websocket"]
PING_SECONDS = 25

socketio = SocketIO()


def start_sockets(app: Flask, *, redis_url: str) -> None:
    """Serve sockets with this application: as greenlets under gunicorn's gevent workers, elsewhere as threads."""
    mode = "gevent" if is_module_patched("socket") else "threading"
    socketio.init_app(app, async_mode=mode, message_queue=redis_url, transports=TRANSPORTS, ping_interval=PING_SECONDS)
    os.register_at_fork(after_in_child=_be_another_host)


def _be_another_host() -> None:
    """Give a forked process an id of its own: a process ignores pushes from Redis that bear its id."""
    socketio.server.manager.host_id = new_id().hex


def user_room(user_id: object) -> str:
    """Return the room of one user alone."""
    return f"user:{user_id}"


def brand_room(brand_id: object) -> str:
    """Return the room of everybody who sees the brand."""
    return f"brand:{brand_id}"


def make_emitter(redis_url: str) -> SocketIO:
    """Make an emitter for processes without sockets: jobs push through Redis."""
    return SocketIO(message_queue=redis_url)
