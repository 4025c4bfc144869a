"""A Graph simulator on a free port and the real adapter talking to it over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.contract.base import ChannelAccount
from app.core.http import HttpClient
from app.providers.graph.adapter import GraphMail
from app.sandbox.simulators.common import serve
from app.sandbox.simulators.graph import create_graph_app
from app.sandbox.simulators.graph.settings import Settings
from tests.providers.graph.support import MAILBOX, Clock, Simulator, World


@pytest.fixture
def world() -> Iterator[World]:
    server = serve(create_graph_app(mailboxes=(MAILBOX, "info@chargecars.example")))
    http = HttpClient(allowed_networks=["127.0.0.0/8"])
    clock = Clock()
    settings = Settings()

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
    yield World(Simulator(http, server.url), make_adapter(), account, clock, make_adapter)
    http.close()
    server.stop()
