"""Which index a list is read by: each filter of the inbox has one for each order, so that a list of little costs no more than one
of much, and one plan is right for both."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.db import db
from app.core.ids import new_id
from app.core.runtime import runtime
from app.domain.accounts.access import viewer_of
from app.domain.accounts.models import Team, User
from app.domain.threads.models import Thread, ThreadType
from app.domain.threads.queries import ThreadFilter, list_threads
from app.domain.threads.sorting import ListSort
from tests.core.test_prepared import MORE_THAN_CUSTOM, kept
from tests.factories import make_brand, make_channel, make_contact, make_thread, make_user

COPIED = [column.name for column in Thread.__table__.columns if column.computed is None and column.identity is None]
COPIES = 4000
ORDERS = {ListSort.NEWEST: "open", ListSort.OLDEST: "open", ListSort.PRIORITY: "rank", ListSort.DUE: "due"}
AS_MANY = {  # a sixth of them as the filters want it, of which half are in the inbox
    "id": "gen_random_uuid()",
    "last_message_at": "t.last_message_at - n * interval '1 minute'",
    "response_due_at": "CASE WHEN n % 4 = 0 THEN t.created_at + n * interval '1 minute' END",
    "status": "CASE WHEN n % 12 < 6 THEN t.status ELSE 'resolved' END",
    "resolved_at": "CASE WHEN n % 12 >= 6 THEN t.created_at END",
    "medium": "CASE WHEN n % 6 = 0 THEN 'phone' ELSE t.medium END",
    "channel_id": "CASE WHEN n % 6 = 0 THEN CAST(:quiet AS uuid) ELSE t.channel_id END",
    "thread_type": "CASE WHEN n % 6 = 0 THEN 'complaint' ELSE t.thread_type END",
    "assignee_user_id": "CASE WHEN n % 6 = 0 THEN CAST(:alice AS uuid) WHEN n % 6 = 1 THEN CAST(:bob AS uuid) END",
    "team_id": "CASE WHEN n % 6 = 0 THEN CAST(:team AS uuid) END",
}


@dataclass(frozen=True)
class Company:
    """Alice's, with 4,000 conversations; `filters` by the end of the names of their indexes."""

    session: Session
    alice: User
    filters: Mapping[str, ThreadFilter]

    def plan_of(self, filter: ThreadFilter, sort: ListSort) -> str:
        """How the database reads the list."""
        plans: list[str] = []

        def explain(connection: sa.Connection, _cursor: object, statement: str, values: object, *_rest: object) -> None:
            if not statement.startswith("EXPLAIN"):
                plans.append("\n".join(connection.exec_driver_sql(f"EXPLAIN {statement}", values).scalars()))  # type: ignore[arg-type]

        viewer, connection = viewer_of(self.session, self.alice), self.session.connection()
        sa.event.listen(connection, "before_cursor_execute", explain)
        try:
            list_threads(self.session, viewer=viewer, filter=filter, sort=sort)
        finally:
            sa.event.remove(connection, "before_cursor_execute", explain)
        return plans[0]

    def walk_of(self, filter: ThreadFilter, sort: ListSort) -> str:
        """The index along which the list is read."""
        walks: list[str] = re.findall(r"Scan(?: Backward)? using (\w+) on threads threads_1", self.plan_of(filter, sort))
        (walk,) = walks
        return walk


@pytest.fixture
def company(fresh_app: Flask) -> Iterator[Company]:
    """In a database of its own: a rollback does not take back what ANALYZE noted of the size of a table."""
    with fresh_app.app_context():
        yield _company(db.session())


def _company(session: Session) -> Company:
    brand = make_brand(session)
    alice, bob = (make_user(session, name, brands=(brand,)) for name in ("Alice", "Bob"))
    chat, quiet = (make_channel(session, brand, keyring=runtime().keyring, address=a) for a in ("106600", "106601"))
    thread, team = make_thread(session, chat, make_contact(session)), Team(id=new_id(), name="Service")
    session.add(team)
    session.flush()
    values = ", ".join(AS_MANY.get(name, f"t.{name}") for name in COPIED)
    source = f"threads t, generate_series(1, {COPIES}) n WHERE t.id = :id"
    of = {"id": thread.id, "quiet": quiet.id, "alice": alice.id, "bob": bob.id, "team": team.id}
    session.execute(sa.text(f"INSERT INTO threads ({', '.join(COPIED)}) SELECT {values} FROM {source}"), of)
    session.execute(sa.text("ANALYZE threads"))
    filters = {
        "": ThreadFilter(),
        "_medium": ThreadFilter(medium="phone"),
        "_channel": ThreadFilter(channel_id=quiet.id),
        "_type": ThreadFilter(thread_type=ThreadType.COMPLAINT),
        "_assignee": ThreadFilter(assignee_user_id=alice.id),
        "_unassigned": ThreadFilter(unassigned=True),
        "_team": ThreadFilter(team_id=team.id),
    }
    return Company(session, alice, filters)


def test_each_filter_of_the_inbox_has_an_index_for_each_order(company: Company) -> None:
    walks = {(name, sort): company.walk_of(filter, sort) for name, filter in company.filters.items() for sort in ListSort}
    assert walks == {(name, sort): f"ix_threads_{ORDERS[sort]}{name}" for name, sort in walks}


def test_all_conversations_of_a_team_are_read_from_the_newest(company: Company) -> None:
    assert company.walk_of(replace(company.filters["_team"], view="all"), ListSort.NEWEST) == "ix_threads_team"


def test_a_list_of_nothing_is_not_planned_afresh_for_each_page(company: Company) -> None:
    """For a value that hardly occurs the planner takes its own plan for cheaper, and makes it again and again."""
    viewer = viewer_of(company.session, company.alice)
    ticket = ThreadFilter(thread_type=ThreadType.INTERNAL_TICKET)
    for filter in (ThreadFilter(medium="sms"), ThreadFilter(channel_id=new_id()), ticket):
        before = kept(company.session)
        for _ in range(MORE_THAN_CUSTOM):
            list_threads(company.session, viewer=viewer, filter=filter, sort=ListSort.DUE)
        assert any(count > before.get(words, 0) for words, count in kept(company.session).items() if "AS scan" in words), filter
