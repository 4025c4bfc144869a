"""An agent's day without a mouse or a reload: answer, tag, snooze, merge, note a task, close two hundred and take it back."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from app.core.clock import utc_now
from app.core.db import transaction
from app.domain.connections.models import Channel
from app.domain.tasks.models import Task
from app.domain.threads.models import Message, MessageType, Thread, ThreadStatus
from tests.browser.conftest import Desk
from tests.factories import make_contact, make_message, make_thread
from tests.support.browsing import wait_until_bound
from tests.support.full import amount

pytestmark = pytest.mark.browser
ANSWERED, TO_CLOSE = amount(10, full=20), 200
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
    fill(desk, 3, said="Overig")
    fill(desk, ANSWERED, said="Vraag")
    of_brand = Thread.brand_id == desk.brand_id
    desk.sign_in_by_form(page)
    desk.wait_until_live(page)
    expect(page.locator("a[data-row]")).to_have_count(ANSWERED + 3)
    page.evaluate("window.notReloaded = true")
    keys = Keyboard(page)

    waits = page.locator("a[data-row]", has_text="Vraag")
    for n in range(ANSWERED):
        keys.press("j", "Enter", "r")
        expect(page.locator("#composer-text")).to_be_focused()
        keys.write(f"Antwoord {n}")
        keys.press("Control+Shift+Enter")
        expect(waits).to_have_count(ANSWERED - n - 1)
        expect(page.locator("#composer-text")).to_have_value("")
        expect(page.locator("#composer-text")).to_be_focused()
        keys.press("Escape")
    for_answers = keys.presses
    answers = count_of(Message, Message.brand_id == desk.brand_id, Message.message_type == MessageType.OUTGOING)
    assert count(desk, answers) == ANSWERED
    assert count(desk, count_of(Thread, of_brand, Thread.status == ThreadStatus.RESOLVED)) == ANSWERED

    keys.press("j", "Enter")
    expect(page.locator("#timeline")).to_contain_text("Overig 2")
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
    expect(page.locator("a[data-row]", has_text="Overig 2")).to_have_count(0)

    keys.press("j", "Enter")
    expect(page.locator("#timeline")).to_contain_text("Overig 1")
    settled(page)
    keys.press("m")
    expect(page.locator("#merge-search")).to_be_focused()
    keys.write("Overig van klant 0")
    expect(page.locator('[data-sought="Overig van klant 0"] .is-active')).to_contain_text("Overig 0")
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
    per_answer = for_answers / ANSWERED + (keys.presses - for_answers) / OF_ANSWERS
    with capsys.disabled():
        print(f"\nkey presses of the day per answered thread beside its text: {per_answer:.2f}")
    assert per_answer <= MOST_PRESSES
