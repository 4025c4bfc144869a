"""Search and the command palette in a real browser, with the keyboard."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from app.core.clock import utc_now
from app.core.db import transaction
from app.domain.connections.models import Channel
from app.domain.threads.models import Thread
from tests.browser.conftest import Desk
from tests.factories import make_contact, make_message, make_thread
from tests.support.browsing import assert_accessible, wait_until_bound

pytestmark = pytest.mark.browser


def fill(desk: Desk, *texts: str, later: int = 0) -> Thread:
    """One thread with these messages, tagged, and so many more behind them."""
    with desk.live.app.app_context(), transaction() as session:
        contact = make_contact(session, "Pieter van Dam", value=desk.number)
        thread = make_thread(session, session.get_one(Channel, desk.channel_id), contact, at=utc_now())
        for n, text in enumerate((*texts, *(f"later {n}" for n in range(later)))):
            make_message(session, thread, text, at=utc_now() - timedelta(minutes=90 - n))
        thread.tags = ["wacht op deel"]
        return thread


def test_the_palette_does_and_finds_things_from_the_keyboard(page: Page, desk: Desk) -> None:
    thread = fill(desk, "Waar blijft mijn monteur?")
    desk.sign_in(page, to=f"/threads/{thread.id}")
    desk.wait_until_live(page)
    page.locator("#composer-text").fill("Ik kijk het na")
    page.keyboard.press("Control+k")
    expect(page.locator("#palette-field")).to_be_focused()
    expect(page.get_by_role("option", name="Unassigned View")).to_be_visible()
    expect(page.get_by_role("option", name="Orders", exact=True)).to_have_count(1)  # with its key
    assert_accessible(page, without=())
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()
    expect(page.locator("#composer-text")).to_be_focused()
    page.keyboard.press("Control+k")
    page.keyboard.type("resolve")
    expect(page.locator("#palette [aria-selected=true]")).to_contain_text("Resolve")
    page.keyboard.press("Enter")
    expect(page.locator("#thread-head")).to_contain_text("Resolved")
    page.keyboard.press("Control+k")
    page.keyboard.insert_text("monteur")  # at once: each pause of a slow hand asks, and its answer chooses anew
    found = page.get_by_role("option", name="Waar blijft mijn monteur?")
    expect(found).to_be_visible()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(found).to_have_attribute("aria-selected", "true")
    assert page.locator("#palette-field").get_attribute("aria-activedescendant") == found.get_attribute("id")
    page.keyboard.press("Enter")
    expect(page.locator("mark.found")).to_have_text("monteur")


def test_operators_are_offered_and_a_hit_is_marked_where_it_stands(page: Page, desk: Desk) -> None:
    fill(desk, "De laadpaal knippert rood", later=30)
    desk.sign_in(page)
    wait_until_bound(page)
    page.keyboard.press("/")
    page.keyboard.insert_text("knippert ta")
    expect(page.locator("#rail-search-suggestions")).to_contain_text("threads with a tag")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#rail-search")).to_have_value("knippert tag:")
    expect(page.get_by_role("option", name="wacht op deel")).to_be_visible()
    page.keyboard.press("ArrowDown")
    assert_accessible(page, without=())
    page.keyboard.press("Enter")
    expect(page.locator("#rail-search")).to_have_value('knippert tag:"wacht op deel" ')
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=*")
    expect(page.locator(".search-hit mark")).to_have_text("knippert")
    assert_accessible(page)
    page.locator(".search-hit").click()
    expect(page.locator("mark.found")).to_have_text("knippert")
    expect(page.locator("mark.found")).to_be_in_viewport()


def test_the_filter_of_the_settings_finds_what_lies_behind_a_door(page: Page, desk: Desk) -> None:
    desk.sign_in(page, to="/settings/profile")
    wait_until_bound(page)
    doors = page.locator(".settings__nav li:visible a")
    assert doors.count() > 1
    page.locator(".settings__filter").fill("dark")
    expect(doors).to_have_text(["You"])
