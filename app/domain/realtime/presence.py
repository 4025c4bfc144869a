"""Store in Redis, for seconds only, who has a thread open and who is typing in it. The data may be lost at any time.

Each thread has one hash with one field per socket. A socket that closes removes its field. A socket that disappears is
ignored after `STALE_SECONDS`, and counts as not typing after `TYPING_SECONDS`.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import redis
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.accounts.access import Viewer
from app.domain.accounts.permissions import Permission
from app.domain.threads.models import Thread

STALE_SECONDS = 35  # browsers renew every 12
TYPING_SECONDS = 9  # and every 4 while somebody types
TYPING = frozenset({"reply", "note"})


@dataclass(frozen=True)
class Person:
    """A user who has the thread open. `typing` is what the user is writing: "reply", "note" or None."""

    user_id: uuid.UUID
    name: str
    typing: str | None = None

    def as_json(self) -> dict[str, str | None]:
        return {"id": str(self.user_id), "name": self.name, "typing": self.typing}


class Attendance(NamedTuple):
    """The people who have a thread open. `read_at` is the time of reading in microseconds (Redis clock).

    Answers and pushes can overtake each other; a higher `read_at` is newer.
    """

    read_at: int
    people: list[Person]


def thread_room(thread_id: uuid.UUID) -> str:
    """Return the name of the room of everybody who has the thread open. The server adds a socket to it after `may_see`."""
    return f"thread:{thread_id}"


def may_see(session: Session, *, viewer: Viewer, thread_id: uuid.UUID) -> bool:
    """Return whether the viewer may see the thread. One query."""
    if not viewer.may(Permission.THREADS_SEE):
        return False
    in_sight = sa.and_(Thread.id == thread_id, Thread.brand_id.in_(viewer.brand_ids))
    return session.execute(sa.select(Thread.id).where(in_sight)).first() is not None


def renew(client: redis.Redis, *, thread_id: uuid.UUID, socket_id: str, person: Person, now: datetime) -> bool:
    """Store that a socket shows the thread. Return True if the person is new there, or started or stopped typing."""
    before = _read(client.hget(_key(thread_id), socket_id), now)
    kept = {"user_id": str(person.user_id), "name": person.name, "typing": person.typing, "at": now.timestamp()}
    pipe = client.pipeline()
    pipe.hset(_key(thread_id), socket_id, json.dumps(kept))
    pipe.expire(_key(thread_id), STALE_SECONDS)
    pipe.execute()
    return before != person


def leave(client: redis.Redis, *, thread_id: uuid.UUID, socket_id: str) -> None:
    """Remove a socket that no longer shows the thread."""
    client.hdel(_key(thread_id), socket_id)


def list_people(client: redis.Redis, *, thread_id: uuid.UUID, now: datetime) -> Attendance:
    """List the people who have the thread open, by name. A user with two tabs is listed once, as typing if one of the tabs is."""
    people: dict[uuid.UUID, Person] = {}
    pipe = client.pipeline()
    pipe.time()
    pipe.hgetall(_key(thread_id))
    (seconds, microseconds), sockets = pipe.execute()
    for socket_id, text in sockets.items():
        person = _read(text, now)
        if person is None:
            client.hdel(_key(thread_id), socket_id)
        elif person.user_id not in people or person.typing:
            people[person.user_id] = person
    return Attendance(seconds * 1_000_000 + microseconds, sorted(people.values(), key=lambda one: (one.name, str(one.user_id))))


def _key(thread_id: uuid.UUID) -> str:
    return f"presence:{thread_id}"


def _read(text: object, now: datetime) -> Person | None:
    """Return the person whom a socket stored last. Return None if this is more than `STALE_SECONDS` ago."""
    if not isinstance(text, (bytes, str)):
        return None
    kept = json.loads(text)
    age = now.timestamp() - kept["at"]
    if age > STALE_SECONDS:
        return None
    return Person(uuid.UUID(kept["user_id"]), kept["name"], kept["typing"] if age <= TYPING_SECONDS else None)
