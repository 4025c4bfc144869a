"""The models and the migrations say the same."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask

from app.core.db import Base

TABLES = {
    "addresses", "address_lookups", "articles", "line_items", "order_counters", "order_number_series", "order_payments",
    "order_settings", "order_tax_totals",
    "order_threads", "orders", "transitions", "transition_rules", "integrations", "form_submissions",
}  # fmt: skip


def test_the_tables_are_as_the_models_say(app: Flask, connection: sa.Connection) -> None:
    def only_ours(_item: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
        return kind != "table" or name in TABLES

    context = MigrationContext.configure(connection, opts={"compare_type": True, "include_object": only_ours})
    assert compare_metadata(context, Base.metadata) == []
