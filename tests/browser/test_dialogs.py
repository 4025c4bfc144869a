"""Every dialog and menu of the demo: opened by key, nothing for axe to find, the focus stays inside and Escape gives it back."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from playwright.sync_api import Page, expect

from tests.browser.demo import signed_in
from tests.browser.looking import look
from tests.browser.scenes import BULK_MENUS, DIALOGS, LIST_MENUS, THREAD_MENUS, Scene
from tests.support.browsing import Browsing

pytestmark = pytest.mark.browser
ADMIN = "noah@chargecars.example"
# Where the focus is; the browser's own bar counts as inside, because a page cannot see it.
STAYS = "document.activeElement === document.body || Boolean(document.activeElement.closest('dialog[open]'))"
IS_SOMEWHERE = "document.activeElement !== document.body && document.activeElement.checkVisibility()"
OPEN = "dialog[open], details.menu[open], #template-picker:not([hidden])"
TABS = 12


def open_thread(page: Page) -> None:
    """A thread by e-mail that has our answer in it."""
    page.goto("/inbox/email")
    page.goto(page.locator("a[data-row]").first.get_attribute("href") or "")
    page.wait_for_selector("body[data-live=on]")


def shut(page: Page) -> None:
    page.keyboard.press("Escape")
    expect(page.locator(OPEN)).to_have_count(0)


def look_at(page: Page, scenes: Mapping[str, Scene]) -> list[str]:
    wrong = []
    for name, scene in scenes.items():
        page.set_viewport_size({"width": 1440, "height": 900})
        scene(page)
        wrong += look(page, name, OPEN)
        shut(page)
        if not page.evaluate(IS_SOMEWHERE):
            wrong.append(f"{name}: the focus is lost after Escape")
    return wrong


def test_dialogs_are_accessible_keep_the_focus_and_give_it_back(demo_browsing: Browsing) -> None:
    page = signed_in(demo_browsing, ADMIN)
    open_thread(page)
    for name, scene in DIALOGS.items():
        scene(page)
        for key in ("Tab", "Shift+Tab"):
            for _press in range(TABS):
                page.keyboard.press(key)
                assert page.evaluate(STAYS), f"{name}: {key} leads out of it"
        shut(page)
    assert look_at(page, DIALOGS) == []


def test_menus_of_a_thread_are_accessible_and_give_the_focus_back(demo_browsing: Browsing) -> None:
    page = signed_in(demo_browsing, ADMIN)
    open_thread(page)
    assert look_at(page, THREAD_MENUS) == []


def test_menus_of_the_list_are_accessible_and_give_the_focus_back(demo_browsing: Browsing) -> None:
    page = signed_in(demo_browsing, ADMIN)
    wrong = look_at(page, LIST_MENUS)
    for _row in range(2):
        page.keyboard.press("j")
        page.keyboard.press("x")
    wrong += look(page, "bulk bar", ".bulk-bar")
    wrong += look_at(page, BULK_MENUS)
    assert wrong == []


def test_what_is_done_to_a_message_is_accessible(demo_browsing: Browsing) -> None:
    page = signed_in(demo_browsing, ADMIN)
    open_thread(page)
    tools = page.locator(".message--outgoing .message__tools").first
    addresses = [tools.locator(f"a[href*='{part}']").get_attribute("href") or "" for part in ("/forward", "/details", "/split")]
    wrong = []
    for address in addresses:
        page.goto(address)
        page.wait_for_selector("body[data-live=on]")
        wrong += look(page, address.rsplit("/", 1)[-1])
    assert wrong == []
