"""The demo's page of texts and calls, with its simulator and without."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.core.runtime import EXTENSION, runtime
from app.domain.connections.models import ChannelType
from app.sandbox.demo import unconnected_accounts
from app.sandbox.demo.phone_world import CALM, PhoneWorld, connect_phone, simulated_phone
from app.sandbox.demo.simulator_state import SimulatorAway
from app.sandbox.simulators.common import serve
from app.sandbox.simulators.twilio import TwilioSimulator
from tests.factories import make_brand, make_channel
from tests.sandbox.simulators.twilio_world import JAN
from tests.support.providers import providers_at


@pytest.fixture
def world(app: Flask) -> Iterator[PhoneWorld]:
    simulator = TwilioSimulator()
    server, usual = serve(simulator.app), app.extensions[EXTENSION]
    app.extensions[EXTENSION] = replace(usual, settings=replace(usual.settings, provider_settings=providers_at(server.url)))
    yield PhoneWorld(usual.http, server.url)
    app.extensions[EXTENSION] = usual
    server.stop()
    simulator.close()


def test_the_simulator_is_told_the_demos_numbers_and_secrets_as_often_as_one_likes(
    app_context: Flask, db_session: Session, world: PhoneWorld
) -> None:
    brand, keyring = make_brand(db_session), runtime().keyring
    for kind, address in ((ChannelType.SMS, "+3197010200777"), (ChannelType.PHONE_CALL, "+31201234500")):
        settings, secrets = {"account_sid": "AC1"}, {"signing_secret": "a token"}
        make_channel(db_session, brand, kind, keyring=keyring, address=address, settings=settings, secrets=secrets)
    for _start in range(2):
        connect_phone(db_session, simulated_phone(), keyring=keyring, settings=runtime().settings)
    told = world.settings()
    assert (told["auth_token"], told["account_sid"]) == ("a token", "AC1")
    assert (told["sms_numbers"], told["phone_numbers"]) == (["+3197010200777", unconnected_accounts.TEXTS], ["+31201234500"])
    assert told["sms_url"] == "http://localhost/webhooks/sms"


def test_what_the_customer_does_stands_on_their_phone(world: PhoneWorld) -> None:
    world.write(number=JAN, to="", text="Hallo")
    world.call(number=JAN, to="", outcome="missed")
    shown = world.phone(JAN)
    assert [text["text"] for text in shown["texts"]] == ["Hallo"]
    assert [call["outcome"] for call in shown["calls"]] == ["missed"]


def test_trouble_is_taken_back(world: PhoneWorld) -> None:
    world.configure({"refuses_sign_in": True, "reorder": True, "duplicate": 3})
    world.calm()
    assert {name: world.settings()[name] for name in CALM} == CALM


def test_a_simulator_that_is_away_is_told_in_words(app_context: Flask) -> None:
    with pytest.raises(SimulatorAway, match="does not answer"):
        simulated_phone().settings()
