"""Let PostgreSQL reuse query plans (prepared statements).

Planning a page's queries takes longer than running them. A statement marked `**KEPT` is prepared once per connection.
PostgreSQL then uses one plan for all values, as soon as this plan costs no more than a plan for the single values. Any other
statement is planned each time: one plan for all search words would be a hundred times too slow for most of them. So mark
only statements that use the same indexes for all values. Write their limits with `as_written`, because the planner guesses
that an unknown limit is a tenth of the rows.

The driver forgets its prepared statements on every ROLLBACK, so readers end with COMMIT (app/web/pages.py `finish_reading`).
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from flask import Flask

from app.core.db import db

KEPT: Final = {"plan_is_kept": True}  # for `.execution_options(**KEPT)`


def as_written(number: int) -> sa.ColumnElement[int]:
    """Return `number` as a literal in the text of the statement, not as a bound value. Each number makes a separate prepared
    statement, so use few different ones."""
    return sa.literal_column(str(int(number)), sa.Integer)


def init_app(app: Flask) -> None:
    """Prepare the marked statements of pages and jobs, and no others. The `AUTOCOMMIT` bind is not changed."""
    with app.app_context():
        sa.event.listen(db.engine, "do_execute", _execute)


def _execute(cursor: Any, statement: str, values: Any, context: Any) -> bool:
    cursor.execute(statement, values, prepare=bool(context and context.execution_options.get("plan_is_kept")))
    return True
