"""Store files (attachments) outside any served folder, under random names. No other user can read them.

A file and its name are synced to disk before the database row with its key is committed. A store that does not work (a full
or broken disk, an unmounted folder) raises `StorageFailed`: the current work is not the cause, so it waits. `open_storage`
takes STORAGE_URL.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol
from urllib.parse import unquote, urlsplit

from app.core.ids import new_id

PARTIAL = "partial"  # the folder of files that are being written
STALE_SECONDS = 3600
PROBE_BYTES = 64 * 1024
OWN_FOLDER, OWN_FILE = 0o700, 0o600


class FileMissing(Exception):
    """Raised when a row names a file that the store does not have."""


class StorageFailed(Exception):
    """Raised when the store cannot be written or read now. The message says why, without a path. The same call works when the
    trouble is over."""


@dataclass(frozen=True)
class StoredFile:
    key: str
    size_bytes: int
    sha256: str  # lower hex


class Storage(Protocol):
    def put(self, content: bytes) -> StoredFile: ...
    def open(self, key: str) -> BinaryIO: ...
    def delete(self, key: str) -> None: ...
    def check(self) -> None: ...
    def sweep(self) -> int: ...


class FileStorage:
    """A store in a folder on this machine. Keys look like `ab/ab12…` and never include text from a sender."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._seen: set[Path] = set()  # folders that were there once: one that is gone later is a mount that went away

    def put(self, content: bytes) -> StoredFile:
        """Write `content` durably and return its key, size and hash. Raises `StorageFailed` and then leaves no file behind."""
        name = new_id().hex
        key = f"{name[-2:]}/{name}"
        path = self._root / key
        with _telling_why():
            with self._partial(content) as partial:
                self._need_folder(path)
                partial.replace(path)
            _sync_folder(path.parent)
        return StoredFile(key=key, size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest())

    def open(self, key: str) -> BinaryIO:
        """Open a file for reading. Raises `FileMissing` if it does not exist.

        If its folder does not exist either, raises `StorageFailed`, because the store may be unmounted.
        """
        path = self._path(key)
        with _telling_why():
            try:
                return path.open("rb")
            except FileNotFoundError as error:
                if not path.parent.is_dir():
                    raise
                raise FileMissing(key) from error

    def delete(self, key: str) -> None:
        """Delete the file. If it does not exist, nothing happens. Its folder stays."""
        with _telling_why():
            self._path(key).unlink(missing_ok=True)

    def check(self) -> None:
        """Write a small file and delete it. Raises `StorageFailed` if that fails. The file is not synced, because a web process
        must not wait for a disk."""
        with _telling_why(), self._partial(bytes(PROBE_BYTES), is_kept=False):
            pass

    def sweep(self) -> int:
        """Delete unfinished files of killed processes that are older than an hour. Return how many were deleted."""
        folder, before = self._root / PARTIAL, time.time() - STALE_SECONDS
        removed = 0
        with _telling_why():
            for path in folder.iterdir() if folder.is_dir() else ():
                with suppress(FileNotFoundError):  # it is finished meanwhile
                    if path.stat().st_mtime < before:
                        path.unlink()
                        removed += 1
        return removed

    @contextmanager
    def _partial(self, content: bytes, *, is_kept: bool = True) -> Iterator[Path]:
        """Write `content` to a new file and yield its path. After the block, the file is deleted unless the block moved it.
        `is_kept` syncs the file."""
        self._need_folder(path := self._root / PARTIAL / new_id().hex)
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, OWN_FILE), "wb") as file:
                file.write(content)
                file.flush()
                if is_kept:
                    os.fsync(file.fileno())
            yield path
        finally:
            with suppress(OSError):
                path.unlink(missing_ok=True)

    def _need_folder(self, path: Path) -> None:
        """Make the root and the folder of `path`, at most once per process.

        A folder that disappears later (as when a disk is unmounted) is not made again.
        """
        for folder in (self._root, path.parent):
            if folder in self._seen:
                continue
            folder.mkdir(mode=OWN_FOLDER, parents=folder == self._root, exist_ok=True)
            with suppress(PermissionError):  # whoever made it for us may have kept it, and the folder it lies in
                folder.chmod(OWN_FOLDER)
                _sync_folder(folder.parent)
            self._seen.add(folder)

    def _path(self, key: str) -> Path:
        path = (self._root / key).resolve()
        if not path.is_relative_to(self._root.resolve()):
            raise FileMissing(key)
        return path


@contextmanager
def undone_on_error(storage: Storage) -> Iterator[Storage]:
    """Yield a store for the block. If the block raises, delete the files it stored, as their rows are rolled back too.

    Without this, each retry on a full disk would leave files that no row refers to.
    """
    kept = _Noting(storage)
    try:
        yield kept
    except BaseException:
        for key in kept.keys:
            with suppress(StorageFailed):
                storage.delete(key)
        raise


class _Noting:
    """A store that remembers the keys of its new files in `keys`."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self.keys: list[str] = []
        self.open, self.delete = storage.open, storage.delete
        self.check, self.sweep = storage.check, storage.sweep

    def put(self, content: bytes) -> StoredFile:
        stored = self._storage.put(content)
        self.keys.append(stored.key)
        return stored


@contextmanager
def _telling_why() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageFailed(error.strerror or type(error).__name__) from error


def _sync_folder(folder: Path) -> None:
    """Sync the folder to disk. Without this, a power cut can lose the name of a file although its bytes are stored."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def open_storage(url: str) -> Storage:
    """Return the store for STORAGE_URL. Only file:// is supported; the settings refuse any other URL at the start."""
    parts = urlsplit(url)
    if parts.scheme != "file":
        raise ValueError(f"STORAGE_URL: {parts.scheme}:// is not supported")
    return FileStorage(Path(unquote(parts.path)))
