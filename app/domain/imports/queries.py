"""Read imports of the viewer's brands, and their rows."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.db import let_go
from app.domain.accounts.access import Viewer
from app.domain.accounts.models import Brand, User
from app.domain.imports.kinds import IMPORT_NEEDS
from app.domain.imports.models import Import, ImportKind, ImportRow, RowOutcome

CHUNK = 1000


class ImportMissing(Exception):
    """No such import, or none the viewer may see."""


@dataclass(frozen=True)
class ImportLine:
    """An import as a list shows it."""

    found: Import
    brand_name: str
    user_name: str


def kinds_of(viewer: Viewer) -> list[ImportKind]:
    """Return the kinds the viewer may import."""
    return [kind for kind in ImportKind if viewer.may(IMPORT_NEEDS[kind])]


def list_imports(session: Session, *, viewer: Viewer, limit: int = 50) -> list[ImportLine]:
    """List the newest imports. One query."""
    query = sa.select(Import, Brand.name.label("brand_name"), User.name.label("user_name"))
    query = query.join(Brand, Brand.id == Import.brand_id).outerjoin(User, User.id == Import.user_id)
    query = query.where(Import.brand_id.in_(viewer.brand_ids), Import.kind.in_(kinds_of(viewer)))
    rows = session.execute(query.order_by(Import.created_at.desc(), Import.id.desc()).limit(limit))
    return [ImportLine(row.Import, row.brand_name, row.user_name or "") for row in rows]


def get_import(session: Session, *, viewer: Viewer, import_id: uuid.UUID, lock: bool = False) -> Import:
    """Raises ImportMissing."""
    query = sa.select(Import).where(Import.id == import_id, Import.brand_id.in_(viewer.brand_ids))
    query = query.where(Import.kind.in_(kinds_of(viewer))).execution_options(populate_existing=True)
    found = session.execute(query.with_for_update() if lock else query).scalar_one_or_none()
    if found is None:
        raise ImportMissing(str(import_id))
    return found


def count_outcomes(session: Session, import_id: uuid.UUID) -> dict[RowOutcome, int]:
    """Count the rows of each outcome. One query."""
    query = sa.select(ImportRow.outcome, sa.func.count()).where(ImportRow.import_id == import_id).group_by(ImportRow.outcome)
    return {row[0]: row[1] for row in session.execute(query)}


def list_rows(
    session: Session, import_id: uuid.UUID, outcomes: Collection[RowOutcome], *, limit: int, after: int = 0
) -> Sequence[ImportRow]:
    """List the first rows of these outcomes, in the order of the file."""
    query = sa.select(ImportRow).where(ImportRow.import_id == import_id, ImportRow.outcome.in_(outcomes))
    query = query.where(ImportRow.number > after).order_by(ImportRow.number).limit(limit)
    return session.execute(query.execution_options(populate_existing=True)).scalars().all()


def all_rows(session: Session, import_id: uuid.UUID, outcomes: Collection[RowOutcome]) -> Iterator[ImportRow]:
    """Yield all rows of these outcomes, chunk by chunk."""
    after = 0
    while True:
        found = list_rows(session, import_id, outcomes, limit=CHUNK, after=after)
        let_go()
        yield from found
        if len(found) < CHUNK:
            return
        after = found[-1].number
