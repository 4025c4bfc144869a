"""Files that belong to messages, kept outside any served folder under random names.

A file is on disk, synced, before the row that names it is committed. `open_storage` takes STORAGE_URL.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol
from urllib.parse import unquote, urlsplit

from app.core.ids import new_id


class FileMissing(Exception):
    """The row names a file that the store does not have."""


@dataclass(frozen=True)
class StoredFile:
    key: str
    size_bytes: int
    sha256: str  # lower hex


class Storage(Protocol):
    def put(self, content: bytes) -> StoredFile: ...
    def open(self, key: str) -> BinaryIO: ...
    def delete(self, key: str) -> None: ...


class FileStorage:
    """A folder on this machine. Keys look like `ab/ab12…` and are never made from anything a sender wrote."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, content: bytes) -> StoredFile:
        """Write `content` durably and return where it is."""
        name = new_id().hex
        key = f"{name[-2:]}/{name}"
        path = self._root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".part")
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        return StoredFile(key=key, size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest())

    def open(self, key: str) -> BinaryIO:
        """Open for reading. Raises FileMissing."""
        try:
            return self._path(key).open("rb")
        except FileNotFoundError as error:
            raise FileMissing(key) from error

    def delete(self, key: str) -> None:
        """Remove the file; a file that is gone already is fine."""
        self._path(key).unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        path = (self._root / key).resolve()
        if not path.is_relative_to(self._root.resolve()):
            raise FileMissing(key)
        return path


def open_storage(url: str) -> Storage:
    """Return the store that STORAGE_URL names. Only file:// for now; config refuses anything else at the start."""
    parts = urlsplit(url)
    if parts.scheme != "file":
        raise ValueError(f"STORAGE_URL: {parts.scheme}:// is not supported")
    return FileStorage(Path(unquote(parts.path)))
