"""The rail in a real browser: narrow and without words, and arranged by its reader."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Desk
from tests.support.browsing import assert_accessible

pytestmark = pytest.mark.browser

CHANNELS = ("email", "whatsapp", "sms", "phone", "internal")
COLOURS = """(names) => names.map((name) => getComputedStyle(document.querySelector(`.nav__item--${name} .icon`)).color)"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_without_words_channels_differ_by_colour_and_say_their_name(page: Page, desk: Desk, scheme: str) -> None:
    page.set_viewport_size({"width": 1024, "height": 768})
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    desk.sign_in(page)
    colours = page.evaluate(COLOURS, CHANNELS)
    assert len(set(colours)) == len(CHANNELS), colours
    for name in CHANNELS:
        link = page.locator(f".rail .nav__item--{name}")
        label = link.locator(".nav__label")
        assert (label.bounding_box() or {"width": 0})["width"] < 2
        link.focus()
        box = label.bounding_box()
        assert box is not None
        assert box["width"] > 20, name
    assert_accessible(page, without=())


def test_a_rail_taller_than_the_window_scrolls_and_the_page_does_not(page: Page, desk: Desk) -> None:
    page.set_viewport_size({"width": 1024, "height": 600})
    desk.sign_in(page)
    spam, account = page.locator(".rail .nav__item--spam"), page.locator(".rail .me summary")
    assert page.evaluate("document.documentElement.scrollHeight - innerHeight") <= 1
    expect(account).to_be_in_viewport(ratio=1)
    spam.focus()
    expect(spam).to_be_in_viewport(ratio=1)
    expect(spam.locator(".nav__label")).to_be_in_viewport(ratio=1)
    page.locator("a[data-row], .list .empty").first.click(position={"x": 2, "y": 2})  # beside the rail nothing is covered


def test_the_sidebar_is_arranged_by_keys_and_changes_at_once(page: Page, desk: Desk) -> None:
    desk.sign_in(page, to="/settings/sidebar")
    desk.wait_until_live(page)
    assert_accessible(page, without=())
    labels = page.locator(".rail #rail-views .nav__label")
    expect(labels.first).to_have_text("Inbox")
    page.locator("#sidebar-mine-up").focus()
    page.keyboard.press("Enter")
    expect(labels.first).to_have_text("Mine")
    expect(page.locator("#announcements")).to_contain_text("Mine is now in position 1 of")
    expect(page.locator("#sidebar-mine-up")).to_be_focused()
    page.locator("#sidebar-sms-shown").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".rail .nav__item--sms")).to_have_count(0)
    expect(page.locator("#sidebar-sms-shown")).to_have_text("Show")
    expect(page.locator("#sidebar-sms-shown")).to_be_focused()
    assert_accessible(page, without=())
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
