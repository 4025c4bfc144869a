"""The Socket.IO server of the web tier and the write-only emitter of everybody else.

WebSocket is the only transport, so a socket lives on one worker and no sticky sessions are needed; pushes reach all workers
through Redis. Rooms are joined by the server alone.
"""

from __future__ import annotations

from flask_socketio import SocketIO

TRANSPORTS = ["websocket"]

socketio = SocketIO()


def user_room(user_id: object) -> str:
    return f"user:{user_id}"


def make_emitter(redis_url: str) -> SocketIO:
    """An emitter for processes without sockets: jobs push through Redis."""
    return SocketIO(message_queue=redis_url)
