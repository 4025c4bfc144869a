"""The demo's page of simulated providers: looking at it changes nothing there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.core.runtime import runtime
from app.sandbox.demo import unconnected_accounts
from app.sandbox.demo.mailboxes import connect_mailboxes
from app.sandbox.demo.provider_routes import _shown
from app.sandbox.demo.providers import find_provider
from app.sandbox.demo.simulator_client import simulator
from app.sandbox.simulators.common import serve
from app.sandbox.simulators.mailserver import start_mail_server
from app.sandbox.simulators.sendgrid import create_sendgrid_app


@pytest.fixture
def environ(app_context: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Where the simulators are, as each process of the demo is told."""
    mail = start_mail_server()
    servers = {"MAILSERVER": serve(mail.app), "SENDGRID": serve(create_sendgrid_app())}
    told = {f"{name}_SIM_PORT": server.url.rpartition(":")[2] for name, server in servers.items()}
    for name, port in told.items():
        monkeypatch.setenv(name, port)
    yield told
    for server in servers.values():
        server.stop()
    mail.stop()


def accounts() -> list[str]:
    found: list[str] = simulator("mailserver").call("GET", "/__sim/config")["accounts"]
    return found


def shown_account() -> dict[str, str]:
    provider = find_provider("mailserver")
    assert provider is not None
    shown = _shown(provider)
    assert shown.away == ""
    return {name: value for name, (_label, value) in shown.account.items()}


def test_looking_at_an_account_does_not_make_it(environ: dict[str, str]) -> None:
    assert shown_account()["address"] == unconnected_accounts.AT_SERVER
    assert accounts() == []


def test_the_account_that_is_shown_is_made_when_the_demo_starts(db_session: Session, environ: dict[str, str]) -> None:
    for _start in range(2):
        connect_mailboxes(db_session, environ, keyring=runtime().keyring, public_url="http://localhost")
    assert accounts() == [unconnected_accounts.AT_SERVER]
    assert shown_account()["smtp_port"].isdecimal()
