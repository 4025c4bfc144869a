"""The Graph simulator of the test process, with nothing in it, and the real adapter talking to it over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.contract.base import ChannelAccount
from app.core.http import HttpClient
from app.providers.graph.adapter import GraphMail
from app.sandbox.simulators.common import RunningServer
from app.sandbox.simulators.graph.settings import Settings
from tests.providers.graph.support import MAILBOX, Clock, Simulator, World


@pytest.fixture
def world(graph_process: RunningServer) -> Iterator[World]:
    http, server = HttpClient(allowed_networks=["127.0.0.0/8"]), graph_process
    simulator, clock = Simulator(http, server.url), Clock()
    settings = Settings(mailboxes=(MAILBOX, "info@chargecars.example"))
    simulator.control("POST", "reset")
    simulator.config(**settings.to_json())

    def make_adapter() -> GraphMail:
        return GraphMail(http, server.url, server.url, clock=clock)

    account = ChannelAccount(
        id="1",
        channel_type="email_outlook",
        name="Service",
        address=MAILBOX,
        settings={"tenant_id": settings.tenant_id, "client_id": settings.client_id},
        secrets={"client_secret": settings.client_secret},
    )
    yield World(simulator, make_adapter(), account, clock, make_adapter)
    http.close()
