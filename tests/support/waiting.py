"""Wait for what another process or thread does: as short as it takes, and not for ever."""

from __future__ import annotations

import time
from collections.abc import Callable

STEP_SECONDS = 0.05


def wait_until(is_so: Callable[[], bool], what: str | Callable[[], str], *, seconds: float = 180) -> None:
    """Return when it is so. Raises AssertionError after `seconds`, naming what was waited for."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited in vain for {what() if callable(what) else what}")
        time.sleep(STEP_SECONDS)
