"""The real application for browser tests: the processes `make run` starts, with a database of their own, on loopback.

`LiveServer.app` is the same application inside the test process, for putting data in place with real commits.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import sqlalchemy as sa
from flask import Flask

from app import create_app
from app.config import Settings
from app.core.db import table_of, transaction
from app.process.launch.parts import (
    ROOT,
    Part,
    SimulatorPorts,
    choose_simulator_ports,
    simulators,
    told_environment,
    web,
)
from app.process.launch.ports import free_port
from app.process.launch.process import Command, Process, stop
from app.process.launch.servers import ServerUrls
from app.process.launch.supervisor import answers_health
from app.sandbox.demo.wait_for_simulators import silent_ports
from tests.support.database import close_connections
from tests.support.waiting import wait_until

READY_SECONDS = 400  # a busy machine took over a minute
STOP_SECONDS = 5
# Forked from one process that has imported the application; one that sends is enough for one browser.
WORKERS = Part("workers", (sys.executable, "worker.py", "live", "send", "scheduler"))
QUICK = {"SWEEP_SECONDS": "2", "POLL_MAIL_SECONDS": "4", "UNKNOWN_SETTLE_SECONDS": "2", "BUDGET_FACTOR": "1000"}


class LiveServer:
    """Where the running application and its simulators are, and the lines its processes print."""

    def __init__(self, settings: Settings, ports: SimulatorPorts, lines: list[str]) -> None:
        self.settings = settings
        self.url = settings.public_url
        self.whatsapp_sim_url = f"http://127.0.0.1:{ports['whatsapp']}"
        self.graph_sim_url = f"http://127.0.0.1:{ports['graph']}"
        self.notices_sim_url = f"http://127.0.0.1:{ports['notices']}"
        self.lines = lines
        self.processes: dict[str, Process] = {}
        self.environ: dict[str, str] = {}
        self._app: Flask | None = None
        self._deaths = settings.data_dir / "deaths"

    def kill_once_at(self, point: str) -> Path:
        """The next process that comes to this place of the code (`app/core/crash.py`) dies there; then the file is gone."""
        armed = self._deaths / point
        armed.touch()
        return armed

    def start(self, part: Part) -> None:
        """One process more."""
        command = Command(name=part.name, argv=part.argv, env=self.environ, cwd=ROOT)
        self.processes[part.name] = Process(command, lambda name, line: self.lines.append(f"{name}: {line}"))

    def try_again_now(self, promise: type) -> None:
        """What failed of these promises and waits for its next try has waited long enough."""
        table = table_of(promise)
        waits = table.c.state == "ready", table.c.attempts > 0, table.c.run_at > sa.func.clock_timestamp()
        with self.app.app_context(), transaction() as session:
            session.execute(sa.update(table).where(*waits).values(run_at=sa.func.clock_timestamp()))

    @property
    def app(self) -> Flask:
        """The application in this process, on the same database."""
        if self._app is None:
            self._app = create_app(self.settings)
        return self._app

    def close(self) -> None:
        if self._app is not None:
            close_connections(self._app)


@contextmanager
def running_application(settings: Settings, *, demo: bool = False) -> Iterator[LiveServer]:
    """Start web, workers, scheduler and simulators on the database and Redis of `settings`; all gone afterwards."""
    port = free_port()
    # The demo is only looked at, by one browser.
    web_workers = 1 if demo else settings.web_workers
    settings = replace(settings, port=port, public_url=f"http://127.0.0.1:{port}", demo=demo, web_workers=web_workers)
    ports = choose_simulator_ports({})
    told = told_environment(settings, ServerUrls("", ""), ports, {}) | QUICK
    told |= {"SECRET_KEY": settings.secret_key, "ENCRYPTION_KEYS": settings.encryption_keys, "STORAGE_URL": settings.storage_url}
    settings = replace(
        settings,
        provider_settings=settings.provider_settings | {name: told[name] for name in settings.provider_settings if name in told},
        push_hosts=tuple(told["PUSH_HOSTS"].split(",")),
        teams_hosts=tuple(told["TEAMS_HOSTS"].split(",")),
        smtp_url=told["SMTP_URL"],
        outbound_allow=tuple(told["OUTBOUND_ALLOW"].split(",")),
        outbound_allow_mail=tuple(told["OUTBOUND_ALLOW_MAIL"].split(",")),
    )
    live = LiveServer(settings, ports, lines=[])
    try:
        live._deaths.mkdir(parents=True, exist_ok=True)
        live.environ = {**os.environ, **told, "PYTHONUNBUFFERED": "1", "CRASH_DIR": str(live._deaths)}
        _start(live, ports)
        yield live
    finally:
        live.close()
        stop(list(reversed(live.processes.values())), number=15, grace_seconds=STOP_SECONDS)


def _start(live: LiveServer, ports: SimulatorPorts) -> None:
    for part in (simulators(ports, live.settings.data_dir), web(live.settings)):
        live.start(part)
    wait_until(lambda: _is_up(live), lambda: "the application to start\n" + "\n".join(live.lines[-40:]), seconds=READY_SECONDS)
    live.start(WORKERS)


def _is_up(live: LiveServer) -> bool:
    ended = [name for name, process in live.processes.items() if process.exit_code is not None]
    assert not ended, "\n".join([f"it did not start; ended: {ended}", *live.lines[-40:]])
    return answers_health(live.settings) and not silent_ports(live.environ)
