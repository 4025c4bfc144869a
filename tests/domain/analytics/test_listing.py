"""The rows behind a figure are read on from the last one, however many there are."""

from __future__ import annotations

import re
from datetime import date
from itertools import pairwise
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.analytics.listing import FactRow, list_facts
from app.domain.analytics.measures import MEASURES
from app.domain.analytics.models import ReportScope
from app.domain.analytics.slices import Slice
from tests.factories import make_brand

SAID = MEASURES["interactions"]  # of three kinds of facts
WALK = re.compile(r"using ix_report_facts_newest on report_facts.*?rows=(\d+)(?:\.\d+)? loops=1\)\n +Index Cond: (.*)")
FACTS = """
INSERT INTO report_facts (kind, at, local_day, local_hour, scope_id, subject_id, recorded_at)
SELECT k, at, at::date, 12, :scope, gen_random_uuid(), now()
FROM generate_series(0, :each) n, unnest(ARRAY[1, 2, 13, 14, 15]) k,
     LATERAL (SELECT '2026-03-01 12:00Z'::timestamptz + n / 4 * interval '1 hour') t(at)
"""


def filled(session: Session, each: int) -> Slice:
    """March 2026 of a brand with that many facts of each of five kinds, four of a kind at each instant."""
    brand = make_brand(session)
    scope = ReportScope(brand_id=brand.id)
    session.add(scope)
    session.flush()
    session.execute(sa.text(FACTS), {"scope": scope.id, "each": each - 1})
    return Slice(brand_ids=(brand.id,), first=date(2026, 3, 1), last=date(2026, 3, 31))


def test_pages_of_several_kinds_go_on_where_the_last_one_ended(db_session: Session) -> None:
    slice = filled(db_session, 40)
    pages: list[list[FactRow]] = [list_facts(db_session, slice, SAID, limit=7)]
    while len(pages[-1]) == 7:
        last = pages[-1][-1]
        pages.append(list_facts(db_session, slice, SAID, after=(last.at, last.id), limit=7))
    found = [row for page in pages for row in page]
    assert len(found) == 3 * 40
    assert {row.kind for row in found} == set(SAID.kinds)
    assert all((before.at, before.id) > (after.at, after.id) for before, after in pairwise(found))
    assert found == list_facts(db_session, slice, SAID, limit=1000)


def test_a_page_far_down_is_read_from_its_place(db_session: Session) -> None:
    slice = filled(db_session, 2000)
    db_session.execute(sa.text("ANALYZE report_facts, report_scopes"))
    middle = list_facts(db_session, slice, SAID, limit=900)[-1]
    plans: list[str] = []

    def explain(connection: sa.Connection, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        if not statement.startswith("EXPLAIN"):
            told = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, TIMING OFF) {statement}", values)
            plans.append("\n".join(told.scalars()))

    connection = db_session.connection()
    sa.event.listen(connection, "before_cursor_execute", explain)
    try:
        list_facts(db_session, slice, SAID, after=(middle.at, middle.id), limit=50)
    finally:
        sa.event.remove(connection, "before_cursor_execute", explain)
    walks = WALK.findall(plans[0])
    assert len(walks) == 3, plans[0]
    assert all(int(rows) <= 50 and "ROW(at, id) < ROW" in condition for rows, condition in walks), plans[0]
