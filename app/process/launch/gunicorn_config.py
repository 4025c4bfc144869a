"""Settings of gunicorn for web workers that are forked and share memory (`gunicorn --config … --preload wsgi:app`).

The master imports the application once and forks the workers from it. gunicorn runs this file before that, so this file must
not import the application. It patches Python for gevent first, because the modules that the application imports must be
patched from the start. The workers apply the patches of os, signal and subprocess themselves: the master must wait for its
children and signals in the usual way. Nothing here opens a connection or starts a thread.

A worker waits for the database directly on gevent's loop. The driver would call gevent's poll(), which makes a poll object,
its watchers and a timer for each answer. That is a quarter of what a small statement costs the worker.
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
    """Run a database operation of the driver as `psycopg.waiting.wait` does, while other greenlets of the worker run.

    `generator` is the operation, whose result is returned. `timeout` is in seconds, None for no limit.
    """
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
