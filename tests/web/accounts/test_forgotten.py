"""A forgotten password: a link by mail, for an hour, once; nobody learns who has an account."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.runtime import EXTENSION
from app.domain.accounts.invitations import VALID_FORGOTTEN, InvitationGone, get_invited
from app.domain.accounts.passwords import hash_password
from app.sandbox.simulators.notices.app import Notices, start_notices
from tests.factories import make_user
from tests.support.pages import PageClient
from tests.support.signing_in import csrf_token

PASSWORD = "vier woorden voor sarah"


@pytest.fixture
def notices(app: Flask) -> Iterator[Notices]:
    """A mail server that takes everything."""
    notices, usual = start_notices(), app.extensions[EXTENSION]
    settings = replace(usual.settings, smtp_url=f"smtp://127.0.0.1:{notices.smtp.port}")
    app.extensions[EXTENSION] = replace(usual, settings=settings)
    yield notices
    app.extensions[EXTENSION] = usual
    notices.smtp.stop()


def mails(notices: Notices) -> list[dict[str, str]]:
    return notices.app.test_client().get("/__sim/mails").json["mails"]  # type: ignore[index,no-any-return]


def ask(client: FlaskClient, email: str) -> str:
    answer = client.post("/forgotten-password", data={"email": email, "csrf_token": csrf_token(client)})
    assert answer.status_code == 200
    answer.close()  # what is done after the answer is done now
    return answer.text.split("banner--done")[1].split("</div>")[0].replace(email, "…")


def test_a_link_comes_by_mail_and_sets_a_password_once(
    app: Flask, page_client: PageClient, db_session: Session, notices: Notices
) -> None:
    sarah = make_user(db_session, "Sarah", password_hash=hash_password("something she forgot"))
    db_session.commit()
    client = page_client.plain
    assert "/forgotten-password" in page_client.get("/sign-in").text
    answers = {ask(client, sarah.email.upper()), ask(client, "nobody@example.nl")}
    assert len(answers) == 1
    (mail,) = mails(notices)
    path = "/invitation/" + mail["text"].split("/invitation/")[1].split()[0]
    secret, token = app.extensions[EXTENSION].settings.secret_key, path.rpartition("/")[2]
    with pytest.raises(InvitationGone):
        get_invited(db_session, token, secret_key=secret, now=utc_now() + VALID_FORGOTTEN + timedelta(minutes=1))
    for status in (303, 410):
        assert client.post(path, data={"password": PASSWORD, "csrf_token": csrf_token(client)}).status_code == status
    assert client.get("/inbox").status_code == 200


def test_without_a_mail_server_an_administrator_is_named(page_client: PageClient) -> None:
    assert "An administrator can give you a new one." in page_client.get("/sign-in").text


def test_who_asks_too_often_waits(page_client: PageClient) -> None:
    client = page_client.plain
    answers = [
        client.post("/forgotten-password", data={"email": "a@example.nl", "csrf_token": csrf_token(client)}).status_code
        for _n in range(12)
    ]
    assert answers[0] == 200
    assert 429 in answers
