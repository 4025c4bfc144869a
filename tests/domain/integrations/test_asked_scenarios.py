"""The step of a rule or macro that calls a scenario in Make really does it, once, where that scenario is connected."""

from __future__ import annotations

import time
import uuid

import pytest
import sqlalchemy as sa

from app.core.ids import new_id
from app.domain.automation.models import OutsideIntent
from app.domain.events.actions import Actor
from app.domain.events.models import Event
from app.domain.integrations.models import Integration
from app.domain.threads.actions import subject_of
from app.domain.threads.macro_run import Run, ask_outside
from app.domain.threads.macros import OutsideCall
from app.domain.threads.models import Thread
from app.domain.webhooks.models import WebhookDelivery
from app.providers.make.signature import is_signed
from app.sandbox.simulators.common import RunningServer
from app.sandbox.simulators.make import MakeAccount
from tests.domain.integrations.conftest import MAKE_SECRET, Outside
from tests.domain.integrations.test_make import calls, make_calls, scenarios
from tests.factories import NOW, make_contact, make_thread, make_user

__all__ = ["scenarios"]
Connected = tuple[MakeAccount, RunningServer, Integration]


@pytest.fixture
def thread(outside: Outside) -> Thread:
    contact = make_contact(outside.session, kind="email", value="pieter@example.nl")
    return make_thread(outside.session, outside.channel, contact, subject="Storing")


def ask(outside: Outside, thread: Thread, target: str, kind: str = "make") -> uuid.UUID:
    """Alice runs a macro with this step."""
    alice = make_user(outside.session, f"Alice {new_id()}", brands=(outside.brand,))
    run = Run(actor=Actor(alice.id), author_name="Alice", now=NOW, token=new_id())
    step = OutsideCall.model_validate({"kind": kind, "target": target})
    ask_outside(outside.session, (step,), subject=subject_of(thread), run=run)
    outside.session.commit()
    newest = sa.select(Event.id).where(Event.type == "OutsideCallAsked").order_by(Event.id.desc()).limit(1)
    return outside.session.execute(newest).scalar_one()


def states(outside: Outside) -> list[str]:
    return list(outside.session.execute(sa.select(OutsideIntent.state).order_by(OutsideIntent.id)).scalars())


def test_a_scenario_is_called_once_and_signed(outside: Outside, scenarios: Connected, thread: Thread) -> None:
    state, _server, _connected = scenarios
    event_id = ask(outside, thread, "order_processing")
    make_calls(outside)
    make_calls(outside)
    (told,) = state.taken
    assert (told["key"], told["body"]["event_type"], told["body"]["event_id"]) == (
        "order_processing",
        "rule.called",
        str(event_id),
    )
    assert is_signed(told["text"].encode(), told["headers"]["x-signature"], MAKE_SECRET, now_seconds=time.time())
    data = told["body"]["data"]
    assert (data["thread"]["thread_subject"], data["customer"]["email"]) == ("Storing", "pieter@example.nl")
    assert states(outside) == ["done"]
    assert outside.session.get_one(Event, event_id, populate_existing=True).payload["is_told"]


@pytest.mark.parametrize(("kind", "target"), [("make", "something_else"), ("webhook", "order_processing")])
def test_what_is_not_connected_stays_noted_and_nothing_is_sent(
    outside: Outside, scenarios: Connected, thread: Thread, kind: str, target: str
) -> None:
    event_id = ask(outside, thread, target, kind)
    assert calls(outside) == []
    assert states(outside) == ["noted"]
    assert "is_told" not in outside.session.get_one(Event, event_id, populate_existing=True).payload


def test_another_brands_scenario_or_one_that_is_off_hears_nothing(outside: Outside, scenarios: Connected, thread: Thread) -> None:
    scenarios[2].is_active = False
    ask(outside, thread, "order_processing")
    assert outside.session.execute(sa.select(sa.func.count()).select_from(WebhookDelivery)).scalar_one() == 0
