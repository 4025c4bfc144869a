"""Every table of promises is kept by `app/core/promises.py`."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

from app.core.db import db
from app.core.promises import Promise
from app.wiring import sources

APP = Path(__file__).resolve().parents[2] / "app"
# Kept by a sequence of their own; docs/adr/0012-promises-in-one-place.md says why.
OTHERWISE = {
    "inbound_events": "domain/ingest/jobs.py",
    "outbox_entries": "domain/events/jobs.py",
    "deliveries": "domain/delivery/jobs.py",
    "scheduled_replies": "domain/delivery/scheduled.py",
}


def promises() -> dict[str, Promise]:
    """By table: those of the modules whose jobs the relay hands out, and of what these import."""
    modules = [importlib.import_module(source.job.rpartition(".")[0]) for source in sources()]
    found = [value for module in modules for value in vars(module).values() if isinstance(value, Promise)]
    inner = [value for module in modules for value in vars(module).values() if hasattr(value, "PROMISE")]
    found += [module.PROMISE for module in inner]
    return {promise.table.name: promise for promise in found}


def claimable_tables() -> set[str]:
    return {table.name for table in db.metadata.tables.values() if "lease_token" in table.c}


def test_every_table_with_a_lease_is_kept_in_one_place_or_says_why_not() -> None:
    assert claimable_tables() == promises().keys() | OTHERWISE.keys()
    assert not promises().keys() & OTHERWISE.keys()


def test_the_relay_watches_every_table_with_a_lease() -> None:
    assert {source.table.name for source in sources()} == claimable_tables()


def test_nobody_else_claims_rows() -> None:
    allowed = {"core/promises.py", "core/promises_together.py", "domain/ingest/mail_import.py", *OTHERWISE.values()}
    claiming = {str(path.relative_to(APP)) for path in APP.rglob("*.py") if _claims(path)}
    assert claiming - {"core/work.py"} <= allowed


def _claims(path: Path) -> bool:
    """Whether a module imports the claim of rows."""
    text = path.read_text()
    if "app.core.work" not in text:
        return False
    imports = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)]
    names = {alias.name for node in imports if node.module == "app.core.work" for alias in node.names}
    return bool(names & {"claim", "claim_all"})
