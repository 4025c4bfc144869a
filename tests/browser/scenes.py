"""What opens over a page: each dialog and menu, opened as a person opens it, for the tests that look at all of them.

A scene leaves its dialog or menu open; `Escape` shuts it again and nothing of it is left. All start from a page that is at rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from playwright.sync_api import Page, expect

Scene = Callable[[Page], None]


def by_key(key: str, opened: str) -> Scene:
    """Press a key on the page, wait for what it opens."""

    def scene(page: Page) -> None:
        page.locator("#main").focus()
        page.keyboard.press(key)
        expect(page.locator(opened).first).to_be_visible()

    return scene


def by_summary(summary: str) -> Scene:
    """Open a menu that has no key of its own."""

    def scene(page: Page) -> None:
        page.locator(summary).first.press("Enter")
        expect(page.locator("details[open] > .menu__panel").first).to_be_visible()

    return scene


def split(page: Page) -> None:
    page.locator("#thread-head .thread-head__bar .menu summary").press("Enter")
    page.locator(".menu__item[hx-get*='/split']").press("Enter")
    expect(page.locator("#split-title")).to_be_visible()


def palette(page: Page) -> None:
    page.keyboard.press("Control+k")
    page.locator("#palette-field").fill("laad")
    expect(page.locator("#palette-list [role=option]").first).to_be_visible()


def merge(page: Page) -> None:
    by_key("m", "#merge-title")(page)
    expect(page.locator("#merge-choices [role=option]").first).to_be_visible()


DIALOGS: Mapping[str, Scene] = {
    "keys": by_key("?", "#keys-sheet[open]"),
    "palette": palette,
    "merge": merge,
    "split": split,
}
THREAD_MENUS: Mapping[str, Scene] = {
    "snooze": by_key("h", "#snooze-until"),
    "tag": by_key("t", "#tag-new-1, #tag-field"),
    "assign": by_key("a", "#thread-head details[open]"),
    "priority": by_summary("#thread-head .thread-head__facts details:nth-of-type(2) summary"),
    "send menu": by_summary(".composer__more > summary"),
    "templates": by_key("#", "#template-picker"),
}
LIST_MENUS: Mapping[str, Scene] = {
    "view": by_key("v", "#save-view-name"),
    "filter": by_summary(".list-head .menu:nth-of-type(1) summary"),
    "sort": by_summary(".list-head .menu:nth-of-type(2) summary"),
}
BULK_MENUS: Mapping[str, Scene] = {
    "assign many": by_key("a", ".bulk-bar details[open] .menu__panel"),
    "tag many": by_key("t", "#bulk-tag-field"),
    "snooze many": by_key("h", "#bulk-until"),
    "change many": by_summary(".bulk-bar__tools .menu:last-child summary"),
}
