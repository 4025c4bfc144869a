"""Migrate the database of DATABASE_URL to the newest migration (`python -m app.process.launch.migrate`).

A failure prints one line and exits with 1.
"""

from __future__ import annotations

import os
import sys
import time

from alembic.util.exc import CommandError
from sqlalchemy.exc import SQLAlchemyError

from app.core.migrate import head_revision, upgrade


def main() -> int:
    """Migrate the database, print its version, and return the exit code."""
    before = time.monotonic()
    try:
        upgrade(os.environ["DATABASE_URL"])
    except (SQLAlchemyError, CommandError) as error:
        print(str(error).splitlines()[0])
        return 1
    print(f"database is at {head_revision()} ({time.monotonic() - before:.1f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
