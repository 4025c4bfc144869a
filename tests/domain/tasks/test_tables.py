"""The model and the migration say the same."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask

from app.core.db import Base
from app.domain.tasks.models import Task


def test_the_table_is_as_the_model_says(app: Flask, connection: sa.Connection) -> None:
    def only_tasks(_item: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
        return kind != "table" or name == Task.__tablename__

    context = MigrationContext.configure(connection, opts={"compare_type": True, "include_object": only_tasks})
    assert compare_metadata(context, Base.metadata) == []
