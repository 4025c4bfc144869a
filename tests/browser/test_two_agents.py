"""Two people at one thread, each in a browser of their own: they see each other, and a note reaches who it names."""

from __future__ import annotations

import uuid

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from app.core.db import transaction
from app.domain.accounts.models import Role
from app.domain.accounts.passwords import hash_password
from tests.browser.conftest import PASSWORD, Desk
from tests.factories import make_brand, make_user
from tests.support.browsing import Browsing, assert_accessible

pytestmark = pytest.mark.browser
SAY = """async ([thread, typing]) => {
  const line = new WebSocket(location.origin.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket");
  const said = JSON.stringify(["presence", { thread_id: thread, typing }]);
  const answer = await new Promise((done) => {
    line.onmessage = ({ data }) => {
      if (data.startsWith("0")) line.send("40");
      else if (data.startsWith("40")) line.send(`421${said}`);
      else if (data.startsWith("431")) done(JSON.parse(data.slice(3))[0]);
    };
  });
  line.close();
  return answer;
}"""


NOTE_TITLES = """() => {
  const presence = document.getElementById("presence");
  window.titles = [];
  new MutationObserver(() => window.titles.push(presence.title)).observe(presence, { attributeFilter: ["title"] });
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


class HeldAnswers:
    """The wire of a page's socket. While `holds`, what the server answers to the page waits; what it pushes goes through."""

    def __init__(self, page: Page) -> None:
        self.holds = False
        self._held: list[tuple[WebSocketRoute, str | bytes]] = []
        page.route_web_socket("**/socket.io/**", self._connect)

    @property
    def count(self) -> int:
        return len(self._held)

    def let_go(self) -> None:
        self.holds = False
        for socket, said in self._held:
            socket.send(said)

    def _connect(self, socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def answer(said: str | bytes) -> None:
            if self.holds and isinstance(said, str) and said.startswith("43") and '"people"' in said:  # an acknowledgement
                self._held.append((socket, said))
            else:
                socket.send(said)

        server.on_message(answer)


def thread_of(page: Page) -> str:
    return str(page.locator("section[data-thread-id]").get_attribute("data-thread-id"))


def test_each_sees_the_other_come_type_and_go(two: tuple[Page, Page], desk: Desk) -> None:
    alice, bob = two
    expect(alice.locator("#presence .avatar")).to_have_count(0)
    bob.locator("a[data-row]", has_text="Komt er vandaag iemand?").click()
    expect(bob.locator("#presence")).to_have_attribute("title", "Alice is viewing")
    expect(alice.locator("#presence")).to_have_attribute("title", "Bob is viewing")
    expect(alice.locator("#announcements")).to_have_text("Bob is viewing")
    before = alice.locator("#composer-text").bounding_box()
    while alice.locator("#typing").is_hidden():  # a pause of five seconds is none on a machine that is slow
        bob.locator("#composer-text").press_sequentially("Ja")
        alice.wait_for_timeout(50)
    expect(alice.locator("#typing")).to_have_text("Bob is typing a reply …")
    assert alice.locator("#composer-text").bounding_box() == before, "nothing moves"
    expect(bob.locator("#typing")).to_be_hidden()
    assert_accessible(alice)
    bob.locator("#composer-text").fill("")
    expect(alice.locator("#typing")).to_be_hidden()
    bob.close()
    expect(alice.locator("#presence .avatar")).to_have_count(0)


def test_an_answer_that_comes_after_a_newer_push_takes_nobody_away(browsing: Browsing, desk: Desk) -> None:
    alice, bob = browsing.new_page(), browsing.new_page()
    wire = HeldAnswers(alice)
    for page, name in ((alice, "alice"), (bob, "bob")):
        desk.sign_in(page, name)
        desk.wait_until_live(page)
    wire.holds = True
    desk.open_thread(alice, "Komt er vandaag iemand?")
    while not wire.count:
        alice.wait_for_timeout(20)
    bob.goto(alice.url)
    expect(alice.locator("#presence .avatar")).to_have_count(2)  # who this page is for comes with the answer
    alice.evaluate(NOTE_TITLES)
    wire.let_go()
    expect(alice.locator("#presence")).to_have_attribute("title", "Bob is viewing")
    assert alice.evaluate("() => window.titles") == ["Bob is viewing"]


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
    alice.locator(".composer__tab--note").click()
    expect(alice.locator("#composer-text")).to_have_attribute("aria-controls", "mention-list")
    alice.locator("#composer-text").press_sequentially("Kijk jij, @bo")
    expect(alice.locator("#mention-list [aria-selected=true]")).to_have_text("BBob")
    alice.locator("#composer-text").press("Enter")
    expect(alice.locator("#composer-text")).to_have_value("Kijk jij, @Bob ")
    expect(alice.locator("#mention-list")).to_be_hidden()
    alice.locator("[data-send]").click()
    expect(alice.locator(".message--note .mention")).to_have_text("@Bob")
    expect(bob.locator(".rail [data-bell]")).to_be_visible()
    bob.locator(".rail .bell").click()
    expect(bob.locator(".notification--unread", has_text="Alice mentioned you")).to_be_visible()
    assert_accessible(bob)
    bob.locator(".notification--unread", has_text="Alice mentioned you").click()
    expect(bob.locator(".message--note")).to_contain_text("Kijk jij, @Bob")
    expect(bob.locator("#thread-head [data-key=w]")).to_contain_text("Watching")
    bob.locator(".rail .bell").click()
    expect(bob.locator(".notification:not(.notification--unread)", has_text="Alice mentioned you")).to_be_visible()
