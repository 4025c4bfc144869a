"""Supervise `make run`: start the servers and every process of the application, watch them, and end them all.

The order is: servers, migrations, simulators, web, demo data (while the web starts), workers, scheduler. The supervisor
prints "ready" when the web answers and the demo is loaded, not already when a port is open. Ctrl-C, SIGTERM or a closed
terminal ends everything in reverse order within ten seconds. A second Ctrl-C ends everything at once. If a part ends by
itself, the supervisor prints this and starts it again after a pause, which grows if it happens often.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import FrameType

from app.config import RUN_LOCK, RUNNING_FILE, SettingError, Settings
from app.process.background.forks import FIRST_PAUSE_SECONDS, next_pause
from app.process.launch.console import Console
from app.process.launch.lock import FolderLock
from app.process.launch.nursery import Nursery
from app.process.launch.parts import (
    ROOT,
    SIGNINS_FOLLOW,
    SIMULATORS,
    WEB,
    Part,
    choose_simulator_ports,
    demo_loader,
    migrations,
    setup_link,
    simulators,
    told_environment,
    web,
    workers,
)
from app.process.launch.process import Command, Process, run_to_end, stop
from app.process.launch.servers import EmbeddedServers, ServerError, ServerUrls

PARTS_GRACE_SECONDS = 5.0
SIMULATORS_GRACE_SECONDS = 1.5
SERVERS_GRACE_SECONDS = 2.5
WATCH_SECONDS = 0.1
READY_SECONDS = 90
HEALTH_TIMEOUT_SECONDS = 5


class Stopping(Exception):
    """Raised when somebody asks the supervisor to stop while it is starting."""


class UnableToStart(Exception):
    """Raised when a step of the start fails. The text is one line."""


@dataclass
class Running:
    """A started part and its process. `pause_seconds` is the pause before a restart.

    `restart_at` is when to start the part again (in seconds of time.monotonic), None while its process runs.
    """

    part: Part
    process: Process
    pause_seconds: float = FIRST_PAUSE_SECONDS
    restart_at: float | None = None


class Supervisor:
    """One run of Switchyard in one DATA_DIR, from start to end."""

    def __init__(self, settings: Settings, environ: Mapping[str, str], console: Console, nursery: Nursery) -> None:
        self._nursery = nursery
        self._settings = settings
        self._environ = environ
        self._console = console
        self._lock = FolderLock(settings.data_dir / RUN_LOCK)
        self._servers = EmbeddedServers(
            settings.data_dir, postgres=not settings.database_url, redis=not settings.redis_url, on_line=console.line
        )
        self._told: dict[str, str] = {}
        self._running: list[Running] = []
        self._signins: list[str] = []
        self._stop_asked = False

    def run(self) -> int:
        """Start everything, watch it until somebody asks to stop, and end it. Return the exit code.

        Raises SettingError, InUse, ServerError or UnableToStart.
        """
        started_at = time.monotonic()
        self._lock.acquire()
        check_port_is_free(self._settings)
        self._listen_for_signals()
        try:
            self._start()
            self._announce(time.monotonic() - started_at)
            self._watch()
        except Stopping:
            pass
        finally:
            self._stop()
        return 0

    def _start(self) -> None:
        (self._settings.data_dir / RUNNING_FILE).unlink(missing_ok=True)
        urls = self._start_servers()
        self._check()
        ports = choose_simulator_ports(self._environ) if self._settings.demo else None
        self._told = told_environment(self._settings, urls, ports, self._environ)
        self._publish()
        # Before anything is forked: what making the application changes would be kept twice.
        self._nursery.prepare(self._environment())
        if ports:
            self._launch(simulators(ports, self._settings.data_dir))
        self._migrate()
        self._launch(web(self._settings))
        if self._settings.demo:
            self._load_demo()
        self._wait_until_ready()
        if not self._settings.demo:
            self._read_setup_link()
        # Last: they would only take the processor from the web while it starts.
        for part in workers():
            self._launch(part)

    def _start_servers(self) -> ServerUrls:
        if self._settings.database_url and self._settings.redis_url:
            return ServerUrls("", "")
        self._console.say("starting the embedded servers …")
        return self._servers.start()

    def _publish(self) -> None:
        """Write the settings file that lets commands in other terminals use this run's servers (config.running_environment)."""
        path = self._settings.data_dir / RUNNING_FILE
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(self._told, file, indent=1)

    def _migrate(self) -> None:
        """Run the migrations in a separate process, so that the memory they take is freed. Raises UnableToStart if they fail."""
        if run_to_end(self._command(migrations()), self._console.line, self._check, self._nursery.start):
            raise UnableToStart("the migrations failed, see the line above")

    def _load_demo(self) -> None:
        """Load the demo data, unless the database has it already. Raises UnableToStart if that fails.

        The sign-ins that the loader prints are stored, to be printed at the end of the start.
        """

        def sort_line(name: str, line: str) -> None:
            if line == SIGNINS_FOLLOW or self._signins:
                self._signins.append(line)
            else:
                self._console.line(name, line)

        if run_to_end(self._command(demo_loader()), sort_line, self._check, self._nursery.start):
            raise UnableToStart("the demo could not be loaded, see its lines above; without it: make run DEMO=0")

    def _read_setup_link(self) -> None:
        """Read the link for making the first administrator, to print it at the end of the start. Reads nothing if there is one
        already."""
        command = self._command(setup_link())
        run_to_end(command, lambda _name, line: self._signins.append(line), self._check, self._nursery.start)

    def _launch(self, part: Part) -> None:
        self._running.append(Running(part, self._process(part)))

    def _process(self, part: Part) -> Process:
        # The web patches Python for gevent before it imports anything, so it cannot be forked from what was imported without.
        start = None if part.name == WEB else self._nursery.start
        return Process(self._command(part), self._console.line, start)

    def _command(self, part: Part) -> Command:
        return Command(name=part.name, argv=part.argv, env=self._environment(), cwd=ROOT)

    def _environment(self) -> dict[str, str]:
        return {**self._environ, **self._told, "PYTHONUNBUFFERED": "1"}

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not answers_health(self._settings):
            self._check()
            self._look_after()
            if time.monotonic() > deadline:
                raise UnableToStart(f"the web did not answer /healthz within {READY_SECONDS} seconds, see the lines above")
            time.sleep(WATCH_SECONDS)

    def _announce(self, seconds: float) -> None:
        self._console.say(f"ready after {seconds:.1f} s: {self._settings.public_url}")
        for line in self._signins:
            self._console.say(line)
        self._console.say("Ctrl-C stops everything")

    def _watch(self) -> None:
        while not self._stop_asked:
            time.sleep(WATCH_SECONDS)
            self._look_after()

    def _look_after(self) -> None:
        """Start again the servers and parts that have ended by themselves."""
        try:
            for name in self._servers.revive():
                self._console.say(f"{name} ended by itself; started again")
        except ServerError as error:
            self._console.say(f"{error}; trying again")
        for running in self._running:
            self._look_after_part(running)

    def _look_after_part(self, running: Running) -> None:
        process, now = running.process, time.monotonic()
        if process.exit_code is None:
            return
        if running.restart_at is None:
            process.kill_group()
            running.pause_seconds = next_pause(running.pause_seconds, lived_seconds=now - process.started_at)
            running.restart_at = now + running.pause_seconds
            what = describe_exit(process.exit_code)
            self._console.say(f"{running.part.name} {what}; starting it again in {running.pause_seconds:g} s")
        elif now >= running.restart_at:
            running.process = self._process(running.part)
            running.restart_at = None

    def _stop(self) -> None:
        self._console.say("stopping …")
        began_at = time.monotonic()
        try:
            self._stop_in_order()
        except KeyboardInterrupt:
            self._console.say("stopping at once")
            stop([running.process for running in self._running], number=signal.SIGKILL, grace_seconds=0)
            self._servers.stop(grace_seconds=0.5)
        self._nursery.close()
        (self._settings.data_dir / RUNNING_FILE).unlink(missing_ok=True)
        self._lock.release()
        self._console.say(f"stopped after {time.monotonic() - began_at:.1f} s")

    def _stop_in_order(self) -> None:
        own = [running.process for running in reversed(self._running) if running.part.name != SIMULATORS]
        late = stop(own, number=signal.SIGTERM, grace_seconds=PARTS_GRACE_SECONDS)
        # After the workers: a send on its way gets its answer.
        others = [running.process for running in self._running if running.part.name == SIMULATORS]
        late += stop(others, number=signal.SIGTERM, grace_seconds=SIMULATORS_GRACE_SECONDS)
        if late:
            self._console.say(f"killed, as they did not end in time: {', '.join(late)}")
        self._servers.stop(grace_seconds=SERVERS_GRACE_SECONDS)

    def _listen_for_signals(self) -> None:
        """Set the handlers of all signals. SIGINT needs one too, because a process started with & inherits SIGINT as ignored."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)
        # Under nohup a closed terminal is no reason to stop.
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            signal.signal(signal.SIGHUP, self._on_signal)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if self._stop_asked:
            raise KeyboardInterrupt
        self._stop_asked = True

    def _check(self) -> None:
        if self._stop_asked:
            raise Stopping


def check_port_is_free(settings: Settings) -> None:
    """Raise SettingError if another program listens on PORT, or if this machine does not let us listen on HOST."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        # A port whose old connections are only fading away is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise SettingError(
                f"PORT: cannot listen on {settings.host}:{settings.port} ({os.strerror(error.errno or 0)}); "
                f"stop the other program or choose another port: make run PORT={settings.port + 1}"
            ) from error


def answers_health(settings: Settings) -> bool:
    """Tell whether the web answers /healthz with 200."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104 looked up, not bound
    connection = http.client.HTTPConnection(host, settings.port, timeout=HEALTH_TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def describe_exit(code: int) -> str:
    """Return an exit code in words, such as "was ended by SIGTERM"."""
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with exit code {code}" if code else "ended"
