"""Workers and schedulers that are back at once: forked from a process that has the application imported already.

They run the very function `worker.py` runs. Starting Python and importing takes seconds of processor each time, which a test that
kills every other second would spend on little else.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
from pathlib import Path

PRELOADED = [
    "app.process.background.runner",
    "app.domain.ingest.jobs",
    "app.domain.delivery.jobs",
    "app.domain.events.jobs",
    "chaos.nursery",
]
PR_SET_PDEATHSIG = 1


class Child:
    """One forked worker or scheduler."""

    def __init__(self, kind: str, *, log: Path, protected: bool) -> None:
        nursery = multiprocessing.get_context("forkserver")
        nursery.set_forkserver_preload(PRELOADED)
        self._process = nursery.Process(target=_live, args=(kind, str(log), protected), daemon=True)
        self._process.start()

    @property
    def pid(self) -> int:
        return self._process.pid or 0

    @property
    def exit_code(self) -> int | None:
        return self._process.exitcode

    def end(self) -> None:
        """Kill it, if it lives, and wait until it is gone."""
        self._process.kill()
        self._process.join()


def _live(kind: str, log: str, protected: bool) -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    lines = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(lines, stream)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    if protected:
        from app.process.background.runner import main
    else:
        from chaos.unprotected import main
    sys.exit(main([kind]))
