"""What the parts of the bench are measured on: a database of their own with the company in it, and the bare door beside it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import psycopg
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.config import Settings
from app.core.clock import utc_now
from app.core.migrate import upgrade
from app.domain.accounts.passwords import hash_password
from app.domain.threads.jobs import WORDS_OF
from app.domain.threads.search_words import note_new_words
from app.process.launch.parts import workers
from app.process.launch.ports import free_port
from app.process.launch.process import Process
from app.process.launch.servers import EmbeddedServers
from bench.data import fill
from bench.desk import fill_desk
from bench.orders import fill_orders
from bench.reports import fill_reports
from tests.support.live import WORKERS, LiveServer

PASSWORD = "a bench needs a door too"


def prepare(
    settings: Settings, name: str, servers: EmbeddedServers, threads: int, *, orders: int = 0, facts: int = 0
) -> Settings:
    """Settings with a database of its own and the company in it."""
    prepared = replace(settings, database_url=driver(servers.create_database(name)))
    upgrade(prepared.database_url)
    began = time.monotonic()
    with psycopg.connect(prepared.database_url.replace("postgresql+psycopg://", "postgresql://")) as connection:
        fill(connection, threads, password_hash=hash_password(PASSWORD))
        fill_desk(connection, threads)
        fill_orders(connection, orders)
        fill_reports(connection, facts)
    _note_words(prepared)
    print(f"  {threads} threads written in {time.monotonic() - began:.0f} s", flush=True)
    return prepared


def _note_words(settings: Settings) -> None:
    """What the inbox does in the background, 30 batches in two minutes."""
    engine = sa.create_engine(settings.database_url)
    more = True
    while more:
        with Session(engine) as session, session.begin():
            more = note_new_words(session, now=utc_now(), limit=WORDS_OF)
    engine.dispose()


def driver(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


def start_workers(live: LiveServer) -> list[Process]:
    """Start the worker that tests leave out, so that there are as many as `make run` has; returns all behind the web."""
    more = next(part for part in workers() if part.name == "send-2")
    live.start(more)
    return [live.processes[WORKERS.name], live.processes[more.name]]


@contextmanager
def yardstick(settings: Settings) -> Iterator[str]:
    address = settings.database_url.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(address) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS yardstick (id uuid PRIMARY KEY, body bytea NOT NULL)")
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
