"""Processes forked from one: what they may share and what they must not, and that they come back and go together."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from app.config import Settings
from app.core.crypto import generate_key
from app.process.launch.parts import GUNICORN_CONFIG
from app.process.launch.process import Command, Process
from tests.support.database import TestServers
from tests.support.processes import is_there
from tests.support.waiting import wait_until

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_SECONDS = 120
NAMES = ("live", "send", "scheduler")

# In a Python of its own: makes the application as a parent does, then has two children tell what they would choose at random.
CHOOSE = """
import json, os, random, secrets, ssl, uuid
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from app.process.background.forks import fork
from app.process.background.runner import prepare
from app.core.ids import new_id

def choose():
    keys = [secrets.token_hex(), ssl.RAND_bytes(16).hex(), AESGCM.generate_key(256).hex(), os.urandom(16).hex()]
    return [str(new_id()), str(uuid.uuid4()), str(random.getrandbits(64)), *keys]

prepare()
choose()
read, write = os.pipe()
for number in range(2):
    pid = fork("child")
    if pid == 0:
        os.write(write, json.dumps([choose() for _ in range(3)]).encode() + b"\\n")
        os._exit(0)
    os.waitpid(pid, 0)
os.write(1, os.read(read, 65536))
"""
# Makes the application as the parent of the workers or of the web workers does, and tells what must not be there when it forks:
# threads, sockets, greenlets other than gevent's own loop, which each child makes anew. And whose `sleep` the libraries have.
LOOK = """
import gc, json, os
{prepare}
import redis.retry
from gevent.hub import Hub
from greenlet import getcurrent, greenlet

paths = [f"/proc/self/fd/{{number}}" for number in os.listdir("/proc/self/fd")]
sockets = [os.readlink(path) for path in paths if os.path.exists(path) and os.readlink(path).startswith("socket:")]
here = getcurrent()
greenlets = [found for found in gc.get_objects() if isinstance(found, greenlet) and found is not here]
others = [str(found) for found in greenlets if not isinstance(found, Hub)]
found = {{"threads": len(os.listdir("/proc/self/task")), "open": sockets + others, "sleeps": redis.retry.sleep.__module__}}
print(json.dumps(found))
"""
PARENTS = {
    "of workers": ("from app.process.background.runner import prepare; prepare()", "time"),
    "of web workers": (f"import runpy; runpy.run_path({str(GUNICORN_CONFIG)!r}); import wsgi; gc.unfreeze()", "gevent.hub"),
}

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """Settings of servers that are not there: whoever opens a connection fails, or shows."""
    settings = {
        "DATA_DIR": str(tmp_path),
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/x",
        "REDIS_URL": "redis://127.0.0.1:1/0",
    }
    return {**os.environ, **settings}


def run_python(program: str, environ: dict[str, str]) -> str:
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environ,
        check=True,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    ).stdout


@pytest.mark.processes
def test_two_children_of_one_parent_choose_different_ids_keys_and_numbers(environ: dict[str, str]) -> None:
    lines = [json.loads(line) for line in run_python(CHOOSE, environ).splitlines()]
    assert len(lines) == 2
    chosen = [value for line in lines for choice in line for value in choice]
    assert len(set(chosen)) == len(chosen) == 2 * 3 * 7


@linux_only
@pytest.mark.processes
@pytest.mark.parametrize("parent", PARENTS)
def test_a_parent_has_one_thread_and_no_connection_when_it_forks(parent: str, environ: dict[str, str]) -> None:
    prepare, sleeps = PARENTS[parent]
    found = json.loads(run_python(LOOK.format(prepare=prepare), environ).splitlines()[-1])
    assert found == {"threads": 1, "open": [], "sleeps": sleeps}


def test_a_process_with_threads_does_not_fork() -> None:
    program = """
import threading
from app.process.background.forks import NotAlone, fork
threading.Thread(target=threading.Event().wait, name="busy", daemon=True).start()
try:
    fork("child")
except NotAlone as error:
    print(error)
"""
    assert "busy" in run_python(program, dict(os.environ))


def test_an_unknown_kind_is_refused_with_the_words_that_are_known() -> None:
    result = subprocess.run(
        [sys.executable, "worker.py", "live", "mail"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert (result.returncode, result.stderr) == (2, "usage: worker.py [live|send|scheduler]…\n")


@contextmanager
def family(words: tuple[str, ...], settings: Settings, servers: TestServers, folder: Path) -> Iterator[Process]:
    name, url = servers.new_database()
    told = {"DATABASE_URL": url, "REDIS_URL": settings.redis_url, "DATA_DIR": str(folder), "SECRET_KEY": "k" * 40}
    told |= {"ENCRYPTION_KEYS": generate_key(), "PYTHONUNBUFFERED": "1"}
    lines: list[str] = []
    command = Command(name="workers", argv=(sys.executable, "worker.py", *words), env={**os.environ, **told}, cwd=ROOT)
    process = Process(command, lambda _name, line: lines.append(line))
    try:
        yield process
    finally:
        process.kill_group()
        for child in children_of(process):
            child.kill()
        process.close()
        print("\n".join(lines))
        servers.drop_database(name)


def children_of(process: Process) -> list[psutil.Process]:
    try:
        return psutil.Process(process.pid).children()
    except psutil.NoSuchProcess:
        return []


def names_of(process: Process) -> list[str]:
    """The children by name; one that has just been forked still has its parent's."""
    return sorted(child.name() for child in children_of(process) if is_there(child.pid))


@linux_only
@pytest.mark.processes
def test_one_process_forks_the_rest_brings_back_who_dies_and_ends_with_all(
    servers: TestServers, settings: Settings, tmp_path: Path
) -> None:
    with family((), settings, servers, tmp_path) as parent:
        everything = ["live", "scheduler", "send", "send"]
        wait_until(lambda: names_of(parent) == everything, lambda: f"{names_of(parent)}", seconds=PATIENCE_SECONDS)
        before = {child.pid for child in children_of(parent)}
        groups = {os.getpgid(pid) for pid in before}
        assert groups == before  # each has its own

        killed = next(child for child in children_of(parent) if child.name() == "live")
        killed.kill()
        wait_until(
            lambda: not is_there(killed.pid) and names_of(parent) == everything, "live to be back", seconds=PATIENCE_SECONDS
        )

        ends = children_of(parent)
        parent.signal(15)
        assert parent.wait(PATIENCE_SECONDS)
        assert parent.exit_code == 0
        assert not [child for child in ends if is_there(child.pid)]


@linux_only
@pytest.mark.processes
def test_children_yield_to_the_web_and_do_not_outlive_a_killed_parent(
    servers: TestServers, settings: Settings, tmp_path: Path
) -> None:
    with family(("live", "scheduler"), settings, servers, tmp_path) as parent:
        above = psutil.Process(parent.pid).nice() + Settings.worker_nice
        wait_until(
            lambda: [child.nice() for child in children_of(parent) if child.name() in NAMES] == [above, above],
            "two children that are at work",
            seconds=PATIENCE_SECONDS,
        )
        left = children_of(parent)
        psutil.Process(parent.pid).kill()
        wait_until(lambda: not [child for child in left if is_there(child.pid)], f"the end of {left}", seconds=PATIENCE_SECONDS)
