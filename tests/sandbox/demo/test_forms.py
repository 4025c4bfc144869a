"""The demo's page of forms and scenarios, with its simulators and without."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
import urllib3
from flask import Flask
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.runtime import install, runtime
from app.domain.integrations.models import Integration
from app.sandbox.demo import forms
from app.sandbox.demo.simulator_client import simulator
from app.sandbox.demo.simulator_state import SimulatorAway
from app.sandbox.simulators.common import serve
from app.sandbox.simulators.fillout import FormAccount, create_fillout_app
from app.sandbox.simulators.make import create_make_app
from tests.factories import make_brand


@pytest.fixture
def simulators(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    account = FormAccount(utc_now)
    form, make = serve(create_fillout_app(account)), serve(create_make_app())
    monkeypatch.setenv("FILLOUT_SIM_PORT", form.url.rpartition(":")[2])
    monkeypatch.setenv("MAKE_SIM_PORT", make.url.rpartition(":")[2])
    yield SimpleNamespace(form=form.url, make=make.url, account=account)
    form.stop()
    make.stop()


def test_simulators_are_introduced_as_often_as_needed_to_one_connection_each(
    app_context: Flask, db_session: Session, simulators: SimpleNamespace
) -> None:
    make_brand(db_session, name="ChargeCars")
    db_session.commit()
    for kind in ("form_lost", "form_lost"):
        assert "0" in forms._ACTIONS[kind]("")
    forms._connect(forms.Provider.MAKE)
    forms._connect(forms.Provider.MAKE)
    names = db_session.execute(sa.select(Integration.name).order_by(Integration.name)).scalars().all()
    assert names == [forms.FORM_NAME, forms.SCENARIO_NAME]
    told = simulator("make").call("GET", "/__sim/config")
    assert told["hook_url"].endswith("/api/v1/webhooks/make")
    assert told["secret"]


def test_a_form_is_filled_in_with_a_photo_that_can_be_had_or_not(
    app_context: Flask, db_session: Session, simulators: SimpleNamespace
) -> None:
    make_brand(db_session, name="ChargeCars")
    db_session.commit()
    usual = runtime()  # posts go to the simulator itself: what they say is no concern of this test
    install(app_context, replace(usual, settings=replace(usual.settings, public_url=simulators.form)))
    statuses = []
    for kind in ("form_photo", "form_photo_gone"):
        assert "1" in forms._ACTIONS[kind]("")
        (photo,) = simulators.account.submissions[-1]["questions"][-1]["value"]
        statuses.append(urllib3.request("GET", photo["url"]).status)
    install(app_context, usual)
    assert (photo["filename"], statuses) == ("meterkast.png", [200, 403])


def test_without_simulators_it_says_so(app_context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MAKE_SIM_PORT", raising=False)
    with pytest.raises(SimulatorAway):
        simulator("make")
