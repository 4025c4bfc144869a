"""Store the cursor of IMAP polling as JSON, which is written in the same transaction as the mails.

    {"folders": {"INBOX": {"uid_validity": 1000, "last_uid": 7, "synced_at": "…", "floor": "2026-10-22"}},
     "sent": "Sent", "pending": [{"folder", "uid_validity", "uid", "tries", "due_at"}]}

All mails up to `last_uid` were read, or are in `pending`: mails that the server did not give us yet. `synced_at` is when the
folder was last read to its end. `floor` is set if all uids of the folder have changed: it is then read again from that day
on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from app.contract.base import Json


@dataclass(frozen=True)
class FolderState:
    uid_validity: int
    last_uid: int = 0
    synced_at: datetime | None = None
    floor: date | None = None


@dataclass(frozen=True)
class Pending:
    folder: str
    uid_validity: int
    uid: int
    tries: int
    due_at: datetime


@dataclass(frozen=True)
class PollState:
    folders: Mapping[str, FolderState] = field(default_factory=dict)
    sent: str = ""
    pending: tuple[Pending, ...] = ()

    def with_folder(self, name: str, folder: FolderState) -> PollState:
        return replace(self, folders={**self.folders, name: folder})

    def to_json(self) -> Json:
        return {
            "folders": {name: _folder_json(folder) for name, folder in self.folders.items()},
            "sent": self.sent,
            "pending": [
                {
                    "folder": one.folder,
                    "uid_validity": one.uid_validity,
                    "uid": one.uid,
                    "tries": one.tries,
                    "due_at": one.due_at.isoformat(),
                }
                for one in self.pending
            ],
        }


def read_state(state: Json) -> PollState:
    """Return the poll state as stored; {} is a mailbox never polled."""
    return PollState(
        folders={str(name): _read_folder(folder) for name, folder in (state.get("folders") or {}).items()},
        sent=str(state.get("sent") or ""),
        pending=tuple(
            Pending(one["folder"], one["uid_validity"], one["uid"], one["tries"], datetime.fromisoformat(one["due_at"]))
            for one in state.get("pending") or ()
        ),
    )


def _folder_json(folder: FolderState) -> Json:
    told: Json = {"uid_validity": folder.uid_validity, "last_uid": folder.last_uid}
    times = {"synced_at": folder.synced_at, "floor": folder.floor}
    return told | {name: value.isoformat() for name, value in times.items() if value}


def _read_folder(folder: Json) -> FolderState:
    synced_at, floor = folder.get("synced_at"), folder.get("floor")
    return FolderState(
        uid_validity=int(folder["uid_validity"]),
        last_uid=int(folder["last_uid"]),
        synced_at=datetime.fromisoformat(synced_at) if synced_at else None,
        floor=date.fromisoformat(floor) if floor else None,
    )
