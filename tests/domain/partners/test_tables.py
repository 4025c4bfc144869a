"""The models and the migrations say the same."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask

import app.domain.partners.models  # noqa: F401  the tables below
from app.core.db import Base


def test_the_tables_are_as_the_models_say(app: Flask, connection: sa.Connection) -> None:
    def only_ours(_item: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
        return kind != "table" or (name or "").startswith("partner")

    context = MigrationContext.configure(connection, opts={"compare_type": True, "include_object": only_ours})
    assert compare_metadata(context, Base.metadata) == []
