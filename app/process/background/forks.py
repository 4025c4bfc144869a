"""Fork worker processes from a process that has imported everything, so that they share its memory and start at once.

Only a process with one thread and no connection forks. Otherwise a lock that another thread has would stay locked in the
child for ever, and two processes would use one connection at the same time. `fork` refuses if there is a second thread. The
sources of random numbers here (`random`, uuid_utils, OpenSSL) get a new seed in a child;
tests/process/background/test_forks.py checks this.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from app.core.log import get_logger

PR_SET_PDEATHSIG, PR_SET_NAME = 1, 15
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
SETTLED_SECONDS = 60.0
# SIGHUP is left as it is: under nohup it is ignored, and otherwise ends this process, which ends its children.
OURS = (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)
log = get_logger(__name__)


class NotAlone(Exception):
    """Raised when this process has more than one thread and therefore must not fork."""


def fork(name: str) -> int:
    """Fork as `os.fork` does, and return the child's process id, or 0 in the child. Raises NotAlone.

    The child has its own session, the usual signal handlers and the process name `name`. It gets SIGTERM when its parent
    dies.
    """
    if threading.active_count() > 1:
        raise NotAlone(", ".join(thread.name for thread in threading.enumerate()))
    for stream in (sys.stdout, sys.stderr):
        stream.flush()  # or the child prints it again
    parent = os.getpid()
    # A signal that comes between the fork and the child's own handlers would go to ours and be lost.
    signal.pthread_sigmask(signal.SIG_BLOCK, OURS)
    try:
        pid = os.fork()
        if pid == 0:
            _leave_home(name, parent)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, OURS)
    return pid


def _leave_home(name: str, parent: int) -> None:
    signal.set_wakeup_fd(-1)
    for number in OURS:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    os.setsid()
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.prctl(PR_SET_NAME, name.encode())
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)


class Wakeup:
    """A file object for `select` that becomes readable when one of the signals arrives. Create it in the main thread."""

    def __init__(self, numbers: Collection[signal.Signals]) -> None:
        self._receiver, self._sender = socket.socketpair()
        for end in (self._receiver, self._sender):
            end.setblocking(False)
        for number in numbers:
            signal.signal(number, lambda *_: None)
        signal.set_wakeup_fd(self._sender.fileno())

    def fileno(self) -> int:
        return self._receiver.fileno()

    def take(self) -> bytes:
        """Return the numbers of the signals that arrived since the last call, one byte for each signal."""
        with contextlib.suppress(BlockingIOError):
            return self._receiver.recv(4096)
        return b""

    def close(self) -> None:
        """Close the sockets. A child process does this, because it has its own signal handlers."""
        self._receiver.close()
        self._sender.close()


def reap() -> Iterator[tuple[int, int]]:
    """Yield the process id and exit code of every child that has ended. A negative exit code is the number of a signal."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        yield pid, os.waitstatus_to_exitcode(status)


@dataclass
class Member:
    """One child process of a kind. `pid` is 0 if it is not running; then it is started at `due_at` (monotonic seconds)."""

    kind: str
    pid: int = 0
    started_at: float = 0.0
    pause_seconds: float = FIRST_PAUSE_SECONDS
    due_at: float = 0.0


class Family:
    """The child processes of some kinds. A child that ends by itself is started again after a pause.

    The pause doubles each time the child ends soon after its start.
    """

    def __init__(self, kinds: Sequence[str]) -> None:
        self._members = [Member(kind) for kind in kinds]
        self._stopping = False

    def run(self) -> str | None:
        """Fork the children and watch them. After SIGTERM or SIGINT, end all of them.

        Returns in each process: in a child its kind, and in this process None when all children have ended.
        """
        wakeup = Wakeup(OURS)
        while True:
            for member in self._due():
                member.pid, member.started_at = fork(member.kind), time.monotonic()
                if member.pid == 0:
                    wakeup.close()
                    return member.kind
            select.select([wakeup], [], [], self._seconds_to_next())
            if set(wakeup.take()) - {signal.SIGCHLD}:
                self._stop()
            for pid, code in reap():
                self._note_end(pid, code)
            if self._stopping and not any(member.pid for member in self._members):
                return None

    def _due(self) -> list[Member]:
        now = time.monotonic()
        return [member for member in self._members if not (member.pid or self._stopping) and member.due_at <= now]

    def _seconds_to_next(self) -> float | None:
        waiting = [member.due_at for member in self._members if not (member.pid or self._stopping)]
        return max(0.0, min(waiting) - time.monotonic()) if waiting else None

    def _stop(self) -> None:
        """Send SIGTERM to every child. A worker finishes its job first; a second SIGTERM makes it leave the job."""
        self._stopping = True
        for member in self._members:
            if member.pid:
                os.kill(member.pid, signal.SIGTERM)

    def _note_end(self, pid: int, code: int) -> None:
        for member in self._members:
            if member.pid == pid:
                now, member.pid = time.monotonic(), 0
                member.pause_seconds = next_pause(member.pause_seconds, lived_seconds=now - member.started_at)
                member.due_at = now + member.pause_seconds
                if not self._stopping:
                    log.warning("process_ended", kind=member.kind, exit_code=code, again_in_seconds=member.pause_seconds)


def next_pause(previous_seconds: float, *, lived_seconds: float) -> float:
    """Return how many seconds to wait before the next start of a process.

    This is twice the previous pause (up to a maximum), or the first pause if the process lived for SETTLED_SECONDS.
    """
    if lived_seconds >= SETTLED_SECONDS:
        return FIRST_PAUSE_SECONDS
    return min(previous_seconds * 2, LONGEST_PAUSE_SECONDS)
