"""A laptop that slept ten minutes while a colleague answered: nobody is answered twice, and the truth is back at once.

The clock of the page jumps as it does when a lid opens, while no timer ran, and its socket is dead without a word: nothing comes
over it, and nothing says that it closed.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
import requests
import sqlalchemy as sa
from playwright.sync_api import Page, WebSocketRoute, expect

from app.core.clock import utc_now
from app.core.db import transaction
from app.domain.accounts.models import User
from app.domain.accounts.tokens import create_token
from tests.browser.conftest import ANSWER_SECONDS, Desk
from tests.support.browsing import Browsing, draft_kept

pytestmark = pytest.mark.browser
TRUE_WITHIN_SECONDS, MOST_LOADS = 2, 4  # or as long as that machine takes to load the page so many times
SLEPT_SECONDS = 600
# Asked in every frame; an expectation looks again after half a second or a whole one.
IS_TRUE = """(answer) => document.getElementById('timeline').textContent.includes(answer)
  && document.querySelector('#head-status').textContent.includes('Resolved')
  && document.querySelectorAll('a[data-row].thread-row--closed').length === 1  // under the pointer it stays"""
RESOLVED = "#thread-head .thread-head__facts summary:has-text('Resolved')"


class Line:
    """The wire of a page's socket. Cut, it loses what is said in either direction; a socket made after `mend` is whole."""

    def __init__(self, page: Page) -> None:
        self.sockets = 0
        self._whole = 0  # sockets numbered from here on carry something
        page.route_web_socket("**/socket.io/**", self._connect)

    def cut(self) -> None:
        self._whole = self.sockets + 1_000

    def mend(self) -> None:
        self._whole = self.sockets

    def _connect(self, socket: WebSocketRoute) -> None:
        number, server = self.sockets, socket.connect_to_server()
        self.sockets += 1

        def carry(to: WebSocketRoute) -> Callable[[str | bytes], None]:
            return lambda said: to.send(said) if number >= self._whole else None

        socket.on_message(carry(server))
        server.on_message(carry(socket))


def api_caller(desk: Desk, who: str) -> requests.Session:
    """A program that acts for one of the desk's people."""
    caller = requests.Session()
    with desk.live.app.app_context(), transaction() as session:
        user = session.execute(sa.select(User).where(User.email == desk.email(who))).scalar_one()
        _row, token = create_token(session, user, name="program", scopes=("threads:read", "threads:write"), now=utc_now())
    caller.headers["Authorization"] = f"Bearer {token}"
    return caller


# A tab behind another one, as far as a page can tell.
HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def thread_of(page: Page) -> str:
    return str(page.locator("section[data-thread-id]").get_attribute("data-thread-id"))


def last_seen(page: Page) -> str:
    return page.locator("#composer [name=last_seen_message_id]").input_value()


@pytest.fixture
def pair(browsing: Browsing, desk: Desk) -> tuple[Page, Page, Line]:
    """Alice awake and Bob about to fall asleep, both at one thread, Bob with an answer half written."""
    browsing.expected_faults.append("409")
    alice, bob = browsing.new_page(), browsing.new_page()
    bob.clock.install()
    line = Line(bob)
    for page, who in ((alice, "alice"), (bob, "bob")):
        desk.sign_in(page, who)
        desk.wait_until_live(page)
    desk.open_thread(alice, "Kan er vandaag iemand komen?")
    bob.locator("a[data-row]", has_text="Kan er vandaag iemand komen?").click()
    with draft_kept(bob, "Ja, om tien uur"):
        bob.locator("#composer-text").press_sequentially("Ja, om tien uur")
    return alice, bob, line


def answer_and_resolve(alice: Page, desk: Desk) -> None:
    desk.reply(alice, "Om twaalf uur staat er iemand")
    expect(alice.locator(".message--outgoing")).to_be_visible()
    alice.locator("#thread-head [data-key=e]").click()
    expect(alice.locator(RESOLVED)).to_be_visible()


def expect_held(page: Page, newer: str, *, typed: str) -> None:
    expect(page.locator(".held")).to_contain_text(newer)
    expect(page.locator("#composer-text")).to_have_value(typed)
    expect(page.locator(".message--outgoing", has_text=typed)).to_have_count(0)


