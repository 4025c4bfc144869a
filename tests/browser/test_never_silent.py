"""What goes wrong while somebody writes is said beside the text, the text stays, and the next step is a button."""

from __future__ import annotations

from contextlib import suppress

import pytest
from playwright.sync_api import Error, Page, Route, expect

from app.core.runtime import runtime
from tests.browser.conftest import PASSWORD, Desk
from tests.support.browsing import Browsing, draft_kept
from tests.support.full import amount

pytestmark = pytest.mark.browser
WAITED = """() => new Promise((done) => {
  const began = performance.now();
  const isSaid = () => document.getElementById('line')?.hidden === false;
  const look = () => isSaid() ? done(performance.now() - began) : requestAnimationFrame(look);
  document.querySelector('[data-send]').click();
  look();
})"""
PATIENCE_MS = 2_000
SLACK_MS = 1_500  # the page counts from its own request on
STOPPED_MS = amount(0, full=20_000)


def test_no_answer_no_line_and_no_session_are_said_and_the_text_is_kept(page: Page, desk: Desk, browsing: Browsing) -> None:
    browsing.expected_faults += ["ERR_", "WebSocket", "400", "401", "htmx:sendError", "htmx:afterRequest"]
    desk.sign_in(page)
    desk.wait_until_live(page)
    desk.open_thread(page, "Wie antwoordt mij?")
    line, text = page.locator("#line"), page.locator("#composer-text")

    held: list[Route] = []
    page.route("**/*", lambda route: held.append(route))  # the web has stopped: it takes whatever is asked, and answers nothing
    text.fill("Ik kijk het na")
    waited = page.evaluate(WAITED)
    expect(line).to_contain_text("is not responding")
    assert waited > PATIENCE_MS - SLACK_MS
    page.wait_for_timeout(STOPPED_MS)
    expect(line).to_contain_text("is not responding")
    expect(text).to_have_value("Ik kijk het na")
    with desk.live.app.app_context():
        runtime().redis.flushdb()  # what Redis held is found again elsewhere
    page.unroute("**/*")
    for route in held:
        with suppress(Error):  # what the page has taken back meanwhile
            route.continue_()
    expect(line).to_be_hidden()
    expect(page.locator(".message--outgoing")).to_have_count(1)

    page.route("**/threads/*/messages*", lambda route: route.abort("connectionrefused"), times=1)
    text.fill("Nog iets")
    page.evaluate(WAITED)
    expect(line).to_contain_text("No connection to Switchyard")
    expect(text).to_have_value("Nog iets")
    line.get_by_role("button", name="Send again").click()
    expect(page.locator(".message--outgoing")).to_have_count(2)
    expect(line).to_be_hidden()

    with draft_kept(page, "En dit"):
        text.fill("En dit ook nog")
    page.context.clear_cookies()
    page.evaluate(WAITED)
    expect(line).to_contain_text("You were signed out")
    expect(text).to_have_value("En dit ook nog")
    line.get_by_role("link", name="Sign in").click()
    expect(page.locator(".banner")).to_contain_text("it comes back when you sign in")
    page.locator("#field-email").fill(desk.email("alice"))
    page.locator("#field-password").fill(PASSWORD)
    page.locator("form:has(#field-email) button[type=submit]").first.click()
    expect(text).to_have_value("En dit ook nog")
    expect(page.locator(".message--outgoing")).to_have_count(2)


def test_a_refusal_is_said_where_it_happened_and_in_the_rail_and_two_tabs_lose_no_text(page: Page, desk: Desk) -> None:
    desk.sign_in(page)
    desk.wait_until_live(page)
    desk.open_thread(page, "Komt er nog iemand?")
    desk.simulator("fail_next", code=131026)
    desk.reply(page, "Om tien uur")
    ours = page.locator(".message--outgoing", has_text="Om tien uur")
    expect(ours.locator(".message__state")).to_contain_text("Not sent")
    expect(ours.get_by_role("button", name="Send again")).to_be_visible()
    expect(page.locator("a[data-row][aria-current] .thread-row__unsent")).to_contain_text("message not sent")
    expect(page.locator(".rail .nav__item", has_text="Not sent")).to_be_visible()

    other = page.context.new_page()
    other.goto(page.url)
    desk.wait_until_live(other)
    page.locator("#composer-text").fill("Uit het eerste venster")
    other.locator("#composer-text").fill("Uit het tweede venster")
    for tab in (page, other):
        tab.locator("[data-send]").click()
    anyway = other.get_by_role("button", name="Send anyway")
    expect(anyway.or_(other.locator(".message--outgoing", has_text="Uit het tweede venster"))).to_be_visible()
    if anyway.is_visible():
        anyway.click()
    for words in ("Uit het eerste venster", "Uit het tweede venster"):
        expect(other.locator(".message--outgoing", has_text=words)).to_have_count(1)
