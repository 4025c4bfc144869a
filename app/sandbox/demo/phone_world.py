"""Control the simulated Twilio for the demo: the customer's phone for texts and calls, and failures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.config import Settings
from app.core.crypto import Keyring
from app.core.http import HttpClient, HttpFailure
from app.core.runtime import runtime
from app.domain.connections.models import Channel, ChannelType
from app.domain.connections.queries import list_channels, open_secrets
from app.sandbox.demo import unconnected_accounts
from app.sandbox.demo.simulator_state import REFUSES, SILENT, SIMULATORS, SimulatorAway

Json = dict[str, Any]
CALM: Json = {"refuses_sign_in": False, "reorder": False, "duplicate": 0, "delay_s": 0.0, "slow_s": 0.0, "failing": {}}
BUSY = {"code": 20429, "message": "Too many requests", "status": 429}


@dataclass(frozen=True)
class PhoneWorld:
    """The controls of the simulated Twilio. Every method raises SimulatorAway if the simulator does not answer."""

    http: HttpClient
    url: str

    def phone(self, number: str) -> Json:
        """Return the texts and calls of the customer's phone: {"texts": […], "calls": […]}, oldest first."""
        answer: Json = self._call("GET", f"phone/{number}")
        return answer

    def settings(self) -> Json:
        answer: Json = self._call("GET", "config")
        return answer

    def configure(self, changes: Json) -> None:
        self._call("POST", "config", changes)

    def write(self, *, number: str, to: str, text: str, bad_signature: bool = False) -> None:
        """Send a text from the customer's `number` to our number `to`."""
        self._call("POST", "emit", {"kind": "sms", "from": number, "to": to, "body": text, "bad_signature": bad_signature})

    def call(self, *, number: str, to: str, outcome: str) -> None:
        """Call our number `to` from the customer's `number`. `outcome` is one that the simulator knows."""
        order = {"kind": "call", "from": number, "to": to, "outcome": outcome, "recording": outcome == "answered"}
        self._call("POST", "emit", order)

    def lose_next_answer(self) -> None:
        """Let Twilio accept our next text, but break the connection before it answers."""
        self.fault(when="after", drop_connection=True)

    def fault(self, **fault: Any) -> None:
        """Let Twilio answer our next text with this fault (see `simulators/common.py` for the fields)."""
        self._call("POST", "fault", {"match": {"method": "POST", "path": "/Messages.json$"}, "times": 1, **fault})

    def calm(self) -> None:
        """End every failure."""
        self.configure(CALM)
        self._call("DELETE", "fault")

    def _call(self, method: str, path: str, body: Json | None = None) -> Any:
        try:
            answer = self.http.request(method, f"{self.url}/__sim/{path}", json=body, max_bytes=10_000_000)
            if answer.status >= 400:
                raise SimulatorAway(REFUSES % {"words": answer.text[:200]})
            return answer.json()
        except (HttpFailure, ValueError) as error:
            raise SimulatorAway(SILENT % {"why": getattr(error, "kind", "bad_response")}) from error


def simulated_phone() -> PhoneWorld:
    """Return the simulated Twilio that this demo was started with."""
    return PhoneWorld(SIMULATORS, runtime().settings.provider_settings["TWILIO_BASE_URL"])


def connect_phone(session: Session, world: PhoneWorld, *, keyring: Keyring, settings: Settings) -> None:
    """Configure the simulator with the demo's numbers, our webhook addresses and the secrets. Can be repeated."""
    texts = list_channels(session, channel_type=ChannelType.SMS)
    lines = list_channels(session, channel_type=ChannelType.PHONE_CALL)
    if texts:
        world.configure(_config(texts, lines, keyring, settings))


def _config(texts: list[Channel], lines: list[Channel], keyring: Keyring, settings: Settings) -> Json:
    return {
        "sms_url": f"{settings.public_url}/webhooks/sms",
        "voice_url": f"{settings.public_url}/webhooks/voice",
        "account_sid": texts[0].settings["account_sid"],
        "auth_token": open_secrets(texts[0], keyring)["signing_secret"],
        "sms_numbers": list(dict.fromkeys([*(channel.address for channel in texts), unconnected_accounts.TEXTS])),
        "phone_numbers": [channel.address for channel in lines],
    }
