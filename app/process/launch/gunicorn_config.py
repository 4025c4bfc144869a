"""Settings of gunicorn for web workers that are forked and share memory (`gunicorn --config … --preload wsgi:app`).

The master imports the application once and forks the workers from it. gunicorn runs this file before that, by itself: it must not
import the application. What the application imports has to be gevent's from the start, so the patches come first. The rest of
them are for the workers alone, which apply them themselves: the master waits for its children and its signals as it always did.
Nothing here opens a connection or starts a thread.

A worker waits for the database on gevent's loop itself. The driver would ask gevent's poll(), which makes a poll object, its
watchers and a timer for each answer: a quarter of what a small statement costs the worker.
"""

import time
import warnings
from typing import Any

from gevent import get_hub, monkey
from gevent.socket import wait

worker_class = "gevent"

warnings.filterwarnings("ignore", "Patching more than once", monkey.MonkeyPatchWarning)  # patching again is intended here
monkey.patch_all(os=False, signal=False, subprocess=False)

from psycopg import errors, waiting  # noqa: E402 as everything that imports threads or sockets


def wait_on_loop(generator: Any, fileno: int, interval: float = 0.0, timeout: float | None = None) -> Any:
    """Drive the driver's `generator` as `psycopg.waiting.wait` does; the other greenlets of the worker run meanwhile."""
    ends_at = None if timeout is None else time.monotonic() + timeout
    try:
        wanted = next(generator)
        while True:
            left = None if ends_at is None else max(0.0, ends_at - time.monotonic())
            watcher = get_hub().loop.io(fileno, int(wanted))  # the driver's bits for reading and writing are the loop's
            try:
                wait(watcher, left, errors._WaitTimeout("wait timeout expired"))
            finally:
                watcher.close()
            wanted = generator.send(waiting.Ready(int(wanted)))
    except StopIteration as ended:
        return ended.value


waiting.wait = wait_on_loop  # type: ignore[assignment]
