"""Command `db upgrade`: migrate the tables to the newest version."""

from __future__ import annotations

from flask.cli import AppGroup

from app.core.migrate import head_revision, upgrade
from app.core.runtime import runtime
from app.process.cli.output import json_option, report

group = AppGroup("db", help="The database.")


@group.command("upgrade")
@json_option
def upgrade_database(as_json: bool) -> None:
    """Run the migrations that are missing. Harmless to repeat; two at once wait for each other."""
    upgrade(runtime().settings.database_url)
    report({"revision": head_revision()}, f"the database is at {head_revision()}", as_json=as_json)
