"""Store the cursor of polling as JSON, which is written in the same transaction as the mails.

    {"folders": {"inbox": {"link": "https://…", "synced_at": "…", "floor": "…"}, "sentitems": {…}},
     "turn": "inbox", "pending": [{"id", "folder", "tries", "first_seen_at", "due_at"}], "known": ["9f…", …]}

`link` is the provider's next link or delta link, called exactly as given; without a link a new round starts. `synced_at` is
when the folder's last complete round began. `floor` is set in a round that repeats a lost one: older mails were seen before.
`pending` are mails that the provider named and we could not fetch yet. `known` are hashes of the ids fetched last. They only
save fetching, so a forgotten id does no harm.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from app.contract.base import Json
from app.providers.graph.folders import FOLDERS

KNOWN_IDS_KEPT = 500


@dataclass(frozen=True)
class FolderState:
    """The cursor of one folder; see the module docstring. `started_at` is when the round under way began."""

    link: str | None = None
    synced_at: datetime | None = None
    started_at: datetime | None = None
    floor: datetime | None = None


@dataclass(frozen=True)
class Pending:
    """A mail to fetch later. `due_at` is when to try again; each failed try sets a later time."""

    message_id: str
    folder: str
    first_seen_at: datetime
    due_at: datetime
    tries: int = 0
    floor: datetime | None = None  # see FolderState


@dataclass(frozen=True)
class PollState:
    """The state of polling one mailbox. `turn` is the folder to poll next.

    `order` lists the followed folders in the order of polling. The state of all other folders is dropped.
    """

    order: tuple[str, ...] = FOLDERS
    folders: Mapping[str, FolderState] = field(default_factory=dict)
    turn: str = FOLDERS[0]
    pending: tuple[Pending, ...] = ()
    known: tuple[str, ...] = ()

    def folder(self) -> FolderState:
        return self.folders.get(self.turn, FolderState())

    def is_last_turn(self) -> bool:
        return self.turn == self.order[-1]

    def knows(self, message_id: str) -> bool:
        return _mark(message_id) in self.known

    def with_folder(self, folder: FolderState) -> PollState:
        return replace(self, folders={**self.folders, self.turn: folder})

    def next_turn(self) -> PollState:
        return replace(self, turn=self.order[(self.order.index(self.turn) + 1) % len(self.order)])

    def with_known(self, fetched: Iterable[str], removed: Iterable[str]) -> PollState:
        gone = {_mark(message_id) for message_id in removed}
        marks = [mark for mark in (*self.known, *map(_mark, fetched)) if mark not in gone]
        return replace(self, known=tuple(dict.fromkeys(marks))[-KNOWN_IDS_KEPT:])

    def to_json(self) -> Json:
        return {
            "folders": {name: _folder_json(folder) for name, folder in self.folders.items()},
            "turn": self.turn,
            "pending": [_pending_json(one) for one in self.pending],
            "known": list(self.known),
        }


def read_state(state: Json, order: tuple[str, ...] = FOLDERS) -> PollState:
    """Return the stored poll state, limited to the folders in `order`. {} stands for a mailbox that was never polled."""
    turn = state.get("turn")
    return PollState(
        order=order,
        folders={name: _read_folder(folder) for name, folder in (state.get("folders") or {}).items() if name in order},
        turn=turn if turn in order else order[0],
        pending=tuple(_read_pending(one) for one in state.get("pending") or ()),
        known=tuple(state.get("known") or ()),
    )


def read_time(value: Any) -> datetime | None:
    """Return the instant in an ISO 8601 text with a time zone. Return None for any other value."""
    try:
        read = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return read if read.tzinfo else None


def _mark(message_id: str) -> str:
    """Return a hash that stands for an id: ids are long and may differ in case only."""
    return hashlib.blake2b(message_id.encode(), digest_size=8).hexdigest()


def _read_folder(folder: Json) -> FolderState:
    times = {name: read_time(folder.get(name)) for name in ("synced_at", "started_at", "floor")}
    return FolderState(link=folder.get("link"), **times)


def _folder_json(folder: FolderState) -> Json:
    times = {"synced_at": folder.synced_at, "started_at": folder.started_at, "floor": folder.floor}
    return {"link": folder.link} | {name: value.isoformat() for name, value in times.items() if value}


def _read_pending(one: Json) -> Pending:
    first_seen_at, due_at = datetime.fromisoformat(one["first_seen_at"]), datetime.fromisoformat(one["due_at"])
    return Pending(one["id"], one["folder"], first_seen_at, due_at, int(one["tries"]), read_time(one.get("floor")))


def _pending_json(one: Pending) -> Json:
    return {
        "id": one.message_id,
        "folder": one.folder,
        "first_seen_at": one.first_seen_at.isoformat(),
        "due_at": one.due_at.isoformat(),
        "tries": one.tries,
    } | ({"floor": one.floor.isoformat()} if one.floor else {})
