"""Run functions of the simulator after a delay: one thread keeps the times, a few others do the work."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

WORKERS = 8
RUNNING_WORK_SECONDS = 2.0


class Timetable:
    """A queue that runs functions after a number of real seconds. Functions that are due at the same time run in any order."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._running = 0
        self._age = 0  # how often `forget` was called
        self._own = threading.local()
        self._is_closed = False
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="simulator")
        self._thread = threading.Thread(target=self._keep_time, name="timetable", daemon=True)
        self._thread.start()

    def after(self, seconds: float, work: Callable[[], None]) -> None:
        with self._changed:
            if getattr(self._own, "age", self._age) != self._age:
                return  # added by work that began before `forget`
            heapq.heappush(self._due, (time.monotonic() + seconds, next(self._numbers), work))
            self._changed.notify_all()

    def forget(self) -> None:
        """Drop all functions that have not begun, and wait up to two seconds for the running ones.

        A function that was running cannot add further functions.
        """
        with self._changed:
            self._age += 1
            self._due.clear()
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._running, RUNNING_WORK_SECONDS)

    def wait_until_idle(self, timeout_seconds: float) -> bool:
        """Wait until no function is planned or running. Return False if that takes longer than `timeout_seconds`."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._due and not self._running, timeout_seconds)

    def close(self) -> None:
        with self._changed:
            self._is_closed = True
            self._due.clear()
            self._changed.notify_all()
        self._thread.join()
        self._workers.shutdown(wait=True)

    def _keep_time(self) -> None:
        with self._changed:
            while not self._is_closed:
                self._start_what_is_due()
                self._changed.wait(self._seconds_to_next())

    def _start_what_is_due(self) -> None:
        while self._due and self._due[0][0] <= time.monotonic():
            _, _, work = heapq.heappop(self._due)
            self._running += 1
            self._workers.submit(self._run, work, self._age)

    def _seconds_to_next(self) -> float | None:
        return max(0.0, self._due[0][0] - time.monotonic()) if self._due else None

    def _run(self, work: Callable[[], None], age: int) -> None:
        self._own.age = age
        try:
            work()
        except Exception:
            logging.getLogger("simulators").exception("background work failed")
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()
