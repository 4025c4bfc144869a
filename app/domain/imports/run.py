"""Read, import and undo a file in batches. Each batch is one transaction that checks the lease. Each row stores its outcome, so
a repeated batch changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from app.core.csv_table import Table, UnreadableTable, read_table
from app.core.db import advisory_xact_lock, table_of
from app.core.insert_many import insert_many
from app.core.promises import Ended, Ending, More, Overtaken
from app.core.runtime import runtime
from app.core.text import known
from app.core.text import mark as N_
from app.core.work import FAILED, Lease
from app.domain.imports.actions import actor_of
from app.domain.imports.columns import choose_columns, missing_fields
from app.domain.imports.kinds import KINDS
from app.domain.imports.models import Import, ImportKind, ImportPhase, ImportRow, RowOutcome
from app.domain.imports.rows import Group, Judged, make_groups

TABLE = table_of(Import)
READ, WRITE, UNDO = 1000, 500, 50
ENDS_WITH = {ImportPhase.IMPORTING: ImportPhase.DONE, ImportPhase.UNDOING: ImportPhase.UNDONE}
BROKE_OFF = N_("A program error stopped the import. The rows imported before the error are saved.")
FILE_GONE = N_("The file no longer exists; upload it again.")
NO_COLUMN = known("No column for “%(fields)s”: choose one under “Columns”", "No column for %(fields)s; choose it under Columns.")
_WRITE_BACK = sa.text("""
    UPDATE import_rows SET outcome = r.outcome, problems = r.problems, entity_id = r.entity_id, before = r.before, after = r.after
    FROM jsonb_to_recordset(:rows) AS r (number integer, outcome text, problems jsonb, entity_id uuid, before jsonb, after jsonb)
    WHERE import_rows.import_id = :import_id AND import_rows.number = r.number
