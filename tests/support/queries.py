"""Count what a request asks the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.db import db

NOT_COUNTED = ("SAVEPOINT", "RELEASE", "ROLLBACK")


@contextmanager
def counted_queries(app: Flask) -> Iterator[list[str]]:
    """The statements executed inside the block; the savepoints of the test's own transaction are left out."""
    with app.app_context():
        target = db.engines[None]
    with _noted(target) as seen:
        yield seen


@contextmanager
def at_most(session: Session, queries: int) -> Iterator[None]:
    """Fail if more statements than that are executed inside the block, on the connection of `session`."""
    with _noted(session.connection()) as seen:
        yield
    assert len(seen) <= queries, f"{len(seen)} queries:\n" + "\n".join(s[:150] for s in seen)


@contextmanager
def _noted(target: sa.Engine | sa.Connection) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(NOT_COUNTED):
            seen.append(statement)

    sa.event.listen(target, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(target, "before_cursor_execute", note)
