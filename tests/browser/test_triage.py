"""Triage in a real browser: tags, snoozing and bulk changes with the keyboard, without a reload."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from playwright.sync_api import Page, Route, expect

from app.core.clock import utc_now
from app.core.db import transaction
from app.core.ids import new_id
from app.domain.connections.models import Channel
from app.domain.events.actions import SYSTEM
from app.domain.reply_templates.actions import TemplateContent, create_template
from app.domain.reply_templates.models import TemplateCategory
from app.domain.threads.macro_models import Macro
from app.domain.threads.macros import MacroSteps, as_json
from app.domain.threads.models import Thread
from app.domain.threads.tags import change_tags
from tests.browser.conftest import Desk
from tests.factories import make_contact, make_message, make_thread
from tests.support.browsing import assert_accessible, wait_until_bound

pytestmark = pytest.mark.browser
# What has the focus at the moment a newer head is put in.
NOTE_FOCUS = """() => {
  window.focusedThen = [];
  document.addEventListener('fragment:merged', ({ target }) => {
    if (target.id === 'thread-head') window.focusedThen.push(document.activeElement.id);
  });
}"""


def fill_inbox(desk: Desk, count: int) -> None:
    with desk.live.app.app_context(), transaction() as session:
        channel = session.get_one(Channel, desk.channel_id)
        contact = make_contact(session, "Pieter van Dam", value=desk.number)
        begin = utc_now() - timedelta(minutes=1)  # a message that comes now is newer, though its provider counts in whole seconds
        for n in range(count):
            at = begin + timedelta(milliseconds=n)
            make_message(session, make_thread(session, channel, contact, at=at), f"Vraag {n}", at=at)


def open_inbox(page: Page, desk: Desk, count: int) -> None:
    fill_inbox(desk, count)
    desk.sign_in(page)
    desk.wait_until_live(page)
    page.evaluate("window.notReloaded = true")


def settled(page: Page) -> None:
    expect(page.locator(".htmx-request, .htmx-settling")).to_have_count(0)
    wait_until_bound(page)


def test_a_menu_opened_before_the_answer_of_the_last_choice_came_stays_open(page: Page, desk: Desk) -> None:
    open_inbox(page, desk, 1)
    desk.open_thread(page, "Vraag 0")
    held: list[Route] = []
    page.route("**/threads/*/priority", lambda route: held.append(route), times=1)
    with page.expect_request("**/threads/*/priority"):
        choose_with_keys(page, "#head-priority")
    tag_elsewhere(page, desk)
    expect(page.locator("a[data-row] .tag")).to_have_text("garantie")  # what was shown is brought up to date meanwhile
    page.locator("#head-status").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    chosen = page.locator(":focus").inner_text()
    held[0].continue_()
    expect(page.locator("#head-priority")).to_contain_text("Low")
    expect(page.locator(".menu:has(> #head-status) .menu__item").first).to_be_visible()
    expect(page.locator(":focus")).to_have_text(chosen)
    with page.expect_response("**/threads/*/status"):
        page.keyboard.press("Enter")


def test_the_drawer_gives_the_focus_back_to_a_head_that_was_redrawn_while_it_was_open(page: Page, desk: Desk) -> None:
    open_inbox(page, desk, 1)
    page.set_viewport_size({"width": 390, "height": 800})
    desk.open_thread(page, "Vraag 0")
    expect(page.locator("#thread-pane h1")).to_be_focused()
    toggle = page.locator("[aria-controls=context]")
    toggle.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("#context :focus")).to_have_count(1)
    tag_elsewhere(page, desk)
    expect(page.locator("#thread-head .tag")).to_have_text("garantie")
    wait_until_bound(page)
    expect(toggle).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Escape")
    expect(toggle).to_be_focused()
    expect(toggle).to_have_attribute("aria-expanded", "false")


def test_the_focus_stays_on_its_control_when_the_head_gets_a_deadline_in_front_of_it(page: Page, desk: Desk) -> None:
    open_inbox(page, desk, 1)
    desk.open_thread(page, "Vraag 0")
    settled(page)
    page.locator("#head-priority").focus()
    page.evaluate(NOTE_FOCUS)
    with desk.live.app.app_context(), transaction() as session:
        thread = session.get_one(Thread, uuid.UUID(page.url.rpartition("/")[2]))
        thread.response_due_at = utc_now() + timedelta(hours=3)
        change_tags(session, thread_id=thread.id, actor=SYSTEM, now=utc_now(), add=["garantie"])
    expect(page.locator("#thread-head .tag")).to_have_text("garantie")
    expect(page.locator("#thread-head .pill--clock")).to_be_visible()
    assert set(page.evaluate("window.focusedThen")) == {"head-priority"}  # at once, not given back a moment later


def tag_elsewhere(page: Page, desk: Desk) -> None:
    with desk.live.app.app_context(), transaction() as session:
        thread_id = uuid.UUID(page.url.rpartition("/")[2])
        change_tags(session, thread_id=thread_id, actor=SYSTEM, now=utc_now(), add=["garantie"])


def choose_with_keys(page: Page, menu: str) -> None:
    page.locator(menu).focus()
    for key in ("Enter", "ArrowDown", "Enter"):
        page.keyboard.press(key)


def test_a_tag_is_made_found_again_and_removed_with_keys(page: Page, desk: Desk) -> None:
    open_inbox(page, desk, 2)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#timeline")).to_contain_text("Vraag")
    settled(page)
    page.keyboard.press("t")
    expect(page.locator("#tag-field")).to_be_focused()
    expect(page.locator("#tag-create")).to_be_attached()
    page.keyboard.type("garantie")
    page.keyboard.press("Enter")
    expect(page.locator("#thread-head .tag")).to_have_text("garantie")
    page.keyboard.press("n")  # the focus is on the way from the menu to the new head
    expect(page.locator(".composer--note textarea")).to_be_focused()
    expect(page.locator("a[data-row]").first.locator(".tag")).to_have_text("garantie")
    page.locator("a[data-row]").nth(1).click()
    expect(page.locator("#thread-head .tag")).to_have_count(0)
    settled(page)
    page.keyboard.press("t")
    expect(page.locator("#tag-new-1")).to_be_visible()
    assert_accessible(page)
    page.keyboard.type("gar")
    page.keyboard.press("Enter")
    expect(page.locator("#thread-head .tag")).to_have_text("garantie")
    page.get_by_role("button", name="Remove tag garantie").click()
    expect(page.locator("#thread-head .tag")).to_have_count(0)
    assert page.evaluate("window.notReloaded") is True


def test_a_thread_is_snoozed_with_keys_and_comes_back_when_the_customer_writes(page: Page, desk: Desk) -> None:
    desk.sign_in(page)
    desk.wait_until_live(page)
    desk.open_thread(page, "Bel mij volgende week")
    page.locator("#thread-head h1").click()
    page.keyboard.press("h")
    assert_accessible(page)
    page.get_by_role("button", name="Tomorrow morning").first.click()
    expect(page.locator("#thread-head")).to_contain_text("Snoozed until")
    expect(page.locator("a[data-row]")).to_have_count(0)
    desk.customer_writes("Of toch vandaag?")
    expect(page.locator("a[data-row]")).to_have_count(1)
    expect(page.locator("#timeline")).to_contain_text("Back from snooze")


def test_a_range_is_chosen_with_shift_and_cleared_with_escape(page: Page, desk: Desk) -> None:
    open_inbox(page, desk, 6)
    picks = page.locator("[data-pick]")
    picks.nth(1).click()
    picks.nth(4).click(modifiers=["Shift"])
    expect(page.locator("[data-chosen]")).to_have_text("4 selected")
    assert_accessible(page)
    page.keyboard.press("Escape")
    expect(page.locator(".bulk-bar")).to_be_hidden()


@pytest.mark.full
def test_spam_goes_with_one_key_and_comes_back_from_its_list(page: Page, desk: Desk) -> None:
    open_inbox(page, desk, 2)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#timeline")).to_contain_text("Vraag")
    settled(page)
    page.keyboard.press("!")
    page.locator("#toasts .toast", has_text="Marked as spam").hover()  # who looks at it keeps it
    expect(page.locator("a[data-row]")).to_have_count(1)
    expect(page.locator("#timeline")).to_contain_text("Vraag 1")  # the next one opened
    page.locator("#toasts .toast__undo").click()
    expect(page.locator("a[data-row]")).to_have_count(2)
    assert page.evaluate("window.notReloaded") is True
    page.locator("[data-pick]").first.click()
    page.keyboard.press("!")
    expect(page.locator("#bulk-progress")).to_contain_text("Spam: 1 thread changed")
    expect(page.locator("a[data-row]")).to_have_count(1)
    page.goto("/inbox/spam")
    page.locator("a[data-row]").click()
    expect(page.locator("#timeline")).to_contain_text("marked this as spam")
    assert_accessible(page)
    page.get_by_role("button", name="Not spam").last.click()
    expect(page.locator("a[data-row]")).to_have_count(0)


def test_a_macro_is_run_with_keys_on_one_thread_and_from_the_bar_on_many(page: Page, desk: Desk) -> None:
    with desk.live.app.app_context(), transaction() as session:
        text = "De monteur komt morgen"
        # Of this brand alone: one of no brand would be offered to the desks of other tests, too.
        content = TemplateContent("Monteur komt", TemplateCategory.FOLLOW_UP, "nl", text, brand_ids=(desk.brand_id,))
        template = create_template(session, content, now=utc_now())
        steps = as_json(MacroSteps(add_tags=("storing",), note="Monteur is gebeld", template_id=template.id))
        macro = Macro(id=new_id(), name="Storing melden", brand_id=desk.brand_id, steps=steps, created_at=utc_now())
        macro.updated_at = utc_now()
        session.add(macro)
    open_inbox(page, desk, 3)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#timeline")).to_contain_text("Vraag")
    settled(page)
    page.keyboard.press("q")
    expect(page.locator("#thread-head .macro")).to_contain_text(
        "tag storing · note: Monteur is gebeld · insert the template “Monteur komt”"
    )
    assert_accessible(page)
    page.locator("#thread-head .macro").dblclick()
    expect(page.locator("#thread-head .tag")).to_have_text("storing")
    expect(page.locator("#composer textarea")).to_have_value("De monteur komt morgen")
    expect(page.locator("#timeline .message--note")).to_have_count(1)
    expect(page.locator("a[data-row] .tag")).to_have_count(1)
    for row in (0, 1):
        page.locator("[data-rows] > li:not(:has(.tag)) [data-pick]").nth(row).click()
    page.locator(".bulk-bar summary", has_text="Macro").click()
    page.locator(".bulk-bar .macro", has_text="Storing melden").click()
    expect(page.locator("#bulk-progress")).to_contain_text("Macro Storing melden: 2 threads changed")
    expect(page.locator("a[data-row] .tag")).to_have_count(3)
    page.locator("#bulk-progress").get_by_role("button", name="Undo").click()
    expect(page.locator("a[data-row] .tag")).to_have_count(1)
