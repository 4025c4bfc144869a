"""The demo's page of what colleagues receive, with its simulators and without."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.core.runtime import EXTENSION, runtime
from app.domain.accounts.models import Team
from app.domain.notifications.models import TeamsHook
from app.sandbox.demo.simulator_client import Outside, connect_teams, simulator
from app.sandbox.demo.simulator_state import SimulatorAway
from app.sandbox.simulators.common import serve
from app.sandbox.simulators.notices.app import start_notices


@pytest.fixture
def outside(app: Flask) -> Iterator[Outside]:
    notices = start_notices()
    server = serve(notices.app)
    yield Outside(app.extensions[EXTENSION].http, server.url)
    server.stop()
    notices.smtp.stop()


def test_the_first_team_gets_a_simulated_channel_at_each_start_and_a_real_one_stays(
    app_context: Flask, db_session: Session, outside: Outside
) -> None:
    db_session.add_all([Team(id=new_id(), name="Service"), Team(id=new_id(), name="Partners")])
    db_session.flush()
    found = []
    for _start in range(2):
        connect_teams(db_session, outside, keyring=runtime().keyring)
        (hook,) = db_session.execute(sa.select(TeamsHook)).scalars()
        found.append(bytes(hook.sealed_url))
    assert found[0] != found[1]
    hook.host = "default.1.environment.api.powerplatform.com"
    db_session.flush()
    connect_teams(db_session, outside, keyring=runtime().keyring)
    assert bytes(hook.sealed_url) == found[1]


def test_without_simulators_it_says_so(app_context: Flask) -> None:
    with pytest.raises(SimulatorAway):
        simulator("notices", {})
    with pytest.raises(SimulatorAway):
        Outside(runtime().http, "http://127.0.0.1:9").call("GET", "/__sim/pushes")
