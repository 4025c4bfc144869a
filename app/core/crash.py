"""List the crash points: named places where a fault test (`make chaos`) kills the process.

Crash points do nothing unless CRASH_DIR is set. The test arms a point by making a file with its name there. The first
process that reaches the point removes the file and kills itself with SIGKILL, so exactly one process dies. `make chaos`
checks its list of points against the calls in the code.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

_DIRECTORY = os.environ.get("CRASH_DIR")


def crash_point(name: str) -> None:
    """Kill this process if a test has armed the point `name`."""
    if _DIRECTORY is None:
        return
    try:
        (Path(_DIRECTORY) / name).unlink()
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)
