"""One PostgreSQL and one Valkey per test process, and cheap databases on them: each a copy of one that was migrated once."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.db import AUTOCOMMIT, db
from app.core.migrate import upgrade
from app.process.launch.servers import EmbeddedServers, ServerUrls

TEMPLATE = "switchyard"
T = TypeVar("T")


class TestServers:
    """The running servers; `new_database` returns the URL of an empty, migrated database."""

    __test__ = False

    def __init__(self, embedded: EmbeddedServers, urls: ServerUrls) -> None:
        self.embedded = embedded
        self.redis_url = urls.redis_url
        self._numbers = itertools.count(1)
        upgrade(urls.database_url)

    def new_database(self) -> tuple[str, str]:
        """Return the name and the URL of a new database."""
        name = f"test_{next(self._numbers)}"
        return name, self.embedded.create_database(name, template=TEMPLATE)

    def drop_database(self, name: str) -> None:
        self.embedded.drop_database(name)


class AsEngine:
    """The one connection of a test in the place of an engine: what is done on it at a time is a savepoint."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def raw_connection(self) -> AsRawConnection:
        return AsRawConnection(self._connection)

    @contextmanager
    def connect(self) -> Iterator[sa.Connection]:
        with self._connection.begin_nested():
            yield self._connection

    def dispose(self) -> None:
        """There is nothing beside the one connection."""


class AsRawConnection:
    """A borrowed driver connection, to `AsEngine`."""

    def __init__(self, connection: sa.Connection) -> None:
        self._point = connection.begin_nested()
        self._raw = connection.connection

    def cursor(self) -> Any:
        return self._raw.cursor()

    def invalidate(self, _error: BaseException) -> None:
        self._point.rollback()

    def close(self) -> None:
        if self._point.is_active:
            self._point.commit()


@contextmanager
def one_connection(app: Flask) -> Iterator[sa.Connection]:
    """One connection in the place of the engines of `app`; everything on it is rolled back at the end."""
    with app.app_context():
        engines = db.engines
    before = dict(engines)
    connection = before[None].connect()
    outer = connection.begin()
    # Every session of the application uses this connection, and its commits release a savepoint only.
    engines.update({None: connection, AUTOCOMMIT: AsEngine(connection)})  # type: ignore[attr-defined]
    db.session.session_factory.configure(join_transaction_mode="create_savepoint")
    try:
        yield connection
    finally:
        db.session.session_factory.configure(join_transaction_mode="conditional_savepoint")
        engines.update(before)  # type: ignore[attr-defined]
        outer.rollback()
        connection.close()


@contextmanager
def back_to(connection: sa.Connection) -> Iterator[sa.Connection]:
    """The connection, as it is now; what is written inside the block is rolled back."""
    point = connection.begin_nested()
    try:
        yield connection
    finally:
        point.rollback()


def ground_session(connection: sa.Connection) -> Session:
    """A session like the fixture `db_session`, for what a module puts in place once. Commit at its end."""
    return Session(connection, join_transaction_mode="create_savepoint", autoflush=False, expire_on_commit=False)


def again(session: Session, row: T) -> T:
    """Return a row of a module's ground as one of this session, without asking the database."""
    return session.merge(row, load=False)


def close_connections(app: Flask) -> None:
    """Close what an application of this process holds open in PostgreSQL."""
    with app.app_context():
        db.session.remove()
        for engine in db.engines.values():
            engine.dispose()


@contextmanager
def running_servers() -> Iterator[TestServers]:
    """Start servers in a temporary folder of their own; gone afterwards."""
    # Not pytest's temporary folder: its mode keeps PostgreSQL's user out when the tests run as root.
    folder = Path(tempfile.mkdtemp(prefix="switchyard-tests-"))
    folder.chmod(0o711)
    embedded = EmbeddedServers(folder, durable=False)
    try:
        yield TestServers(embedded, embedded.start())
    finally:
        embedded.stop(grace_seconds=1)
        shutil.rmtree(folder, ignore_errors=True)
