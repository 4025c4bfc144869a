"""A row is kept for what it shows, and for nobody else's."""

from __future__ import annotations

from flask import Flask
from sqlalchemy.orm import Session

from app.core.runtime import runtime
from app.domain.threads.models import Thread
from tests.factories import make_brand, make_channel, make_contact, make_message, make_thread, make_user
from tests.support.pages import PageClient
from tests.support.signing_in import sign_in


def row_of(client: PageClient, thread: Thread, path: str = "/inbox") -> str:
    return client.get(path).text.split(f'id="row-{thread.id}"')[1].split("</li>")[0]


def test_a_row_follows_its_thread_its_reader_and_its_list(app: Flask, page_client: PageClient, db_session: Session) -> None:
    brand = make_brand(db_session)
    alice, bob = make_user(db_session, "Alice", brands=(brand,)), make_user(db_session, "Bob", brands=(brand,))
    bob.locale = "nl"
    with app.app_context():
        channel = make_channel(db_session, brand, keyring=runtime().keyring)
    thread = make_thread(db_session, channel, make_contact(db_session))
    make_message(db_session, thread, "Wanneer komt u?")
    sign_in(page_client.plain, db_session, alice)
    first = row_of(page_client, thread)
    assert row_of(page_client, thread) == first
    assert "unread" in first
    assert "view=all" in row_of(page_client, thread, "/inbox/all")
    page_client.get(f"/threads/{thread.id}")
    assert "unread" not in row_of(page_client, thread)
    thread.assignee_user_id = bob.id
    db_session.flush()
    assert 'title="Bob"' in row_of(page_client, thread)
    sign_in(page_client.plain, db_session, bob)
    assert "ongelezen" in row_of(page_client, thread)
