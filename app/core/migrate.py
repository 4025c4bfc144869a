"""Migrate the database to the head of migrations/, one process at a time."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

FOLDER = Path(__file__).resolve().parents[2] / "migrations"
LOCK = 7_402_118_253  # any constant: the advisory lock of this application's migrations


def head_revision() -> str:
    """Return the newest migration, as written in migrations/HEAD."""
    return (FOLDER / "HEAD").read_text().strip()


def upgrade(database_url: str) -> None:
    """Run every migration that has not run yet. If another process is migrating, wait for it first."""
    from alembic import command  # here, because every process knows the head and few migrate
    from alembic.config import Config

    engine = sa.create_engine(database_url)
    try:
        with engine.connect() as connection:
            connection.execute(sa.text("SELECT pg_advisory_lock(:lock)"), {"lock": LOCK})
            connection.commit()
            config = Config()
            config.set_main_option("script_location", str(FOLDER))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
            connection.execute(sa.text("SELECT pg_advisory_unlock(:lock)"), {"lock": LOCK})
            connection.commit()
    finally:
        engine.dispose()
