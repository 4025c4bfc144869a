"""The timeline: what was said in which order, page by page."""

from flask import Flask
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.runtime import runtime
from app.domain.threads.timeline import list_timeline
from tests.factories import make_brand, make_channel, make_contact, make_message, make_thread, make_viewer


def test_messages_of_one_second_keep_their_order_over_all_pages(app: Flask, db_session: Session) -> None:
    now = utc_now()
    brand = make_brand(db_session)
    with app.app_context():
        channel = make_channel(db_session, brand, keyring=runtime().keyring)
    thread = make_thread(db_session, channel, make_contact(db_session), at=now)
    said = [make_message(db_session, thread, f"Bericht {n}", at=now).text for n in range(12)]
    viewer = make_viewer(db_session, brands=(brand,))

    read: list[str] = []
    cursor: str | None = None
    for _ in range(3):
        page = list_timeline(db_session, viewer=viewer, thread=thread, before=cursor, limit=5)
        read[:0] = [item.message.text for item in page.items if item.message]
        cursor = page.older_cursor

    assert (read, cursor) == (said, None)
