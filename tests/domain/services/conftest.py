"""An application that calls one of each service, all of them simulators, and a way to break and mend each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.contract.provider import Services
from app.core import runtime as installed
from app.core.ids import new_id
from app.core.runtime import runtime
from app.domain.accounts.models import Team
from app.domain.events.actions import SYSTEM
from app.domain.integrations.actions import IntegrationContent, create_integration
from app.domain.integrations.models import Integration, Provider
from app.domain.notifications.models import TeamsHook
from app.domain.notifications.senders import teams_sender
from app.domain.notifications.teams.hooks import NewHook, note_answer, open_address, set_hook
from app.domain.webhooks.actions import queue_message
from app.domain.webhooks.engine import deliver
from app.domain.webhooks.models import EndpointKind, WebhookDelivery
from app.domain.webhooks.owned import endpoint_of_owner
from app.providers.pdok.adapter import Pdok
from app.providers.registry import build_adapters
from app.providers.teams.card import Card, render
from app.sandbox.simulators.common import serve
from app.sandbox.simulators.fillout import FORM, create_fillout_app
from app.sandbox.simulators.make import create_make_app
from app.sandbox.simulators.notices.app import start_notices
from app.sandbox.simulators.pdok import create_pdok_app
from tests.factories import NOW, make_brand
from tests.support.providers import OUTSIDE, providers_at

MODES = {"make": ("gone", "fine"), "teams": ("deleted", "fine"), "mail": ("closed", "fine")}


@dataclass
class Desk:
    """`urls`: where each simulator is."""

    session: Session
    urls: dict[str, str]
    workflow: str
    form: Integration
    scenario: Integration
    hook: TeamsHook

    def key(self, name: str) -> str:
        """What the daily check calls it."""
        found = {"fillout": f"integration {self.form.id}", "make": f"integration {self.scenario.id}"}
        return {**found, "teams": f"team {self.hook.id}", "mail": "mail", "pdok": "register"}[name]

    def set(self, name: str, *, broken: bool) -> None:
        """Break or mend a service, and call those of which only a call can tell."""
        if name == "fillout":
            self._order("PUT", "fillout", "config", {"api_key": "another" if broken else "sk_simulated"})
        elif name == "pdok":
            self._order("POST" if broken else "DELETE", "pdok", "fault", {"status": 503, "times": None} if broken else None)
        else:
            mode = {"mode": MODES[name][0 if broken else 1]}
            paths = {"make": ("PUT", "make", "config"), "mail": ("POST", "notices", "mail")}
            self._order(*paths.get(name, ("POST", "notices", f"workflows/{self.workflow}")), mode)
            {"make": self._call_scenario, "teams": self._send_card}.get(name, lambda: None)()

    def _order(self, method: str, simulator: str, path: str, body: Any) -> None:
        answer = OUTSIDE.request(method, f"{self.urls[simulator]}/__sim/{path}", json=body)
        assert answer.ok, answer.text

    def _call_scenario(self) -> None:
        owned = {"owner_id": self.scenario.id, "brand_id": self.scenario.brand_id}
        endpoint = endpoint_of_owner(self.session, kind=EndpointKind.MAKE, name="order_processing", now=NOW, **owned)
        message = queue_message(self.session, event_type="X", payload=b"{}", endpoints=[endpoint], now=NOW, **owned)
        self.session.commit()
        deliver(self.session.query(WebhookDelivery.id).filter_by(message_id=message.id).scalar())
        self.session.expire_all()

    def _send_card(self) -> None:
        url, card = open_address(self.hook, runtime().keyring), Card("t", (), (), "o", "http://localhost/", "", "s")
        self.session.commit()
        note_answer(self.session, self.hook.id, teams_sender().send(url, render(card), now=NOW), now=NOW)
        self.session.commit()


@pytest.fixture(scope="module")
def simulators() -> Iterator[tuple[dict[str, str], int]]:
    """Where each is, and the port of the mail server."""
    notices = start_notices()
    apps = {"fillout": create_fillout_app(), "make": create_make_app(), "pdok": create_pdok_app(), "notices": notices.app}
    servers = {name: serve(app) for name, app in apps.items()}
    yield {name: server.url for name, server in servers.items()}, notices.smtp.port
    for server in servers.values():
        server.stop()
    notices.smtp.stop()


@pytest.fixture
def desk(app_context: Flask, db_session: Session, simulators: tuple[dict[str, str], int]) -> Iterator[Desk]:
    (urls, port), before = simulators, runtime()
    for url in urls.values():
        OUTSIDE.request("POST", f"{url}/__sim/reset")
    OUTSIDE.request("PUT", f"{urls['fillout']}/__sim/config", json={"api_key": "sk_simulated"})
    OUTSIDE.request("PUT", f"{urls['make']}/__sim/config", json={"mode": "fine"})
    services = Services(before.http, providers_at(urls["fillout"]), "http://localhost", "localhost")
    settings = replace(before.settings, teams_hosts=(urls["notices"],), smtp_url=f"smtp://127.0.0.1:{port}")
    told = replace(before, settings=settings, adapters=build_adapters(services), register=Pdok(before.http, urls["pdok"]))
    installed.install(app_context, told)
    yield _connected(db_session, urls)
    installed.install(app_context, before)


def _connected(session: Session, urls: dict[str, str]) -> Desk:
    brand, team = make_brand(session), Team(id=new_id(), name="Service")
    session.add(team)
    session.flush()
    who = {"keyring": runtime().keyring, "now": NOW, "actor": SYSTEM}
    form = create_integration(
        session,
        Provider.FORMS,
        IntegrationContent("Intake", brand.id, None, {"form_id": FORM}),
        secrets={"api_key": "sk_simulated"},
        **who,
    )
    scenario = create_integration(
        session,
        Provider.MAKE,
        IntegrationContent("Scenarios", brand.id, None, {"hooks": {"order_processing": "127.0.0.1"}}),
        secrets={"hook_order_processing": f"{urls['make']}/abc", "signing_secret": "s"},
        **who,
    )
    made = OUTSIDE.request("POST", f"{urls['notices']}/__sim/workflows").json()
    hook = set_hook(session, NewHook(made["url"], "127.0.0.1", shows_content=False), team_id=team.id, **who)
    session.commit()
    return Desk(session, urls, made["id"], form, scenario, hook)
