"""Whether this is a run of everything (`make test-full`), and how much of something that may be much an ordinary run takes."""

from __future__ import annotations

import os

IS_FULL = os.environ.get("FULL_RUN", "") == "1"


def amount(usual: int, *, full: int) -> int:
    """How many examples, bodies or rounds to take."""
    return full if IS_FULL else usual
