"""Write an empty migration with the next number (`make migration NAME=add_tags`).

Migrations are written by hand, never generated: autogeneration proposes to drop every table it does not know.
"""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[3] / "migrations"
NAME = re.compile(r"[a-z][a-z0-9_]{2,50}")
TEMPLATE = '''"""{sentence}."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "{number}"
down_revision = "{previous}"


def upgrade() -> None:
    op.add_column("some_table", sa.Column("some_column", sa.Text()))
'''


class BadName(Exception):
    """Raised when a migration cannot have the given name. The text says what to write."""


def write_migration(name: str, folder: Path = FOLDER) -> Path:
    """Write the file of the next migration and return its path. Raises BadName if `name` is not allowed.

    The new number is also written into the file HEAD, so that two migrations made at the same time conflict in git.
    """
    if not NAME.fullmatch(name):
        raise BadName("NAME: give the migration a name in small letters, for example make migration NAME=add_tags")
    previous = (folder / "HEAD").read_text().strip()
    number = f"{int(previous) + 1:04}"
    path = folder / "versions" / f"{number}_{name}.py"
    sentence = name.replace("_", " ").capitalize()
    path.write_text(TEMPLATE.format(sentence=sentence, number=number, previous=previous))
    (folder / "HEAD").write_text(f"{number}\n")
    return path
