"""Sockets end with the session they were opened in: each process looks every CHECK_SECONDS whose session still counts, and says
every SEEN_SECONDS of the others that their people are there (app/routing).

A push says only what changed, never what it says, so the seconds until then give nothing away.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask import Flask
from flask_socketio import SocketIO
from sqlalchemy.orm import Session

from app.accounts.session import list_counting_sessions
from app.core.clock import utc_now
from app.core.db import transaction
from app.routing.actions import note_sessions_seen

CHECK_SECONDS = 4  # within five seconds, as promised
SEEN_SECONDS = 60


class OpenSockets:
    """The sockets of this process and the sessions behind them."""

    def __init__(self) -> None:
        self._sessions: dict[str, uuid.UUID] = {}
        self._is_watched = False
        self._said_at: datetime | None = None

    def add(self, sid: str, session_id: uuid.UUID) -> None:
        self._sessions[sid] = session_id

    def remove(self, sid: str) -> None:
        self._sessions.pop(sid, None)

    def ended(self, session: Session, *, now: datetime) -> list[str]:
        """The sockets whose session is over."""
        if not self._sessions:
            return []
        alive = list_counting_sessions(session, set(self._sessions.values()), now=now)
        return [sid for sid, session_id in self._sessions.items() if session_id not in alive]

    def note_seen(self, session: Session, *, now: datetime) -> None:
        """Whoever has a page open is there, for routing; said every SEEN_SECONDS."""
        if self._sessions and (self._said_at is None or now - self._said_at >= timedelta(seconds=SEEN_SECONDS)):
            self._said_at = now
            note_sessions_seen(session, set(self._sessions.values()), now=now)

    def watch(self, app: Flask, socketio: SocketIO) -> None:
        """Begin to look after them, once per process."""
        if not self._is_watched:
            self._is_watched = True
            socketio.start_background_task(self._keep_watching, app, socketio)

    def _keep_watching(self, app: Flask, socketio: SocketIO) -> None:
        while True:
            socketio.sleep(CHECK_SECONDS)
            with app.app_context():
                try:
                    with transaction() as session:
                        ended = self.ended(session, now=utc_now())
                    with transaction() as session:
                        self.note_seen(session, now=utc_now())
                except sa.exc.SQLAlchemyError:
                    app.logger.warning("could not look whose session ended; trying again", exc_info=True)
                    continue
            for sid in ended:
                socketio.server.disconnect(sid)
