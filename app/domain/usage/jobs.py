"""Make the function with which a meter writes its counts to the database, on a connection without transactions."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Flask

from app.core.db import autocommitted
from app.core.metering import Key, Tally, Write
from app.domain.usage.actions import add_usage


def writer(app: Flask) -> Write:
    """Return the function with which a meter writes its counts. It can be called from any thread and raises database errors."""

    def write(counted: Mapping[Key, Tally]) -> None:
        with app.app_context(), autocommitted() as connection:
            add_usage(connection, counted)

    return write
