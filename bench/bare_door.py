"""The bare door beside ours: `bench/yardstick.py` under the same server, with a table of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from app.config import Settings
from app.process.launch.ports import free_port


@contextmanager
def bare_door(settings: Settings) -> Iterator[str]:
    address = settings.database_url.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(address) as connection:
        connection.execute("CREATE TABLE yardstick (id uuid PRIMARY KEY, body bytea NOT NULL)")
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "-k",
        "gevent",
        "-w",
        "2",
        "--reuse-port",
        "-b",
        f"127.0.0.1:{port}",
        "bench.yardstick:app",
    ]
    process = subprocess.Popen(command, env={**os.environ, "YARDSTICK_DATABASE": address}, stderr=subprocess.DEVNULL)
    try:
        _wait_until_it_listens(port)
        yield f"http://127.0.0.1:{port}/hook"
    finally:
        process.terminate()
        process.wait(10)


def _wait_until_it_listens(port: int) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
