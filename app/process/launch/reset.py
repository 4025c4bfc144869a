"""Delete the demo data (`make demo-reset`), so that the next `make run` creates it again. Refuses if real data may be lost."""

from __future__ import annotations

import shutil

from app.config import RUN_LOCK, Settings
from app.process.launch.lock import FolderLock

# Written by every run; a folder that was ever used for anything but the demo stays "real".
PURPOSE_FILE = "purpose"
DEMO, REAL = "demo", "real"
FORGOTTEN = ("postgres", "postgres-socket", "storage", "simulators")


class NotOnlyADemo(Exception):
    """Raised when the data to delete is, or may be, real data. The text says why."""


def note_purpose(settings: Settings) -> None:
    """Write into DATA_DIR whether it has only ever contained the demo ("demo") or may contain real data ("real")."""
    path = settings.data_dir / PURPOSE_FILE
    if not settings.demo:
        path.write_text(REAL)
    elif not path.exists():
        path.write_text(REAL if (settings.data_dir / "postgres").exists() else DEMO)


def reset_demo(settings: Settings) -> None:
    """Delete the embedded database, the stored files and the simulators' data of a demo.

    Raises NotOnlyADemo if the data may be real, and InUse if the demo is running.
    """
    path = settings.data_dir / PURPOSE_FILE
    if settings.database_url:
        raise NotOnlyADemo("DATABASE_URL: is set; demo-reset clears the embedded database only")
    if path.exists() and path.read_text() != DEMO:
        raise NotOnlyADemo(f"DATA_DIR: {settings.data_dir} was also used without DEMO; remove it yourself if it may go")
    lock = FolderLock(settings.data_dir / RUN_LOCK)
    lock.acquire()
    try:
        for name in FORGOTTEN:
            shutil.rmtree(settings.data_dir / name, ignore_errors=True)
    finally:
        lock.release()