def test_what_is_sent_before_the_page_knows_is_held_with_the_answer_in_sight(pair: tuple[Page, Page, Line], desk: Desk) -> None:
    alice, bob, line = pair
    line.cut()
    answer_and_resolve(alice, desk)
    expect(bob.locator("#timeline")).not_to_contain_text("Om twaalf uur")
    bob.locator("#composer-text").press("Control+Enter")
    expect_held(bob, "Om twaalf uur staat er iemand", typed="Ja, om tien uur")


def test_after_the_sleep_the_truth_is_there_and_a_send_is_still_held(
    pair: tuple[Page, Page, Line], desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    alice, bob, line = pair
    line.cut()
    answer_and_resolve(alice, desk)
    expect(bob.locator(RESOLVED)).to_have_count(0)
    before = line.sockets
    line.mend()
    bob.clock.set_system_time(bob.evaluate("Date.now()") / 1_000 + SLEPT_SECONDS)
    woken = time.monotonic()
    bob.wait_for_function(IS_TRUE, arg="Om twaalf uur staat er iemand")
    true_after = time.monotonic() - woken
    expect(bob.locator(RESOLVED)).to_be_visible()
    with capsys.disabled():
        print(f"\ntrue state after a wake: {true_after:.2f} s")
    bob.locator("#composer-text").hover()
    expect(bob.locator("a[data-row]")).to_have_count(0)
    desk.wait_until_live(bob)
    assert line.sockets == before + 1, "the dead socket was given up"
    expect(bob.locator("#presence")).to_have_attribute("title", "Alice is viewing")
    bob.locator("[data-send]").click()
    expect_held(bob, "Om twaalf uur staat er iemand", typed="Ja, om tien uur")
    opened = time.monotonic()
    bob.reload()
    desk.wait_until_live(bob)
    assert true_after < max(TRUE_WITHIN_SECONDS, MOST_LOADS * (time.monotonic() - opened))


def test_an_answer_through_the_api_holds_the_browsers_send_and_the_other_way_round(
    pair: tuple[Page, Page, Line], desk: Desk
) -> None:
    _alice, bob, _line = pair
    program, messages = api_caller(desk, "alice"), f"{desk.live.url}/api/communication/messages"
    seen = last_seen(bob)
    order = {"thread_id": thread_of(bob), "message_type": "outgoing", "last_seen_message_id": seen}
    sent = program.post(messages, json=order | {"message_content": "Automatisch: om elf uur"}, timeout=ANSWER_SECONDS)
    assert (sent.status_code, sent.json()["delivery_status"]) == (202, "pending")
    bob.locator("#composer-text").press("Control+Enter")
    expect_held(bob, "Automatisch: om elf uur", typed="Ja, om tien uur")
    bob.get_by_role("button", name="Send anyway").click()
    expect(bob.locator(".message--outgoing", has_text="Ja, om tien uur")).to_be_visible()
    held = program.post(messages, json=order | {"message_content": "Automatisch: te laat"}, timeout=ANSWER_SECONDS)
    assert (held.status_code, held.json()["code"]) == (409, "thread_moved_on")
    assert [item["message_content"] for item in held.json()["newer_items"]] == ["Ja, om tien uur"]
    expect(bob.locator("#timeline")).not_to_contain_text("te laat")


def test_a_tab_behind_others_counts_what_came_in_until_somebody_looks(page: Page, desk: Desk) -> None:
    desk.sign_in(page)
    desk.wait_until_live(page)
    title, icon = page.title(), page.locator("link[rel=icon][type='image/svg+xml']")
    at_rest = icon.get_attribute("href") or ""
    page.evaluate(HIDE, True)
    for number in (1, 2):
        desk.customer_writes(f"Bericht {number}")
        expect(page).to_have_title(f"({number}) {title}")
    expect(icon).to_have_attribute("href", re.compile("favicon-unseen"))
    expect(page.locator("a[data-row]")).to_have_count(0)
    page.evaluate(HIDE, False)
    expect(page.locator("a[data-row]")).to_contain_text("Bericht 2")
    expect(page).to_have_title(title)
    expect(icon).to_have_attribute("href", at_rest)
