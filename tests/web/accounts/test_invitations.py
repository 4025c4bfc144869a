"""Invitations: a link that is shown once or mailed, for three days, for one password."""

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
from app.domain.accounts.access import visible_brand_ids
from app.domain.accounts.actions import disable_user
from app.domain.accounts.invitations import VALID, InvitationGone, get_invited, make_invitation
from app.domain.accounts.models import Brand, Role, User
from app.domain.accounts.queries import find_user_by_email
from app.domain.events.actions import SYSTEM
from app.sandbox.simulators.notices.app import start_notices
from tests.factories import NOW, make_brand, make_user
from tests.support.pages import PageClient
from tests.support.signing_in import csrf_token, sign_in

PASSWORD = "vier woorden voor sarah"
FORM = {"name": "Sarah Bakker", "email": " Sarah@Example.nl ", "role": "lead"}


@pytest.fixture
def brand(db_session: Session) -> Brand:
    return make_brand(db_session)


@pytest.fixture
def root(page_client: PageClient, db_session: Session, brand: Brand) -> User:
    user = make_user(db_session, "Root", role=Role.ADMIN)
    sign_in(page_client.plain, db_session, user)
    return user


def added(client: PageClient, brand: Brand) -> str:
    answer = client.post("/settings/people", data={**FORM, "brands": [str(brand.id)], "csrf_token": csrf_token(client.plain)})
    assert answer.status_code == 201
    return str(answer.text)


def link_of(text: str) -> str:
    return "/invitation/" + text.split("/invitation/")[1].split("<")[0]


def choose(client: FlaskClient, path: str, password: str = PASSWORD) -> int:
    return int(client.post(path, data={"password": password, "csrf_token": csrf_token(client)}).status_code)


def test_a_colleague_is_added_by_a_link_chooses_a_password_and_is_signed_in(
    app: Flask, page_client: PageClient, root: User, brand: Brand, db_session: Session
) -> None:
    path = link_of(added(page_client, brand))
    sarah = find_user_by_email(db_session, "sarah@example.nl")
    assert sarah is not None
    assert (sarah.role, sarah.password_hash, visible_brand_ids(db_session, sarah)) == (Role.LEAD, None, (brand.id,))
    assert "/invitation/" not in page_client.get(f"/settings/people/{sarah.id}").text.replace(f"{sarah.id}/invitation", "")
    own = app.test_client()
    assert "sarah@example.nl" in own.get(path).text
    assert choose(own, path, "short") == 422
    assert choose(own, path) == 303
    assert own.get("/inbox").status_code == 200
    other = app.test_client()
    assert (other.get(path).status_code, choose(other, path)) == (410, 410)


def test_a_link_ends_after_three_days_and_with_the_account(db_session: Session) -> None:
    make_user(db_session, "Root", role=Role.ADMIN)
    sarah = make_user(db_session, "Sarah")
    token = make_invitation(sarah, secret_key="k", now=NOW)
    assert get_invited(db_session, token, secret_key="k", now=NOW + VALID - timedelta(seconds=1)) is sarah
    for key, now in (("k", NOW + VALID), ("other", NOW)):
        with pytest.raises(InvitationGone):
            get_invited(db_session, token, secret_key=key, now=now)
    disable_user(db_session, sarah.id, now=NOW, actor=SYSTEM)
    with pytest.raises(InvitationGone):
        get_invited(db_session, token, secret_key="k", now=NOW)


def test_a_mail_server_brings_the_invitation_and_the_page_keeps_it_to_itself(
    app: Flask, page_client: PageClient, root: User, brand: Brand, db_session: Session, smtp_port: int
) -> None:
    text = added(page_client, brand)
    assert "The invitation is on its way to sarah@example.nl" in text
    assert "invitation-link" not in text


def test_where_the_mail_server_refuses_the_link_is_shown(
    app: Flask, page_client: PageClient, root: User, brand: Brand, db_session: Session
) -> None:
    usual = app.extensions[EXTENSION]
    app.extensions[EXTENSION] = replace(usual, settings=replace(usual.settings, smtp_url="smtp://127.0.0.1:1"))
    try:
        assert "invitation-link" in added(page_client, brand)
    finally:
        app.extensions[EXTENSION] = usual


def test_somebody_without_a_password_is_invited_again_and_somebody_with_one_is_not(
    app: Flask, page_client: PageClient, root: User, brand: Brand, db_session: Session
) -> None:
    sarah = make_user(db_session, "Sarah", brands=(brand,))
    db_session.commit()
    data = {"csrf_token": csrf_token(page_client.plain)}
    again = page_client.plain.post(f"/settings/people/{sarah.id}/invitation", data=data)
    secret = app.extensions[EXTENSION].settings.secret_key
    user = get_invited(db_session, link_of(again.text).rpartition("/")[2], secret_key=secret, now=utc_now())
    assert user.id == sarah.id
    sarah.password_hash = "x"
    db_session.commit()
    assert page_client.plain.post(f"/settings/people/{sarah.id}/invitation", data=data).status_code == 409


@pytest.fixture
def smtp_port(app: Flask) -> Iterator[int]:
    """A mail server that takes everything."""
    notices, usual = start_notices(), app.extensions[EXTENSION]
    settings = replace(usual.settings, smtp_url=f"smtp://127.0.0.1:{notices.smtp.port}")
    app.extensions[EXTENSION] = replace(usual, settings=settings)
    yield notices.smtp.port
    app.extensions[EXTENSION] = usual
    notices.smtp.stop()
