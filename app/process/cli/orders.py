"""Command `orders import FILE`: import orders from a CSV file."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa
from flask.cli import AppGroup

from app.core.clock import utc_now
from app.core.db import transaction
from app.core.runtime import runtime
from app.core.storage import undone_on_error
from app.domain.accounts.models import Brand
from app.domain.events.actions import SYSTEM
from app.domain.imports.actions import UnableToImport, begin_import, check_content, start_import
from app.domain.imports.jobs import run_import
from app.domain.imports.models import RUNNING_PHASES, Import, ImportKind, ImportPhase, RowOutcome
from app.domain.imports.queries import all_rows, count_outcomes
from app.process.cli.output import json_option, report
from app.process.cli.people import find_brand_ids

WRONG = (RowOutcome.WRONG, RowOutcome.SKIPPED)
WAIT_SECONDS = 0.2
group = AppGroup("orders", help="Orders, articles and their prices.")


@group.command("import")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE")
@click.option("--brand", "brand_key", required=True, help="Key of the brand they are of.")
@click.option("--kind", type=click.Choice([one.value for one in ImportKind]), default=ImportKind.ORDERS.value)
@click.option("--dry-run", is_flag=True, help="Say what it would do, and make nothing.")
@json_option
def import_file(path: Path, brand_key: str, kind: str, dry_run: bool, as_json: bool) -> None:
    """Import orders from a CSV file. Rows that are wrong are left out and named with line and reason.

    Exit code 1 if nothing could be read or a row was left out. The page Imports lists this import, too, and can undo it.
    """
    content = path.read_bytes()
    try:
        check_content(content)
    except UnableToImport as error:
        raise click.ClickException(str(error)) from error
    with undone_on_error(runtime().storage) as storage, transaction() as session:
        brand = session.get_one(Brand, find_brand_ids(session, [brand_key])[0])
        asked: dict[str, Any] = {"brand": brand, "kind": ImportKind(kind), "file_name": path.name}
        begun = begin_import(session, storage.put(content), **asked, now=utc_now(), actor=SYSTEM)
    found = _run(begun)
    if found.phase is ImportPhase.PREVIEW and not dry_run:
        with transaction() as session:
            start_import(session, session.get_one(Import, found.id, with_for_update=True), now=utc_now(), actor=SYSTEM)
        found = _run(found)
    _tell(found, as_json=as_json)


def _run(found: Import) -> Import:
    """Run the import as a worker does, or wait for the worker that runs it already. Returns the ended import."""
    while True:
        run_import(row_id=str(found.id))
        with transaction() as session:
            query = sa.select(Import).where(Import.id == found.id).execution_options(populate_existing=True)
            found = session.execute(query).scalar_one()
        if found.phase not in RUNNING_PHASES or found.state == "failed":
            return found
        time.sleep(WAIT_SECONDS)


def _tell(found: Import, *, as_json: bool) -> None:
    with transaction() as session:
        counts = {outcome.value: count for outcome, count in count_outcomes(session, found.id).items()}
        wrong = list(all_rows(session, found.id, WRONG))
    for row in wrong:
        reasons = "; ".join(f"{one['column']}: {one['text']}".lstrip(": ") for one in row.problems)
        report({"line": row.number, "problem": reasons}, f"line {row.number}  {reasons}", as_json=as_json)
    record = {"id": found.id, "phase": found.phase.value, "problem": found.problem, "rows": counts}
    words = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items())
    report(record, f"{found.id}  {found.phase.value}  {found.problem or words}", as_json=as_json)
    if found.problem or wrong:
        raise SystemExit(1)
