from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.contract.base import ChannelAccount
from app.core.http import HttpClient
from app.providers.whatsapp_cloud.adapter import WhatsAppAdapter
from tests.sandbox.simulators.whatsapp_world import NUMBER_ID, WABA_ID, World, running_world


@pytest.fixture(scope="module")
def whatsapp_process() -> Iterator[World]:
    with running_world() as world:
        yield world


@pytest.fixture
def world(whatsapp_process: World) -> World:
    """The running WhatsApp simulator as on its first day, calling a webhook of ours."""
    whatsapp_process.start_afresh()
    return whatsapp_process


@pytest.fixture
def adapter(world: World) -> WhatsAppAdapter:
    return WhatsAppAdapter(HttpClient(allowed_networks=("127.0.0.0/8",)), world.url, "v26.0")


@pytest.fixture
def account() -> ChannelAccount:
    return ChannelAccount(
        id="0197f0de-0000-7000-8000-00000000c0de",
        channel_type="whatsapp_business",
        name="ChargeCars WhatsApp",
        address=NUMBER_ID,
        settings={"waba_id": WABA_ID},
        secrets={"access_token": "simulated-access-token", "app_secret": "simulated-app-secret"},
    )


@pytest.fixture
def offline_adapter() -> WhatsAppAdapter:
    """For what needs no provider."""
    return WhatsAppAdapter(HttpClient(), "https://graph.facebook.com", "v26.0")
