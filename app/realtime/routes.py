"""Sockets: who may connect, which room they get; and where a page learns whether it missed something."""

from __future__ import annotations

from flask import Blueprint, current_app, jsonify, request
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required
from flask_socketio import join_room

from app.core.db import db
from app.realtime.models import PushSequence
from app.realtime.sessions import OpenSockets
from app.realtime.socket import socketio, user_room

bp = Blueprint("realtime", __name__)
open_sockets = OpenSockets()


@socketio.on("connect")  # type: ignore[untyped-decorator]
def connect() -> bool | None:
    """Signed-in users only; the room is the user's own and is chosen here, never by the client."""
    if not current_user.is_authenticated:
        return False
    join_room(user_room(current_user.user_id))
    open_sockets.add(request.sid, current_user.session_id)  # type: ignore[attr-defined]
    open_sockets.watch(current_app._get_current_object(), socketio)  # type: ignore[attr-defined]
    return None


@socketio.on("disconnect")  # type: ignore[untyped-decorator]
def disconnect(_reason: str) -> None:
    open_sockets.remove(request.sid)  # type: ignore[attr-defined]


@bp.get("/live/sequence")
@login_required  # type: ignore[untyped-decorator]
def sequence() -> ResponseReturnValue:
    """The number of the newest push to this user; a page that knows a lower one refreshes what it shows."""
    row = db.session.get(PushSequence, current_user.user_id)
    return jsonify(sequence=row.sequence if row else 0)


blueprints = (bp,)
