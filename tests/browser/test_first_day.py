"""The first day of a company: from an empty database to a mail and a WhatsApp message answered by a colleague, by pages alone."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
import requests
from playwright.sync_api import Locator, Page, expect

from app.config import Settings
from app.domain.accounts.first_admin import setup_code
from app.sandbox.simulators.graph.settings import Settings as TenantSettings
from tests.browser.demo import wait_before_sending
from tests.support.browsing import Browsing, assert_accessible
from tests.support.contexts import Contexts
from tests.support.database import TestServers
from tests.support.live import LiveServer, running_application
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1800)]
MOST_INTERACTIONS = 40
LONG_MS, ANSWER_SECONDS = 120_000, 30
MAILBOX, NUMBER_ID, WABA = "service@chargecars.example", "106600000000042", "200600000000042"
TOKEN, SECRET = "token-of-the-first-day", "secret-of-the-first-day"


@dataclass
class Hand:
    """A page and how often somebody clicked, typed into a field or opened an address on it."""

    page: Page
    count: int = 0

    def open(self, url: str) -> None:
        self.count += 1
        self.page.goto(url)

    def click(self, what: Locator) -> None:
        self.count += 1
        what.click(timeout=LONG_MS)

    def fill(self, **values: str) -> None:
        for name, value in values.items():
            self.count += 1
            self.page.locator(f"#field-{name}").fill(value)

    def follow(self, name: str) -> None:
        self.click(self.page.get_by_role("link", name=name).first)

    def press(self, name: str) -> None:
        self.click(self.page.get_by_role("button", name=name).first)


@pytest.fixture
def empty(servers: TestServers, settings: Settings) -> Iterator[LiveServer]:
    """The application on a database with nothing in it."""
    _name, url = servers.new_database()
    with running_application(replace(settings, database_url=url, redis_url=f"{servers.redis_url[:-1]}3")) as live:
        yield live


@pytest.fixture
def browsing(contexts: Contexts, empty: LiveServer) -> Iterator[Browsing]:
    browsing = Browsing(contexts, empty.url)
    yield browsing
    faults = browsing.unexpected_faults()
    browsing.close()
    assert not faults, "the browser reported: " + "; ".join(faults)


def outside(url: str, path: str, **order: Any) -> None:
    answer = requests.post(f"{url}/__sim/{path}", json=order, timeout=ANSWER_SECONDS)
    assert answer.ok, answer.text


@pytest.fixture
def accounts(empty: LiveServer) -> TenantSettings:
    """What the company has at its providers before it begins."""
    number = {"phone_number_id": NUMBER_ID, "display_phone_number": "31201234567", "waba_id": WABA, "verified_name": "ChargeCars"}
    webhook = {"webhook_url": f"{empty.url}/webhooks/whatsapp", "verify_token": "v", "access_token": TOKEN, "app_secret": SECRET}
    outside(empty.whatsapp_sim_url, "config", numbers=[number], sent_s=0.05, delivered_s=0.1, read_s=0.3, **webhook)
    outside(empty.graph_sim_url, "config", mailboxes=[MAILBOX], notify=True)
    return TenantSettings()


def test_a_company_goes_live_on_pages_alone(empty: LiveServer, browsing: Browsing, accounts: TenantSettings) -> None:
    began, sarah = time.monotonic(), Hand(browsing.new_page())
    _set_up(empty, sarah)
    _connect(sarah, "WhatsApp", display_address="+31 20 123 4567", waba_id=WABA, access_token=TOKEN, signing_secret=SECRET)
    sarah.open("/settings/first-steps")
    secrets = {"tenant_id": accounts.tenant_id, "client_id": accounts.client_id, "client_secret": accounts.client_secret}
    _connect(sarah, "Microsoft 365", **secrets)
    julia = Hand(browsing.new_page())
    julia.open(_invite(empty, sarah))
    assert_accessible(julia.page)
    julia.fill(password="nog een zin voor julia")
    julia.press("Save and sign in")
    expect(julia.page).to_have_url(re.compile("/inbox$"))
    wait_before_sending(empty, 0)
    chat = {"kind": "message", "from": "31612345678", "name": "Pieter", "phone_number_id": NUMBER_ID}
    outside(empty.whatsapp_sim_url, "emit", text="Mijn laadpaal piept", **chat)
    _answer(julia, "Mijn laadpaal piept", "Wij kijken mee")
    mail = {"mailbox": MAILBOX, "from": "lotte@example.nl", "subject": "Offerte gevraagd", "text": "Graag een offerte"}
    outside(empty.graph_sim_url, "deliver", **mail)
    _answer(julia, "Offerte gevraagd", "De offerte volgt")
    sarah.page.goto("/settings/first-steps")
    expect(sarah.page.locator(".steps__item--done")).to_have_count(4)
    count, seconds = sarah.count + julia.count, time.monotonic() - began
    print(f"from the empty database to two answers: {count} interactions, {seconds:.0f} s")
    assert count <= MOST_INTERACTIONS


def _set_up(empty: LiveServer, sarah: Hand) -> None:
    sarah.open(f"/setup?code={setup_code(empty.settings.secret_key)}")
    assert_accessible(sarah.page)
    sarah.fill(name="Sarah Bakker", email="sarah@chargecars.example", password="een zin die niemand raadt", brand="ChargeCars")
    sarah.press("Create and continue")
    expect(sarah.page.get_by_role("heading", name="First steps")).to_be_visible()
    assert_accessible(sarah.page)


def _connect(sarah: Hand, kind: str, **account: str) -> None:
    """With the wizard; the page of first steps is open."""
    sarah.page.locator(".steps__item").first.wait_for()
    sarah.open("/settings/channels/new") if "display_address" not in account else sarah.follow("Connect")
    sarah.click(sarah.page.locator(".channel-kinds__kind", has_text=kind).first)
    address = NUMBER_ID if "display_address" in account else MAILBOX
    sarah.fill(name=f"ChargeCars {kind}", address=address, **account)
    sarah.press("Check and connect")
    expect(sarah.page.locator("dl.kv").first).to_contain_text("Works", timeout=LONG_MS)


def _invite(empty: LiveServer, sarah: Hand) -> str:
    """The link in Julia's mail."""
    sarah.open("/settings/people/new")
    sarah.fill(name="Julia Visser", email="julia@chargecars.example")
    sarah.click(sarah.page.get_by_label("ChargeCars"))
    sarah.press("Add and invite")
    expect(sarah.page.locator(".banner")).to_contain_text("on its way to julia@chargecars.example")
    mails: list[Any] = []

    def came() -> bool:
        mails[:] = requests.get(f"{empty.notices_sim_url}/__sim/mails", timeout=ANSWER_SECONDS).json()["mails"]
        return bool(mails)

    wait_until(came, "the invitation")
    found = re.search(r"/invitation/\S+", mails[0]["text"])
    assert found
    return found.group(0)


def _answer(julia: Hand, question: str, answer: str) -> None:
    julia.click(julia.page.locator("a[data-row]", has_text=question).first)
    julia.count += 1
    julia.page.locator("#composer-text").fill(answer)
    julia.click(julia.page.locator("[data-send]"))
    ours = julia.page.locator(".message--outgoing", has_text=answer)
    expect(ours.locator(".message__state")).to_contain_text(re.compile("Sent|Delivered|Read"), timeout=LONG_MS)
