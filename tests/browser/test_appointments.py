"""An appointment is planned, moved and cancelled with the keyboard, in the dialog beside its thread."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Desk
from tests.support.browsing import assert_accessible

pytestmark = pytest.mark.browser


def test_a_visit_is_planned_moved_and_cancelled_by_keys(page: Page, desk: Desk) -> None:
    desk.sign_in(page)
    desk.wait_until_live(page)
    desk.open_thread(page, "Kunt u langskomen?")
    block = page.locator("#thread-appointments")
    expect(block).to_contain_text("No appointment yet.")
    page.locator("#thread-head h1").click()
    page.keyboard.press("p")
    title = page.locator("#appointment-place #field-title")
    expect(title).to_be_focused()
    assert_accessible(page)
    page.keyboard.type("Schouw")
    page.locator("#appointment-place #field-date").fill("2031-01-13")
    page.locator("#appointment-place #field-time").fill("09:00")
    page.locator("#appointment-place #field-time").press("Enter")
    expect(page.locator(".toast")).to_contain_text("Planned: Mon 13 Jan 09:00–11:00")
    expect(page.locator("#appointment-place dialog")).to_have_count(0)
    expect(block).to_contain_text("The reminder goes out Sun 12 Jan 09:00")
    expect(page.locator("#timeline")).to_contain_text("planned an appointment")
    block.get_by_role("link", name="Move").press("Enter")
    page.locator("#appointment-place #field-time").fill("")
    page.locator("#appointment-place #field-time").fill("13:00")
    page.locator("#appointment-place #field-time").press("Enter")
    expect(block).to_contain_text("13:00–15:00")
    block.get_by_role("button", name="Cancel it").press("Enter")
    expect(block).to_contain_text("Cancelled")
    page.locator(".toast").last.get_by_role("button", name="Undo").press("Enter")
    expect(block.get_by_role("link", name="Move")).to_be_visible()
    block.get_by_role("link", name="Schouw", exact=True).press("Enter")
    expect(page.locator("h1")).to_have_text("Schouw")
    page.set_viewport_size({"width": 390, "height": 800})
    assert_accessible(page)
    page.goto(f"{desk.live.url}/absences")
    assert_accessible(page)
