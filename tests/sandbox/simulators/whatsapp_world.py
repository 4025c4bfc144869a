"""A running WhatsApp simulator and a webhook of ours for it to call, for tests of either side over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Queue
from typing import Any

import requests
from werkzeug.wrappers import Request, Response

from app.sandbox.simulators.common import serve
from app.sandbox.simulators.whatsapp_cloud import WhatsAppSimulator

NUMBER_ID = "106600000000001"
WABA_ID = "200600000000001"
JAN = "31612345678"
PATIENCE_SECONDS = 120


@dataclass(frozen=True)
class Received:
    """One webhook POST as it arrived."""

    headers: dict[str, str]
    body: bytes

    @property
    def payload(self) -> Any:
        return json.loads(self.body)

    @property
    def values(self) -> list[dict[str, Any]]:
        return [change["value"] for entry in self.payload["entry"] for change in entry["changes"]]

    def items(self, name: str) -> list[dict[str, Any]]:
        return [item for value in self.values for item in value.get(name, [])]


@dataclass
class OurWebhook:
    """Answers with the statuses in `answers`, then 200 for ever; keeps what arrived."""

    verify_token: str = "simulated-verify-token"
    answers: list[int] = field(default_factory=list)
    arrived: Queue[Received] = field(default_factory=Queue)

    def __call__(self, environ: Any, start_response: Any) -> Any:
        return self._answer(Request(environ))(environ, start_response)

    def next(self) -> Received:
        return self.arrived.get(timeout=PATIENCE_SECONDS)

    def _answer(self, request: Request) -> Response:
        if request.method == "GET":
            is_right = request.args.get("hub.verify_token") == self.verify_token
            return Response(request.args["hub.challenge"]) if is_right else Response("", 403)
        self.arrived.put(Received({name.lower(): value for name, value in request.headers}, request.get_data()))
        return Response("", self.answers.pop(0) if self.answers else 200)


@dataclass
class World:
    """The simulator at `url`, our webhook, and the control surface as methods."""

    url: str
    simulator: WhatsAppSimulator
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

    def fault(self, path: str = "/messages$", **fault: Any) -> None:
        self.control("fault", match={"path": path}, **fault)

    def ledger(self) -> Any:
        return self.control("ledger", "GET")

    def phone(self, wa_id: str = JAN) -> list[dict[str, Any]]:
        return list(self.control(f"chats/{wa_id}", "GET")["items"])

    def settle(self) -> None:
        """Wait until every status and webhook has arrived."""
        assert self.control(f"idle?timeout_s={PATIENCE_SECONDS}", "GET")["idle"]

    def call(self, method: str, path: str, *, token: str = "simulated-access-token", **arguments: Any) -> requests.Response:
        headers = {**({"Authorization": f"Bearer {token}"} if token else {}), **arguments.pop("headers", {})}
        return requests.request(method, f"{self.url}/v26.0/{path}", headers=headers, timeout=PATIENCE_SECONDS, **arguments)

    def send(self, **payload: Any) -> requests.Response:
        return self.call("POST", f"{NUMBER_ID}/messages", json={"messaging_product": "whatsapp", "to": JAN, **payload})

    def start_afresh(self) -> None:
        self.webhook.answers.clear()
        self.control("reset")
        self.simulator.settings = type(self.simulator.settings)()
        self.configure(webhook_url=self.webhook_url, sent_s=0, delivered_s=0, read_s=0, retry_first_s=0.01)
        self.webhook.arrived = Queue()


@contextmanager
def running_world() -> Iterator[World]:
    simulator, webhook = WhatsAppSimulator(), OurWebhook()
    provider, ours = serve(simulator.app), serve(webhook)
    try:
        yield World(provider.url, simulator, webhook, f"{ours.url}/webhooks/whatsapp")
    finally:
        simulator.close()
        provider.stop()
        ours.stop()