""").bindparams(sa.bindparam("rows", type_=JSONB))
MOVED = N_("the data in Switchyard has changed since the preview; import the file again to see the current result")


@dataclass(frozen=True)
class Work:
    """The next work on an import. If `columns` is None, the fields are chosen by the names of the file's columns. `done`: the
    rows handled so far in this phase."""

    lease: Lease
    phase: ImportPhase
    kind: ImportKind
    storage_key: str
    columns: tuple[str, ...] | None
    done: int


@dataclass(frozen=True)
class Read:
    """The next groups of a file, and `total`, the number of all its groups."""

    table: Table
    columns: tuple[str, ...]
    groups: Sequence[Group]
    total: int


def prepare(session: Session, lease: Lease) -> Work:
    found = session.get_one(Import, lease.row_id, populate_existing=True)
    columns = tuple(found.columns) if found.columns else None
    return Work(lease, found.phase, found.kind, found.storage_key, columns, found.done)


def read_next(work: Work) -> Read | None:
    """Read the next groups of the file. Return None in phases that do not read the file. Raises `UnreadableTable` and
    `FileMissing`."""
    if work.phase is not ImportPhase.READING:
        return None
    table = _table(work.storage_key)
    columns = work.columns or tuple(choose_columns(work.kind, table.heads))
    if missing_fields(work.kind, columns):
        return Read(table, columns, (), 0)
    groups = _groups(work.storage_key, work.kind, columns)
    return Read(table, columns, groups[work.done : work.done + READ], len(groups))


@lru_cache(maxsize=1)
def _table(storage_key: str) -> Table:
    """Return the parsed file; cached for the next batch."""
    with runtime().storage.open(storage_key) as file:
        return read_table(file.read())


@lru_cache(maxsize=1)
def _groups(storage_key: str, kind: ImportKind, columns: tuple[str, ...]) -> list[Group]:
    return make_groups(_table(storage_key), columns, KINDS[kind])


def take_step(session: Session, work: Work, answer: Read | Exception | None, *, now: datetime) -> Ending:
    """Carry out the next batch of an import's phase, and return how the job ends or goes on.

    `answer`: what `read_next` returned or raised. Raises `Overtaken` if another worker has taken over the import.
    """
    found = _hold(session, work)
    if isinstance(answer, Exception):
        words = str(answer) if isinstance(answer, UnreadableTable) else FILE_GONE
        return Ended({"phase": ImportPhase.UNREADABLE, "problem": words[:1].upper() + words[1:], "ended_at": now})
    if answer is not None:
        return _keep_rows(session, found, answer, now=now)
    step = _import_batch if work.phase is ImportPhase.IMPORTING else _undo_batch
    done, more = step(session, found, now=now)
    values = {"done": found.done + done, "attempts": 0}
    return More(values) if more else Ended({**values, "phase": ENDS_WITH[work.phase], "ended_at": now})


def give_up(_error: Exception) -> Ended:
    """Return how an import ends after repeated unexpected errors: as failed. Its page shows this and offers to continue."""
    return Ended({"problem": BROKE_OFF}, FAILED)


def _hold(session: Session, work: Work) -> Import:
    held = sa.select(Import).where(Import.id == work.lease.row_id, Import.lease_token == work.lease.token)
    found = session.execute(held.with_for_update().execution_options(populate_existing=True)).scalar_one_or_none()
    if found is None:
        raise Overtaken
    return found


def _keep_rows(session: Session, found: Import, read: Read, *, now: datetime) -> Ending:
    table = read.table
    values: dict[str, Any] = {"heads": list(table.heads), "columns": list(read.columns)}
    values |= {"encoding": table.encoding, "separator": table.separator}
    missing = missing_fields(found.kind, read.columns)
    if missing:
        problem = " · ".join(NO_COLUMN % {"fields": one.words} for one in missing)
        return Ended({**values, "phase": ImportPhase.UNREADABLE, "problem": problem, "ended_at": now})
    judged = KINDS[found.kind].judge(session, found.brand_id, read.groups, now=now)
    rows = [{**_written(one), "import_id": found.id, "cells": [dict(line) for line in one.group.lines]} for one in judged]
    insert_many(session, ImportRow, rows)
    done = found.done + len(rows)
    values |= {"total": read.total, "done": done, "attempts": 0}
    return More(values) if done < read.total else Ended({**values, "phase": ImportPhase.PREVIEW, "ended_at": now})


def _written(one: Judged) -> dict[str, Any]:
    return {"number": one.group.number, "outcome": one.outcome, "problems": one.problems, **_kept(one)}


def _kept(one: Judged | ImportRow) -> dict[str, Any]:
    return {"entity_id": one.entity_id, "before": one.before, "after": one.after}


def _import_batch(session: Session, found: Import, *, now: datetime) -> tuple[int, bool]:
    """Import the next rows. Return the number of rows, and True if more rows wait.

    The rows are judged again. A row whose judgement differs from the preview is skipped.
    """
    advisory_xact_lock(session, f"import:{found.kind.value}:{found.brand_id}")
    rows = _waiting(session, found, (RowOutcome.NEW, RowOutcome.CHANGES), WRITE)
    groups = [Group(row.number, tuple(row.cells)) for row in rows]
    kind = KINDS[found.kind]
    judged = kind.judge(session, found.brand_id, groups, now=now)
    wanted = []
    for row, one in zip(rows, judged, strict=True):
        if one.outcome is row.outcome and one.before == row.before:
            wanted.append(one)
        else:
            one.outcome, one.problems = RowOutcome.SKIPPED, [*one.problems, {"column": "", "text": MOVED}]
    kind.apply(session, found, wanted, now=now, actor=actor_of(found))
    _write_back(session, found, [_written(one) for one in judged])
    return len(rows), len(rows) == WRITE


def _write_back(session: Session, found: Import, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store the outcomes of these rows in one statement."""
    given = [{**row, "entity_id": str(row["entity_id"]) if row["entity_id"] else None} for row in rows]
    session.execute(_WRITE_BACK, {"import_id": found.id, "rows": given})


def _undo_batch(session: Session, found: Import, *, now: datetime) -> tuple[int, bool]:
    rows = _waiting(session, found, (RowOutcome.MADE, RowOutcome.CHANGED), UNDO)
    kind, actor = KINDS[found.kind], actor_of(found)
    written = []
    for row in rows:
        why = kind.undo(session, found, row, now=now, actor=actor)
        outcome = RowOutcome.LEFT if why else RowOutcome.TAKEN_BACK
        problems = [{"column": "", "text": why}] if why else []
        written.append({"number": row.number, "outcome": outcome, "problems": problems, **_kept(row)})
    _write_back(session, found, written)
    return len(rows), len(rows) == UNDO


def _waiting(session: Session, found: Import, outcomes: Sequence[RowOutcome], limit: int) -> Sequence[ImportRow]:
    query = sa.select(ImportRow).where(ImportRow.import_id == found.id, ImportRow.outcome.in_(outcomes))
    return (
        session.execute(query.order_by(ImportRow.number).limit(limit).execution_options(populate_existing=True)).scalars().all()
    )
