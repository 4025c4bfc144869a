"""Read imports of the viewer's brands, and their rows."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.db import let_go
from app.core.keyset import Place, Sort, cut, matching, paged
from app.core.paging import Page
from app.domain.accounts.access import Viewer
from app.domain.accounts.models import Brand, User
from app.domain.imports.kinds import IMPORT_NEEDS
from app.domain.imports.models import Import, ImportKind, ImportPhase, ImportRow, RowOutcome

CHUNK = 1000


class ImportMissing(Exception):
    """Raised when there is no such import, or when the viewer may not see it."""


@dataclass(frozen=True)
class ImportLine:
    """An import with the names of its brand and user, as a list shows it."""

    found: Import
    brand_key: str
    brand_name: str
    user_name: str


@dataclass(frozen=True)
class ImportConditions:
    """Filters for a list of imports. None means no filter."""

    kind: ImportKind | None = None
    phase: ImportPhase | None = None
    brand: str | None = None  # its key


EVERY = ImportConditions()
NEWEST = Sort("created_at", descending=True)


def kinds_of(viewer: Viewer) -> list[ImportKind]:
    """Return the kinds of imports that the viewer may make."""
    return [kind for kind in ImportKind if viewer.may(IMPORT_NEEDS[kind])]


def list_imports(
    session: Session,
    *,
    viewer: Viewer,
    conditions: ImportConditions = EVERY,
    sort: Sort = NEWEST,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[ImportLine]:
    """List one page of imports that the viewer may see: imports of the viewer's brands, and of the kinds that the viewer's role
    may import. One query.

    `sort.field` is created_at. Raises `BadCursor`.
    """
    query = sa.select(Import, Brand.key, Brand.name.label("brand_name"), User.name.label("user_name"))
    query = query.join(Brand, Brand.id == Import.brand_id).outerjoin(User, User.id == Import.user_id)
    query = query.where(Import.brand_id.in_(viewer.brand_ids), Import.kind.in_(kinds_of(viewer)))
    query = query.where(*matching({Import.kind: conditions.kind, Import.phase: conditions.phase, Brand.key: conditions.brand}))
    rows = session.execute(paged(query, sort, Import.created_at, Import.id, cursor=cursor, limit=limit)).all()
    page = cut(rows, limit, sort, lambda row: Place(row.Import.created_at, row.Import.id))
    lines = (ImportLine(row.Import, row.key, row.brand_name, row.user_name or "") for row in page.items)
    return Page(tuple(lines), page.next_cursor)


def get_import(session: Session, *, viewer: Viewer, import_id: uuid.UUID, lock: bool = False) -> Import:
    """Return an import that the viewer may see. If `lock` is True, lock its row. Raises `ImportMissing`."""
    query = sa.select(Import).where(Import.id == import_id, Import.brand_id.in_(viewer.brand_ids))
    query = query.where(Import.kind.in_(kinds_of(viewer))).execution_options(populate_existing=True)
    found = session.execute(query.with_for_update() if lock else query).scalar_one_or_none()
    if found is None:
        raise ImportMissing(str(import_id))
    return found


def count_outcomes(session: Session, import_id: uuid.UUID) -> dict[RowOutcome, int]:
    """Return {outcome: number of rows} of an import. Outcomes without rows are missing. One query."""
    query = sa.select(ImportRow.outcome, sa.func.count()).where(ImportRow.import_id == import_id).group_by(ImportRow.outcome)
    return {row[0]: row[1] for row in session.execute(query)}


def list_rows(
    session: Session, import_id: uuid.UUID, outcomes: Collection[RowOutcome], *, limit: int, after: int = 0
) -> Sequence[ImportRow]:
    """List at most `limit` rows with these outcomes that come after line `after`, in the order of the file."""
    query = sa.select(ImportRow).where(ImportRow.import_id == import_id, ImportRow.outcome.in_(outcomes))
    query = query.where(ImportRow.number > after).order_by(ImportRow.number).limit(limit)
    return session.execute(query.execution_options(populate_existing=True)).scalars().all()


def all_rows(session: Session, import_id: uuid.UUID, outcomes: Collection[RowOutcome]) -> Iterator[ImportRow]:
    """Yield all rows with these outcomes in the order of the file, read in chunks."""
    after = 0
    while True:
        found = list_rows(session, import_id, outcomes, limit=CHUNK, after=after)
        let_go()
        yield from found
        if len(found) < CHUNK:
            return
        after = found[-1].number
