"""Who is asking, behind proxies: only entries written by our own proxies are believed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask

from app import create_app
from app.config import Settings
from tests.support.database import close_connections

STRANGER = "203.0.113.9"


def status_of_metrics(app: Flask, forwarded_for: str) -> int:
    return app.test_client().get("/metrics", headers={"X-Forwarded-For": forwarded_for}).status_code


@pytest.fixture(scope="module")
def behind_one_proxy(shared_app: Flask, settings: Settings) -> Flask:
    app = create_app(replace(settings, trusted_proxies=1, database_url=shared_app.config["SQLALCHEMY_DATABASE_URI"]))
    close_connections(app)
    return app


def test_a_stranger_behind_our_proxy_may_not_read_metrics(behind_one_proxy: Flask) -> None:
    assert status_of_metrics(behind_one_proxy, STRANGER) in (401, 403)


def test_a_stranger_who_claims_to_be_loopback_may_not_either(behind_one_proxy: Flask) -> None:
    assert status_of_metrics(behind_one_proxy, f"127.0.0.1, {STRANGER}") in (401, 403)


def test_what_came_by_a_proxy_that_no_setting_names_is_not_this_machine(app: Flask) -> None:
    assert status_of_metrics(app, STRANGER) == 403
    assert status_of_metrics(app, "127.0.0.1") == 403
