"""Limit the processor time of one piece of work, so that a costly input fails alone.

Wall-clock time would make a good mail fail on a busy machine, and RQ uses SIGALRM to stop its jobs. A regular expression that
runs away is stopped as well, since `re` checks for signals while it matches; code in other languages is stopped when it returns.
Signals reach the main thread alone, in which workers run their jobs; in any other thread the work has no limit.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

_TRIES: Final = 5  # a library that calls us back may swallow what is raised in its call
_AGAIN_SECONDS: Final = 0.5


class OverBudget(BaseException):
    """The work took more processor time than it was given. As a BaseException it passes handlers for broken input."""


@contextmanager
def cpu_budget(seconds: float) -> Iterator[None]:
    """Raise OverBudget inside the block after `seconds` > 0 of this process's user time. Not to be nested."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    left = _TRIES

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal left
        left -= 1
        if left:
            signal.setitimer(signal.ITIMER_VIRTUAL, _AGAIN_SECONDS)
        raise OverBudget

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
