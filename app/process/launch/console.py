"""Print the output of many processes on one terminal, each line with the name of its part in that part's colour."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from typing import TextIO

NAME_WIDTH = 11
COLOURS = ("36", "35", "33", "32", "34", "96", "95", "93", "92", "94")
OWN_NAME = "switchyard"


class Console:
    """A terminal on which many processes print. Safe to call from any thread. Printing is no error if the terminal is gone."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._coloured = self._stream.isatty() and "NO_COLOR" not in os.environ
        self._lock = threading.Lock()
        self._seen: list[str] = []

    def line(self, name: str, text: str) -> None:
        """Print one line after the name of the part that it comes from."""
        with self._lock, contextlib.suppress(OSError, ValueError):
            self._stream.write(f"{self._prefix(name)} {text}\n")
            self._stream.flush()

    def say(self, text: str) -> None:
        """Print one line of the supervisor itself."""
        self.line(OWN_NAME, text)

    def _prefix(self, name: str) -> str:
        label = f"{name:<{NAME_WIDTH}}|"
        if not self._coloured:
            return label
        if name not in self._seen:
            self._seen.append(name)
        return f"\033[{COLOURS[self._seen.index(name) % len(COLOURS)]}m{label}\033[0m"
