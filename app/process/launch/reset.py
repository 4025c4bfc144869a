"""Delete the demo data (`make demo-reset`), so that the next `make run` makes it anew. Refuses where real data may be lost."""

from __future__ import annotations

import shutil

from app.config import RUN_LOCK, Settings
from app.process.launch.lock import FolderLock

# Written by every run; a folder that was ever used for anything but the demo stays "real".
PURPOSE_FILE = "purpose"
DEMO, REAL = "demo", "real"
FORGOTTEN = ("postgres", "postgres-socket", "storage", "simulators")


class NotOnlyADemo(Exception):
    """The data are, or may be, real ones."""


def note_purpose(settings: Settings) -> None:
    """Note in DATA_DIR whether it has only ever held the demo."""
    path = settings.data_dir / PURPOSE_FILE
    if not settings.demo:
        path.write_text(REAL)
    elif not path.exists():
        path.write_text(REAL if (settings.data_dir / "postgres").exists() else DEMO)


def reset_demo(settings: Settings) -> None:
    """Remove the embedded database and the stored files of a demo that is not running. Raises NotOnlyADemo or InUse."""
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
