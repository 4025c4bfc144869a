"""Fork our Python processes from one process (the nursery) that has imported the application.

The supervisor cannot fork them itself, because it has threads. Before it starts a thread, it forks the nursery. The nursery
has one thread, imports what the parts need, and forks a part whenever the supervisor asks for it over a socket. A part then
runs its command line as a new Python would, but its imports are already done. When the supervisor ends, the nursery ends,
and so do its children. If only the nursery dies, the supervisor starts parts as programs.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import IO, Any, cast

import psutil

from app.config import SettingError
from app.process.background.forks import Wakeup, fork, reap
from app.process.launch.process import Command, Started, start_program

# What the parts import. The supervisor itself needs none of it.
IMPORTED = (
    "app.process.application",
    "app.process.background.runner",
    "alembic.command",
    "app.process.launch.demo",
    "app.process.launch.migrate",
    "app.process.launch.setup_link",
    "app.sandbox.demo.commands",
    "app.sandbox.simulators.__main__",
    "app.sandbox.simulators.graph",
)
STEP_SECONDS = 0.05
MESSAGE_BYTES = 65536


class Nursery:
    """The supervisor's connection to the nursery process.

    Create it while this process has only one thread, and no open connection, file or lock.
    """

    def __init__(self) -> None:
        gc.collect()
        gc.freeze()
        self._lock = threading.RLock()
        self._ended: dict[int, int] = {}
        self._unread = b""
        self._is_there = True
        self._socket, theirs = socket.socketpair()
        self.pid = fork("nursery")
        if self.pid == 0:
            self._socket.close()
            sys.exit(_serve(theirs))
        theirs.close()

    def prepare(self, env: Mapping[str, str]) -> None:
        """Tell the nursery to create the application once for all workers, with the environment `env`. Does not wait for it."""
        with self._lock:
            self._send({"prepare": dict(env)})

    def start(self, command: Command) -> Started:
        """Fork a child that runs the command: a Python program of ours, under our own user.

        If the nursery has died, start the command as a program instead.
        """
        with self._lock:
            order = {"name": command.name, "argv": list(command.argv[1:]), "env": dict(command.env), "cwd": str(command.cwd)}
            read, write = os.pipe()
            try:
                if self._send(order, write):
                    pid = self._wait_for_pid()
                    if pid:
                        return Forked(self, pid, os.fdopen(os.dup(read), "rb"))
            finally:
                os.close(read)
                os.close(write)
        return start_program(command)

    def exit_code(self, pid: int) -> int | None:
        """Return the exit code of a child of the nursery. Return None while it runs."""
        with self._lock:
            self._read(0)
            if pid not in self._ended and not self._is_there and not _is_running(pid):
                self._ended[pid] = -signal.SIGTERM  # its end sends SIGTERM to its children; the true exit code is lost
            return self._ended.get(pid)

    def close(self) -> None:
        """End the nursery and wait for it. To be called when its children have ended."""
        with self._lock:
            self._socket.close()
            self._is_there = False
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)

    def _send(self, order: Mapping[str, Any], *descriptors: int) -> bool:
        if not self._is_there:
            return False
        message = json.dumps(order).encode() + b"\n"
        try:
            sent = socket.send_fds(self._socket, [message], list(descriptors))
            self._socket.sendall(message[sent:])
        except OSError:
            self._is_there = False
        return self._is_there

    def _wait_for_pid(self) -> int:
        # However long it takes: starting a program meanwhile would make two of a part.
        while self._is_there:
            for pid in self._read(None):
                return pid
        return 0

    def _read(self, seconds: float | None) -> list[int]:
        """Read the nursery's messages: store the exit codes of children that ended, and return the process ids of those that
        started.

        Waits at most `seconds` for a message; None means without limit.
        """
        started: list[int] = []
        while self._is_there and select.select([self._socket], [], [], seconds)[0]:
            received = b""
            with contextlib.suppress(ConnectionError):
                received = self._socket.recv(MESSAGE_BYTES)
            self._is_there = bool(received)
            *lines, self._unread = (self._unread + received).split(b"\n")
            for told in map(json.loads, lines):
                if "ended" in told:
                    self._ended[told["ended"]] = told["code"]
                else:
                    self._ended.pop(told["pid"], None)  # the process id may have been used before
                    started.append(told["pid"])
            if started:
                break
            seconds = 0
        return started


class Forked:
    """A child of the nursery, with the methods of subprocess.Popen."""

    stdin: IO[bytes] | None = None

    def __init__(self, nursery: Nursery, pid: int, stdout: IO[bytes]) -> None:
        self._nursery = nursery
        self.pid = pid
        self.stdout: IO[bytes] | None = stdout

    def poll(self) -> int | None:
        return self._nursery.exit_code(self.pid)

    def send_signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def wait(self, timeout: float | None = None) -> int:
        deadline = time.monotonic() + timeout if timeout is not None else None
        while (code := self.poll()) is None:
            if deadline is not None and time.monotonic() >= deadline:
                raise subprocess.TimeoutExpired(str(self.pid), cast(float, timeout))
            time.sleep(STEP_SECONDS)
        return code


def _is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _serve(supervisor: socket.socket) -> int:
    """Run the nursery: fork children as the supervisor orders, and report those that ended, until the supervisor closes the
    socket.

    Return the exit code. In a forked child, run the ordered command and return that command's exit code.
    """
    for name in IMPORTED:
        import_module(name)
    gc.collect()
    gc.freeze()
    wakeup = Wakeup([signal.SIGCHLD])
    # Whoever means to end the run tells the supervisor.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    orders = Orders(supervisor)
    sources: list[Wakeup | socket.socket] = [wakeup, supervisor]
    while True:
        readable = select.select(sources, [], [])[0]
        wakeup.take()
        for pid, code in reap():
            _tell(supervisor, {"ended": pid, "code": code})
        for order in orders.take() if supervisor in readable else ():
            if "prepare" in order:
                _prepare(order["prepare"])
                continue
            output = orders.outputs.pop(0)
            pid = fork(order["name"])
            if pid == 0:
                wakeup.close()
                supervisor.close()
                _move_in(order, output)
                return _become(order["argv"])
            os.close(output)
            _tell(supervisor, {"pid": pid})
        if orders.have_ended:
            return 0


class Orders:
    """The orders from the supervisor, each one line of JSON. An order to start a part comes with a file descriptor for its
    output."""

    def __init__(self, supervisor: socket.socket) -> None:
        self._supervisor = supervisor
        self._unread = b""
        self.outputs: list[int] = []
        self.have_ended = False

    def take(self) -> list[dict[str, Any]]:
        """Read from the socket once and return the orders that have arrived completely. Sets `have_ended` if the supervisor is
        gone."""
        message = b""
        with contextlib.suppress(ConnectionError):
            message, descriptors, _flags, _address = socket.recv_fds(self._supervisor, MESSAGE_BYTES, 1)
            self.outputs += descriptors
        self.have_ended = not message
        *lines, self._unread = (self._unread + message).split(b"\n")
        return [json.loads(line) for line in lines]


def _tell(supervisor: socket.socket, told: Mapping[str, int]) -> None:
    with contextlib.suppress(OSError):  # the supervisor is gone, as the next read shows
        supervisor.sendall(json.dumps(told).encode() + b"\n")


def _prepare(env: Mapping[str, str]) -> None:
    from app.process.background import runner

    os.environ.clear()
    os.environ.update(env)
    with contextlib.suppress(SettingError):  # each part says so itself
        runner.prepare()


def _move_in(order: Mapping[str, Any], output: int) -> None:
    os.environ.clear()
    os.environ.update(order["env"])
    os.chdir(order["cwd"])
    nothing = os.open(os.devnull, os.O_RDONLY)
    for theirs, ours in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(theirs, ours)
    os.close(nothing)
    os.close(output)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]


def _become(words: Sequence[str]) -> int:
    """Run in this process what the command `python WORDS…` runs. Return 0 if it ends without SystemExit."""
    if words[0] == "-m":
        for name in (words[1], f"{words[1]}.__main__"):
            sys.modules.pop(name, None)  # the modules it imports stay loaded
        sys.argv = list(words[1:])
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = list(words)
        runpy.run_path(words[0], run_name="__main__")
    return 0
