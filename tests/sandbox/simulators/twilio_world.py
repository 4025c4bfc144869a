"""A running Twilio simulator and a webhook of ours for it to call, for tests of either side over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Queue
from typing import Any

import requests
from werkzeug.wrappers import Request, Response

from app.sandbox.simulators.common import serve
from app.sandbox.simulators.twilio import TwilioSimulator

OURS, DESK = "+3197010200777", "+31201234567"
JAN = "+31612345678"
ACCOUNT = "AC00000000000000000000000000000777"
TOKEN = "simulated-auth-token"
PATIENCE_SECONDS = 120


@dataclass(frozen=True)
class Received:
    """One post as it arrived. `url` is the address it was sent to."""

    url: str
    headers: dict[str, str]
    body: bytes
    form: dict[str, str]


@dataclass
class OurWebhook:
    """Answers 200 and keeps what arrived; the statuses in `answers` come first."""

    answers: list[int] = field(default_factory=list)
    arrived: Queue[Received] = field(default_factory=Queue)

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        body = request.get_data()
        headers = {name.lower(): value for name, value in request.headers}
        self.arrived.put(Received(request.url, headers, body, request.form.to_dict()))
        return Response("<Response/>", self.answers.pop(0) if self.answers else 200)(environ, start_response)

    def next(self) -> Received:
        return self.arrived.get(timeout=PATIENCE_SECONDS)


@dataclass
class World:
    """The simulator at `url`, our webhook, and the control surface as methods."""

    url: str
    simulator: TwilioSimulator
    webhook: OurWebhook
    webhook_url: str

    def control(self, path: str, method: str = "POST", **body: Any) -> Any:
        sent = body if method != "GET" else None
        answer = requests.request(method, f"{self.url}/__sim/{path}", json=sent, timeout=PATIENCE_SECONDS)
        assert answer.ok, answer.text
        return answer.json()

    def configure(self, **settings: Any) -> None:
        self.control("config", **settings)

    def emit(self, **order: Any) -> Any:
        return self.control("emit", **order)

    def fault(self, path: str = "/Messages.json$", **fault: Any) -> None:
        self.control("fault", match={"path": path, "method": fault.pop("method", "POST")}, **fault)

    def texts(self) -> list[dict[str, Any]]:
        return list(self.control("ledger", "GET")["texts"])

    def posted(self) -> list[dict[str, Any]]:
        return list(self.control("ledger", "GET")["posted"])

    def requests(self) -> list[dict[str, Any]]:
        return list(self.control("requests", "GET")["requests"])

    def settle(self) -> None:
        """Wait until every status and post has arrived."""
        assert self.control(f"idle?timeout_s={PATIENCE_SECONDS}", "GET")["idle"]

    def start_afresh(self) -> None:
        self.webhook.answers.clear()
        self.control("reset")
        self.simulator.settings = type(self.simulator.settings)()
        sms, voice = f"{self.webhook_url}/webhooks/sms", f"{self.webhook_url}/webhooks/voice"
        self.configure(sms_url=sms, voice_url=voice, sent_s=0, delivered_s=0)
        self.webhook.arrived = Queue()


@contextmanager
def running_world() -> Iterator[World]:
    simulator, webhook = TwilioSimulator(), OurWebhook()
    provider, ours = serve(simulator.app), serve(webhook)
    try:
        yield World(provider.url, simulator, webhook, ours.url)
    finally:
        simulator.close()
        provider.stop()
        ours.stop()
