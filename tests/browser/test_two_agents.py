"""Two people at one thread, each in a browser of their own: they see each other, and a note reaches who it names."""

from __future__ import annotations

import time
import uuid

import pytest
from playwright.sync_api import Page, expect

from app.core.db import transaction
from app.domain.accounts.models import Role
from app.domain.accounts.passwords import hash_password
from tests.browser.conftest import PASSWORD, Desk
from tests.factories import make_brand, make_user
from tests.support.browsing import Browsing, assert_accessible

pytestmark = pytest.mark.browser
WITHIN_SECONDS = 1
SAY = """async ([thread, typing]) => {
  const socket = io({ transports: ["websocket"], forceNew: true });
  const answer = await new Promise((done) => socket.emit("presence", { thread_id: thread, typing }, done));
  socket.disconnect();
  return answer;
}"""


@pytest.fixture
def two(browsing: Browsing, desk: Desk) -> tuple[Page, Page]:
    """Alice and Bob, both live; Alice has a thread open."""
    pages = browsing.new_page(), browsing.new_page()
    for page, name in zip(pages, ("alice", "bob"), strict=True):
        desk.sign_in(page, name)
        desk.wait_until_live(page)
    desk.open_thread(pages[0], "Komt er vandaag iemand?")
    expect(pages[0].locator(".htmx-request")).to_have_count(0)
    return pages


def soon(page: Page, what: str, *, within: float = WITHIN_SECONDS) -> None:
    """Asked in every frame; an expectation looks again after half a second or a whole one."""
    began = time.monotonic()
    page.wait_for_function(what)
    took = time.monotonic() - began
    assert took < within, what


def thread_of(page: Page) -> str:
    return str(page.locator("section[data-thread-id]").get_attribute("data-thread-id"))


def test_each_sees_the_other_come_type_and_go_within_a_second(two: tuple[Page, Page], desk: Desk) -> None:
    alice, bob = two
    expect(alice.locator("#presence .avatar")).to_have_count(0)
    bob.locator("a[data-row]", has_text="Komt er vandaag iemand?").click()
    expect(bob.locator("#presence")).to_have_attribute("title", "Alice is viewing")
    soon(alice, "() => document.getElementById('presence').title === 'Bob is viewing'")
    expect(alice.locator("#announcements")).to_have_text("Bob is viewing")
    before = alice.locator("#composer-text").bounding_box()
    bob.locator("#composer-text").press_sequentially("Ja")
    soon(alice, "() => document.getElementById('typing').textContent === 'Bob is typing a reply …'")
    expect(alice.locator("#typing")).to_be_visible()
    assert alice.locator("#composer-text").bounding_box() == before, "nothing moves"
    expect(bob.locator("#typing")).to_be_hidden()
    assert_accessible(alice)
    bob.locator("#composer-text").fill("")
    soon(alice, "() => document.getElementById('typing').hidden")
    bob.close()
    soon(alice, "() => !document.querySelector('#presence .avatar')", within=3 * WITHIN_SECONDS)


def test_who_goes_to_another_thread_is_gone_and_a_new_head_keeps_the_faces(two: tuple[Page, Page], desk: Desk) -> None:
    alice, bob = two
    bob.goto(alice.url)
    expect(alice.locator("#presence .avatar")).to_have_count(1)
    alice.locator("#thread-head [data-key=e]").click()
    expect(alice.locator("#thread-head [data-key=e]")).to_contain_text("Reopen")
    expect(alice.locator("#presence .avatar")).to_have_count(1)
    bob.goto("/inbox")
    expect(alice.locator("#presence .avatar")).to_have_count(0)


def test_nobody_of_another_brand_is_told_or_seen(two: tuple[Page, Page], desk: Desk, browsing: Browsing) -> None:
    alice, _bob = two
    with desk.live.app.app_context(), transaction() as session:
        other = make_brand(session, key=f"other{desk.name}")
        mallory = make_user(session, "Mallory", role=Role.AGENT, brands=(other,), password_hash=hash_password(PASSWORD))
        mallory.email = desk.email("mallory")
    stranger = browsing.new_page()
    desk.sign_in(stranger, "mallory")
    desk.wait_until_live(stranger)
    assert stranger.evaluate(SAY, [thread_of(alice), "reply"]) == {"people": []}
    for nonsense in (str(uuid.UUID(int=0)), "no id", 5, None):
        assert stranger.evaluate(SAY, [nonsense, "reply"]) == {"people": []}
    assert [person["name"] for person in alice.evaluate(SAY, [thread_of(alice), {}])["people"]] == ["Alice"]
    expect(alice.locator("#presence .avatar")).to_have_count(0)


def test_a_mention_is_chosen_with_keys_and_reaches_the_other(two: tuple[Page, Page]) -> None:
    alice, bob = two
    expect(bob.locator(".rail [data-bell]")).to_be_hidden()
    alice.locator(".composer__tab--note").click()
    expect(alice.locator("#composer-text")).to_have_attribute("aria-controls", "mention-list")
    alice.locator("#composer-text").press_sequentially("Kijk jij, @bo")
    expect(alice.locator("#mention-list [aria-selected=true]")).to_have_text("BBob")
    alice.locator("#composer-text").press("Enter")
    expect(alice.locator("#composer-text")).to_have_value("Kijk jij, @Bob ")
    expect(alice.locator("#mention-list")).to_be_hidden()
    alice.locator("[data-send]").click()
    expect(alice.locator(".message--note .mention")).to_have_text("@Bob")
    expect(bob.locator(".rail [data-bell]")).to_have_text("1")
    bob.locator(".rail .bell").click()
    expect(bob.locator(".notification--unread", has_text="Alice mentioned you")).to_be_visible()
    assert_accessible(bob)
    bob.locator(".notification--unread", has_text="Alice mentioned you").click()
    expect(bob.locator(".message--note")).to_contain_text("Kijk jij, @Bob")
    expect(bob.locator(".rail [data-bell]")).to_be_hidden()
    expect(bob.locator("#thread-head [data-key=w]")).to_contain_text("Watching")
