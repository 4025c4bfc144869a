"""Each channel from the console: connected with the wizard, asked and answered, broken, said so in words, mended, and what waited
arrives once.

`make test` refuses the credentials of one whose provider calls us, `make test-full` also of one we ask. `make channels` takes
every channel through all its troubles, which takes minutes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, Page, expect

from app.sandbox.demo.providers import BROKEN, BUSY, EXPIRED, PROVIDERS, REFUSED, SILENCE, TROUBLES
from app.sandbox.demo.unconnected_accounts import PARSE_KEY
from tests.browser.demo import ADMIN, signed_in
from tests.support.browsing import Browsing, wait_until_bound
from tests.support.live import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1800)]

KINDS = TROUBLES if os.environ.get("EVERY_TROUBLE") else (REFUSED,)
CHANNELS = {provider.key: provider for provider in PROVIDERS if provider.kind}
WALKED = CHANNELS if os.environ.get("EVERY_TROUBLE") else ("whatsapp", pytest.param("mailserver", marks=pytest.mark.full))
LONG_MS = 120_000
# What the page of the channel says, beside the provider's own words.
WORDS = {
    REFUSED: "does not work",
    EXPIRED: "does not work",
    BUSY: "at the moment",
    BROKEN: "at the moment",
    SILENCE: "at the moment",
}
# Where nobody can be asked whether a message without an answer left, a person decides: it is not sent again by itself.
UNCERTAIN = {("whatsapp", SILENCE), ("sendgrid", BROKEN), ("sendgrid", SILENCE)}


@dataclass
class Walk:
    """A channel, the page of its customer, of an agent and of an administrator."""

    key: str
    base: str
    customer: Page
    agent: Page
    admin: Page

    def card(self) -> Locator:
        self.customer.goto("/simulator/providers")
        return self.customer.locator(f"[data-provider={self.key}]")

    def connect(self) -> None:
        provider, card = CHANNELS[self.key], self.card()
        account = {one.get_attribute("data-field"): one.text_content() for one in card.locator("[data-field]").all()}
        self.admin.goto(f"/settings/channels/new?kind={provider.kind}")
        self.admin.locator("#field-name").fill(f"Spare {self.key}")
        for name, value in account.items():
            field = self.admin.locator(f"#field-{name}")
            if field.evaluate("one => one.localName") == "select":
                field.select_option(value)
            else:
                field.fill(value or "")
        self.admin.get_by_role("button", name="Check and connect").click()
        expect(self.state()).to_contain_text("Works")
        if self.key == "sendgrid":
            self._enter(inbound_url=f"{self.base}/webhooks/email/inbound/{PARSE_KEY}")

    def _enter(self, **addresses: str) -> None:
        card = self.card()
        card.get_by_text("Webhook settings at the provider").click()
        for name, address in addresses.items():
            card.locator(f"#{self.key}-{name}").fill(address)
        card.get_by_role("button", name="Save").click()

    def state(self) -> Locator:
        return self.admin.locator("dl.kv").first

    def write(self, text: str) -> None:
        page, address = self.customer, CHANNELS[self.key].account["address"][1]
        page.goto("/simulator/phone" if self.key == "twilio" else "/simulator")
        way = {"twilio": "text", "whatsapp": "chat"}.get(self.key, "mail")
        page.locator(f"#{way}-to").select_option(address)
        if way == "mail":
            page.locator("#mail-subject").fill(text)
        page.locator(f"#{way}-text").fill(text)
        page.locator(f"#{way}-send").click()
        expect(page.locator(f"#{way}-text")).to_have_value("")

    def received(self, text: str) -> Locator:
        page = self.customer
        page.goto("/simulator/phone" if self.key == "twilio" else "/simulator")
        places = {"twilio": "#texts .chat__bubble", "whatsapp": "#phone .chat__bubble"}
        return page.locator(places.get(self.key, "#mailbox [data-mail] pre"), has_text=text)

    def open(self, text: str) -> None:
        self.agent.goto("/inbox")
        self.agent.locator("a[data-row]", has_text=text).click(timeout=LONG_MS)
        expect(self.agent.locator("#timeline")).to_contain_text(text)
        wait_until_bound(self.agent)

    def answer(self, text: str) -> Locator:
        self.agent.locator("#composer-text").fill(text)
        self.agent.locator("[data-send]").click()
        ours = self.agent.locator(".message--outgoing", has_text=text)
        expect(ours).to_be_visible()
        return ours

    def trouble(self, kind: str) -> None:
        with self.customer.expect_navigation():
            self.card().locator(f".trouble button[value='{kind}']").click()
        expect(self.customer.locator(f"[data-provider={self.key}]")).to_have_attribute("data-trouble", kind)

    def check(self) -> None:
        self.admin.goto("/settings/channels")
        self.admin.get_by_role("link", name=f"Spare {self.key}").first.click()
        with self.admin.expect_navigation():
            self.admin.get_by_role("button", name="Check connection").click()


@pytest.fixture
def walk(request: pytest.FixtureRequest, demo: LiveServer, demo_browsing: Browsing) -> Iterator[Walk]:
    pages = [signed_in(demo_browsing, ADMIN) for _ in range(3)]
    found = Walk(request.param, demo.url, *pages)
    yield found
    found.trouble("")


@pytest.mark.parametrize("walk", WALKED, indirect=True)
def test_a_channel_is_connected_broken_and_mended(walk: Walk) -> None:
    walk.connect()
    question, answer = f"Vraag over {walk.key}", f"Antwoord op {walk.key}"
    walk.write(question)
    walk.open(question)
    ours = walk.answer(answer)
    expect(walk.received(answer)).to_have_count(1)
    expect(ours.locator(".message__state")).to_contain_text(
        re.compile("Sent" if walk.key in ("graph", "mailserver") else "Delivered|Read")
    )
    for kind in (kind for kind in KINDS if kind in CHANNELS[walk.key].troubles):
        broken_and_mended(walk, kind)


def broken_and_mended(walk: Walk, kind: str) -> None:
    asked, answered = f"Nog een vraag, {kind} {walk.key}", f"Nog een antwoord, {kind} {walk.key}"
    walk.trouble(kind)
    ours = walk.answer(answered)
    walk.write(asked)
    state = "Not confirmed yet" if (walk.key, kind) in UNCERTAIN else re.compile("Waiting|Not confirmed yet")
    expect(ours.locator(".message__state")).to_contain_text(state)
    walk.check()
    if (walk.key, kind) == ("mailserver", BUSY):  # it takes a connection, and refuses each recipient
        expect(walk.state()).to_contain_text("asks us to try later")
    else:
        expect(walk.admin.locator("main .banner").first).to_contain_text(WORDS[kind])
    walk.trouble("")
    walk.check()
    expect(walk.state()).to_contain_text("Works")
    if (walk.key, kind) in UNCERTAIN:
        ours.get_by_role("button", name="Send again").click()
    expect(walk.received(answered)).to_have_count(1, timeout=LONG_MS)
    if walk.key in ("whatsapp", "twilio"):
        expect(walk.agent.locator("#timeline .message", has_text=asked)).to_have_count(1, timeout=LONG_MS)
    else:  # a mail with a subject of its own is a thread of its own
        walk.open(asked)
