"""Close sockets whose session ended, and move sockets between brand rooms when rights change.

Each process checks its sockets every `CHECK_SECONDS`, and stores every `SEEN_SECONDS` that its users are present (for
app/domain/routing). A push in between reveals nothing, because it has no content.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask import Flask
from flask_socketio import SocketIO
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.db import transaction
from app.domain.accounts.sessions import list_counting_sessions
from app.domain.realtime.socket import brand_room
from app.domain.routing.actions import note_sessions_seen

CHECK_SECONDS = 4  # within five seconds, as promised
SEEN_SECONDS = 60


@dataclass(frozen=True)
class Moved:
    """The rooms that a socket (`sid`) must leave and enter, because its user now sees other brands than before."""

    sid: str
    left: frozenset[str]
    entered: frozenset[str]


class OpenSockets:
    """The open sockets of this process, with the session of each socket and the brands whose rooms it is in."""

    def __init__(self) -> None:
        self._sessions: dict[str, uuid.UUID] = {}
        self._brands: dict[str, frozenset[uuid.UUID]] = {}
        self._is_watched = False
        self._said_at: datetime | None = None

    def add(self, sid: str, session_id: uuid.UUID, brand_ids: Collection[uuid.UUID] = ()) -> None:
        self._sessions[sid], self._brands[sid] = session_id, frozenset(brand_ids)

    def remove(self, sid: str) -> None:
        self._sessions.pop(sid, None)
        self._brands.pop(sid, None)

    def ended(self, session: Session, *, now: datetime) -> list[str]:
        """Return the ids of sockets whose session is over."""
        return self.look(session, now=now)[0]

    def look(self, session: Session, *, now: datetime) -> tuple[list[str], list[Moved]]:
        """Return the ids of sockets whose session ended, and the sockets whose user sees other brands than at the last check."""
        asked = dict(self._sessions)  # others come and go during the query
        if not asked:
            return [], []
        alive = list_counting_sessions(session, set(asked.values()), now=now)
        moved = []
        for sid, session_id in asked.items():
            before, seen = self._brands.get(sid), alive.get(session_id)
            if before is not None and seen is not None and before != seen:
                self._brands[sid] = seen
                moved.append(Moved(sid, frozenset(map(brand_room, before - seen)), frozenset(map(brand_room, seen - before))))
        return [sid for sid, session_id in asked.items() if session_id not in alive], moved

    def note_seen(self, session: Session, *, now: datetime) -> None:
        """Store for routing that users with an open page are present, at most once in `SEEN_SECONDS`."""
        if self._sessions and (self._said_at is None or now - self._said_at >= timedelta(seconds=SEEN_SECONDS)):
            self._said_at = now
            note_sessions_seen(session, set(self._sessions.values()), now=now)

    def watch(self, app: Flask, socketio: SocketIO, *, leave_thread: Callable[[str], None]) -> None:
        """Start the background task that checks the sockets, once per process.

        `leave_thread` removes a socket (by its id) from the room of its thread.
        """
        if not self._is_watched:
            self._is_watched = True
            socketio.start_background_task(self._keep_watching, app, socketio, leave_thread)

    def _keep_watching(self, app: Flask, socketio: SocketIO, leave_thread: Callable[[str], None]) -> None:
        while True:
            socketio.sleep(CHECK_SECONDS)
            with app.app_context():
                try:
                    with transaction() as session:
                        ended, moved = self.look(session, now=utc_now())
                    with transaction() as session:
                        self.note_seen(session, now=utc_now())
                except sa.exc.SQLAlchemyError:
                    app.logger.warning("could not look whose session ended; trying again", exc_info=True)
                    continue
                for move in moved:
                    follow(socketio, move, leave_thread)
            for sid in ended:
                socketio.server.disconnect(sid)


def follow(socketio: SocketIO, move: Moved, leave_thread: Callable[[str], None]) -> None:
    """Move a socket to the rooms of the brands that its user may see.

    A socket that loses a brand also leaves the room of its thread. Its next message adds it again, if the user may see the
    thread.
    """
    if move.left:
        leave_thread(move.sid)
    for room in move.left:
        socketio.server.leave_room(move.sid, room, namespace="/")
    for room in move.entered:
        if socketio.server.manager.is_connected(move.sid, "/"):
            socketio.server.enter_room(move.sid, room, namespace="/")
