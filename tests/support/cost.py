"""What something costs, in seconds of the machine that the bounds of the tests were written on.

Processor time of this thread, beside that of a fixed piece of work done just before and after it: a machine that is slow, or
shared with others, takes longer for both, and a bound says the same on each.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable

YARDSTICK_SECONDS = 0.05  # what `_yardstick` takes there
_WORD = re.compile(r"([a-z]+)-(\d+)")


def cost_seconds(run: Callable[[], object], *, tries: int = 1) -> float:
    """What `run` costs, the least of several tries where it may be done again."""
    return min(_once(run) for _ in range(tries))


def _once(run: Callable[[], object]) -> float:
    before = _seconds(_yardstick)
    took = _seconds(run)
    return took * YARDSTICK_SECONDS / max(before, _seconds(_yardstick))


def _seconds(run: Callable[[], object]) -> float:
    began = time.thread_time()
    run()
    return time.thread_time() - began


def _yardstick() -> None:
    """What reading costs most of: objects made, looked up and joined, patterns matched."""
    text = " ".join(f"word-{number}" for number in range(120_000))
    found = {number: word for word, number in _WORD.findall(text)}
    sorted("".join(sorted(found)).split("7"), key=len)
