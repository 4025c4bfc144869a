from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.contract.base import ChannelAccount
from tests.sandbox.simulators.twilio_world import ACCOUNT, OURS, TOKEN, World, running_world


@pytest.fixture(scope="module")
def twilio_process() -> Iterator[World]:
    with running_world() as world:
        yield world


@pytest.fixture
def world(twilio_process: World) -> World:
    """The running simulator as on its first day, calling a webhook of ours."""
    twilio_process.start_afresh()
    return twilio_process


@pytest.fixture
def account() -> ChannelAccount:
    return ChannelAccount(
        id="0197f0de-0000-7000-8000-00000000c0de",
        channel_type="sms",
        name="ChargeCars SMS",
        address=OURS,
        settings={"account_sid": ACCOUNT},
        secrets={"signing_secret": TOKEN},
    )
