"""Which statements keep their plan, and for how long."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask, Response
from sqlalchemy.orm import Session

from app.core.db import db
from app.core.ids import new_id
from app.core.prepared import KEPT, as_written
from app.domain.accounts.models import User
from app.domain.threads.models import Priority, ThreadStatus, ThreadType
from app.domain.threads.queries import ThreadFilter, list_threads
from app.domain.threads.sorting import ListSort
from app.web.pages import finish_reading
from tests.factories import make_brand, make_user, make_viewer
from tests.support.pages import PageClient
from tests.support.signing_in import sign_in

MORE_THAN_CUSTOM = 7  # PostgreSQL plans five times for the values before it considers a plan for all


def kept(session: Session) -> dict[str, int]:
    """How often each statement kept on the connection ran by a plan made for all values."""
    found = session.execute(sa.text("SELECT statement, generic_plans FROM pg_prepared_statements"))
    return {row.statement: row.generic_plans for row in found}


def test_a_marked_statement_is_planned_once_and_another_each_time(db_session: Session) -> None:
    for number in range(MORE_THAN_CUSTOM):
        db_session.execute(sa.text("SELECT :number + 1").execution_options(**KEPT), {"number": number})
        db_session.execute(sa.text("SELECT :number + 2"), {"number": number})
    (statement,) = (words for words in kept(db_session) if words.startswith("SELECT $1 + "))
    assert statement.endswith("+ 1")
    assert kept(db_session)[statement] > 0


def test_a_limit_that_is_written_is_no_value(db_session: Session) -> None:
    query = sa.select(sa.literal(1)).limit(as_written(7)).execution_options(**KEPT)
    assert db_session.execute(query).scalar_one() == 1
    assert any(words.endswith("LIMIT 7") for words in kept(db_session))


def test_a_page_leaves_its_statements_for_the_next(page_client: PageClient, db_session: Session) -> None:
    sign_in(page_client.plain, db_session, make_user(db_session, brands=(make_brand(db_session),)))
    before = kept(db_session)  # the connection may have served other tests
    for _ in range(MORE_THAN_CUSTOM):
        assert page_client.get("/inbox").status_code == 200
    after = kept(db_session)
    assert any(count > before.get(words, 0) for words, count in after.items() if "AS saved_views" in words)


def test_what_was_changed_to_be_shown_is_not_kept(app: Flask, db_session: Session) -> None:
    user = make_user(db_session, "Alice")
    db_session.commit()
    with app.test_request_context("/inbox"):
        shown = db.session.get_one(User, user.id)
        shown.name = "Somebody else"
        finish_reading(Response())
    db_session.refresh(user)
    assert user.name == "Alice"


@pytest.mark.parametrize(
    "filter",
    [
        ThreadFilter(),
        ThreadFilter(thread_type=ThreadType.COMPLAINT),
        ThreadFilter(order_id=new_id()),
    ],
    ids=["open", "type", "order"],
)
def test_a_list_of_threads_is_not_planned_afresh_for_each_page(
    app_context: Flask, db_session: Session, filter: ThreadFilter
) -> None:
    viewer = make_viewer(db_session, brands=(make_brand(db_session), make_brand(db_session, "second")))
    db_session.flush()
    before = kept(db_session)
    for _ in range(MORE_THAN_CUSTOM):
        list_threads(db_session, viewer=viewer, filter=filter)
    assert any(count > before.get(words, 0) for words, count in kept(db_session).items() if "AS scan" in words)


@pytest.mark.parametrize(
    ("filter", "sort"),
    [
        (ThreadFilter(view="all", status=ThreadStatus.ESCALATED), ListSort.DUE),
        (ThreadFilter(view="all", thread_type=ThreadType.COMPLAINT), ListSort.NEWEST),
        (ThreadFilter(priority=Priority.URGENT), ListSort.DUE),
    ],
    ids=["status", "type", "priority"],
)
def test_a_list_is_planned_for_its_values_where_no_index_has_their_order(
    app_context: Flask, db_session: Session, filter: ThreadFilter, sort: ListSort
) -> None:
    """One plan for all would be made for common values, and for a rare one read everything there is."""
    viewer = make_viewer(db_session, brands=(make_brand(db_session),))
    before = kept(db_session)
    for _ in range(MORE_THAN_CUSTOM):
        list_threads(db_session, viewer=viewer, filter=filter, sort=sort)
    assert [words for words in kept(db_session).keys() - before.keys() if "AS scan" in words] == []
