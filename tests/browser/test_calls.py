"""A call is written down with the keyboard alone, and a ticket is opened from the palette."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Desk
from tests.support.browsing import assert_accessible, wait_until_bound

pytestmark = pytest.mark.browser


def test_a_call_nobody_answered_is_logged_by_key_with_a_task_to_call_back(page: Page, desk: Desk) -> None:
    desk.sign_in(page)
    desk.wait_until_live(page)
    desk.open_thread(page, "Kunt u mij bellen?")
    page.locator("#thread-head h1").click()
    page.keyboard.press("c")
    outcome = page.locator("#call-outcome")
    expect(outcome).to_be_focused()
    assert_accessible(page)
    page.keyboard.press("n")  # more letters must come within a second of each other
    expect(outcome).to_have_value("no_answer")
    expect(page.locator("[data-callback]")).to_be_checked()
    page.locator("#composer-text").focus()
    page.keyboard.type("Twee keer geprobeerd")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".toast")).to_contain_text("a task to call back")
    expect(page.locator("#timeline .message--call")).to_contain_text("Outgoing call, not answered")
    expect(page.locator("#timeline .message--call")).to_contain_text("Twee keer geprobeerd")
    expect(page.locator("#thread-tasks")).to_contain_text("Call back")
    expect(page.locator("#composer .composer")).to_have_attribute("data-kind", "reply")


def test_a_ticket_is_opened_from_the_palette_and_noted_on(page: Page, desk: Desk) -> None:
    desk.sign_in(page)
    desk.wait_until_live(page)
    expect(page.locator("#palette")).to_be_attached()
    page.keyboard.press("Control+k")
    page.locator("#palette-field").fill("New internal")
    expect(page.locator("#palette [role=option]").first).to_contain_text("New internal ticket")
    page.keyboard.press("Enter")
    page.wait_for_url("**/tickets/new")
    assert_accessible(page)
    page.locator("#field-subject").fill("Sleutel van de bus")
    page.keyboard.press("Enter")
    expect(page.locator("#thread-head h1")).to_have_text("Sleutel van de bus")
    expect(page.locator("[data-send]")).to_contain_text("Add note")
    assert_accessible(page)
    wait_until_bound(page)
    page.locator("#composer-text").fill("Ligt bij Bob")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#timeline")).to_contain_text("Ligt bij Bob")
