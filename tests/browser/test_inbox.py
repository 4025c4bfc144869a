"""The main job in a real browser: a message appears, is answered, and its answer's states come back."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, Route, expect

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.domain.threads.models import Message, MessageType, Thread
from tests.browser.conftest import Desk
from tests.factories import make_message
from tests.support.browsing import Browsing, assert_accessible, draft_kept

pytestmark = pytest.mark.browser


@pytest.mark.full
def test_a_message_appears_in_list_and_counts_without_reload(page: Page, desk: Desk) -> None:
    desk.sign_in(page)
    desk.wait_until_live(page)
    page.evaluate("window.notReloaded = true")
    desk.customer_writes("De laadpaal knippert rood")
    expect(page.locator("a[data-row]", has_text="De laadpaal knippert rood")).to_be_visible()
    expect(page.locator(".rail .nav__item", has_text="Inbox").locator(".nav__count")).to_have_text("1")
    assert page.evaluate("window.notReloaded") is True


@pytest.mark.full
def test_a_reply_goes_out_and_its_ticks_come_back(page: Page, desk: Desk) -> None:
    desk.sign_in(page)
    desk.wait_until_live(page)
    desk.open_thread(page, "Kunt u vandaag komen?")
    desk.reply(page, "Ja, om 16:00")
    ours = page.locator(".message--outgoing", has_text="Ja, om 16:00")
    expect(ours).to_be_visible()
    expect(ours.locator(".message__state")).to_contain_text("Read")
    expect(page.locator("#composer-text")).to_have_value("")


def test_a_deadline_in_the_list_stays_true_while_nothing_happens(page: Page, desk: Desk) -> None:
    page.clock.install()
    desk.sign_in(page)
    desk.wait_until_live(page)
    desk.open_thread(page, "Wanneer hoor ik iets?")
    set_due(desk, timedelta(minutes=40, seconds=15))
    page.goto("/inbox")
    desk.wait_until_live(page)
    expect(page.locator(".thread-row__due")).to_have_text("due in 40 min")
    set_due(desk, timedelta(minutes=39, seconds=30))  # as if a minute had gone by for the server, too
    page.clock.run_for(16_000)  # less than what the page would take for a sleep
    expect(page.locator(".thread-row__due")).to_have_text("due in 39 min")


def set_due(desk: Desk, left: timedelta) -> None:
    """A deadline that nobody is told of."""
    with desk.live.app.app_context(), transaction() as session:
        session.execute(sa.update(Thread).values(response_due_at=utc_now() + left))


def test_a_second_message_joins_the_open_thread_and_leaves_the_text_being_typed_alone(page: Page, desk: Desk) -> None:
    desk.sign_in(page)
    desk.wait_until_live(page)
    desk.open_thread(page, "Eerste vraag")
    page.locator("#composer-text").press_sequentially("Ik ben aan het typen")
    desk.customer_writes("En nog iets")
    expect(page.locator("#timeline")).to_contain_text("En nog iets")
    expect(page.locator("#composer-text")).to_have_value("Ik ben aan het typen")
    expect(page.locator("#composer-text")).to_be_focused()


def test_a_reply_is_held_when_something_newer_came_in_and_can_be_sent_anyway(page: Page, desk: Desk, browsing: Browsing) -> None:
    browsing.expected_faults.append("409")
    desk.sign_in(page)
    desk.wait_until_live(page)
    desk.open_thread(page, "Kan het dinsdag?")
    page.locator("#composer-text").press_sequentially("Dinsdag is goed")
    desk.customer_writes("Of toch liever woensdag")
    expect(page.locator("#timeline")).to_contain_text("Of toch liever woensdag")
    page.locator("[data-send]").click()
    expect(page.locator(".held")).to_contain_text("Of toch liever woensdag")
    expect(page.locator("#composer-text")).to_have_value("Dinsdag is goed")
    expect(page.locator(".message--outgoing")).to_have_count(0)
    page.get_by_role("button", name="Send anyway").click()
    expect(page.locator(".message--outgoing")).to_contain_text("Dinsdag is goed")


def test_a_failed_reply_says_why_and_can_be_sent_again(page: Page, desk: Desk) -> None:
    desk.sign_in(page)
    desk.wait_until_live(page)
    desk.open_thread(page, "Hallo?")
    desk.simulator("fail_next", code=131026)
    desk.reply(page, "Wij komen eraan")
    ours = page.locator(".message--outgoing", has_text="Wij komen eraan")
    expect(ours.locator(".message__state")).to_contain_text("Not sent")
    expect(ours.locator(".message__reason")).not_to_be_empty()
    ours.get_by_role("button", name="Send again").click()
    expect(ours.locator(".message__state")).to_contain_text("Read")


def test_a_draft_survives_a_reload_and_a_double_submit_is_one_message(page: Page, desk: Desk) -> None:
    desk.sign_in(page)
    desk.wait_until_live(page)
    desk.open_thread(page, "Wat kost een laadpaal?")
    with draft_kept(page, "Dat hangt af van"):
        page.locator("#composer-text").press_sequentially("Dat hangt af van")
    page.reload()
    expect(page.locator("#composer-text")).to_have_value("Dat hangt af van")
    desk.wait_until_live(page)
    page.evaluate("() => { const form = document.querySelector('#composer form'); form.requestSubmit(); form.requestSubmit(); }")
    expect(page.locator(".message--outgoing")).to_have_count(1)
    expect(page.locator("#composer-text")).to_have_value("")
    with desk.live.app.app_context():
        sent = sa.select(sa.func.count()).where(Message.brand_id == desk.brand_id, Message.message_type == MessageType.OUTGOING)
        assert db.session.execute(sent).scalar_one() == 1


def test_reading_and_replying_work_without_scripts(browsing: Browsing, desk: Desk) -> None:
    page = browsing.new_page(java_script_enabled=False)
    watching = browsing.new_page()
    desk.sign_in(watching)
    desk.wait_until_live(watching)
    desk.customer_writes("Werkt dit ook zonder?")
    expect(watching.locator("a[data-row]", has_text="Werkt dit ook zonder?")).to_be_visible()
    desk.sign_in(page)
    page.locator("a[data-row]", has_text="Werkt dit ook zonder?").click()
    page.locator("#composer-text").fill("Ja, heel gewoon")
    page.locator("[data-send]").click()
    expect(page.locator(".message--outgoing")).to_contain_text("Ja, heel gewoon")
    page.locator(".composer__tab--note").click()
    page.locator(".composer--note #composer-text").fill("Alleen voor ons")
    page.locator("[data-send]").click()
    expect(page.locator(".message--note")).to_contain_text("Alleen voor ons")
    page.locator("#thread-head [data-key=e]").click()
    expect(page.locator("#thread-head [data-key=e]")).to_contain_text("Reopen")


def test_a_colleague_sees_assignment_and_status_without_reload(browsing: Browsing, desk: Desk) -> None:
    alice, bob = browsing.new_page(), browsing.new_page()
    for person, name in ((alice, "alice"), (bob, "bob")):
        desk.sign_in(person, name)
        desk.wait_until_live(person)
    desk.open_thread(alice, "Wie pakt dit op?")
    bob.locator("a[data-row]", has_text="Wie pakt dit op?").click()
    expect(bob.locator("#thread-head")).to_contain_text("Unassigned")
    alice.locator("#thread-head [data-key=a]").click()
    alice.get_by_role("button", name="Assign to me").click()
    expect(bob.locator("#thread-head")).to_contain_text("Alice")
    alice.locator("#thread-head [data-key=e]").click()
    expect(bob.locator("#thread-head")).to_contain_text("Resolved")


def test_what_was_missed_while_the_connection_was_away_is_there_afterwards(page: Page, desk: Desk, browsing: Browsing) -> None:
    browsing.expected_faults += ["ERR_INTERNET_DISCONNECTED", "WebSocket"]
    page.clock.install()
    desk.sign_in(page)
    desk.wait_until_live(page)
    page.context.set_offline(True)
    page.clock.run_for(60_000)  # longer than a page waits for the next ping
    page.wait_for_selector("body[data-live=off]")
    desk.customer_writes("Gemist bericht")
    page.context.set_offline(False)
    expect(page.locator("a[data-row]", has_text="Gemist bericht")).to_be_visible()


def test_the_whole_job_is_done_from_the_keyboard(page: Page, desk: Desk) -> None:
    desk.sign_in(page)
    desk.wait_until_live(page)
    desk.customer_writes("Met de hand aan de toetsen")
    expect(page.locator("a[data-row]")).to_have_count(1)
    page.keyboard.press("j")
    expect(page.locator("a[data-row]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#timeline")).to_contain_text("Met de hand aan de toetsen")
    page.keyboard.press("r")
    expect(page.locator("#composer-text")).to_be_focused()
    page.keyboard.type("Antwoord met r")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".message--outgoing")).to_contain_text("Antwoord met r")
    expect(page.locator("#composer-text")).to_have_value("")
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    expect(page.locator(".composer--note textarea")).to_be_focused()
    page.keyboard.type("Notitie met n")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".message--note")).to_contain_text("Notitie met n")
    expect(page.locator("#composer-text")).to_have_value("")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("#keys-sheet")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#keys-sheet")).to_be_hidden()
    page.keyboard.press("e")
    expect(page.locator("#thread-head")).to_contain_text("Resolved")
    page.keyboard.press("u")
    page.wait_for_url("**/inbox")
    expect(page.locator("a[data-row]")).to_have_count(0)
    page.keyboard.press("/")
    expect(page.locator("#rail-search")).to_be_focused()


@pytest.mark.parametrize(("width", "colours"), [(390, "dark"), pytest.param(1024, "light", marks=pytest.mark.full)])
def test_list_and_thread_are_accessible_and_never_scroll_sideways(
    browsing: Browsing, desk: Desk, width: int, colours: str
) -> None:
    page = browsing.new_page(viewport={"width": width, "height": 844}, color_scheme=colours)
    desk.sign_in(page)
    desk.wait_until_live(page)
    desk.customer_writes("Hallo, de paal doet het niet https://example.com/" + "x" * 120)
    expect(page.locator("a[data-row]")).to_have_count(1)
    assert_accessible(page)
    page.locator("a[data-row]").click()
    expect(page.locator("#timeline")).to_contain_text("de paal doet het niet")
    assert_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.locator("#composer-text").click()  # one line until it is wanted
    expect(page.locator("[data-send]")).to_be_in_viewport()


def test_a_file_is_uploaded_while_writing_and_goes_out_with_the_reply(page: Page, desk: Desk) -> None:
    desk.sign_in(page)
    desk.wait_until_live(page)
    desk.open_thread(page, "Heeft u een handleiding?")
    handbook = {"name": "handleiding.txt", "mimeType": "text/plain", "buffer": b"Stap 1: lees dit."}
    page.locator("input[type=file]").set_input_files(handbook)  # type: ignore[arg-type]
    expect(page.locator(".upload [name=attachment_id]")).to_have_count(1)
    desk.reply(page, "Zie de bijlage")
    expect(page.locator(".message--outgoing .attachment", has_text="handleiding.txt")).to_be_visible()


@pytest.mark.full
def test_resolving_can_be_undone(page: Page, desk: Desk) -> None:
    desk.sign_in(page)
    desk.wait_until_live(page)
    desk.open_thread(page, "Is dit klaar?")
    page.locator("#thread-head [data-key=e]").click()
    expect(page.locator("#thread-head")).to_contain_text("Resolved")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#thread-head")).to_contain_text("Open")
    expect(page.locator("#thread-head [data-key=e]")).to_contain_text("Resolve")


TOP_OF_FIRST = "box => box.querySelector('.message').getBoundingClientRect().top"


def test_a_reader_further_up_is_not_moved_and_told_of_the_new_message(page: Page, desk: Desk) -> None:
    desk.sign_in(page)
    desk.wait_until_live(page)
    desk.open_thread(page, "Lang verhaal")
    desk.customer_writes("\n".join(f"regel {n}" for n in range(80)))
    expect(page.locator("#timeline")).to_contain_text("regel 79")
    box = page.locator(".timeline-scroll")
    box.evaluate("box => { box.scrollTop = -600; }")
    place = box.evaluate(TOP_OF_FIRST)
    desk.customer_writes("En dit nog")
    expect(page.locator("#jump")).to_be_visible()
    # The browser itself may move the box by a frame before it is put right.
    page.wait_for_function(
        f"place => Math.abs(({TOP_OF_FIRST})(document.querySelector('.timeline-scroll')) - place) < 3", arg=place
    )
    page.locator("#jump").click()
    expect(page.locator("#timeline")).to_contain_text("En dit nog")
    expect(page.locator(".message", has_text="En dit nog")).to_be_in_viewport()


def test_earlier_messages_come_when_one_reads_up_and_are_there_once_when_something_new_arrives(page: Page, desk: Desk) -> None:
    desk.sign_in(page)
    desk.wait_until_live(page)
    desk.open_thread(page, "Bericht 0 van een lang gesprek")
    write_more(desk, 31)
    page.reload()
    desk.wait_until_live(page)
    expect(page.locator("#timeline-older")).to_have_count(1)
    page.locator(".timeline-scroll").evaluate("box => { box.scrollTop = -box.scrollHeight; }")
    expect(page.locator("#timeline .message", has_text="Bericht 0 van")).to_be_visible()
    desk.customer_writes("En nog een laatste")
    expect(page.locator("#timeline")).to_contain_text("En nog een laatste")
    expect(page.locator("#timeline .message")).to_have_count(33)
    expect(page.locator("#timeline-older")).to_have_count(0)
    shown = page.locator("#timeline .message").evaluate_all("all => all.map(one => one.dataset.at)")
    assert shown == sorted(shown)


def write_more(desk: Desk, count: int) -> None:
    """More messages in the only thread, which no page is told of."""
    with desk.live.app.app_context(), transaction() as session:
        thread = session.execute(sa.select(Thread).where(Thread.brand_id == desk.brand_id)).scalar_one()
        for number in range(1, count + 1):
            make_message(session, thread, f"Bericht {number} van een lang gesprek", at=utc_now())


def test_when_more_came_at_once_than_a_page_holds_none_is_left_out(page: Page, desk: Desk) -> None:
    desk.sign_in(page)
    desk.wait_until_live(page)
    desk.open_thread(page, "Bericht 0 van een lang gesprek")
    write_more(desk, 30)
    page.evaluate("document.dispatchEvent(new CustomEvent('thread-changed-here'))")
    expect(page.locator("#timeline")).to_contain_text("Bericht 30 van")
    expect(page.locator("#timeline-older")).to_have_count(1)
    page.locator(".timeline-scroll").evaluate("box => { box.scrollTop = -box.scrollHeight; }")
    expect(page.locator("#timeline .message")).to_have_count(31)


def test_a_row_that_changes_while_the_button_is_down_still_hears_the_click(page: Page, desk: Desk) -> None:
    desk.customer_writes("Eerste bericht", number="31698765432", name="Sanne Bakker")
    desk.sign_in(page)
    desk.wait_until_live(page)
    row = page.locator("a[data-row]", has_text="Eerste bericht")
    row.hover()
    page.mouse.down()
    with page.expect_response(lambda answer: "x-refresh" in answer.request.headers) as refreshed:
        desk.customer_writes("Tweede bericht", number="31698765432", name="Sanne Bakker")
    refreshed.value.finished()
    page.mouse.up()
    expect(page.locator("#timeline")).to_contain_text("Tweede bericht")


def test_an_answer_that_comes_late_changes_nothing_on_the_thread_opened_meanwhile(page: Page, desk: Desk) -> None:
    desk.sign_in(page)
    desk.wait_until_live(page)
    desk.customer_writes("Tweede gesprek", number="31698765432", name="Sanne Bakker")
    other = page.locator("a[data-row]", has_text="Tweede gesprek")
    expect(other).to_be_visible()
    desk.open_thread(page, "Eerste gesprek")
    late: list[Route] = []
    page.route(page.url, lambda route: late.append(route) if "x-refresh" in route.request.headers else route.continue_())
    with page.expect_request(lambda request: "x-refresh" in request.headers):
        desk.customer_writes("Nog iets over het eerste")
    other.click()
    expect(page.locator("#timeline")).to_contain_text("Tweede gesprek")
    for route in late:
        route.continue_()
    expect(page.locator("#thread-list")).to_contain_text("Nog iets over het eerste")
    expect(page.locator("#thread-head h1")).to_have_text("Sanne Bakker")
