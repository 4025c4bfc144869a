"""Jobs of imports: run one for a while, and delete old files."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from app.core.batches import run_batches
from app.core.clock import utc_now
from app.core.csv_table import UnreadableTable
from app.core.promises import Promise, keep
from app.core.storage import FileMissing
from app.domain.imports.actions import forget_files
from app.domain.imports.run import TABLE, Read, Work, give_up, prepare, read_next, take_step

KEPT_FOR, FORGOTTEN = timedelta(days=90), 10

IMPORTS: Promise[Work, Read | None] = Promise(
    TABLE,
    prepare,
    read_next,
    lambda session, work, answer: take_step(session, work, answer, now=utc_now()),
    errors=(UnreadableTable, FileMissing),
    broken=give_up,
)


def run_import(*, row_id: str, **_ignored: Any) -> None:
    """RQ entry point: read, import or undo a file for a limited time, then queue it again until it is done.

    Runs at least once. Each batch is one commit.
    """
    keep(IMPORTS, uuid.UUID(row_id))


def forget_old_files(**_ignored: Any) -> int:
    """Periodic job: delete the files and rows of old imports. Return the number of imports. Two runs at the same time are
    harmless."""
    return run_batches(lambda session: forget_files(session, before=utc_now() - KEPT_FOR, limit=FORGOTTEN), size=FORGOTTEN)
