"""Distinguish errors of the machine (disk, database or Redis missing) from errors of the work being done.

Work that meets a shortage is put back without counting the attempt, and tried again until the shortage ends. Only certain
signs count: a mail may cause an OSError in a parser, so the file store raises `StorageFailed` instead.
"""

from __future__ import annotations

from dataclasses import dataclass

import redis
from sqlalchemy.exc import DBAPIError, OperationalError, TimeoutError

from app.core.storage import StorageFailed
from app.core.text import known

WAITS_FOR_STORAGE = known("waiting for file storage: %(why)s")
WAITS_FOR_DATABASE = known("waiting for the database: %(why)s")
WAITS_FOR_REDIS = known("waiting for Redis: %(why)s")
STORAGE_SECONDS, SERVER_SECONDS = 30, 2  # a disk is mended by people, a server comes back by itself
# SQLSTATE: connections, a full disk, too many connections, shutdown, system errors. Not 53200, memory: a statement may want it.
LACKING_STATES = ("08", "53100", "53300", "57P", "58")


@dataclass(frozen=True)
class Shortage:
    """A shortage of the machine. `why` is an English text that is stored with the waiting work. `wait_seconds` is the time
    until the next try."""

    why: str
    wait_seconds: int


def find_shortage(error: BaseException) -> Shortage | None:
    """Return the shortage that caused the error. Return None if the work or a bug of ours caused it."""
    if isinstance(error, StorageFailed):
        return Shortage(WAITS_FOR_STORAGE % {"why": error}, STORAGE_SECONDS)
    if isinstance(error, redis.ConnectionError | redis.TimeoutError):
        return Shortage(WAITS_FOR_REDIS % {"why": type(error).__name__}, SERVER_SECONDS)
    if isinstance(error, TimeoutError) or (isinstance(error, DBAPIError) and _is_lacking(error)):
        return Shortage(WAITS_FOR_DATABASE % {"why": type(getattr(error, "orig", error)).__name__}, SERVER_SECONDS)
    return None


def _is_lacking(error: DBAPIError) -> bool:
    state = getattr(error.orig, "sqlstate", None)
    if state is None:  # nobody answered
        return error.connection_invalidated or isinstance(error, OperationalError)
    return str(state).startswith(LACKING_STATES)
