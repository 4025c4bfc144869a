"""The Socket.IO server of the web processes, and a write-only emitter for all other processes.

WebSocket is the only transport, so a socket stays on one worker and no sticky sessions are needed. Pushes reach all workers
through Redis. Only the server adds sockets to rooms.
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
    """Serve sockets with this application. It uses greenlets under gunicorn's gevent workers, and threads elsewhere."""
    mode = "gevent" if is_module_patched("socket") else "threading"
    socketio.init_app(app, async_mode=mode, message_queue=redis_url, transports=TRANSPORTS, ping_interval=PING_SECONDS)
    os.register_at_fork(after_in_child=_be_another_host)


def _be_another_host() -> None:
    """Give a forked process its own host id. A process ignores pushes from Redis with its own id, so two must not share one."""
    socketio.server.manager.host_id = new_id().hex


def user_room(user_id: object) -> str:
    """Return the name of the room for one user only."""
    return f"user:{user_id}"


def brand_room(brand_id: object) -> str:
    """Return the name of the room for everybody who sees the brand."""
    return f"brand:{brand_id}"


def make_emitter(redis_url: str) -> SocketIO:
    """Create an emitter for processes without sockets, such as job workers. It pushes through Redis."""
    return SocketIO(message_queue=redis_url)
