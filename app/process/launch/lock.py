"""Lock a folder for one process; the system releases the lock however that process ends."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

# A command that looks whether the lock is held takes it for an instant (config.running_environment).
PATIENCE_SECONDS = 1.0
STEP_SECONDS = 0.05


class InUse(Exception):
    """Raised when another process holds the lock. `holder` is the id of that process, or "" if it is unknown."""

    def __init__(self, path: Path, holder: str) -> None:
        super().__init__(f"{path.parent} is in use by another run (process {holder or 'unknown'})")
        self.holder = holder


class FolderLock:
    """A lock on a folder. Its file is never deleted, and contains the process id of the last holder."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock. Raises InUse if another process holds it for longer than PATIENCE_SECONDS."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not _taken(descriptor):
            if time.monotonic() > deadline:
                holder = os.read(descriptor, 20).decode().strip()
                os.close(descriptor)
                raise InUse(self._path, holder)
            time.sleep(STEP_SECONDS)
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        self._descriptor = descriptor

    def release(self) -> None:
        """Release the lock; harmless when it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
