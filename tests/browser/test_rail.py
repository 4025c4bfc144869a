"""The rail in a real browser, arranged by its reader."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Desk
from tests.support.browsing import assert_accessible

pytestmark = pytest.mark.browser


def test_the_sidebar_is_arranged_by_keys_and_changes_at_once(page: Page, desk: Desk) -> None:
    desk.sign_in(page, to="/settings/sidebar")
    desk.wait_until_live(page)
    assert_accessible(page)
    labels = page.locator(".rail #rail-views .nav__label")
    expect(labels.first).to_have_text("Inbox")
    page.locator("#sidebar-mine-up").focus()
    page.keyboard.press("Enter")
    expect(labels.first).to_have_text("Mine")
    expect(page.locator("#announcements")).to_contain_text("Mine is number 1 of")
    expect(page.locator("#sidebar-mine-up")).to_be_focused()
    page.locator("#sidebar-sms-shown").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".rail .nav__item--sms")).to_have_count(0)
    expect(page.locator("#sidebar-sms-shown")).to_have_text("Show")
    expect(page.locator("#sidebar-sms-shown")).to_be_focused()
    assert_accessible(page)
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
