"""A row that names who did something (`lifted_by_user_id`) names when (`lifted_at`): the database refuses the one without it.

The time may stand alone: a person can be deleted, and what a program did has no person.
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from flask import Flask

from app.core.db import Base


def unheld(tables: Iterator[sa.Table]) -> Iterator[str]:
    """Name each `<verb>_by_user_id` beside a `<verb>_at` that may be empty, without a check of both."""
    for table in tables:
        checks = [str(one.sqltext) for one in table.constraints if isinstance(one, sa.CheckConstraint)]
        for column in table.columns:
            time = column.name.removesuffix("_by_user_id") + "_at"
            is_pair = column.name.endswith("_by_user_id") and time in table.columns and table.columns[time].nullable
            if is_pair and not any(f"{column.name} IS NULL OR {time} IS NOT NULL" in check for check in checks):
                yield f"{table.name}.{column.name}"


def test_who_has_a_time(app: Flask) -> None:
    assert list(unheld(iter(Base.metadata.sorted_tables))) == []


def test_the_check_sees_what_it_looks_for() -> None:
    columns = [sa.Column("lifted_by_user_id", sa.Uuid), sa.Column("lifted_at", sa.DateTime)]
    assert list(unheld(iter([sa.Table("rows", sa.MetaData(), *columns)]))) == ["rows.lifted_by_user_id"]
