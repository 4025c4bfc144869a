"""The first page of an empty installation, and the steps after it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.runtime import EXTENSION
from app.domain.accounts.first_admin import setup_code
from app.domain.accounts.models import Brand, Role, User
from app.domain.brands.first_steps import read_first_steps
from app.domain.threads.models import MessageType
from tests.factories import NOW, make_channel, make_contact, make_message, make_thread, make_user
from tests.process.cli.conftest import (
    Run,
    run,  # noqa: F401
)
from tests.support.pages import PageClient
from tests.support.signing_in import csrf_token

WHOLE = {"name": "Sarah Bakker", "email": "Sarah@Example.nl", "password": "een zin die niemand raadt", "brand": "ChargeCars"}
WHOLE |= {"order_prefix": "", "hue": "1", "language": "fr"}


@pytest.fixture
def code(app: Flask) -> str:
    return setup_code(app.extensions[EXTENSION].settings.secret_key)


def post(client: PageClient, **data: str) -> tuple[int, str, str]:
    answer = client.plain.post("/setup", data={**WHOLE, **data, "csrf_token": csrf_token(client.plain)})
    return answer.status_code, answer.location or "", answer.text


def test_whoever_comes_first_with_the_code_is_the_administrator_and_nobody_after(
    page_client: PageClient, db_session: Session, code: str
) -> None:
    assert page_client.plain.get("/").location == "/setup"
    assert "Your first brand" in page_client.get(f"/setup?code={code}").text
    assert post(page_client, code=code)[:2] == (303, "/settings/first-steps")
    user, brand = db_session.execute(sa.select(User)).scalar_one(), db_session.execute(sa.select(Brand)).scalar_one()
    assert (user.role, user.email, brand.name, brand.languages) == (Role.ADMIN, "sarah@example.nl", "ChargeCars", ["fr"])
    assert "Connect a channel" in page_client.get("/settings/first-steps").text
    assert post(page_client, code=code, email="second@example.nl")[:2] == (303, "/sign-in")
    assert db_session.execute(sa.select(sa.func.count(User.id))).scalar_one() == 1


@pytest.mark.parametrize(
    "field, value",
    [
        ("code", "aaaa-aaaa-aaaa-aaaa"),
        ("code", "é"),
        ("email", "nonsense"),
        ("password", "short"),
        ("brand", ""),
        ("order_prefix", "1"),
        ("hue", "77"),
    ],
)
def test_what_is_not_right_is_said_at_its_field_and_makes_nothing(
    page_client: PageClient, db_session: Session, code: str, field: str, value: str
) -> None:
    status, _location, text = post(page_client, **{"code": code, field: value})
    assert status == 422
    assert f'href="#field-{field}"' in text
    for table in (User, Brand):
        assert db_session.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() == 0


def test_the_command_prints_the_link_until_somebody_can_sign_in(run: Run, db_session: Session, code: str) -> None:  # noqa: F811
    assert run("users", "setup-link").output.endswith(f"/setup?code={code}\n")
    make_user(db_session)
    db_session.commit()
    assert run("users", "setup-link").output == ""


def test_each_step_is_read_from_what_there_is_and_all_can_be_put_away(
    app: Flask, page_client: PageClient, db_session: Session, code: str
) -> None:
    post(page_client, code=code)
    root, brand = db_session.execute(sa.select(User)).scalar_one(), db_session.execute(sa.select(Brand)).scalar_one()
    assert read_first_steps(db_session, root.id).left == 6
    channel = make_channel(db_session, brand, keyring=app.extensions[EXTENSION].keyring)
    thread = make_thread(db_session, channel, make_contact(db_session))
    make_message(db_session, thread)
    make_message(db_session, thread, message_type=MessageType.OUTGOING, sent_at=NOW)
    make_user(db_session)
    db_session.commit()
    steps = read_first_steps(db_session, root.id)
    assert (steps.channel, steps.message, steps.answer, steps.colleague, steps.left) == (True, True, True, True, 2)
    assert "First steps: 2 left" in page_client.get("/settings/profile").text
    data = {"hidden": "on", "csrf_token": csrf_token(page_client.plain)}
    assert page_client.plain.post("/settings/first-steps", data=data).location == "/inbox"
    assert "First steps: 2 left" not in page_client.get("/settings/profile").text
    assert "Show these steps again" in page_client.get("/settings/first-steps").text
