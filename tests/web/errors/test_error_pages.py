"""Errors in plain words, for browsers and for htmx; also when it is the database that is away."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app import create_app
from app.config import Settings
from tests.factories import make_user
from tests.support.pages import PageClient, check_html
from tests.support.signing_in import sign_in


@pytest.mark.parametrize("signed_in", [False, True], ids=["anonymous", "signed in"])
def test_a_page_that_is_not_there_says_so(page_client: PageClient, db_session: Session, signed_in: bool) -> None:
    if signed_in:
        sign_in(page_client.plain, db_session, make_user(db_session))
    answer = page_client.get("/nothing/here")
    assert answer.status_code == 404
    assert "Page not found" in answer.text


def test_a_wrong_method_says_so_and_names_the_right_ones(page_client: PageClient) -> None:
    answer = page_client.get("/sign-out")
    assert answer.status_code == 405
    assert "This cannot be done here" in answer.text
    assert "POST" in answer.headers["Allow"]


def test_htmx_gets_a_banner_and_no_page(page_client: PageClient) -> None:
    answer = page_client.get("/nothing/here", headers={"HX-Request": "true"})
    assert answer.status_code == 404
    assert "<html" not in answer.text
    assert "Page not found" in answer.text


def test_more_than_the_limit_is_refused_before_it_is_read(page_client: PageClient, app: Flask) -> None:
    answer = page_client.post("/sign-in", data=b"x" * 100, headers={"Content-Length": str(41 * 1024 * 1024)})
    assert answer.status_code in (400, 413)


def test_what_the_address_says_is_never_part_of_the_page(page_client: PageClient) -> None:
    text = page_client.get("/%3Cscript%3Ealert(1)%3C/script%3E?next=%22%3E%3Cimg%20src=x%3E").text
    assert "<script>alert(1)" not in text
    assert "<img src=x>" not in text


def test_every_error_page_has_the_security_headers(page_client: PageClient) -> None:
    headers = page_client.get("/nothing/here").headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"


@pytest.fixture
def app_without_database(settings: Settings) -> Flask:
    """Nothing listens on this port."""
    app = create_app(replace(settings, database_url="postgresql+psycopg://x@127.0.0.1:9/x"))
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {}
    return app


def ask_signed_in(app: Flask, **headers: str) -> TestResponse:
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie["session_token"] = "anything"
    return client.get("/settings/profile", headers={"Accept": "text/html", **headers})


def test_without_the_database_a_page_says_when_to_come_back(app_without_database: Flask) -> None:
    answer = ask_signed_in(app_without_database)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert "Temporarily unavailable" in answer.text
    check_html(answer.text)


def test_without_the_database_htmx_gets_its_banner(app_without_database: Flask) -> None:
    answer = ask_signed_in(app_without_database, **{"HX-Request": "true"})
    assert answer.status_code == 503
    assert "<html" not in answer.text


def test_a_fault_of_ours_shows_nothing_of_its_inside(app_without_database: Flask) -> None:
    app = app_without_database

    def broken() -> str:
        raise RuntimeError("secret-detail-of-the-inside")

    app.add_url_rule("/broken", view_func=broken)
    app.testing = False
    answer = app.test_client().get("/broken")
    assert answer.status_code == 500
    assert "secret-detail" not in answer.text
    assert "Something went wrong on our side" in answer.text
    check_html(answer.text)
