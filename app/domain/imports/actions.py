"""Begin, start and undo imports of files, choose their columns, and delete old files. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.csv_table import MOST_BYTES
from app.core.ids import new_id
from app.core.runtime import runtime
from app.core.storage import StoredFile
from app.core.text import mark as N_
from app.core.text import storable
from app.core.work import DONE, FAILED, READY
from app.domain.accounts.models import Brand
from app.domain.events.actions import Actor, audit
from app.domain.imports.columns import FIELDS
from app.domain.imports.models import RUNNING_PHASES, Import, ImportKind, ImportPhase, ImportRow, RowOutcome

NAME_CHARACTERS = 200
NO_FILE = N_("Choose a file that is not empty.")
FILE_TOO_LARGE = N_("The file can be at most 10 MB.")
NO_LONGER = N_("The import has changed in the meantime: look at it again.")
NOT_A_FIELD = N_("Choose only fields from the list, and use each field for one column only.")


class UnableToImport(Exception):
    """Raised when an import cannot be created or changed in this way. The message gives the reason in English."""


def check_content(content: bytes) -> None:
    """Raise UnableToImport if a file is empty or too large."""
    if not content.strip():
        raise UnableToImport(NO_FILE)
    if len(content) > MOST_BYTES:
        raise UnableToImport(FILE_TOO_LARGE)


def begin_import(
    session: Session,
    stored: StoredFile,
    *,
    brand: Brand,
    kind: ImportKind,
    file_name: str,
    now: datetime,
    actor: Actor,
) -> Import:
    """Create an import of a stored file, and make it due for reading. The caller has checked brand and permission."""
    found = Import(
        id=new_id(),
        brand_id=brand.id,
        user_id=actor.user_id,
        kind=kind,
        phase=ImportPhase.READING,
        file_name=" ".join(storable(file_name).split())[:NAME_CHARACTERS] or "import.csv",
        storage_key=stored.key,
        size_bytes=stored.size_bytes,
        sha256=stored.sha256,
        heads=[],
        columns=[],
        encoding="",
        separator="",
        total=0,
        done=0,
        problem="",
        created_at=now,
        state=READY,
        attempts=0,
    )
    session.add(found)
    session.flush()
    _note(session, "ImportBegun", found, now=now, actor=actor)
    return found


def take_columns(session: Session, found: Import, columns: Sequence[str]) -> None:
    """Set the field of each column of the file, and make the import due for reading again.

    `columns` has one field key per column in the order of the file, "" for a column that is not used. Raises
    `UnableToImport` if a key is unknown or used twice, if the number of columns is wrong, or if the import has started
    already.
    """
    known = {field.key for field in FIELDS[found.kind]}
    chosen = [one for one in columns if one]
    if len(columns) != len(found.heads) or not set(chosen) <= known or len(set(chosen)) < len(chosen):
        raise UnableToImport(NOT_A_FIELD)
    if found.phase not in (ImportPhase.PREVIEW, ImportPhase.UNREADABLE):
        raise UnableToImport(NO_LONGER)
    session.execute(sa.delete(ImportRow).where(ImportRow.import_id == found.id))
    found.columns = list(columns)
    _promise(session, found, ImportPhase.READING)


def start_import(session: Session, found: Import, *, now: datetime, actor: Actor) -> None:
    """Start importing the new and changed rows of the preview; a worker does it later. Starting twice changes nothing.

    Raises `UnableToImport` if the import has no preview.
    """
    if found.phase in (ImportPhase.IMPORTING, ImportPhase.DONE):
        return
    if found.phase is not ImportPhase.PREVIEW:
        raise UnableToImport(NO_LONGER)
    found.total = _count(session, found, RowOutcome.NEW, RowOutcome.CHANGES)
    _promise(session, found, ImportPhase.IMPORTING)
    _note(session, "ImportStarted", found, now=now, actor=actor)


def undo_import(session: Session, found: Import, *, now: datetime, actor: Actor) -> None:
    """Stop an import if it is running, and start undoing its rows. Rows that somebody changed since are left as they are.

    Raises `UnableToImport` if the import has not started.
    """
    if found.phase in (ImportPhase.UNDOING, ImportPhase.UNDONE):
        return
    if found.phase not in (ImportPhase.IMPORTING, ImportPhase.DONE):
        raise UnableToImport(NO_LONGER)
    found.total = _count(session, found, RowOutcome.MADE, RowOutcome.CHANGED)
    _promise(session, found, ImportPhase.UNDOING)
    _note(session, "ImportUndone", found, now=now, actor=actor)


def go_on(session: Session, found: Import) -> None:
    """Continue an import that failed, from the row at which it stopped. Raises `UnableToImport` if it has not failed."""
    if found.phase not in RUNNING_PHASES or found.state != FAILED:
        raise UnableToImport(NO_LONGER)
    _promise(session, found, found.phase, done=found.done)


def forget_files(session: Session, *, before: datetime, limit: int) -> int:
    """Delete the files and rows of ended imports that were created before `before`. Return the number of imports. Imported data
    stays."""
    old = sa.select(Import).where(Import.created_at < before, Import.storage_key != "", Import.state.in_((DONE, FAILED)))
    found = session.execute(old.order_by(Import.created_at).limit(limit).with_for_update(skip_locked=True)).scalars().all()
    for one in found:
        session.execute(sa.delete(ImportRow).where(ImportRow.import_id == one.id))
        runtime().storage.delete(one.storage_key)
        one.storage_key = ""
    session.flush()
    return len(found)


def _count(session: Session, found: Import, *outcomes: RowOutcome) -> int:
    query = sa.select(sa.func.count()).where(ImportRow.import_id == found.id, ImportRow.outcome.in_(outcomes))
    return session.execute(query).scalar_one()


def _promise(session: Session, found: Import, phase: ImportPhase, *, done: int = 0) -> None:
    """Set the import's phase and make it due now. If a worker still works on the import, it loses its lease and writes nothing
    more."""
    found.phase, found.state, found.attempts = phase, READY, 0
    found.run_at = sa.func.now()  # by the clock that claims
    found.lease_token, found.lease_until, found.hinted_at = None, None, None
    found.done, found.problem, found.ended_at = done, "", None
    session.flush()


def _note(session: Session, action: str, found: Import, *, now: datetime, actor: Actor) -> None:
    detail: dict[str, Any] = {"kind": found.kind.value, "brand_id": str(found.brand_id), "sha256": found.sha256}
    audit(session, action=action, object_type="import", object_id=str(found.id), now=now, actor=actor, detail=detail)


def actor_of(found: Import) -> Actor:
    """Return the actor for changes made by an import. The actor is quiet, so imported data triggers no rule, message or
    callback."""
    by = {"kind": "import", "import_id": str(found.id), "name": found.file_name}
    return Actor(user_id=found.user_id, by=by, is_quiet=True)
