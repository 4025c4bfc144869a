"""Let PostgreSQL keep query plans (prepared statements).

Planning a page's queries takes longer than running them. A statement marked `**KEPT` is prepared once per connection, and
PostgreSQL plans it once for all values as soon as that plan costs no more than one made for them. Any other statement is planned
each time: one plan for all search words would be a hundred times too slow for most of them. So mark only statements that use the
same indexes for all values, and write their limits as `as_written`: the planner takes an unknown limit for a tenth of the rows.

The driver forgets its prepared statements on every ROLLBACK, so readers end with COMMIT (app/web/pages.py `finish_reading`).
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from flask import Flask

from app.core.db import db

KEPT: Final = {"plan_is_kept": True}  # for `.execution_options(**KEPT)`


def as_written(number: int) -> sa.ColumnElement[int]:
    """Return `number` as part of the statement's text and not as a value. Each number makes a statement of its own, so use
    few."""
    return sa.literal_column(str(int(number)), sa.Integer)


def init_app(app: Flask) -> None:
    """Let marked statements of pages and jobs keep their plans, and no others. The `AUTOCOMMIT` bind is not touched."""
    with app.app_context():
        sa.event.listen(db.engine, "do_execute", _execute)


def _execute(cursor: Any, statement: str, values: Any, context: Any) -> bool:
    cursor.execute(statement, values, prepare=bool(context and context.execution_options.get("plan_is_kept")))
    return True
