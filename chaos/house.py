"""The application under test: its own servers, every process twice where `make run` has one, and somebody who restarts them."""

from __future__ import annotations

import os
import signal
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import psutil

from app.config import Settings, load_settings
from app.core.migrate import upgrade
from app.process.launch.parts import ROOT, Part, choose_simulator_ports, simulators, told_environment, web
from app.process.launch.ports import free_port
from app.process.launch.process import Command, Process, stop
from app.process.launch.servers import EmbeddedServers
from app.process.launch.supervisor import answers_health
from chaos.disk import Disk
from chaos.nursery import Child

READY_SECONDS = 90
WEB_WORKERS = 2
# So long a process needs to come up on a busy machine; killing it earlier would test nothing but starting.
GROWN_UP_SECONDS, WEB_GROWN_UP_SECONDS = 2.0, 6.0
STEP_SECONDS = 0.05
WORKERS = (("live-1", "live"), ("live-2", "live"), ("send-1", "send"), ("send-2", "send"))
SCHEDULERS = (("scheduler-1", "scheduler"), ("scheduler-2", "scheduler"))
# As in production, only faster.
QUICK = {
    "SWEEP_SECONDS": "2",
    "POLL_MAIL_SECONDS": "1",
    "UNKNOWN_SETTLE_SECONDS": "15",
    "LEASE_SECONDS": "6",
    "BUDGET_FACTOR": "1000",  # the simulated providers grant all that is asked
    "WEB_WORKERS": str(WEB_WORKERS),
}


class UnableToStart(Exception):
    """The application did not come up; the text has its last lines."""


class House:
    """Everything that runs, in one folder. `look_after` starts again at once what has died."""

    def __init__(
        self, folder: Path, *, protected: bool = True, small_disk: bool = True, settings: Mapping[str, str] | None = None
    ) -> None:
        """`settings`: what differs from QUICK."""
        self.folder = folder
        self._quick = QUICK | dict(settings or {})
        self._small_disk = small_disk
        self.crash_dir = folder / "crash"
        self.servers = EmbeddedServers(folder / "servers", on_line=self._keep_line)
        self.ports = choose_simulator_ports({})
        self.lines: deque[str] = deque(maxlen=5000)
        self.restarts = 0
        self._protected = protected
        self._processes: dict[str, tuple[Part, Process]] = {}
        self._children: dict[str, tuple[str, Child]] = {}
        self._log = None
        self.disk = Disk(folder / "data" / "storage")

    def start(self) -> None:
        """Start all of it and wait until the web answers. Raises UnableToStart; call `stop` in any case."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o711)
        self.crash_dir.mkdir(exist_ok=True)
        self._log = (self.folder / "lines.log").open("a", buffering=1)
        self.settings = self._settings()
        if self._small_disk:
            self.disk.mount()
        upgrade(self.settings.database_url)

    def open_doors(self) -> None:
        """Start the processes; the database is ready and has its channels."""
        self._start_part(simulators(self.ports, self.folder))
        self._start_part(self._web())
        for name, kind in (*WORKERS, *SCHEDULERS):
            self._start_child(name, kind)
        self._wait_until_ready()

    def stop(self) -> None:
        """End everything."""
        for _, child in self._children.values():
            child.end()
        stop([process for _, process in reversed(self._processes.values())], number=15, grace_seconds=5)
        self.servers.stop(grace_seconds=5)
        self.disk.unmount()
        if self._log:
            self._log.close()

    def look_after(self) -> None:
        """Start again what has ended."""
        for part, process in [known for known in self._processes.values() if known[1].exit_code is not None]:
            process.kill_group()
            self._start_part(part)
            self.restarts += 1
        for name, (kind, child) in self._children.items():
            if child.exit_code is not None:
                self._start_child(name, kind)
                self.restarts += 1

    def pids(self, kind: str) -> list[int]:
        """The processes of a kind that are old enough to be at work. Of the web's two one is always spared."""
        if kind == "web master":
            return [self._processes["web"][1].pid] if len(self._web_workers()) == WEB_WORKERS else []
        if kind == "web":
            workers = self._web_workers()
            return workers if len(workers) == WEB_WORKERS else []
        return [child.pid for child_kind, child in self._children.values() if child_kind == kind and _is_grown_up(child.pid)]

    @contextmanager
    def halted_database(self) -> Iterator[None]:
        """All processes of PostgreSQL stand still inside: connections are accepted and kept, and nothing is answered."""
        (main,) = (process.pid for process in self.servers.processes if process.name == "postgres")
        halted = [psutil.Process(main)]
        halted[0].suspend()  # the first, so that it makes no more of them
        halted += halted[0].children(recursive=True)
        try:
            for process in halted[1:]:
                _signal(process, signal.SIGSTOP)
            yield
        finally:
            for process in reversed(halted):
                _signal(process, signal.SIGCONT)

    def _web_workers(self) -> list[int]:
        try:
            children = psutil.Process(self._processes["web"][1].pid).children()
        except psutil.NoSuchProcess:
            return []
        return [child.pid for child in children if _is_grown_up(child.pid, WEB_GROWN_UP_SECONDS)]

    def _settings(self) -> Settings:
        urls = self.servers.start()
        port = free_port()
        base = {"DATA_DIR": str(self.folder / "data"), "PORT": str(port), **self._quick}
        settings = load_settings({**base, "DATABASE_URL": urls.database_url, "REDIS_URL": urls.redis_url}, join=False)
        settings = replace(settings, port=port, public_url=f"http://127.0.0.1:{port}")
        told = told_environment(settings, urls, self.ports, {}) | self._quick
        told |= {"SECRET_KEY": settings.secret_key, "ENCRYPTION_KEYS": settings.encryption_keys}
        told |= {"CRASH_DIR": str(self.crash_dir), "PYTHONUNBUFFERED": "1"}
        self._environ = {**os.environ, **told}
        # The nursery is forked from a process that inherits ours.
        os.environ.update(told)
        return load_settings(told, join=False)

    def _web(self) -> Part:
        part = web(self.settings)
        if self._protected:
            return part
        options = [word for word in part.argv[:-1] if word != "--preload"]  # each worker replaces functions for itself
        return Part(part.name, (*options, "chaos.unprotected:make_web()"))

    def _start_child(self, name: str, kind: str) -> None:
        self._children[name] = (kind, Child(kind, log=self.folder / "lines.log", protected=self._protected))

    def _start_part(self, part: Part) -> None:
        command = Command(name=part.name, argv=part.argv, env=self._environ, cwd=ROOT)
        self._processes[part.name] = (part, Process(command, self._keep_line))

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not answers_health(self.settings):
            if time.monotonic() > deadline:
                raise UnableToStart("\n".join(list(self.lines)[-40:]))
            time.sleep(STEP_SECONDS)

    def _keep_line(self, name: str, line: str) -> None:
        self.lines.append(f"{name}: {line}")
        if self._log and not self._log.closed:
            self._log.write(f"{time.strftime('%H:%M:%S')} {name}: {line}\n")


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    with suppress(psutil.NoSuchProcess):
        process.send_signal(number)


def _is_grown_up(pid: int, seconds: float = GROWN_UP_SECONDS) -> bool:
    try:
        return time.time() - psutil.Process(pid).create_time() > seconds
    except psutil.NoSuchProcess:
        return False
