"""Start and end child processes. Each has its own session, ends when we die, and its output is passed on line by line.

If we die by SIGKILL, Linux's death signal ends each process (child.py), and the guard ends everything that the processes
started themselves (guard.py). This module does not know what the processes are for.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

OnLine = Callable[[str, str], None]
CHILD = Path(__file__).with_name("child.py")
GUARD = Path(__file__).with_name("guard.py")
KEEP_USER = -1
STEP_SECONDS = 0.05


@dataclass(frozen=True)
class Account:
    """An operating system user to run as."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True)
class Command:
    """A program to start. `death_signal` is the signal it gets if we die without ending it.

    `user` is the system user to run it as, None for our own. `stdin` is the content of its standard input.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: Path
    user: Account | None = None
    death_signal: signal.Signals = signal.SIGTERM
    stdin: bytes = b""


class Started(Protocol):
    """A process that was started, with the methods of subprocess.Popen that `Process` calls."""

    @property
    def pid(self) -> int: ...
    @property
    def stdin(self) -> IO[bytes] | None: ...
    @property
    def stdout(self) -> IO[bytes] | None: ...
    def poll(self) -> int | None: ...
    def send_signal(self, sig: int, /) -> None: ...
    def wait(self, timeout: float | None = None) -> int: ...


class Guard:
    """The pipe to a guard process that ends all our processes if we die. The guard is started when the first of them is added."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pipe: IO[bytes] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def add(self, group: int) -> None:
        """Tell the guard to end this process group if we die."""
        self._tell(b"+%d\n" % group)

    def remove(self, group: int) -> None:
        """Tell the guard that this process group has ended."""
        self._tell(b"-%d\n" % group)

    def _tell(self, line: bytes) -> None:
        with self._lock:
            if self._pipe is None:
                self._pipe = self._start()
            with contextlib.suppress(BrokenPipeError):
                self._pipe.write(line)

    def _start(self) -> IO[bytes]:
        atexit.register(self._close)
        read, write = os.pipe()
        self._process = subprocess.Popen([sys.executable, "-I", "-S", str(GUARD)], stdin=read, start_new_session=True)
        os.close(read)
        return os.fdopen(write, "wb", buffering=0)

    def _close(self) -> None:
        """Close the pipe when we exit normally, and wait until the guard has ended the remaining processes."""
        if self._pipe and self._process:
            self._pipe.close()
            self._process.wait()


_guard = Guard()


class Process:
    """A started command. A thread passes every line that the command prints to `on_line(name, line)`."""

    def __init__(self, command: Command, on_line: OnLine, start: Callable[[Command], Started] | None = None) -> None:
        """Start the command. `start` is the function that starts it, e.g. the nursery's; by default `start_program`."""
        self.name = command.name
        self.started_at = time.monotonic()
        self._popen = (start or start_program)(command)
        _guard.add(self.pid)
        self._reader = threading.Thread(target=self._hand_on_lines, args=(on_line,), name=f"lines of {self.name}", daemon=True)
        self._reader.start()
        if command.stdin:
            self._feed(command.stdin)

    @property
    def pid(self) -> int:
        """The process id, which is also the id of its process group and session."""
        return self._popen.pid

    @property
    def exit_code(self) -> int | None:
        """The exit code, or None while the process runs. If a signal ended the process, this is minus the signal's number."""
        return self._popen.poll()

    def signal(self, number: int) -> None:
        """Send a signal to the process itself; nothing happens if it has ended."""
        if self.exit_code is None:
            self._popen.send_signal(number)

    def wait(self, timeout_seconds: float) -> bool:
        """Wait at most `timeout_seconds` for the process to end. Return True if it has ended."""
        try:
            self._popen.wait(max(0.0, timeout_seconds))
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill_group(self) -> None:
        """End the process and everything it started, at once, and wait until the process is gone."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._popen.wait()
        _guard.remove(self.pid)

    def close(self) -> None:
        """Wait, at most one second, until the last lines of an ended process have been read."""
        self._reader.join(timeout=1)

    def _hand_on_lines(self, on_line: OnLine) -> None:
        stream: IO[bytes] | None = self._popen.stdout
        if stream is None:
            return
        with stream:
            for line in stream:
                on_line(self.name, line.decode(errors="replace").rstrip())

    def _feed(self, content: bytes) -> None:
        stream = self._popen.stdin
        if stream is None:
            return
        with contextlib.suppress(BrokenPipeError), stream:
            stream.write(content)


def start_program(command: Command) -> Started:
    """Start the command's program, wrapped by child.py."""
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(CHILD), *_wrapper_arguments(command), *command.argv],
        env=dict(command.env),
        cwd=command.cwd,
        stdin=subprocess.PIPE if command.stdin else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def stop(processes: Sequence[Process], *, number: int, grace_seconds: float) -> list[str]:
    """Send the signal `number` to all processes, and wait at most `grace_seconds` for all of them together.

    Then kill the processes that still run, and everything that they all started. Return the names of the processes that did
    not end in time.
    """
    for process in processes:
        process.signal(number)
    deadline = time.monotonic() + grace_seconds
    late = [process.name for process in processes if not process.wait(deadline - time.monotonic())]
    for process in processes:
        process.kill_group()
        process.close()
    return late


def run_to_end(
    command: Command,
    on_line: OnLine,
    check: Callable[[], None] = lambda: None,
    start: Callable[[Command], Started] | None = None,
) -> int:
    """Run a command until it ends and return its exit code.

    `check` is called every few milliseconds meanwhile. If it raises, the command is killed and the exception is passed on.
    """
    process = Process(command, on_line, start)
    try:
        while not process.wait(STEP_SECONDS):
            check()
    except BaseException:
        process.kill_group()
        raise
    process.kill_group()
    process.close()
    return process.exit_code or 0


def without(noise: Sequence[str], on_line: OnLine) -> OnLine:
    """Return a function that calls `on_line` for each line, except for lines that contain one of the texts in `noise`."""

    def hand_on(name: str, line: str) -> None:
        if not any(words in line for words in noise):
            on_line(name, line)

    return hand_on


def _wrapper_arguments(command: Command) -> list[str]:
    uid, gid = (command.user.uid, command.user.gid) if command.user else (KEEP_USER, KEEP_USER)
    # Linux sends the death signal when the thread that started the process ends, not the process: only the main thread lasts.
    lasting = threading.current_thread() is threading.main_thread()
    return [str(int(command.death_signal) if lasting else 0), str(os.getpid()), str(uid), str(gid)]
