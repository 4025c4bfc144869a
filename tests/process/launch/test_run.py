"""`make run` itself: the real supervisor with the real application, started, disturbed, and ended in every way."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from app.config import RUNNING_FILE, Settings, load_settings
from app.process.launch.ports import free_port
from tests.support.processes import is_there
from tests.support.waiting import wait_until

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_SECONDS = 400
STOP_SECONDS = 60

pytestmark = [pytest.mark.processes, pytest.mark.timeout(1800)]


class Run:
    """A supervisor in a process of its own, and what it has printed."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port
        self.process = subprocess.Popen(
            # A shell starts a command followed by & with SIGINT ignored; it must stop us all the same.
            ["/bin/sh", "-c", f"trap '' INT; exec {shlex.quote(sys.executable)} -m app.process.launch"],
            cwd=ROOT,
            env=environment(folder, port),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        if self.process.stdout:
            with self.process.stdout as stream:
                self.lines.extend(stream)

    def printed(self, pattern: str) -> bool:
        return any(re.search(pattern, line) for line in list(self.lines))

    def wait_for(self, pattern: str) -> None:
        wait_until(
            lambda: self.printed(pattern) or self.process.poll() is not None,
            lambda: f"{pattern!r} in {self.lines}",
            seconds=PATIENCE_SECONDS,
        )
        assert self.printed(pattern), "".join(self.lines)

    def descendants(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def parts(self, name: str) -> list[psutil.Process]:
        """By the name it was forked under, or by its command line."""
        return [process for process in self.descendants() if name == name_of(process) or name in command_line(process)]

    def has(self, name: str) -> bool:
        return bool(self.parts(name))

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join()


def command_line(process: psutil.Process) -> str:
    """Nothing for one that has ended since it was listed, as PostgreSQL's helpers do all the time."""
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def name_of(process: psutil.Process) -> str:
    try:
        return process.name()
    except psutil.Error:
        return ""


def environment(folder: Path, port: int) -> dict[str, str]:
    names = ("PATH", "HOME", "LANG", "COVERAGE_PROCESS_START")
    inherited = {name: os.environ[name] for name in names if name in os.environ}
    return {**inherited, "DATA_DIR": str(folder), "PORT": str(port), "DEMO": "0"}


@pytest.fixture
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="switchyard-tests-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def start(folder: Path) -> Iterator[Callable[[], Run]]:
    """Start the supervisor in `folder` and wait until it is ready; whatever happens, it is gone afterwards."""
    runs: list[Run] = []

    def start_run() -> Run:
        run = Run(folder, free_port())
        runs.append(run)
        run.wait_for("Ctrl-C stops everything")
        return run

    yield start_run
    for run in runs:
        run.end()


def refuse(folder: Path, port: int) -> str:
    """Run the supervisor where it must not run; return its last line."""
    command = [sys.executable, "-m", "app.process.launch"]
    result = subprocess.run(command, cwd=ROOT, env=environment(folder, port), capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    return result.stderr


def assert_gone(processes: list[psutil.Process]) -> None:
    wait_until(
        lambda: not [process for process in processes if is_there(process.pid)], f"the end of {processes}", seconds=STOP_SECONDS
    )


def test_a_run_shares_what_it_imported_heals_is_joined_by_commands_and_leaves_nothing_behind(
    start: Callable[[], Run], folder: Path
) -> None:
    run = start()
    with urllib.request.urlopen(f"http://127.0.0.1:{run.port}/healthz") as answer:
        assert answer.status == 200
    assert "another run" in refuse(folder, free_port())

    settings = load_settings({"DATA_DIR": str(folder)})
    assert settings.port == run.port
    assert settings.database_url

    wait_until(lambda: run.has("scheduler") and run.has("live"), "the workers", seconds=PATIENCE_SECONDS)
    if sys.platform == "linux":  # reads /proc
        assert_shared(run)
    run.parts("live")[0].kill()
    run.wait_for(r"live was ended by SIGKILL; starting it again in \S+ s")
    psutil.Process(int((folder / "postgres" / "postmaster.pid").read_text().split()[0])).kill()
    run.wait_for("postgres ended by itself; started again")
    wait_until(lambda: run.has("live"), "the worker", seconds=PATIENCE_SECONDS)
    if sys.platform == "linux":
        run.parts("nursery")[0].kill()
        run.wait_for("live was ended by SIGTERM; starting it again in")
        wait_until(lambda: run.has("worker.py live"), "a worker of its own", seconds=PATIENCE_SECONDS)

    everything = run.descendants()
    assert len(everything) > 8
    run.process.send_signal(signal.SIGINT)
    assert run.process.wait(STOP_SECONDS) == 0
    assert_gone(everything)
    assert not (folder / RUNNING_FILE).exists()


def assert_shared(run: Run) -> None:
    """The parts stand behind the web, and of their memory the smaller part is their own."""
    nice = psutil.Process(run.process.pid).nice()
    wait_until(
        lambda: [part.nice() for part in run.parts("live")] == [nice + Settings.worker_nice],
        "the workers to be at work",
        seconds=PATIENCE_SECONDS,
    )
    web = run.parts("wsgi:app")
    assert {process.nice() for process in web} == {nice}
    for process in [*run.parts("live"), *run.parts("scheduler"), *web]:
        memory = process.memory_full_info()
        assert memory.uss < memory.rss / 2, process


@pytest.mark.full
def test_a_killed_supervisor_takes_everything_with_it_and_the_next_start_works(start: Callable[[], Run]) -> None:
    killed = start()
    wait_until(lambda: killed.has("scheduler"), "the scheduler", seconds=PATIENCE_SECONDS)
    everything = killed.descendants()
    killed.process.kill()
    killed.process.wait()
    assert_gone(everything)

    again = start()
    again.process.send_signal(signal.SIGTERM)
    assert again.process.wait(STOP_SECONDS) == 0


def test_a_taken_port_is_told_in_one_line_with_a_way_out(folder: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert f"make run PORT={port + 1}" in refuse(folder, port)


def test_a_wrong_setting_is_told_in_one_line(folder: Path) -> None:
    assert refuse(folder, 99999).startswith("PORT: '99999' is not a whole number")
