"""The disk of the file store, which is full for a while: a small one in memory, mounted over it, and ballast that fills it."""

from __future__ import annotations

import errno
import os
import subprocess
from contextlib import suppress
from pathlib import Path

SIZE = "64m"
BALLAST = "ballast"
BLOCK = bytes(64 * 1024)


class Disk:
    """`fault` says what `fill` does. Where nobody may mount, the store is away meanwhile, and a file stands in its place."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._away = folder.with_name("storage.away")
        self._is_mounted = False

    @property
    def fault(self) -> str:
        return "storage full" if self._is_mounted else "storage gone (no right to mount)"

    def mount(self) -> None:
        """Before anything is stored."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=0700", "tmpfs", str(self._folder)]
        with suppress(FileNotFoundError):
            self._is_mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0

    def unmount(self) -> None:
        self.empty()
        if self._is_mounted:
            subprocess.run(["umount", "--lazy", str(self._folder)], check=False)

    def fill(self) -> None:
        """From now on nothing can be written."""
        if self._is_mounted:
            self._write_ballast()
        elif not self._away.exists():
            self._folder.rename(self._away)
            self._folder.touch()

    def empty(self) -> None:
        """As before; nothing happens where nothing was filled."""
        if self._is_mounted:
            (self._folder / BALLAST).unlink(missing_ok=True)
        elif self._away.exists():
            self._folder.unlink(missing_ok=True)
            self._away.rename(self._folder)

    def _write_ballast(self) -> None:
        ballast = os.open(self._folder / BALLAST, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            while os.write(ballast, BLOCK):
                pass
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
        finally:
            os.close(ballast)
