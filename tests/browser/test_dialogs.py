"""What opens over a page, opened by keys alone: nothing for axe to find in it, the focus goes in, stays in and comes back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from playwright.sync_api import Error, Locator, Page, expect

from tests.browser.looking import SOON, WIDE, Eyes, look, show
from tests.browser.scenes import BOARD, BULK, CONTACT, LIST, NOTE, ROW, TASKS, THREAD, Scene

pytestmark = pytest.mark.browser
# The browser's own bar counts as inside, because a page cannot see it.
STAYS = "selector => document.activeElement === document.body || document.activeElement.closest(selector) !== null"
IS_ON = "selector => document.activeElement.matches(selector)"
IS_AT = "document.activeElement.outerHTML.slice(0, 120)"
TABS = 3


def test_what_opens_over_a_thread(admin_eyes: Eyes) -> None:
    thread = admin_eyes.link("/inbox/email", ROW)
    assert walk(admin_eyes, thread, THREAD) == []
    assert walk(admin_eyes, f"{thread}?kind=note", NOTE) == []


def test_what_opens_over_a_list(admin_eyes: Eyes) -> None:
    assert walk(admin_eyes, "/inbox", LIST) == []
    assert [fault for scheme, page in admin_eyes.pages.items() for fault in bulk(page, scheme)] == []


def test_what_opens_over_tasks_and_contacts(admin_eyes: Eyes) -> None:
    assert walk(admin_eyes, "/tasks", TASKS) == []
    assert walk(admin_eyes, "/tasks/board?who=all", BOARD) == []
    assert walk(admin_eyes, admin_eyes.link("/contacts", ROW), CONTACT) == []


def walk(both: Eyes, path: str, scenes: Mapping[str, Scene]) -> list[str]:
    """What is wrong with any of the scenes of a page."""
    wrong = []
    for scheme, page in both.pages.items():
        page.set_viewport_size({"width": WIDE, "height": 900})
        show(page, path)
        wrong += play(page, scheme, scenes)
    return wrong


def bulk(page: Page, scheme: str) -> list[str]:
    """What is wrong with the bar over selected threads, and its menus."""
    page.set_viewport_size({"width": WIDE, "height": 900})
    show(page, "/inbox")
    page.locator("#main").focus()
    for key in "jxjx":
        page.keyboard.press(key)
    expect(page.locator("[data-chosen]")).to_have_text("2 selected", timeout=SOON)
    return [*look(page, scheme, ".bulk-bar"), *play(page, scheme, BULK)]


def play(page: Page, scheme: str, scenes: Mapping[str, Scene]) -> list[str]:
    wrong = []
    for name, scene in scenes.items():
        try:
            wrong += [f"{name}: {fault}" for fault in faults(page, scheme, scene)]
        except (AssertionError, Error) as error:
            wrong.append(f"{name}: {error}; the focus is on {page.evaluate(IS_AT)}")
            break  # what is open now would fail all others
    return wrong


def faults(page: Page, scheme: str, scene: Scene) -> Iterator[str]:
    opened = open_by_keys(page, scene)
    if not page.evaluate(IS_ON, scene.focus or f":is({scene.opened}) *"):
        yield f"the focus is not inside but on {page.evaluate(IS_AT)}"
    if scene.holds:
        yield from leaks(page, scene.opened)
    yield from look(page, scheme, scene.opened)
    page.set_viewport_size({"width": WIDE, "height": 900})
    page.keyboard.press(scene.ends)
    expect(opened).to_be_hidden(timeout=SOON)
    if not page.evaluate(IS_ON, scene.back or scene.start):
        yield f"the focus is not given back but on {page.evaluate(IS_AT)}"


def open_by_keys(page: Page, scene: Scene) -> Locator:
    page.locator(scene.start).locator("visible=true").first.focus(timeout=SOON)
    for key in scene.keys:
        page.keyboard.press(key)
    if scene.typed:
        page.keyboard.type(scene.typed)
    for selector in filter(None, (scene.opened, scene.waits_for)):
        expect(page.locator(selector).locator("visible=true").first).to_be_visible(timeout=SOON)
    return page.locator(scene.opened).locator("visible=true").first


def leaks(page: Page, opened: str) -> Iterator[str]:
    """Keys that lead out of a dialog: forwards and back, more often than it has fields, or a few times round its end."""
    for key in ("Tab", "Shift+Tab"):
        for _press in range(TABS):
            page.keyboard.press(key)
            if not page.evaluate(STAYS, opened):
                yield f"{key} leads out of it to {page.evaluate(IS_AT)}"
                return
