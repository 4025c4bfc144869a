"""Tasks in a real browser, without a mouse where it matters: add, complete, undo, move on the board, add from a thread."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import APIResponse, Locator, Page, Route, expect

from tests.browser.conftest import Desk
from tests.support.browsing import assert_accessible, wait_until_bound

pytestmark = pytest.mark.browser


def add(page: Page, title: str) -> None:
    page.locator("#task-title").fill(title)
    page.locator("#task-title").press("Enter")
    expect(page.locator("#task-list")).to_contain_text(title)
    expect(page.locator("#task-title")).to_have_value("")


# A board that is drawn anew between the press and the first move leaves nothing to take up.
HOLD = """() => {
  window.held = (event) => event.preventDefault();
  document.addEventListener('htmx:beforeSwap', window.held);
}"""
REDRAW = """() => {
  document.removeEventListener('htmx:beforeSwap', window.held);
  window.htmx.trigger(document.body, 'tasks-changed');
}"""


def drag_while_the_board_is_drawn_anew(page: Page, card: Locator, *, to: str) -> None:
    """Somebody else's change comes while the card is under way, and the card that was taken up is no longer on the page."""
    column, board = page.locator(f'[data-column="{to}"]'), page.locator("#task-board")
    page.evaluate(HOLD)
    card.hover()
    page.mouse.down()
    column.hover()  # the first move takes the card up
    board.evaluate("(board) => board.setAttribute('data-old', '')")
    page.evaluate(REDRAW)
    expect(page.locator("#task-board[data-old]")).to_have_count(0)
    expect(page.locator(".htmx-request, .htmx-settling")).to_have_count(0)
    wait_until_bound(page)  # the new board hears nothing before it is
    column.locator("h2").hover()
    column.hover()
    page.mouse.up()


def test_a_task_is_added_completed_by_key_and_taken_back(page: Page, desk: Desk) -> None:
    desk.sign_in(page, to="/tasks")
    desk.wait_until_live(page)
    page.evaluate("window.notReloaded = true")
    add(page, "Offerte sturen")
    expect(page.locator(".rail .nav__item", has_text="Tasks").locator(".nav__count")).to_have_text("1")
    assert_accessible(page)
    page.locator("a[data-row]", has_text="Offerte sturen").focus()
    page.keyboard.press("e")
    expect(page.locator("#task-list")).to_contain_text("Nothing to do")
    page.locator(".toast", has_text="Completed").locator(".toast__undo").click()
    expect(page.locator("#task-list")).to_contain_text("Offerte sturen")
    assert page.evaluate("window.notReloaded") is True


def test_an_answer_that_comes_after_its_task_left_the_list_is_heard(page: Page, desk: Desk) -> None:
    desk.sign_in(page, to="/tasks")
    desk.wait_until_live(page)
    add(page, "Offerte sturen")
    late: list[tuple[Route, APIResponse]] = []
    page.route("**/tasks/*/status", lambda route: late.append((route, route.fetch())), times=1)
    page.get_by_role("button", name="Complete: Offerte sturen").click()
    expect(page.locator("#task-list")).to_contain_text("Nothing to do")
    route, answer = late.pop()
    route.fulfill(response=answer)
    page.locator(".toast", has_text="Completed").locator(".toast__undo").click()
    expect(page.locator("#task-list")).to_contain_text("Offerte sturen")


def test_the_board_is_worked_with_the_keyboard(page: Page, desk: Desk) -> None:
    desk.sign_in(page, to="/tasks")
    desk.wait_until_live(page)
    for title in ("Onderdeel bestellen", "Klant bellen"):
        add(page, title)
    page.goto("/tasks/board")
    desk.wait_until_live(page)
    assert_accessible(page)
    card = page.locator("[data-card] > a", has_text="Onderdeel bestellen")
    card.focus()
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator('[data-column="in_progress"]')).to_contain_text("Onderdeel bestellen")
    expect(card).to_be_focused()
    other = page.locator("[data-card] > a", has_text="Klant bellen")
    page.keyboard.press("ArrowLeft")
    expect(other).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("[data-card] details[open] button[value=waiting]")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("[data-card]", has_text="Klant bellen").locator("summary")).to_be_focused()
    drag_while_the_board_is_drawn_anew(page, page.locator("[data-card]", has_text="Onderdeel bestellen"), to="waiting")
    expect(page.locator('[data-column="waiting"]')).to_contain_text("Onderdeel bestellen")
    page.goto("/tasks/calendar")
    assert_accessible(page)
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.locator(".month__day--free").first).to_be_hidden()


def test_a_task_is_added_beside_its_thread(page: Page, desk: Desk) -> None:
    desk.sign_in(page)
    desk.wait_until_live(page)
    page.set_viewport_size({"width": 1100, "height": 800})  # the contact's pane is a drawer here, and shut
    held: dict[str, Route] = {}

    def hold(route: Route) -> None:
        part = route.request.url.rpartition("/")[2]
        if part in held:
            route.continue_()
        else:
            held[part] = route

    page.route(re.compile("/threads/[^/]+/(tasks|orders)$"), hold)
    with page.expect_request("**/threads/*/tasks"), page.expect_request("**/threads/*/orders"):
        desk.open_thread(page, "Wanneer komt u?")
    page.locator("#timeline").click()
    page.keyboard.press("d")
    held["tasks"].continue_()  # the block of the orders stands in front, is still to come, and hides what stands behind it
    expect(page.locator("#thread-task-title")).to_be_focused()
    held["orders"].continue_()
    page.keyboard.type("Monteur bellen")
    page.keyboard.press("Enter")
    expect(page.locator("#thread-tasks .task")).to_contain_text("Monteur bellen")
    assert_accessible(page)
    title = page.locator("#thread-task-title")
    title.fill("Kabel bestellen")
    with page.expect_response("**/threads/*/tasks"):  # a colleague's task: the rows come anew, the form stays
        page.evaluate("document.body.dispatchEvent(new CustomEvent('tasks-changed'))")
    expect(title).to_have_value("Kabel bestellen")
    expect(title).to_be_focused()
