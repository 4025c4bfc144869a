"""How much of a window is for reading: heights of head and composer, and how many ordinary messages show."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from app.core.clock import utc_now
from app.core.db import transaction
from app.core.runtime import runtime
from app.domain.accounts.models import Brand
from app.domain.connections.models import Channel, ChannelType
from app.domain.threads.models import MessageType
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
    """A thread of eight messages by WhatsApp and one by e-mail, in a brand that has four mailboxes."""
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
            page.locator("#composer-text").focus()
            pane = height(page, ".pane--thread")
            assert 100 < height(page, "#composer") <= pane // 2, where
            page.locator("#composer-text").fill("regel\n" * 40)
            assert height(page, "#composer") <= pane // 2 + 60, where
            page.locator("#composer-text").fill("")
