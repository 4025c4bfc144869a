"""What `make run` holds in memory at rest: every process it started, PostgreSQL, Valkey and the simulators included."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from app.process.launch.parts import ROOT
from app.process.launch.ports import free_port

READY = "Ctrl-C stops everything"
# Workers come last and take a few seconds; the demo's first mail has been read by then.
REST_SECONDS = 40
STOP_SECONDS = 30
MIB = 1024 * 1024


@dataclass(frozen=True)
class Held:
    """One process. `pss_mib`: its own memory and its share of what it has in common with others; the sum is what all take."""

    name: str
    pss_mib: float
    own_mib: float


def measure_memory(folder: Path) -> list[Held]:
    """Start everything with the demo in `folder`, leave it alone, and return what each process holds, the largest first."""
    told = {"DATA_DIR": str(folder), "PORT": str(free_port()), "DEMO": "1", "DATABASE_URL": "", "REDIS_URL": "", "PUBLIC_URL": ""}
    command = [sys.executable, "-m", "app.process.launch"]
    with subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **told}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as run:
        try:
            _wait_until_ready(run)
            time.sleep(REST_SECONDS)
            return sorted(held_by(psutil.Process(run.pid)), key=lambda held: -held.pss_mib)
        finally:
            run.send_signal(signal.SIGINT)
            run.communicate(timeout=STOP_SECONDS)


def _wait_until_ready(run: subprocess.Popen[str]) -> None:
    lines = []
    for line in run.stdout or ():
        lines.append(line)
        if READY in line:
            return
    raise RuntimeError("".join(["`make run` did not start:\n", *lines[-20:]]))


def held_by(run: psutil.Process) -> list[Held]:
    """Return what a process and all it started hold."""
    held = []
    for process in [run, *run.children(recursive=True)]:
        try:
            memory = process.memory_full_info()
            held.append(Held(_name_of(process), round(memory.pss / MIB, 1), round(memory.uss / MIB, 1)))
        except psutil.NoSuchProcess:  # one of PostgreSQL's, which come and go
            continue
    return held


def _name_of(process: psutil.Process) -> str:
    """What it was forked as, or the last words of its command line."""
    name = process.name()
    return " ".join(process.cmdline())[-60:].strip() if name.startswith("python") else name
