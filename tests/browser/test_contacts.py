"""Contacts in a real browser: found while typing, opened from a thread, merged and taken back by keyboard."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Desk
from tests.support.browsing import assert_accessible

pytestmark = pytest.mark.browser


def test_a_contact_is_found_while_typing_merged_and_taken_back(page: Page, desk: Desk) -> None:
    desk.sign_in(page)
    desk.wait_until_live(page)
    desk.open_thread(page, "Wanneer komt u?")
    page.locator(".person__name").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Pieter van Dam")
    expect(page.locator("#contact-timeline")).to_contain_text("Wanneer komt u?")
    kept = page.url
    page.locator(".contacts__add summary").first.press("Enter")
    page.locator("#field-kind").select_option("email")
    page.locator("#field-value").fill(f"pieter.{desk.name}@example.nl")
    page.keyboard.press("Enter")
    expect(page.locator(".way").filter(has_text=desk.name)).to_be_visible()
    page.goto("/contacts/new")
    page.locator("#field-name").fill(f"Dubbel {desk.name}")
    page.locator("#field-kind").select_option("email")
    page.locator("#field-value").fill(f"pieter.{desk.name}+webshop@example.nl")
    page.keyboard.press("Enter")
    expect(page.locator(".contacts__same")).to_contain_text("The same email address, written differently")
    assert_accessible(page)
    page.goto("/contacts")
    desk.wait_until_live(page)
    page.locator("#contact-search").press_sequentially(f"dubbel {desk.name}")
    expect(page.locator(".contact-row")).to_have_count(1)
    page.goto(kept)
    page.locator(".contacts__same a.btn").click()
    page.wait_for_url("**/merge**")
    assert_accessible(page)
    page.locator("main form button.btn--primary").press("Enter")
    expect(page.locator(".contacts__same")).to_contain_text(f"Dubbel {desk.name}")
    page.locator(".contacts__same button", has_text="Undo the merge").press("Enter")
    expect(page.locator(".contacts__same")).to_contain_text("Possible duplicate")
