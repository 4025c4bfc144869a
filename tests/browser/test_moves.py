"""Merging in a real browser with the keyboard alone: found, merged, taken back; a second reader is led along."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from app.core.clock import utc_now
from app.core.db import transaction
from app.domain.connections.models import Channel
from tests.browser.conftest import Desk
from tests.factories import make_contact, make_message, make_thread
from tests.support.browsing import Browsing, assert_accessible

pytestmark = pytest.mark.browser


def two_threads(desk: Desk) -> tuple[str, str]:
    with desk.live.app.app_context(), transaction() as session:
        channel = session.get_one(Channel, desk.channel_id)
        made = []
        for n, name in enumerate(("Pieter van Dam", "Anna Bos")):
            contact = make_contact(session, name, value=f"{desk.number}{n}")
            thread = make_thread(session, channel, contact, at=utc_now())
            make_message(session, thread, f"Hier is {name}", at=utc_now())
            made.append(str(thread.id))
    return made[0], made[1]


def test_a_thread_is_merged_and_taken_back_with_keys_while_another_reader_follows(browsing: Browsing, desk: Desk) -> None:
    pieters, annas = two_threads(desk)
    page, bobs = browsing.new_page(), browsing.new_page()
    for who, reader in (("alice", page), ("bob", bobs)):
        desk.sign_in(reader, who, to=f"/threads/{pieters}")
        desk.wait_until_live(reader)
    page.keyboard.press("m")
    expect(page.locator("#merge-search")).to_be_focused()
    page.keyboard.type("anna")
    expect(page.locator("#merge-choices[data-sought=anna] .is-active")).to_have_count(1)
    expect(page.locator("[data-note-place]")).to_contain_text("is Anna Bos; the contact of this thread is Pieter van Dam")
    assert_accessible(page)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/threads/{annas}**")
    expect(page.locator("#timeline")).to_contain_text("Hier is Pieter van Dam")
    expect(page.locator("a[data-row]")).to_have_count(1)
    bobs.wait_for_url(f"**/threads/{annas}**")
    expect(bobs.locator("a[data-row]")).to_have_count(1)
    expect(page.locator(".toast__undo[data-key=z]")).to_be_visible()
    page.keyboard.press("z")
    page.wait_for_url(f"**/threads/{pieters}**")
    expect(page.locator("#timeline")).not_to_contain_text("Hier is Anna")
    expect(page.locator("a[data-row]")).to_have_count(2)
    expect(bobs.locator("#timeline")).not_to_contain_text("Hier is Pieter")


def test_the_chosen_threads_are_merged_with_one_key(page: Page, desk: Desk) -> None:
    two_threads(desk)
    desk.sign_in(page)
    desk.wait_until_live(page)
    for _row in range(2):
        page.keyboard.press("j")
        page.keyboard.press("x")
    expect(page.locator("[data-chosen]")).to_contain_text("2")
    page.keyboard.press("m")
    expect(page.locator("a[data-row]")).to_have_count(1)
    expect(page.locator(".toast__undo[data-key=z]")).to_be_visible()
    page.keyboard.press("z")
    expect(page.locator("a[data-row]")).to_have_count(2)
