"""The shared fixtures keep their promises: isolation between tests, real commits where asked for, watchful pages."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page
from sqlalchemy.orm import Session

from app.core.db import db, transaction
from app.core.ids import new_id
from app.domain.accounts.models import Team
from tests.support.browsing import Browsing
from tests.support.live import LiveServer

FOREIGN = "http://foreign.invalid/x.png"


@pytest.mark.parametrize("turn", [1, 2])
def test_what_a_test_commits_is_seen_by_it_and_gone_for_the_next(app: Flask, db_session: Session, turn: int) -> None:
    assert db_session.scalars(sa.select(Team)).all() == [], f"turn {turn} sees rows of another test"
    with app.app_context(), transaction() as session:
        session.add(Team(id=new_id(), name="Night shift"))
    assert [team.name for team in db_session.scalars(sa.select(Team))] == ["Night shift"]


def test_a_rolled_back_change_of_the_application_leaves_the_tests_rows_alone(app: Flask, db_session: Session) -> None:
    db_session.add(Team(id=new_id(), name="Kept"))
    db_session.commit()
    with app.app_context():
        session = db.session()
        session.add(Team(id=new_id(), name="Lost"))
        session.flush()
        session.rollback()
    assert [team.name for team in db_session.scalars(sa.select(Team))] == ["Kept"]


def test_a_fresh_application_has_several_connections_and_real_commits(fresh_app: Flask) -> None:
    with fresh_app.app_context():
        with transaction() as session:
            session.add(Team(id=new_id(), name="Seen by all"))
        with db.engine.connect() as other:
            assert other.execute(sa.text("SELECT count(*) FROM teams")).scalar() == 1


def test_the_client_reaches_the_application(client: FlaskClient) -> None:
    assert client.get("/healthz").status_code == 200


@pytest.mark.browser
def test_a_browser_reaches_the_running_application(page: Page, live_server: LiveServer) -> None:
    answer = page.goto("/healthz")
    assert answer is not None
    assert answer.status == 200
    assert page.url == f"{live_server.url}/healthz"


@pytest.mark.browser
def test_a_foreign_request_and_a_script_error_are_noticed(page: Page, browsing: Browsing) -> None:
    page.goto("/healthz")
    page.evaluate("address => { new Image().src = address; setTimeout(() => { throw new Error('oops') }) }", FOREIGN)
    with page.expect_event("console"):
        page.evaluate("console.error('seen')")
    browsing.expected_faults += ["foreign.invalid", "oops", "seen", "ERR_"]
    assert any("foreign host" in fault for fault in browsing.all_faults())
    assert any("oops" in fault for fault in browsing.all_faults())
