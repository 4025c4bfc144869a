"""Introducing the demo's channels to simulators that may have been started anew."""

from __future__ import annotations

from typing import Any

from flask import Flask
from sqlalchemy.orm import Session

from app.core.runtime import runtime
from app.domain.connections.models import ChannelType
from app.sandbox.demo.connect import connect_simulators
from app.sandbox.demo.simulator_state import World
from tests.factories import NOW, make_brand, make_channel


class QuietWorld(World):
    """Takes every order and does nothing."""

    def __init__(self) -> None:
        pass

    def _call(self, method: str, url: str, body: Any = None) -> Any:
        return {}

    def configure_mail(self, settings: dict[str, Any]) -> None:
        pass


def test_a_link_of_a_former_simulator_is_forgotten(app: Flask, db_session: Session) -> None:
    """It has another address now, and such a link is followed by nobody: no mail would come in any more."""
    with app.app_context():
        keyring, settings = runtime().keyring, runtime().settings
    brand, channels = make_brand(db_session), []
    for base in ("http://127.0.0.1:1", settings.provider_settings["GRAPH_BASE_URL"]):
        address = f"mailbox{len(channels)}@chargecars.example"
        channels.append(make_channel(db_session, brand, ChannelType.EMAIL_OUTLOOK, keyring=keyring, address=address))
        channels[-1].poll_state = {"folders": {"inbox": {"link": f"{base}/v1.0/users/{address}/delta"}}}
    connect_simulators(db_session, QuietWorld(), keyring=keyring, settings=settings, now=NOW)
    assert [bool(channel.poll_state) for channel in channels] == [False, True]
