"""What a list shows of a thread: the words of the conversation, not what colleagues note beside it."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session

from app.domain.threads.models import MessageType
from tests.factories import make_message
from tests.web.inbox.test_pages import Desk, desk

__all__ = ["desk"]


def test_a_note_does_not_take_the_place_of_the_customers_words(desk: Desk, db_session: Session) -> None:
    at = desk.thread.last_message_at + timedelta(hours=1)
    make_message(db_session, desk.thread, "Wanneer komt u?", at=at)
    make_message(db_session, desk.thread, "Alex vragen", at=at, message_type=MessageType.INTERNAL_NOTE)
    assert desk.thread.preview == "Wanneer komt u?"
    make_message(db_session, desk.thread, "Morgen om tien uur", at=at, message_type=MessageType.OUTGOING)
    assert desk.thread.preview == "Morgen om tien uur"
