"""A double click, a line that breaks, two tabs: the provider's ledger shows each message once."""

from __future__ import annotations

import json

import pytest
import requests
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import ANSWER_SECONDS, Desk
from tests.support.browsing import Browsing, draft_kept

pytestmark = pytest.mark.browser


def ledger(desk: Desk) -> list[str]:
    """The texts the simulated provider was asked to send, in order."""
    kept = requests.get(f"{desk.live.whatsapp_sim_url}/__sim/requests", timeout=ANSWER_SECONDS).json()["requests"]
    bodies = [json.loads(one["body"]) for one in kept if one["method"] == "POST" and one["path"].endswith("/messages")]
    return [body["text"]["body"] for body in bodies if body.get("type") == "text"]


def sent(page: Page, text: str) -> None:
    """Wait until the provider has it and says so."""
    expect(page.locator(".message--outgoing", has_text=text).locator(".message__state")).to_contain_text("Read")


def test_a_double_click_a_broken_line_and_two_tabs_send_each_message_once(page: Page, desk: Desk, browsing: Browsing) -> None:
    browsing.expected_faults += [
        "ERR_INTERNET_DISCONNECTED",
        "ERR_FAILED",
        "WebSocket",
        "409",
        "htmx:sendError",
        "htmx:afterRequest",
    ]
    desk.sign_in(page)
    desk.wait_until_live(page)
    desk.open_thread(page, "Kan het vandaag?")
    text, send = page.locator("#composer-text"), page.locator("[data-send]")

    text.fill("Dubbel geklikt")
    send.dblclick()
    sent(page, "Dubbel geklikt")
    expect(text).to_have_value("")

    late: list[Route] = []
    page.route("**/draft", lambda route: late.append(route), times=1)
    with page.expect_request("**/draft"):
        text.fill("Zonder lijn")
    page.context.set_offline(True)
    send.click()
    expect(page.locator("[data-draft-status]")).to_contain_text("Connection lost")
    with page.expect_event("requestfailed", lambda request: request.url.endswith("/draft")):
        late[0].abort()
    page.evaluate("() => new Promise((done) => setTimeout(done))")  # the page has heard of the failed draft then
    assert "Connection lost" in page.locator("[data-draft-status]").inner_text()
    expect(text).to_have_value("Zonder lijn")
    page.context.set_offline(False)
    send.click()
    sent(page, "Zonder lijn")
    expect(text).to_have_value("")

    def lose_the_answer(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/threads/*/messages", lose_the_answer, times=1)
    text.fill("Antwoord kwijt")
    send.click()
    expect(page.locator("[data-draft-status]")).to_contain_text("Connection lost")
    expect(text).to_have_value("Antwoord kwijt")
    send.click()
    expect(text).to_have_value("")
    sent(page, "Antwoord kwijt")

    with draft_kept(page, "In twee tabs"):
        text.press_sequentially("In twee tabs")
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.locator("#composer-text")).to_have_value("In twee tabs")
    send.click()
    other.locator("[data-send]").click()
    for tab in (page, other):
        expect(tab.locator("#composer-text")).to_have_value("")
        sent(tab, "In twee tabs")

    assert ledger(desk) == ["Dubbel geklikt", "Zonder lijn", "Antwoord kwijt", "In twee tabs"]
