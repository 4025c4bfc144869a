"""How much of a window is for reading: heights of head and composer, and how many ordinary messages show."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from app.core.clock import utc_now
from app.core.db import transaction
from app.core.runtime import runtime
from app.domain.accounts.models import Brand, User
from app.domain.connections.models import Channel, ChannelType
from app.domain.contacts.models import Contact
from app.domain.threads.models import MessageType, Priority, Thread, ThreadStatus
from tests.browser.conftest import Desk
from tests.factories import make_channel, make_contact, make_message, make_thread
from tests.support.browsing import wait_until_bound

pytestmark = pytest.mark.browser
DESKTOP, PHONE = (1440, 900, 5), (390, 844, 3)
ASKED = "Goedemorgen, de laadpaal knippert rood sinds de installatie van vrijdag. Kunt u vandaag iemand sturen?"
SAID = "Vervelend. Wilt u de groep in de meterkast tien seconden uitzetten en een foto sturen?"
SEEN = """() => {
  const box = document.querySelector(".timeline-scroll").getBoundingClientRect();
  const whole = ({ top, bottom }) => top >= box.top - 1 && bottom <= box.bottom + 1;
  return [...document.querySelectorAll("#timeline .message")].filter((one) => whole(one.getBoundingClientRect())).length;
}"""


def fill(desk: Desk) -> dict[str, uuid.UUID]:
    """A thread of eight messages by WhatsApp and one by email, in a brand that has four mailboxes."""
    with desk.live.app.app_context(), transaction() as session:
        chat = session.get_one(Channel, desk.channel_id)
        brand = session.get_one(Brand, chat.brand_id)
        boxes = [
            make_channel(
                session, brand, ChannelType.EMAIL_OUTLOOK, keyring=runtime().keyring, address=f"box{n}.{desk.name}@example.nl"
            )
            for n in range(4)
        ]
        found = {}
        for channel, key, value in ((chat, "wa_id", desk.number), (boxes[0], "email", f"klant.{desk.name}@example.nl")):
            at = utc_now() - timedelta(hours=4)
            thread = make_thread(session, channel, make_contact(session, "Pieter van Dam", kind=key, value=value), at=at)
            thread.subject = "Laadpaal knippert rood na installatie" if key == "email" else ""
            for n in range(8):
                ours = n % 2 == 1
                what = MessageType.OUTGOING if ours else MessageType.INCOMING
                more = {"delivery_status": "read"} if ours else {}
                make_message(
                    session, thread, SAID if ours else ASKED, at=at + timedelta(minutes=20 * n), message_type=what, **more
                )
            found[channel.medium.value] = thread.id
        return found


ROWS = """() => [...document.querySelectorAll("a.thread-row")].map((row) => {
  const box = row.getBoundingClientRect(), who = row.querySelector(".thread-row__who");
  const parts = [...row.querySelectorAll(".thread-row__line > *, .thread-row__meta > *, .thread-row__subject")];
  // Words of a part that clips end where it does.
  const shown = [...row.querySelectorAll(".thread-row__meta > :not(.thread-row__tags), .thread-row__tags > .tag")].map((one) => {
    const { left, right } = one.getBoundingClientRect(), tags = one.closest(".thread-row__tags");
    const clips = tags && getComputedStyle(tags).overflowX !== "visible";
    return [left, clips ? Math.min(right, tags.getBoundingClientRect().right) : right];
  }).filter(([left, right]) => right - left > 1);
  return {
    over: shown.some(([left], place) => place > 0 && left < shown[place - 1][1] - 1),
    tall: box.height,
    cut: who.scrollWidth > who.clientWidth,
    out: parts.filter((one) => one.getBoundingClientRect().right > box.right - 8).map((one) => one.className),
  };
})"""
OUT_OF_HEAD = """() => {
  const pane = document.querySelector(".pane--thread").getBoundingClientRect();
  const parts = [...document.querySelectorAll(".thread-head__facts > *")].filter((one) => one.getBoundingClientRect().width);
  return parts.filter((one) => one.getBoundingClientRect().right > pane.right).map((one) => one.outerHTML.slice(0, 80));
}"""


def height(page: Page, selector: str) -> int:
    box = page.locator(selector).bounding_box()
    assert box is not None
    return round(box["height"])


def test_most_of_the_window_is_for_reading(page: Page, desk: Desk) -> None:
    threads = fill(desk)
    desk.sign_in(page)
    for width, tall, least in (DESKTOP, PHONE):
        page.set_viewport_size({"width": width, "height": tall})
        for medium, thread_id in threads.items():
            page.goto(f"/threads/{thread_id}")
            expect(page.locator("#timeline .message")).to_have_count(8)
            wait_until_bound(page)
            where = f"{medium} at {width}"
            assert height(page, "#thread-head") <= 88, where
            assert height(page, "#composer") <= 64, where
            assert page.evaluate(SEEN) >= least, where
            assert page.evaluate("document.documentElement.scrollWidth") <= width, where
            assert width == PHONE[0] or page.evaluate(OUT_OF_HEAD) == [], where  # on a phone the row of facts scrolls
            page.locator("#composer-text").focus()
            pane = height(page, ".pane--thread")
            assert 100 < height(page, "#composer") <= pane // 2, where
            page.locator("#composer-text").fill("regel\n" * 40)
            assert height(page, "#composer") <= pane // 2 + 60, where
            page.locator("#composer-text").fill("")


@pytest.mark.full
def test_rows_of_every_list_have_one_height_whole_names_and_nothing_that_sticks_out(page: Page, desk: Desk) -> None:
    threads = fill(desk)
    with desk.live.app.app_context(), transaction() as session:
        chat, mail = (session.get_one(Thread, threads[medium]) for medium in ("whatsapp", "email"))
        alice = session.execute(sa.select(User).where(User.email == desk.email("alice"))).scalar_one()
        for thread, name in ((chat, "Marijke van Oosterhout-de Graaf"), (mail, "Bo")):
            session.get_one(Contact, thread.contact_id).name = name
            thread.assignee_user_id, thread.priority, thread.tags = (
                alice.id,
                Priority.URGENT,
                ["meterkast verzwaren", "garantie of retour", "klacht"],
            )
        mail.unsent_medium = "email"
        chat.status = ThreadStatus.WAITING_CUSTOMER
    desk.sign_in(page)
    for width, tall in (DESKTOP[:2], PHONE[:2]):
        page.set_viewport_size({"width": width, "height": tall})
        for address in ("/inbox", "/inbox/mine", "/inbox/email", "/inbox/whatsapp", "/inbox?tasks=mine&sort=due", "/inbox/all"):
            page.goto(address)
            expect(page.locator("a.thread-row").first).to_be_visible()
            wait_until_bound(page)
            for row in page.evaluate(ROWS):
                assert row == {"over": False, "tall": 68, "cut": False, "out": []}, f"{address} at {width}"
