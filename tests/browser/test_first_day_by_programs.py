"""The first day again, by commands and `/api` alone: the way that docs/going-live.md describes."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
import requests

from app.sandbox.simulators.graph.settings import Settings as TenantSettings
from tests.browser.test_first_day import (
    ANSWER_SECONDS,
    MAILBOX,
    NUMBER_ID,
    SECRET,
    TOKEN,
    WABA,
    outside,
)
from tests.browser.test_first_day import accounts as accounts
from tests.browser.test_first_day import empty as empty
from tests.support.live import LiveServer
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1800)]
ARRIVED = ("sent", "delivered", "read")


class Programs:
    """Commands and calls, and how many there were."""

    def __init__(self, live: LiveServer) -> None:
        self.live, self.count, self.token = live, 0, ""

    def run(self, *words: str, said: str | None = None) -> str:
        self.count += 1
        result = self.live.app.test_cli_runner().invoke(args=list(words), input=said)
        assert result.exit_code == 0, result.output
        return str(result.output)

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        self.count += method != "GET"
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = requests.request(method, f"{self.live.url}/api/v1{path}", json=body, headers=headers, timeout=ANSWER_SECONDS)
        assert answer.ok, answer.text
        return answer.json()


@pytest.mark.full
def test_a_company_goes_live_by_commands_and_the_api(empty: LiveServer, accounts: TenantSettings) -> None:
    began, programs = time.monotonic(), Programs(empty)
    _set_up(programs)
    _connect(programs, accounts)
    sarahs = programs.token
    julia = programs.call(
        "POST", "/users", {"email": "julia@chargecars.example", "name": "Julia", "role": "agent", "brands": ["chargecars"]}
    )
    assert julia["invitation_url"].startswith(f"{empty.url}/invitation/")
    programs.token = json.loads(programs.run("tokens", "create", "julia@chargecars.example", "--name", "desk", "--json"))["token"]
    assert programs.token != sarahs
    chat = {"kind": "message", "from": "31612345678", "name": "Pieter", "phone_number_id": NUMBER_ID}
    outside(empty.whatsapp_sim_url, "emit", text="Mijn laadpaal piept", **chat)
    _answer(programs, "whatsapp_business", "Wij kijken mee")
    mail = {"mailbox": MAILBOX, "from": "lotte@example.nl", "subject": "Offerte gevraagd", "text": "Graag een offerte"}
    outside(empty.graph_sim_url, "deliver", **mail)
    _answer(programs, "email_outlook", "De offerte volgt")
    seconds = time.monotonic() - began
    print(f"from the empty database to two answers by programs: {programs.count} commands and calls, {seconds:.0f} s")


def _set_up(programs: Programs) -> None:
    words = ("users", "create", "sarah@chargecars.example", "--role", "admin", "--password-stdin")
    programs.run(*words, said="een zin die niemand raadt\n")
    programs.token = json.loads(programs.run("tokens", "create", "sarah@chargecars.example", "--name", "set up", "--json"))[
        "token"
    ]
    brand = programs.call("POST", "/brands", {"name": "ChargeCars", "order_prefix": "CC", "country": "NL"})
    assert brand["key"] == "chargecars"


def _connect(programs: Programs, tenant: TenantSettings) -> None:
    whatsapp = {
        "kind": "whatsapp_business",
        "channel_name": "WhatsApp",
        "brand": "chargecars",
        "address": NUMBER_ID,
        "display_address": "+31 20 123 4567",
        "settings": {"waba_id": WABA},
        "secrets": {"access_token": TOKEN, "signing_secret": SECRET},
    }
    assert programs.call("POST", "/channels", whatsapp)["webhook_url"].endswith("/webhooks/whatsapp")
    secrets = json.dumps({"client_secret": tenant.client_secret})
    named = ("--set", f"tenant_id={tenant.tenant_id}", "--set", f"client_id={tenant.client_id}", "--secrets", "-")
    words = ("channels", "create", "email_outlook", "Mail", "--brand", "chargecars", "--address", MAILBOX)
    made = json.loads(programs.run(*words, *named, "--json", said=secrets))
    assert (made["channel_type"], made["is_active"]) == ("email_outlook", True)


def _answer(programs: Programs, channel_type: str, text: str) -> None:
    """Julia's answer to the newest thread of this kind, once it is there, until it has left."""
    channels = {one["id"]: one["channel_type"] for one in programs.call("GET", "/channels")["items"]}
    threads: list[Any] = []

    def came() -> bool:
        found = programs.call("GET", "/communication/threads?sort=-created_at")["items"]
        threads[:] = [one for one in found if channels[one["channel_id"]] == channel_type]
        return bool(threads)

    wait_until(came, f"the {channel_type} message")
    reply = {"thread_id": threads[0]["id"], "message_type": "outgoing", "message_content": text}
    sent = programs.call("POST", "/communication/messages", reply)
    path = f"/communication/messages/{sent['id']}"
    wait_until(lambda: programs.call("GET", path)["delivery_status"] in ARRIVED, f"the answer by {channel_type} to leave")
