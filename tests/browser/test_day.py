"""An agent's day without a mouse or a reload: answer, tag, snooze, merge, note a task, close two hundred and take it back."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from app.core.clock import utc_now
from app.core.db import transaction
from app.domain.accounts.models import Brand
from app.domain.connections.models import Channel
from app.domain.contacts.models import Contact
from app.domain.tasks.models import Task
from app.domain.threads.models import Message, MessageType, Thread, ThreadStatus
from tests.browser.conftest import Desk
from tests.domain.orders.factories import make_order
from tests.factories import make_contact, make_message, make_thread
from tests.support.browsing import wait_until_bound
from tests.support.full import amount

pytestmark = pytest.mark.browser
ANSWERED, TO_CLOSE = amount(5, full=20), amount(60, full=200)  # more than a batch, and than a page shows
MOST_PRESSES, OF_ANSWERS = 6, 20  # key presses for each of so many answers, with all else of the day


class Keyboard:
    """Presses keys and counts them; text that somebody must write anyway counts nothing."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.presses = 0

    def press(self, *keys: str) -> None:
        """Press one after the other; the focus is somewhere before each of them."""
        for key in keys:
            if self.presses:
                expect(self.page.locator("body")).not_to_be_focused()
            self.presses += 1
            self.page.keyboard.press(key)

    def write(self, text: str) -> None:
        self.page.keyboard.type(text)


def fill(desk: Desk, count: int, *, said: str) -> None:
    """`count` threads that wait, each of another person."""
    with desk.live.app.app_context(), transaction() as session:
        channel = session.get_one(Channel, desk.channel_id)
        for n in range(count):
            at = utc_now() - timedelta(hours=1)
            contact = make_contact(session, f"{said} van klant {n}", value=f"{desk.number}{len(said)}{n:03}")
            make_message(session, make_thread(session, channel, contact, at=at), f"{said} {n}", at=at)
    numbers = [f"{desk.number}{len(said)}{n:03}" for n in range(count)]
    desk.simulator("windows", windows=[{"wa_id": number, "phone_number_id": desk.phone_number_id} for number in numbers])


def an_order(desk: Desk) -> str:
    """The number of an order of a customer who wrote."""
    with desk.live.app.app_context(), transaction() as session:
        wrote = session.execute(sa.select(Contact).where(Contact.name == "Overig van klant 1")).scalar_one()
        return make_order(session, session.get_one(Brand, desk.brand_id), wrote).order_number


def count(desk: Desk, what: sa.Select[tuple[int]]) -> int:
    with desk.live.app.app_context(), transaction() as session:
        return int(session.execute(what).scalar_one())


def count_of(model: type, *conditions: sa.ColumnElement[bool]) -> sa.Select[tuple[int]]:
    return sa.select(sa.func.count()).select_from(model).where(*conditions)


def settled(page: Page) -> None:
    expect(page.locator(".htmx-request, .htmx-settling")).to_have_count(0)
    wait_until_bound(page)


