"""The demo's page of forms and scenarios, with its simulators and without."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.demo import forms
from app.demo.outside import simulator
from app.demo.world import SimulatorAway
from app.integrations.models import Integration
from app.simulators.common import serve
from app.simulators.fillout import create_fillout_app
from app.simulators.make import create_make_app
from tests.factories import make_brand


@pytest.fixture
def simulators(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    form, make = serve(create_fillout_app()), serve(create_make_app())
    monkeypatch.setenv("FILLOUT_SIM_PORT", form.url.rpartition(":")[2])
    monkeypatch.setenv("MAKE_SIM_PORT", make.url.rpartition(":")[2])
    yield SimpleNamespace(form=form.url, make=make.url)
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


def test_without_simulators_it_says_so(app_context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MAKE_SIM_PORT", raising=False)
    with pytest.raises(SimulatorAway):
        simulator("make")
