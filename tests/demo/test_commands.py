"""`flask demo …`: what testers from outside rely on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner

from app import create_app
from app.config import Settings
from app.demo.commands import PASSWORD
from app.demo.load import THREADS
from app.demo.people import BRANDS, USERS
from tests.support.database import TestServers, close_connections

KEYS = {"channel_type", "channel_name", "webhook_url", "verify_token", "signing_secret"}


@pytest.fixture(scope="module")
def demo_runner(servers: TestServers, settings: Settings) -> Iterator[FlaskCliRunner]:
    """The commands of a demo on a database of its own; its simulators are away."""
    name, url = servers.new_database()
    app = create_app(replace(settings, database_url=url, demo=True))
    yield app.test_cli_runner()
    close_connections(app)
    servers.drop_database(name)


def test_loading_twice_loads_once_and_says_when_the_simulators_are_away(demo_runner: FlaskCliRunner) -> None:
    first, second = (demo_runner.invoke(args=["demo", "load"]) for _ in range(2))
    assert (first.exit_code, second.exit_code) == (0, 0), first.output + second.output
    assert f"loaded {THREADS} threads" in first.output
    assert "the demo is loaded already" in second.output
    assert "channels are not connected" in second.output


def test_every_demo_user_is_printed_with_the_password(demo_runner: FlaskCliRunner) -> None:
    lines = demo_runner.invoke(args=["demo", "signins"]).output.splitlines()
    assert [line.split()[:2] for line in lines] == [[user.email, PASSWORD] for user in USERS]


def test_the_secrets_name_every_channel_and_what_the_provider_calls_it(demo_runner: FlaskCliRunner) -> None:
    demo_runner.invoke(args=["demo", "load"])
    entries = json.loads(demo_runner.invoke(args=["demo", "secrets", "--json"]).output)
    assert all(entry.keys() >= KEYS for entry in entries)
    chats = [entry for entry in entries if entry["channel_type"] == "whatsapp_business"]
    assert {entry["phone_number_id"] for entry in chats} == {brand.phone_number_id for brand in BRANDS if brand.phone_number_id}
    assert all(entry["webhook_url"].endswith("/webhooks/whatsapp") and entry["signing_secret"] for entry in chats)
    mails = [entry for entry in entries if entry["channel_type"] != "whatsapp_business"]
    assert {entry["mailbox"] for entry in mails} >= {brand.mailbox for brand in BRANDS}


def test_without_demo_the_application_gives_no_secrets(app: Flask) -> None:
    answer = app.test_cli_runner().invoke(args=["demo", "secrets", "--json"])
    assert answer.exit_code != 0
    assert "signing_secret" not in answer.output
