"""The application under test: its own servers, every process twice where `make run` has one, and somebody who restarts them."""

from __future__ import annotations

import os
import sys
import time
from collections import deque
from dataclasses import replace
from pathlib import Path

import psutil

from app.config import Settings, load_settings
from app.core.migrate import upgrade
from app.launch.parts import ROOT, Part, SimulatorPorts, simulators, told_environment, web
from app.launch.process import Command, Process, stop
from app.launch.servers import EmbeddedServers, free_port
from app.launch.supervisor import answers_health

READY_SECONDS = 90
STEP_SECONDS = 0.05
WORKERS = (("live-1", "live"), ("live-2", "live"), ("send-1", "send"), ("send-2", "send"))
SCHEDULERS = (("scheduler-1", "scheduler"), ("scheduler-2", "scheduler"))
# As in production, only faster.
QUICK = {"SWEEP_SECONDS": "2", "POLL_MAIL_SECONDS": "1", "UNKNOWN_SETTLE_SECONDS": "4", "LEASE_SECONDS": "6", "WEB_WORKERS": "2"}


class UnableToStart(Exception):
    """The application did not come up; the text has its last lines."""


class House:
    """Everything that runs, in one folder. `look_after` starts again at once what has died."""

    def __init__(self, folder: Path, *, protected: bool = True) -> None:
        self.folder = folder
        self.crash_dir = folder / "crash"
        self.servers = EmbeddedServers(folder / "servers", on_line=self._keep_line)
        self.ports = SimulatorPorts(whatsapp=free_port(), graph=free_port())
        self.lines: deque[str] = deque(maxlen=5000)
        self.restarts = 0
        self._protected = protected
        self._processes: dict[str, tuple[Part, Process]] = {}
        self._log = None

    def start(self) -> None:
        """Start all of it and wait until the web answers. Raises UnableToStart; call `stop` in any case."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o711)
        self.crash_dir.mkdir(exist_ok=True)
        self._log = (self.folder / "lines.log").open("a", buffering=1)
        self.settings = self._settings()
        upgrade(self.settings.database_url)

    def open_doors(self) -> None:
        """Start the processes; the database is ready and has its channels."""
        self._start_part(simulators(self.ports, self.folder))
        self._start_part(self._web())
        for name, kind in (*WORKERS, *SCHEDULERS):
            self._start_part(self._worker(name, kind))
        self._wait_until_ready()

    def stop(self) -> None:
        """End everything."""
        stop([process for _, process in reversed(self._processes.values())], number=15, grace_seconds=5)
        self.servers.stop(grace_seconds=5)
        if self._log:
            self._log.close()

    def look_after(self) -> list[str]:
        """Start again what has ended; its names."""
        dead = [name for name, (_, process) in self._processes.items() if process.exit_code is not None]
        for name in dead:
            part, process = self._processes[name]
            process.kill_group()
            self._start_part(part)
        self.restarts += len(dead)
        return dead

    def pids(self, kind: str) -> list[int]:
        """The living processes of a kind; for the web these are its workers, which their master starts again."""
        if kind == "web":
            return [child.pid for child in _children(self._processes["web"][1].pid)]
        return [process.pid for name, (_, process) in self._processes.items() if name.startswith(kind)]

    def web_master(self) -> int:
        return self._processes["web"][1].pid

    @property
    def chat_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.whatsapp}"

    @property
    def mail_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.graph}"

    def _settings(self) -> Settings:
        urls = self.servers.start()
        port = free_port()
        base = {"DATA_DIR": str(self.folder / "data"), "PORT": str(port), **QUICK}
        settings = load_settings({**base, "DATABASE_URL": urls.database_url, "REDIS_URL": urls.redis_url}, join=False)
        settings = replace(settings, port=port, public_url=f"http://127.0.0.1:{port}")
        told = told_environment(settings, urls, self.ports, {}) | QUICK
        told |= {"SECRET_KEY": settings.secret_key, "ENCRYPTION_KEYS": settings.encryption_keys}
        told |= {"CRASH_DIR": str(self.crash_dir), "PYTHONUNBUFFERED": "1"}
        self._environ = {**os.environ, **told}
        return load_settings(told, join=False)

    def _web(self) -> Part:
        part = web(self.settings)
        return part if self._protected else Part(part.name, (*part.argv[:-1], "chaos.unprotected:make_web()"))

    def _worker(self, name: str, kind: str) -> Part:
        program = ("worker.py",) if self._protected else ("-m", "chaos.unprotected")
        return Part(name, (sys.executable, *program, kind))

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


def _children(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children()
    except psutil.NoSuchProcess:
        return []
