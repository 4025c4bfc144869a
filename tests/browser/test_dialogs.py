"""What opens over a page, opened by keys alone: nothing for axe to find in it, the focus goes in, stays in and comes back.

In `make test` one of each kind is opened once, wide and light or narrow and dark. In `make test-full` each is opened at each
width and asked about all rules there, in the scheme that is on; then the other scheme comes on and colours are asked again,
because nothing else changes with it. What looks like a thing that was seen in both schemes is not asked again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from zlib import crc32

import pytest
from playwright.sync_api import Error, Locator, Page, expect

from tests.browser.looking import NARROW, SHORTEN, SOON, WIDE, Eyes, dress, found, in_the_other_scheme, put_on, show
from tests.browser.scenes import (
    ANSWERED,
    BOARD,
    BULK,
    CONTACT,
    INTO_MENU,
    LIST,
    NOTE,
    REPLY,
    ROW,
    SEARCH,
    TASKS,
    THREAD,
    TITLE,
    WRITING,
    Scene,
)
from tests.support.browsing import put_axe_in, wait_until_bound
from tests.support.full import IS_FULL

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1800)]  # a busy machine takes many times as long
SCHEME = "light"  # to begin with; in a full run each scene leaves the other one
WALKS = ((WIDE, ""), (NARROW, ""))
# Half of what opens when wide, all others when narrow, and what does not open there when wide after all.
LOOKS_ONCE = ((WIDE, "light"), (NARROW, "dark"), (WIDE, "dark"))
# The browser's own bar counts as inside, because a page cannot see it.
STAYS = "selector => document.activeElement === document.body || document.activeElement.closest(selector) !== null"
IS_AT = "document.activeElement.outerHTML.slice(0, 120)"
TABS = 3


def test_what_opens_over_a_thread(admin_eyes: Eyes) -> None:
    thread = admin_eyes.link("/inbox/email?sort=newest", ANSWERED)
    assert walk(admin_eyes, thread, THREAD) == []
    assert walk(admin_eyes, thread, REPLY, before=begin_a_reply) == []
    assert walk(admin_eyes, f"{thread}?kind=note", NOTE) == []


def test_the_focus_comes_back_to_a_head_that_was_brought_up_to_date_meanwhile(admin_eyes: Eyes) -> None:
    page = admin_eyes.page
    put_on(page, WIDE, SCHEME)
    show(page, admin_eyes.link("/inbox/email?sort=newest", ANSWERED))
    page.locator(TITLE).focus()
    page.keyboard.press("?")
    expect(page.locator("#keys-sheet")).to_be_visible(timeout=SOON)
    page.locator("#thread-head").evaluate("(head) => head.replaceWith(head.cloneNode(true))")
    page.keyboard.press("Escape")
    expect(page.locator(TITLE)).to_be_focused(timeout=SOON)


def test_a_choice_leaves_the_focus_on_its_menu(admin_eyes: Eyes) -> None:
    page = admin_eyes.page
    put_on(page, WIDE, SCHEME)
    show(page, admin_eyes.link("/inbox/email?sort=newest", ANSWERED))
    for menu in ("priority", "status"):
        wait_until_bound(page)  # the head of the first choice is a new one, which hears its keys a moment later
        seen(page, f"#head-{menu}").first.focus()
        for key in INTO_MENU:
            page.keyboard.press(key)
        page.locator("#thread-head").evaluate("(head) => head.setAttribute('data-old', '')")
        with page.expect_response(f"**/threads/*/{menu}"):
            page.keyboard.press("Enter")
        expect(page.locator("#thread-head[data-old]")).to_have_count(0, timeout=SOON)
        expect(page.locator(f"#head-{menu}")).to_be_focused(timeout=SOON)


def test_what_opens_over_a_list(admin_eyes: Eyes) -> None:
    assert walk(admin_eyes, "/inbox", LIST) == []
    assert walk(admin_eyes, "/search?q=laadpaal", SEARCH) == []
    assert walk(admin_eyes, "/inbox", BULK, before=choose_two) == []


def test_what_opens_over_tasks_and_contacts(admin_eyes: Eyes) -> None:
    assert walk(admin_eyes, "/tasks", TASKS) == []
    assert walk(admin_eyes, "/tasks/board?who=all", BOARD) == []
    assert walk(admin_eyes, admin_eyes.link("/contacts", ROW), CONTACT) == []


def begin_a_reply(page: Page) -> None:
    """The composer is one line until it is wanted."""
    page.keyboard.press("r")
    expect_focus(page, WRITING, "is where one writes")


def choose_two(page: Page) -> None:
    page.locator("#main").focus()
    for key in "jxjx":
        page.keyboard.press(key)
    expect(page.locator("[data-chosen]")).to_have_text("2 selected", timeout=SOON)


def walk(eyes: Eyes, path: str, scenes: Mapping[str, Scene], before: Callable[[Page], None] | None = None) -> list[str]:
    """What is wrong with any of the scenes of a page, in any look; what opens them may be there at one width alone."""
    page, scenes = eyes.page, {name: scene for name, scene in scenes.items() if IS_FULL or not scene.alike}
    if not scenes:
        return []
    put_on(page, WIDE, SCHEME)
    show(page, path)
    put_axe_in(page)
    page.evaluate(SHORTEN)
    if before:
        before(page)
    wrong, missed = [], set(scenes)
    for width, scheme in WALKS if IS_FULL else LOOKS_ONCE:
        dress(page, width, scheme)
        in_reach = {name: scene for name, scene in scenes.items() if seen(page, scene.start).count()}
        if not IS_FULL:
            is_first = (width, scheme) == LOOKS_ONCE[0]
            in_reach = {name: in_reach[name] for name in missed & in_reach.keys() if not is_first or crc32(name.encode()) % 2}
        missed -= in_reach.keys()
        wrong += play(eyes, in_reach)
    return wrong + [f"{name}: nothing opens it" for name in missed]


def play(eyes: Eyes, scenes: Mapping[str, Scene]) -> list[str]:
    page, wrong = eyes.page, []
    for name, scene in scenes.items():
        try:
            wrong += [f"{name}: {fault}" for fault in faults(eyes, scene)]
        except (AssertionError, Error) as error:
            wrong.append(f"{name}: {error}; the focus is on {page.evaluate(IS_AT)}")
            break  # what is open now would fail all others
    return wrong


def faults(eyes: Eyes, scene: Scene) -> Iterator[str]:
    page = eyes.page
    opened = open_by_keys(page, scene)
    expect_focus(page, scene.focus or f":is({scene.opened}) *", "goes in")
    if scene.holds:
        yield from leaks(page, scene.opened)
    yield from found(page, scene.opened)
    if IS_FULL:
        yield from in_the_other_scheme(page, scene.opened, eyes.known)
    page.keyboard.press(scene.ends)
    expect(opened).to_be_hidden(timeout=SOON)
    expect_focus(page, scene.back or scene.start, "comes back")


def expect_focus(page: Page, selector: str, what: str) -> None:
    """The focus may come a moment after what it belongs to."""
    expect(page.locator(selector).and_(page.locator(":focus")), f"the focus {what}").to_have_count(1, timeout=SOON)


def open_by_keys(page: Page, scene: Scene) -> Locator:
    seen(page, scene.start).first.focus(timeout=SOON)
    for key in scene.keys:
        page.keyboard.press(key)
    if scene.typed:
        page.keyboard.type(scene.typed)
    for selector in filter(None, (scene.opened, scene.waits_for)):
        expect(seen(page, selector).first).to_be_visible(timeout=SOON)
    return seen(page, scene.opened).first


def seen(page: Page, selector: str) -> Locator:
    return page.locator(selector).locator("visible=true")


def leaks(page: Page, opened: str) -> Iterator[str]:
    """Keys that lead out of a dialog, forwards or back."""
    for key in ("Tab", "Shift+Tab"):
        for _press in range(TABS):
            page.keyboard.press(key)
            if not page.evaluate(STAYS, opened):
                yield f"{key} leads out of it to {page.evaluate(IS_AT)}"
                return
