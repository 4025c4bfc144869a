from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox.simulators.whatsapp_world import World, running_world


@pytest.fixture(scope="module")
def whatsapp_process() -> Iterator[World]:
    with running_world() as world:
        yield world


@pytest.fixture
def world(whatsapp_process: World) -> World:
    """The running WhatsApp simulator as on its first day, calling a webhook of ours."""
    whatsapp_process.start_afresh()
    return whatsapp_process
