"""Count calls, outgoing and incoming, by endpoint and day, and write the counts in batches.

A call costs an addition under a lock. A separate thread (a greenlet in the web tier) writes the counts, outside the caller's
transaction. Counts that cannot be written are written with the next batch. The counts are statistics: a killed process loses
its last seconds. The names of endpoints come from code and from word lists, never from outside.
"""

from __future__ import annotations

import atexit
import threading
import time
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date

from app.core.clock import utc_now
from app.core.log import get_logger

# Upper ends of the steps a call's time is counted in, in milliseconds; what took longer is in one more step.
STEPS_MS = (50, 100, 200, 300, 500, 750, 1000, 1500, 2000, 3000, 5000, 10_000, 20_000, 60_000)
MOST_KEYS = 2000  # different endpoints in one batch; there are some fifty for each channel
THROTTLED = 429
log = get_logger(__name__)


@dataclass(frozen=True)
class Endpoint:
    """An endpoint that is called, named without ids. `account` is the id of the channel or integration for which it is called,
    or "".

    `provider` and `name` are our own words ("graph", "GET messages/{id}"). `is_ours` is True for an endpoint of ours that
    others call.
    """

    provider: str
    name: str
    account: str = ""
    is_ours: bool = False


Key = tuple[Endpoint, date]


@dataclass
class Tally:
    """The calls of one endpoint on one day. `seconds` is their total time. `steps` counts calls by duration: one count for each
    step of STEPS_MS, and a last one for longer calls."""

    requests: int = 0
    failures: int = 0
    throttled: int = 0
    seconds: float = 0.0
    steps: list[int] = field(default_factory=lambda: [0] * (len(STEPS_MS) + 1))

    def count(self, *, status: int | None, seconds: float) -> None:
        """Count one call with its duration. `status` is the HTTP status, or None if there was no answer."""
        self.requests += 1
        self.failures += status is None or status >= 400
        self.throttled += status == THROTTLED
        self.seconds += seconds
        self.steps[bisect_left(STEPS_MS, seconds * 1000)] += 1

    def add(self, other: Tally) -> None:
        self.requests += other.requests
        self.failures += other.failures
        self.throttled += other.throttled
        self.seconds += other.seconds
        self.steps = [mine + theirs for mine, theirs in zip(self.steps, other.steps, strict=True)]


Write = Callable[[Mapping[Key, Tally]], None]


class Meter:
    """Counts the calls of one process. `every_seconds` is how often the counts are written; 0 means only by `flush`."""

    def __init__(self, write: Write, *, every_seconds: float) -> None:
        self._write = write
        self._every_seconds = every_seconds
        self._counted: dict[Key, Tally] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def note(self, endpoint: Endpoint, *, status: int | None, seconds: float, day: date | None = None) -> None:
        """Count one call. Never waits for the database, and never raises."""
        with self._lock:
            tally = self._tally((endpoint, day or utc_now().date()))
            if tally is not None:
                tally.count(status=status, seconds=seconds)
            if self._thread is None and self._every_seconds:
                self._thread = threading.Thread(target=self._run, name="meter", daemon=True)
                atexit.register(self.flush)
                self._thread.start()

    def flush(self) -> None:
        """Write the counts. If this fails, the counts stay for the next time."""
        with self._lock:
            taken, self._counted = self._counted, {}
        if not taken:
            return
        try:
            self._write(taken)
        except Exception as error:  # the thread must outlive a database that went away
            log.warning("usage_not_written", error=type(error).__name__, keys=len(taken))
            self._put_back(taken)

    def _tally(self, key: Key) -> Tally | None:
        if key not in self._counted and len(self._counted) >= MOST_KEYS:
            return None
        return self._counted.setdefault(key, Tally())

    def _put_back(self, taken: Mapping[Key, Tally]) -> None:
        with self._lock:
            for key, tally in taken.items():
                kept = self._tally(key)
                if kept is not None:
                    kept.add(tally)

    def _run(self) -> None:
        while True:
            time.sleep(self._every_seconds)
            self.flush()


@dataclass
class Call:
    """One call in progress. `status` is the HTTP status of the answer, None before the answer. A status from 400 is a failure."""

    status: int | None = None


DONE = 200


@contextmanager
def counting(meter: Meter | None, endpoint: Endpoint) -> Iterator[Call]:
    """Count the block as one call, for protocols other than HTTP. The call failed if the block raises or its `status` says so."""
    call, began = Call(), time.monotonic()
    try:
        yield call
        call.status = call.status or DONE
    except BaseException:
        call.status = None
        raise
    finally:
        if meter is not None:
            meter.note(endpoint, status=call.status, seconds=time.monotonic() - began)


def shape_of(path: str, words: Collection[str]) -> str:
    """Return the path as an endpoint name: each part of the path that is not in `words` becomes "{id}". Only the first 8 parts
    are used."""
    parts = [part for part in path.partition("?")[0].split("/") if part]
    return "/".join(part if part in words else "{id}" for part in parts[:8])
