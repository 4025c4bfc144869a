"""Open database sessions and transactions, and define the base class and columns that all tables share.

The edge (route, job, command) opens and commits a transaction with `transaction()`. Actions and queries never commit.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar, cast

import psycopg
import sqlalchemy as sa
from flask import has_app_context
from flask_sqlalchemy import SQLAlchemy
from psycopg.abc import PQGen
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, registry

from app.core.ids import new_id

T = TypeVar("T")
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Base class of all tables. Maps aware UTC times, dicts to JSONB, and lists of strings to text[]."""

    # A registry and not a `type_annotation_map`: Flask-SQLAlchemy copies the class body, and SQLAlchemy 2.1 refuses to see both.
    registry = registry(
        metadata=sa.MetaData(naming_convention=NAMING),
        type_annotation_map={
            datetime: sa.DateTime(timezone=True),
            dict[str, Any]: JSONB,
            list[Any]: JSONB,
            list[str]: ARRAY(sa.Text),
            str: sa.Text,
            bytes: sa.LargeBinary,
        },
    )


class WithId:
    """Mixin with a UUIDv7 primary key. The application makes the id, so it is known before the row is written."""

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)


class Claimable:
    """Mixin for rows that are promises: work that a worker must claim, do and finish (see `app/core/work.py`)."""

    state: Mapped[str] = mapped_column(default="ready")
    run_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    attempts: Mapped[int] = mapped_column(default=0)
    lease_token: Mapped[uuid.UUID | None]
    lease_until: Mapped[datetime | None]
    hinted_at: Mapped[datetime | None]


def table_of(model: type[Base]) -> sa.Table:
    """Return the table behind a model, for statements on plain columns."""
    return cast(sa.Table, model.__table__)


def text_enum(kind: type[StrEnum], name: str) -> sa.Enum:
    """Return a column type for a StrEnum: text with a check constraint, so that adding a value is a small migration."""
    return sa.Enum(
        kind,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=40,
        values_callable=lambda cls: [member.value for member in cls],
    )


db = SQLAlchemy(model_class=Base, session_options={"autoflush": False, "expire_on_commit": False})


@contextmanager
def transaction() -> Iterator[Session]:
    """Open a session that commits at the end and rolls back on any error. Only edges use it."""
    session: Session = db.session()
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise


def in_transaction() -> bool:
    """Return whether the session of this request, job or command has a transaction open."""
    return has_app_context() and db.session.registry.has() and db.session().in_transaction()


def let_go() -> None:
    """End the read transaction, so that no connection stays in use while another system is called.

    Commits instead of rolling back, so that loaded rows keep their values. A rollback would expire them, and reading one
    would begin a new transaction.
    """
    db.session.commit()


def close_idle_connections() -> None:
    """Close the idle connections of this process; the next use opens a new one."""
    for engine in db.engines.values():
        engine.dispose()


AUTOCOMMIT = "autocommit"  # the bind of the webhook door, whose connections have no transactions and little patience
_STATEMENT_GAVE_UP = (psycopg.errors.LockNotAvailable, psycopg.errors.QueryCanceled)  # the connection is as good as before


@contextmanager
def autocommitted() -> Iterator[sa.PoolProxiedConnection]:
    """Open a driver connection on which every statement is a transaction of its own. A statement needs one round trip instead
    of three.

    For edges whose statements may run twice and need no rollback. Raises the driver's errors, within the time set by
    `limit_answers`, and `sqlalchemy.exc.TimeoutError` if no connection is free in time.
    """
    engine = db.engines[AUTOCOMMIT]
    connection = engine.raw_connection()
    try:
        yield connection
    except _STATEMENT_GAVE_UP:
        raise
    except psycopg.errors.ConnectionTimeout as error:
        connection.invalidate(error)  # this one alone: others may be answered, and each is given up after the same time
        raise
    except psycopg.OperationalError as error:
        connection.invalidate(error)
        engine.dispose()  # the server went away, most likely: whatever else is kept open to it is as dead
        raise
    finally:
        connection.close()


@contextmanager
def autocommitted_session() -> Iterator[Session]:
    """Open a session on a connection like that of `autocommitted`, for queries and counters of the same edges. Raises
    SQLAlchemy's errors."""
    with (
        db.engines[AUTOCOMMIT].connect() as connection,
        Session(connection, join_transaction_mode="create_savepoint", autoflush=False, expire_on_commit=False) as session,
    ):
        yield session
        session.commit()


class LimitedConnection(psycopg.Connection[Any]):
    """A connection that waits at most `answer_seconds` for an answer of the server. Then it is closed.

    The server's own `statement_timeout` does not help if the server is stopped or unreachable.
    """

    answer_seconds: float

    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        """Wait for the server as psycopg does. Raises ConnectionTimeout after `answer_seconds`."""
        try:
            return super().wait(gen, interval, self.answer_seconds if timeout is None else timeout)
        except psycopg.errors._WaitTimeout:
            self.close()
            raise psycopg.errors.ConnectionTimeout("the server does not answer") from None


def limit_answers(engine: sa.Engine, seconds: float) -> None:
    """Limit the wait for each answer on every connection of `engine` to `seconds`."""

    class Limited(LimitedConnection):
        answer_seconds = seconds

    @sa.event.listens_for(engine, "do_connect")
    def _connect(_dialect: Any, _record: Any, arguments: list[Any], options: dict[str, Any]) -> Any:
        return Limited.connect(*arguments, **options)


def advisory_xact_lock(session: Session, key: str) -> None:
    """Wait for the advisory lock named `key` and keep it until the transaction ends. To take several locks, take them in sorted
    order."""
    session.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": key})


def try_advisory_xact_lock(session: Session, key: str) -> bool:
    """Try to take the advisory lock named `key` until the transaction ends. Return False if another transaction has it."""
    statement = sa.text("SELECT pg_try_advisory_xact_lock(hashtextextended(:key, 0))")
    return bool(session.execute(statement, {"key": key}).scalar_one())


def advisory_xact_locks(session: Session, keys: Collection[str]) -> None:
    """Wait for the advisory locks with all these names, in sorted order, and keep them until the transaction ends."""
    if keys:
        session.execute(_LOCKS, {"keys": sorted(keys)})


# The planner may not take the call out of the order of the rows: PostgreSQL sorts before it evaluates volatile functions.
_LOCKS = sa.text(
    "SELECT pg_advisory_xact_lock(hashtextextended(key, 0))"
    " FROM unnest(CAST(:keys AS text[])) WITH ORDINALITY AS wanted (key, place) ORDER BY place"
)
