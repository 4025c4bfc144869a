"""Socket.IO events (connect, presence), and the route by which a page finds out whether it missed a push."""

from __future__ import annotations

import uuid
from contextlib import nullcontext
from threading import RLock
from typing import Any

import redis
from flask import Blueprint, current_app, jsonify, request
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required
from flask_socketio import join_room, leave_room

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.runtime import runtime
from app.domain.accounts.permissions import Permission
from app.domain.realtime.presence import TYPING, Person, leave, list_people, may_see, renew, thread_room
from app.domain.realtime.queries import list_sequences
from app.domain.realtime.sessions import OpenSockets
from app.domain.realtime.socket import brand_room, socketio, user_room
from app.domain.routing.actions import note_sessions_seen

bp = Blueprint("realtime", __name__)
open_sockets = OpenSockets()
shown_threads: dict[str, uuid.UUID] = {}  # which thread each socket of this process shows
# One for each socket of this process: Socket.IO starts a greenlet for each event, and one that names no thread must not end after
# the next one, which names one.
turns: dict[str, RLock] = {}


@socketio.on("connect")  # type: ignore[untyped-decorator]
def connect() -> bool | None:
    """Accept the socket of a signed-in user, and join it to the room of the user and the rooms of their brands.

    Returns False to refuse the socket, for portal users too. The client cannot choose rooms.
    """
    if not current_user.is_authenticated or current_user.may(Permission.PORTAL_OWN):
        return False
    viewer = current_user.viewer
    for room in (user_room(viewer.user_id), *map(brand_room, viewer.brand_ids)):
        join_room(room)
    turns[_socket_id()] = RLock()
    open_sockets.add(_socket_id(), current_user.session_id, viewer.brand_ids)
    with transaction() as session:
        note_sessions_seen(session, [current_user.session_id], now=utc_now())
    open_sockets.watch(current_app._get_current_object(), socketio, leave_thread=leave_thread)  # type: ignore[attr-defined]
    return None


@socketio.on("disconnect")  # type: ignore[untyped-decorator]
def disconnect(_reason: str) -> None:
    open_sockets.remove(_socket_id())
    with turns.pop(_socket_id(), nullcontext()):
        leave_thread(_socket_id())


@socketio.on("presence")  # type: ignore[untyped-decorator]
def presence(said: Any) -> dict[str, Any]:
    """Note which thread a browser shows and whether its user types. `said` is {"thread_id", "typing"}; the browser repeats the
    event while it shows the thread.

    Returns {"me": the asking user's id, "thread_id", "read_at", "people"}, or {"people": []} if there is nothing to show.
    Changes are sent to the others in the thread. Events of one socket are handled in the order in which they came.
    """
    turn = turns.get(_socket_id())
    if turn is None:
        return {"people": []}
    with turn:
        return _show(said) if _socket_id() in turns else {"people": []}


def _show(said: Any) -> dict[str, Any]:
    thread_id = _thread_id(said)
    if thread_id != shown_threads.get(_socket_id()):
        leave_thread(_socket_id())
    viewer = current_user.viewer if current_user.is_authenticated else None
    if viewer is None or thread_id is None or not may_see(db.session(), viewer=viewer, thread_id=thread_id):
        leave_thread(_socket_id())
        return {"people": []}
    typing = said.get("typing")
    person = Person(viewer.user_id, viewer.name, typing if isinstance(typing, str) and typing in TYPING else None)
    join_room(thread_room(thread_id))
    shown_threads[_socket_id()] = thread_id
    try:
        is_news = renew(runtime().redis, thread_id=thread_id, socket_id=_socket_id(), person=person, now=utc_now())
        attendance = _tell(thread_id) if is_news else _attendance(thread_id)
    except redis.RedisError:
        attendance = {"people": []}
    return {"me": str(viewer.user_id), **attendance}


def leave_thread(socket_id: str) -> None:
    """Note that a socket no longer shows its thread, and notify the browsers that still have the thread open."""
    with turns.get(socket_id, nullcontext()):
        thread_id = shown_threads.pop(socket_id, None)
        if thread_id is None:
            return
        leave_room(thread_room(thread_id), sid=socket_id, namespace="/")
        try:
            leave(runtime().redis, thread_id=thread_id, socket_id=socket_id)
            _tell(thread_id)
        except redis.RedisError:
            current_app.logger.info("could not say who left a thread")


def _attendance(thread_id: uuid.UUID) -> dict[str, Any]:
    """Return who has the thread open, in the form sent to browsers: {"thread_id", "read_at", "people"}."""
    read_at, people = list_people(runtime().redis, thread_id=thread_id, now=utc_now())
    return {"thread_id": str(thread_id), "read_at": read_at, "people": [person.as_json() for person in people]}


def _tell(thread_id: uuid.UUID) -> dict[str, Any]:
    attendance = _attendance(thread_id)
    socketio.emit("presence", attendance, to=thread_room(thread_id))
    return attendance


def _socket_id() -> str:
    return str(request.sid)  # type: ignore[attr-defined]


def _thread_id(said: Any) -> uuid.UUID | None:
    try:
        return uuid.UUID(said["thread_id"])
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


@bp.get("/live/sequence")
@login_required  # type: ignore[untyped-decorator]
def sequence() -> ResponseReturnValue:
    """Return the number of the newest push to each room of this user; a page that knows another number refreshes itself."""
    return jsonify(sequences=list_sequences(db.session(), viewer=current_user.viewer))


blueprints = (bp,)
