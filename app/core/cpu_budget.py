"""Limit the processor time of one piece of work, so that a costly input fails alone.

A limit in wall-clock time would make a good mail fail on a busy machine, and RQ uses SIGALRM to stop its jobs. A regular
expression that runs away is stopped as well, because `re` checks for signals while it matches. Code in other languages is
stopped when it returns. Only the main thread gets signals, and workers run their jobs there. In any other thread the work
has no limit.
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
    """Raised when the work took more processor time than its limit. It is a BaseException, so handlers for broken input do not
    catch it."""


@contextmanager
def cpu_budget(seconds: float) -> Iterator[None]:
    """Raise `OverBudget` inside the block after `seconds` (more than 0) of the process's user CPU time. Blocks must not be
    nested."""
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
