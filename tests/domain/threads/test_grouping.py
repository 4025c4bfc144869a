"""Messages in one breath stand together, each still itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.core.runtime import runtime
from app.domain.connections.models import ChannelType
from app.domain.threads.grouping import follows_on, is_picture
from app.domain.threads.models import Attachment, Message, MessageType
from tests.factories import NOW, make_brand, make_channel, make_contact, make_message, make_thread, make_user
from tests.support.pages import PageClient
from tests.support.signing_in import sign_in


def a_message(seconds: int = 0, **changes: Any) -> Message:
    values = {"message_type": MessageType.INCOMING, "medium": "whatsapp", "sender": {"address": "31612345678"}, "text": "x"}
    return Message(**{**values, "html": "", "occurred_at": NOW + timedelta(seconds=seconds), **changes})


@pytest.mark.parametrize(
    ("seconds", "changes", "joins"),
    [
        (0, {}, True),
        (60, {}, True),
        (61, {}, False),
        (5, {"message_type": MessageType.OUTGOING}, False),
        (5, {"sender": {"address": "31687654321"}}, False),
        (5, {"medium": "sms"}, False),
        (5, {"automatic": "auto_reply"}, False),
    ],
)
def test_what_goes_on_where_the_one_before_ended(seconds: int, changes: dict[str, Any], joins: bool) -> None:
    assert follows_on(a_message(seconds, **changes), a_message()) is joins


def test_mails_and_calls_stand_alone_and_so_does_the_first() -> None:
    assert not follows_on(a_message(), None)
    assert not follows_on(a_message(1, medium="email"), a_message(medium="email"))
    call = {"message_type": MessageType.PHONE_CALL, "medium": "phone"}
    assert not follows_on(a_message(1, **call), a_message(**call))


def test_a_picture_is_nothing_but_pictures() -> None:
    picture = Attachment(state="stored", content_type="image/jpeg")
    assert is_picture(a_message(text=""), [picture])
    assert not is_picture(a_message(text="Zie foto"), [picture])
    assert not is_picture(a_message(text=""), [picture, Attachment(state="stored", content_type="application/pdf")])
    assert not is_picture(a_message(text=""), [Attachment(state="pending", content_type="image/jpeg")])
    assert not is_picture(a_message(text=""), [])


def test_the_timeline_marks_what_joins_and_keeps_each_message_an_item(
    app: Flask, page_client: PageClient, db_session: Session
) -> None:
    brand = make_brand(db_session)
    alice = make_user(db_session, "Alice", brands=(brand,))
    with app.app_context():
        channel = make_channel(db_session, brand, ChannelType.WHATSAPP_BUSINESS, keyring=runtime().keyring)
    thread = make_thread(db_session, channel, make_contact(db_session), at=NOW)
    made = [make_message(db_session, thread, f"Bericht {n}", at=NOW + timedelta(seconds=40 * n)) for n in range(23)]
    late = make_message(db_session, thread, "Later", at=NOW + timedelta(hours=1))
    db_session.commit()
    sign_in(page_client.plain, db_session, alice)
    page = page_client.get(f"/threads/{thread.id}").text
    assert page.count("message--joins") == 19  # of 20 shown: the first goes on from the page before, the last stands alone
    assert all(page.count(f'id="item-{message.id}"') == 1 for message in (*made[-19:], late))
