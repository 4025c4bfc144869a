"""/reports: the figures of the pages, for programs, with the rights of the token's owner."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.core.clock import utc_now
from app.domain.accounts.models import User
from app.domain.accounts.tokens import create_token
from tests.domain.analytics.conftest import Reports
from tests.domain.sla.conftest import make_desk
from tests.support.database import one_connection


@pytest.fixture
def connection(shared_app: Flask) -> Iterator[sa.Connection]:
    """Without the people of the other tests of the API."""
    with one_connection(shared_app) as connection:
        yield connection


def test_figures_are_those_of_the_owner(app_context: Flask, db_session: Session) -> None:
    app, desk = app_context, make_desk(db_session)
    reports = Reports(desk)
    desk.now = utc_now() - timedelta(hours=1)
    for writer in (desk.alice, desk.bob, desk.bob):
        thread = desk.thread()
        desk.ask(thread)
        desk.now += timedelta(minutes=5)
        desk.answer(thread, sender_user_id=writer.id)
    reports.settle()
    days = f"first_day={(utc_now() - timedelta(days=2)).date()}&last_day={(utc_now() + timedelta(days=1)).date()}"

    def ask(user: User, query: str = "") -> dict[str, dict[str, float]]:
        token = create_token(reports.session, user, name="t", scopes=("reports:read",), now=utc_now())[1]
        reports.session.commit()
        answer = app.test_client().get(f"/api/v1/reports?{days}&time=wall{query}", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200, answer.text
        return {figure["measure"]: figure for figure in answer.json["figures"]}

    lena = ask(desk.lena)
    assert (lena["first_response"]["value"], lena["first_response"]["count"]) == (300, 3)
    assert lena["received"]["unit"] == "count"
    assert ask(desk.bob)["messages_out"]["value"] == 2
    assert ask(desk.lena, f"&user_id={desk.alice.id}")["messages_out"]["value"] == 1
    token = create_token(reports.session, desk.lena, name="t", scopes=("reports:read",), now=utc_now())[1]
    reports.session.commit()
    wrong = "/api/v1/reports?first_day=2026-02-02&last_day=2026-01-01"
    answer = app.test_client().get(wrong, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 422
    assert "last_day" in answer.text


def test_what_a_figure_counts_is_listed_page_by_page_and_the_report_is_a_file(app_context: Flask, db_session: Session) -> None:
    app, desk = app_context, make_desk(db_session)
    reports = Reports(desk)
    desk.now = utc_now() - timedelta(hours=1)
    for number in range(5):
        thread = desk.thread(value=f"{number}@example.nl")
        desk.ask(thread)
        desk.now += timedelta(minutes=3)
        desk.answer(thread, sender_user_id=(desk.bob if number else desk.alice).id)
    reports.settle()
    token = create_token(reports.session, desk.lena, name="t", scopes=("reports:read",), now=utc_now())[1]
    reports.session.commit()
    days = f"first_day={(utc_now() - timedelta(days=2)).date()}&last_day={(utc_now() + timedelta(days=1)).date()}"

    def ask(path: str) -> TestResponse:
        return app.test_client().get(f"/api/v1/reports{path}&{days}", headers={"Authorization": f"Bearer {token}"})

    found, cursor, counts = [], "", set()
    while True:
        page = ask(f"/facts?measure=first_response&limit=2{cursor}").json
        found += page["items"]
        counts.add(page["count"])
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={quote(page['next_cursor'])}&as_of={quote(page['as_of'])}"
    assert ([one["wall_seconds"] for one in found], counts) == ([180] * 5, {5})
    assert [one["who"] for one in found] == ["Bob"] * 4 + ["Alice"]
    assert len({one["thread_id"] for one in found}) == 5
    assert ask(f"/facts?measure=first_response&user_id={desk.alice.id}").json["count"] == 1
    assert ask("/facts?measure=burning").status_code == ask("/facts?measure=received&cursor=1").status_code == 422
    assert "first_response,,180,5" in ask("/file?time=wall").text
    paper = ask("/file?format=pdf&medium=email")
    assert (paper.mimetype, paper.data[:5]) == ("application/pdf", b"%PDF-")
