"""List the crash points: named places where a fault test (`make chaos`) kills the process.

Inert unless CRASH_DIR is set. The test arms a point by making a file of its name there; the first process to pass removes the
file (so exactly one dies) and kills itself with SIGKILL. `make chaos` checks its list of points against the calls in the code.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

_DIRECTORY = os.environ.get("CRASH_DIR")


def crash_point(name: str) -> None:
    """Kill this process if the point `name` is armed."""
    if _DIRECTORY is None:
        return
    try:
        (Path(_DIRECTORY) / name).unlink()
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)
