"""Serve /imports: upload, preview, apply and undo files of orders, articles and prices."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import request
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from app.api.answers import Answer, answer, show
from app.api.authorize import current_viewer, require
from app.api.brand import choose_brand_id
from app.api.idempotency import write
from app.api.registry import Routes
from app.api.schemas.base import IdPath
from app.api.schemas.imports import (
    ImportColumns,
    ImportForm,
    ImportListed,
    ImportListQuery,
    ImportOut,
    ImportPage,
    ImportProblem,
    ImportRowOut,
    ImportRowPage,
    ImportStep,
    RowQuery,
)
from app.core.clock import utc_now
from app.core.csv_table import MOST_BYTES
from app.core.db import db
from app.core.keyset import Sort
from app.core.problems import invalid
from app.core.runtime import runtime
from app.core.storage import Storage, undone_on_error
from app.domain.accounts.access import Viewer
from app.domain.accounts.models import Brand
from app.domain.accounts.permissions import Permission
from app.domain.events.actions import Actor
from app.domain.imports import actions
from app.domain.imports.actions import UnableToImport
from app.domain.imports.columns import FIELDS
from app.domain.imports.kinds import IMPORT_NEEDS
from app.domain.imports.models import RUNNING_PHASES, Import, ImportRow, RowOutcome
from app.domain.imports.queries import ImportConditions, count_outcomes, kinds_of, list_rows
from app.domain.imports.queries import get_import as find_import
from app.domain.imports.queries import list_imports as find_imports

routes = Routes("Imports")
STEPS: dict[str, Callable[[Session, Import, datetime, Actor], None]] = {
    "start": lambda session, found, now, actor: actions.start_import(session, found, now=now, actor=actor),
    "undo": lambda session, found, now, actor: actions.undo_import(session, found, now=now, actor=actor),
    "again": lambda session, found, _now, _actor: actions.go_on(session, found),
}


@routes.add("post", "/imports", scope="orders:write", answers=ImportOut, status=201, refuses=(422,), takes="form")
def begin_import(form: ImportForm) -> Response:
    """Upload a file of orders, articles or prices.

    The file is read in the background and nothing is created yet. Get the import until its `phase` is `preview`, check its
    rows, then send the step `start`.
    """
    require(IMPORT_NEEDS[form.kind])
    with undone_on_error(runtime().storage) as storage:
        return write(lambda session: _begin(session, current_viewer(), form, storage))


@routes.add("get", "/imports", scope="orders:read", answers=ImportPage)
def list_imports(query: ImportListQuery) -> Response:
    """List imports.

    Limited to the brands the token's owner may see, and to the kinds they may import.
    """
    wanted = ImportConditions(**query.model_dump(include={"kind", "phase", "brand"}))
    asked: dict[str, Any] = {"sort": Sort.parse(query.sort), "cursor": query.cursor, "limit": query.limit}
    page = find_imports(db.session(), viewer=_importer(), conditions=wanted, **asked)
    items = [ImportListed(**_listed(line.found, line.brand_key)) for line in page.items]
    return show(ImportPage(items=items, next_cursor=page.next_cursor))


@routes.add("get", "/imports/<uuid:id>", scope="orders:read", answers=ImportOut, refuses=(404,))
def get_import(path: IdPath) -> Response:
    """Show the progress of an import."""
    session, viewer = db.session(), _importer()
    return show(_out(session, find_import(session, viewer=viewer, import_id=path.id)))


@routes.add("get", "/imports/<uuid:id>/rows", scope="orders:read", answers=ImportRowPage, refuses=(404, 422))
def list_import_rows(path: IdPath, query: RowQuery) -> Response:
    """List the rows of an import in the order of the file.

    Each row shows its outcome, the values that it replaces and writes, and the problems because of which it is left out.
    """
    session, viewer = db.session(), _importer()
    found = find_import(session, viewer=viewer, import_id=path.id)
    if query.cursor is not None and not query.cursor.isdecimal():
        raise invalid("cursor", "is not one of ours: start from the first page")
    outcomes = [query.outcome] if query.outcome else list(RowOutcome)
    rows = list_rows(session, found.id, outcomes, limit=query.limit + 1, after=int((query.cursor or "0")[:9]))
    shown = rows[: query.limit]
    more = str(shown[-1].number) if len(rows) > query.limit else None
    return show(ImportRowPage(items=[_row_out(row) for row in shown], next_cursor=more))


@routes.add("put", "/imports/<uuid:id>/columns", scope="orders:write", answers=ImportOut, refuses=(404, 409, 422))
def set_import_columns(path: IdPath, body: ImportColumns) -> Response:
    """Set which field each column is read as, and read the file again."""
    return _change(path.id, lambda session, found, _now, _actor: actions.take_columns(session, found, body.columns))


@routes.add(
    "post", "/imports/<uuid:id>/steps", scope="orders:write", answers=ImportOut, status=202, refuses=(404, 409, 422),
    example={"step": "start"},
)  # fmt: skip
def take_import_step(path: IdPath, body: ImportStep) -> Response:
    """Apply what the preview shows, undo it, or resume after an interruption. Each step runs in the background."""
    return _change(path.id, STEPS[body.step], status=202)


def _begin(session: Session, viewer: Viewer, form: ImportForm, storage: Storage) -> Answer:
    file = request.files.get("file")
    content = file.stream.read(MOST_BYTES + 1) if isinstance(file, FileStorage) else b""
    try:
        actions.check_content(content)
    except UnableToImport as error:
        raise invalid("file", str(error)) from error
    brand_id = choose_brand_id(session, viewer=viewer, key=form.brand, owner=None, owner_name="")
    asked: dict[str, Any] = {"brand": session.get_one(Brand, brand_id), "kind": form.kind}
    asked["file_name"] = (file.filename if file else "") or ""
    found = actions.begin_import(session, storage.put(content), **asked, now=utc_now(), actor=viewer.actor)
    return answer(_out(session, found), 201, location=f"/api/v1/imports/{found.id}")


def _importer() -> Viewer:
    """Return the viewer if they may import at least one kind of file. Raises `Problem` if not."""
    viewer = current_viewer()
    return viewer if kinds_of(viewer) else require(Permission.ORDERS_IMPORT)


def _change(import_id: uuid.UUID, act: Callable[[Session, Import, datetime, Actor], None], *, status: int = 200) -> Response:
    viewer = _importer()

    def effect(session: Session) -> Answer:
        found = find_import(session, viewer=viewer, import_id=import_id, lock=True)
        act(session, found, utc_now(), viewer.actor)
        return answer(_out(session, found), status)

    return write(effect)


def _out(session: Session, found: Import) -> ImportOut:
    return ImportOut(
        **_listed(found, session.get_one(Brand, found.brand_id).key),
        heads=found.heads,
        columns=found.columns,
        fields=[field.key for field in FIELDS[found.kind]],
        outcomes=count_outcomes(session, found.id),
    )


def _listed(found: Import, brand_key: str) -> dict[str, Any]:
    names = ("id", "kind", "phase", "problem", "file_name", "size_bytes", "done", "total", "created_at", "ended_at")
    is_running = found.phase in RUNNING_PHASES and found.state != "failed"
    return {**{name: getattr(found, name) for name in names}, "brand": brand_key, "is_running": is_running}


def _row_out(row: ImportRow) -> ImportRowOut:
    return ImportRowOut(
        number=row.number,
        outcome=row.outcome,
        cells=row.cells,
        problems=[ImportProblem(field=one["column"], message=one["text"]) for one in row.problems],
        entity_id=row.entity_id,
        before=row.before,
        after=row.after,
    )
