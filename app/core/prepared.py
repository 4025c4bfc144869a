"""Let PostgreSQL keep query plans (prepared statements).

Planning a page's queries costs it more than running them. A statement marked `**KEPT` is prepared once per connection, and
PostgreSQL plans it once for all values as soon as that plan costs no more than one made for them. Any other statement is planned
afresh each time: a plan made for any search word is a hundred times too slow for most of them. So mark only what goes by the same
indexes whatever is asked, and write its limit as `as_written`: the planner takes an unknown limit for a tenth of the rows.

The driver forgets what it prepared on every ROLLBACK, so what only reads ends with COMMIT (app/web/pages.py `finish_reading`).
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from flask import Flask

from app.core.db import db

KEPT: Final = {"plan_is_kept": True}  # for `.execution_options(**KEPT)`


def as_written(number: int) -> sa.ColumnElement[int]:
    """`number` as a part of the statement and not as a value of it: each number is a statement of its own, so have few."""
    return sa.literal_column(str(int(number)), sa.Integer)


def init_app(app: Flask) -> None:
    """Let the statements of pages and jobs keep their plans, or not; `AUTOCOMMIT` has its own way."""
    with app.app_context():
        sa.event.listen(db.engine, "do_execute", _execute)


def _execute(cursor: Any, statement: str, values: Any, context: Any) -> bool:
    cursor.execute(statement, values, prepare=bool(context and context.execution_options.get("plan_is_kept")))
    return True
