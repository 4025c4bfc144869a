"""Pages of imports: choose a file, preview, import, undo."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.csv_table import MOST_BYTES, MOST_ROWS
from app.core.db import db, transaction
from app.core.runtime import runtime
from app.core.storage import undone_on_error
from app.core.translation import gettext as _
from app.domain.accounts.access import Viewer
from app.domain.accounts.permissions import Permission
from app.domain.accounts.queries import list_offered_brands
from app.domain.events.actions import Actor
from app.domain.imports.actions import (
    UnableToImport,
    begin_import,
    check_content,
    go_on,
    start_import,
    take_columns,
    undo_import,
)
from app.domain.imports.columns import FIELDS
from app.domain.imports.models import RUNNING_PHASES, Import, ImportKind, ImportPhase, RowOutcome
from app.domain.imports.queries import count_outcomes, get_import, kinds_of, list_imports, list_rows
from app.web.accounts.refusal import refuse
from app.web.accounts.session import current_viewer
from app.web.imports import words
from app.web.imports.blueprint import bp
from app.web.pages import page

SHOWN_ROWS, SHOWN_WRONG = 20, 50
WRONG = (RowOutcome.WRONG, RowOutcome.SKIPPED, RowOutcome.LEFT)
GOOD = (RowOutcome.NEW, RowOutcome.CHANGES, RowOutcome.MADE, RowOutcome.CHANGED, RowOutcome.TAKEN_BACK)


@bp.get("/imports")
def show_list() -> ResponseReturnValue:
    """Show the newest imports, and a form for a new one. `kind` is what the file contains: orders, articles or prices."""
    return _list(importer(), {})


@bp.post("/imports")
def begin() -> ResponseReturnValue:
    """Store the posted `file` of this `kind` for a `brand`, and start to read it in the background."""
    viewer = importer()
    brands = {str(brand.id): brand for brand in list_offered_brands(db.session(), viewer.brand_ids)}
    brand, kind = brands.get(request.form.get("brand", "")), _asked_kind(viewer)
    file = request.files.get("file")
    content = file.stream.read(MOST_BYTES + 1) if file is not None else b""
    errors = {} if brand is not None else {"brand": _("Choose one of your brands.")}
    try:
        check_content(content)
    except UnableToImport as error:
        errors["file"] = _(str(error))
    if errors or brand is None or file is None:
        return _list(viewer, errors, status=422)
    with undone_on_error(runtime().storage) as storage, transaction() as session:
        asked: dict[str, Any] = {"brand": brand, "kind": kind, "file_name": file.filename or ""}
        found = begin_import(session, storage.put(content), **asked, now=utc_now(), actor=viewer.actor)
    runtime().nudger.nudge()
    return redirect(url_for("imports.show", import_id=found.id), 303)


@bp.get("/imports/<uuid:import_id>")
def show(import_id: uuid.UUID) -> ResponseReturnValue:
    """Show an import: its progress, the field chosen for each column, and what its rows will become or have become.

    An htmx request gets only the block `import-state`.
    """
    return _page(get_import(db.session(), viewer=importer(), import_id=import_id))


@bp.post("/imports/<uuid:import_id>/columns")
def choose(import_id: uuid.UUID) -> ResponseReturnValue:
    """Set which field each column of the file is (`column-1`, `column-2` …), and read the file again."""

    def act(session: Session, found: Import, _now: datetime, _actor: Actor) -> None:
        chosen = [request.form.get(f"column-{place}", "") for place in range(1, len(found.heads) + 1)]
        take_columns(session, found, chosen)

    return _change(import_id, act)


@bp.post("/imports/<uuid:import_id>/start")
def start(import_id: uuid.UUID) -> ResponseReturnValue:
    """Import what the preview shows."""
    return _change(import_id, lambda session, found, now, actor: start_import(session, found, now=now, actor=actor))


@bp.post("/imports/<uuid:import_id>/undo")
def undo(import_id: uuid.UUID) -> ResponseReturnValue:
    """Undo an import, except for what somebody has changed since."""
    return _change(import_id, lambda session, found, now, actor: undo_import(session, found, now=now, actor=actor))


@bp.post("/imports/<uuid:import_id>/again")
def again(import_id: uuid.UUID) -> ResponseReturnValue:
    """Continue an import that was interrupted."""
    return _change(import_id, lambda session, found, _now, _actor: go_on(session, found))


def importer() -> Viewer:
    """Return the viewer if they may import at least one kind of file. Answer 403 if not."""
    viewer = current_viewer()
    if not kinds_of(viewer):
        refuse(Permission.ORDERS_IMPORT)
    return viewer


def _asked_kind(viewer: Viewer) -> ImportKind:
    kinds = kinds_of(viewer)
    return next((kind for kind in kinds if kind.value == request.values.get("kind")), kinds[0])


def _change(import_id: uuid.UUID, act: Callable[[Session, Import, datetime, Actor], None]) -> ResponseReturnValue:
    viewer = importer()
    try:
        with transaction() as session:
            act(session, get_import(session, viewer=viewer, import_id=import_id, lock=True), utc_now(), viewer.actor)
    except UnableToImport as error:
        flash(_(str(error)))
    runtime().nudger.nudge()
    return redirect(url_for("imports.show", import_id=import_id), 303)


def _list(viewer: Viewer, errors: dict[str, str], *, status: int = 200) -> ResponseReturnValue:
    session, kind = db.session(), _asked_kind(viewer)
    context: dict[str, Any] = {
        "rows": list_imports(session, viewer=viewer).items,
        "kinds": [(one.value, words.kind_words(one.value)) for one in kinds_of(viewer)],
        "kind": kind.value,
        "fields": {one: FIELDS[one] for one in kinds_of(viewer)},
        "brands": [(str(brand.id), brand.name) for brand in list_offered_brands(session, viewer.brand_ids)],
        "brand": request.form.get("brand", ""),
        "most_rows": MOST_ROWS,
        "errors": errors,
    }
    return page("imports/list.html", status=status, **context)


def _page(found: Import) -> ResponseReturnValue:
    session, counts = db.session(), count_outcomes(db.session(), found.id)
    heads = {field: head for field, head in zip(found.columns, found.heads, strict=False) if field}
    is_running = found.phase in RUNNING_PHASES and found.state != "failed"
    is_over = not is_running
    good = list_rows(session, found.id, GOOD, limit=SHOWN_ROWS) if is_over else ()
    wrong = list_rows(session, found.id, WRONG, limit=SHOWN_WRONG) if is_over else ()
    context: dict[str, Any] = {
        "found": found,
        "counts": [(outcome, counts[outcome]) for outcome in RowOutcome if outcome in counts],
        "by_outcome": {outcome.value: count for outcome, count in counts.items()},
        "wrong_count": sum(counts.get(outcome, 0) for outcome in WRONG),
        "is_running": is_running,
        "can_start": found.phase is ImportPhase.PREVIEW and any(counts.get(one) for one in (RowOutcome.NEW, RowOutcome.CHANGES)),
        "good": [(row, words.values_of(row, found.kind)) for row in good],
        "wrong": [(row, [words.problem_words(one, found.kind, heads) for one in row.problems]) for row in wrong],
        "columns": list(zip(found.heads, found.columns, strict=False)),
        "fields": [(one.key, _(one.words)) for one in FIELDS[found.kind]],
    }
    return page("imports/import.html", blocks=("import_state",), **context)