@pytest.mark.timeout(1800)  # a whole day takes a slow machine minutes
def test_a_day_without_a_mouse(page: Page, desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    fill(desk, ANSWERED, said="Vraag")
    fill(desk, 3, said="Overig")  # later, so that they wait behind
    order = an_order(desk)
    of_brand = Thread.brand_id == desk.brand_id
    desk.sign_in_by_form(page)
    desk.wait_until_live(page)
    expect(page.locator("a[data-row]")).to_have_count(ANSWERED + 3)
    page.evaluate("window.notReloaded = true")
    keys = Keyboard(page)

    waits = page.locator("a[data-row]", has_text="Vraag")
    keys.press("j")
    for n in range(ANSWERED):
        expect(page.locator("#timeline")).to_contain_text(f"Vraag {n}")  # the next one opened by itself
        settled(page)
        keys.press("r")
        expect(page.locator("#composer-text")).to_be_focused()
        keys.write(f"Antwoord {n}")
        keys.press("Control+Shift+Enter")
        expect(waits).to_have_count(ANSWERED - n - 1)
    for_answers = keys.presses
    answers = count_of(Message, Message.brand_id == desk.brand_id, Message.message_type == MessageType.OUTGOING)
    assert count(desk, answers) == ANSWERED
    assert count(desk, count_of(Thread, of_brand, Thread.status == ThreadStatus.RESOLVED)) == ANSWERED

    expect(page.locator("#timeline")).to_contain_text("Overig 0")
    settled(page)
    keys.press("t")
    expect(page.locator("#tag-create")).to_be_attached()
    keys.write("garantie")
    keys.press("Enter")
    expect(page.locator("#thread-head .tag")).to_have_text("garantie")
    keys.press("d")
    expect(page.locator("#thread-task-title")).to_be_focused()
    keys.write("Onderdeel bestellen")
    keys.press("Enter")
    expect(page.locator("#thread-tasks")).to_contain_text("Onderdeel bestellen")
    assert count(desk, count_of(Task, Task.brand_id == desk.brand_id)) == 1
    keys.press("Escape", "h", "Enter")
    expect(page.locator("a[data-row]", has_text="Overig 0")).to_have_count(0)
    expect(page.locator("#timeline")).to_contain_text("Overig 1")
    settled(page)
    keys.press("y", "ArrowDown", "Enter")
    expect(page.locator("#head-type")).to_have_attribute("title", "Type: Partner inquiry (Y)")
    settled(page)
    keys.press("l")
    expect(page.locator("#about-search")).to_be_focused()
    keys.write(order)
    expect(page.locator(f'[data-sought="{order}"] .is-active')).to_contain_text(order)
    keys.press("Enter")
    expect(page.locator("#thread-orders")).to_contain_text(order)
    settled(page)
    keys.press("m")
    expect(page.locator("#merge-search")).to_be_focused()
    keys.write("Overig van klant 2")
    expect(page.locator('[data-sought="Overig van klant 2"] .is-active')).to_contain_text("Overig 2")
    keys.press("Enter")
    expect(page.locator("#timeline .message")).to_have_count(2)
    expect(page.locator("a[data-row]")).to_have_count(1)
    keys.press("z")
    expect(page.locator("a[data-row]")).to_have_count(2)

    closed = count(desk, count_of(Thread, of_brand, ~Thread.is_open))
    fill(desk, TO_CLOSE, said="Rondvraag")
    waiting = count(desk, count_of(Thread, of_brand, Thread.is_open, Thread.snoozed_until.is_(None)))
    desk.customer_writes("Ik ben er ook nog")
    expect(page.locator("a[data-row]", has_text="Ik ben er ook nog")).to_be_visible()
    keys.press("*")
    expect(page.locator("[data-chosen]")).to_have_text(f"{waiting + 1} selected")
    keys.press("e")
    expect(page.locator("#bulk-progress")).to_contain_text(f"{waiting + 1} threads changed")
    assert count(desk, count_of(Thread, of_brand, ~Thread.is_open)) == closed + waiting + 1
    keys.press("z")
    expect(page.locator("#bulk-progress")).to_contain_text(f"Undo: {waiting + 1} threads changed")
    assert count(desk, count_of(Thread, of_brand, ~Thread.is_open)) == closed
    expect(page.locator("body")).not_to_be_focused()
    assert page.evaluate("window.notReloaded") is True

    keys.press("+")
    expect(page.locator("#write-to")).to_be_focused()
    keys.write("Overig van klant 2")
    keys.press("Enter")
    expect(page.locator(".write-page__open button").first).to_be_focused()  # they have one open: on in that
    keys.press("Enter")
    expect(page.locator("#composer-text")).to_be_focused()
    settled(page)
    keys.write("Hoe is het nu?")
    keys.press("Control+Enter")
    expect(page.locator("#timeline")).to_contain_text("Hoe is het nu?")
    assert count(desk, answers) == ANSWERED + 1
    per_answer = for_answers / ANSWERED + (keys.presses - for_answers) / OF_ANSWERS
    with capsys.disabled():
        print(f"\nkey presses of the day per answered thread beside its text: {per_answer:.2f}")
    assert per_answer <= MOST_PRESSES


@pytest.mark.full
@pytest.mark.timeout(900)
def test_ten_threads_are_triaged_with_few_keys_and_each_key_is_for_the_marked_one(
    page: Page, desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(desk, 10, said="Vraag")
    desk.sign_in(page)
    desk.wait_until_live(page)
    expect(page.locator("a[data-row]")).to_have_count(10)
    keys = Keyboard(page)
    opened, marked = page.locator("#timeline"), page.locator("a[data-row][aria-current=true]")

    def shows(n: int) -> None:
        for place in (opened, marked):
            expect(place).to_contain_text(f"Vraag {n}")
        settled(page)

    keys.press("j")
    for n in range(4):
        shows(n)
        keys.press("e")
    for n in (4, 5):
        shows(n)
        keys.press("h", "Enter")
    for n in (6, 7):
        shows(n)
        keys.press("a", "Enter")
        expect(page.locator("#head-assignee")).to_contain_text("Alice")
        settled(page)
        page.locator("a[data-row][aria-current=true]").focus()
        keys.press("j")
    for n in (8, 9):
        shows(n)
        keys.press("r")
        keys.write(f"Antwoord {n}")
        keys.press("Control+Shift+Enter")
    expect(page.locator("a[data-row]")).to_have_count(2)
    of_brand = Thread.brand_id == desk.brand_id
    assert count(desk, count_of(Thread, of_brand, Thread.status == ThreadStatus.RESOLVED)) == 6
    assert count(desk, count_of(Thread, of_brand, Thread.snoozed_until.is_not(None))) == 2
    assert count(desk, count_of(Thread, of_brand, Thread.is_open, Thread.assignee_user_id.is_not(None))) == 2
    with capsys.disabled():
        print(f"\nkey presses to triage ten threads: {keys.presses}")
    assert keys.presses <= 25
