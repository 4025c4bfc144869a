"""Start and end child processes: each in its own session, dying with us, its output handed on.

If we die by SIGKILL, the death signal of Linux (child.py) ends a process, and the guard (guard.py) everything it started itself.
Nothing here knows what the processes are.
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
    """A program to start. `death_signal` is what it gets when we die without ending it. `user` None: our own."""

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
    """Our end of the pipe to the guard process, which is started with the first process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pipe: IO[bytes] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def add(self, group: int) -> None:
        """Tell the guard to end this process group should we die."""
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
        """Close the pipe at our regular end, and wait until the guard has ended what is left."""
        if self._pipe and self._process:
            self._pipe.close()
            self._process.wait()


_guard = Guard()


class Process:
    """A started command. Every line it prints goes to `on_line(name, line)`, from a thread of its own."""

    def __init__(self, command: Command, on_line: OnLine, start: Callable[[Command], Started] | None = None) -> None:
        """Start the command. `start`: the function that starts it, if not as a program (nursery.py)."""
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
        """The exit code; None while it runs, negative: the signal that ended it."""
        return self._popen.poll()

    def signal(self, number: int) -> None:
        """Send a signal to the process itself; nothing happens if it has ended."""
        if self.exit_code is None:
            self._popen.send_signal(number)

    def wait(self, timeout_seconds: float) -> bool:
        """Wait for the process to end; return False if it has not in time."""
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
        """Read the last lines of a process that has ended."""
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
    """Send the signal to all, wait `grace_seconds` for all together, and kill the rest with their children.

    Returns the names of those that were killed.
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
    """Run a command to its end and return its exit code. `check` is called now and then and may raise to end it early."""
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
    """Return `on_line` for all lines but those that contain one of the given texts."""

    def hand_on(name: str, line: str) -> None:
        if not any(words in line for words in noise):
            on_line(name, line)

    return hand_on


def _wrapper_arguments(command: Command) -> list[str]:
    uid, gid = (command.user.uid, command.user.gid) if command.user else (KEEP_USER, KEEP_USER)
    # Linux sends the death signal when the thread that started the process ends, not the process: only the main thread lasts.
    lasting = threading.current_thread() is threading.main_thread()
    return [str(int(command.death_signal) if lasting else 0), str(os.getpid()), str(uid), str(gid)]
