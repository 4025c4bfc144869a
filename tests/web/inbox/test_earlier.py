"""Earlier messages are asked for alone, without the page around them."""

from __future__ import annotations

import re
from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.core.runtime import runtime
from tests.factories import NOW, make_brand, make_channel, make_contact, make_message, make_thread, make_user
from tests.support.signing_in import sign_in


def test_reading_up_brings_the_messages_and_nothing_else(app: Flask, db_session: Session, client: FlaskClient) -> None:
    with app.app_context():
        brand = make_brand(db_session)
        thread = make_thread(db_session, make_channel(db_session, brand, keyring=runtime().keyring), make_contact(db_session))
    for n in range(25):
        make_message(db_session, thread, f"Bericht {n}.", at=NOW + timedelta(minutes=n))
    user = make_user(db_session, "Alice", brands=(brand,))
    db_session.commit()
    sign_in(client, db_session, user)
    link = re.search(r'hx-get="([^"]*before=[^"]*)"', client.get(f"/threads/{thread.id}").text)
    assert link
    headers = {"HX-Request": "true", "HX-Target": "timeline-older"}
    answer = client.get(link[1].replace("&amp;", "&"), headers=headers)
    assert (answer.status_code, "Bericht 0." in answer.text, "<html" in answer.text) == (200, True, False)
