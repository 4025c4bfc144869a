"""`users create`, `tokens create`."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.domain.accounts.access import visible_brand_ids
from app.domain.accounts.models import Role, User
from app.domain.accounts.queries import find_user_by_email
from app.domain.accounts.tokens import viewer_from_bearer
from app.domain.events.models import AuditEntry
from tests.factories import make_brand, make_user
from tests.process.cli.conftest import Run
from tests.support.signing_in import csrf_token


def test_a_created_user_signs_in_with_the_printed_password(run: Run, client: FlaskClient, db_session: Session) -> None:
    made = json.loads(run("users", "create", "Sarah.Bakker@Example.NL", "--role", "lead", "--json").output)
    assert (made["email"], made["name"], made["role"]) == ("sarah.bakker@example.nl", "Sarah Bakker", "lead")
    data = {"email": made["email"], "password": made["password"], "csrf_token": csrf_token(client)}
    assert client.post("/sign-in", data=data).status_code == 303
    assert "UserCreated" in db_session.execute(sa.select(AuditEntry.action)).scalars().all()


def test_a_password_can_come_from_standard_input_and_is_not_printed(run: Run, db_session: Session) -> None:
    result = run("users", "create", "a@example.nl", "--role", "agent", "--password-stdin", input="four words for a\n")
    assert result.exit_code == 0
    assert "four words" not in result.output


def test_a_user_sees_all_brands_or_those_that_are_named(run: Run, db_session: Session) -> None:
    ours, _theirs = make_brand(db_session), make_brand(db_session, "laderthuis")
    db_session.commit()
    run("users", "create", "a@example.nl", "--role", "agent")
    run("users", "create", "b@example.nl", "--role", "agent", "--brand", "chargecars")
    everything, some = (find_user_by_email(db_session, address) for address in ("a@example.nl", "b@example.nl"))
    assert everything is not None
    assert some is not None
    assert len(visible_brand_ids(db_session, everything)) == 2
    assert visible_brand_ids(db_session, some) == (ours.id,)


@pytest.mark.parametrize(
    "words, told",
    [
        (("no-address", "--role", "agent"), "is not an email address"),
        (("a@b\r\nBcc: c@example.com", "--role", "agent"), "is not an email address"),
        (("alice@switchyard.example", "--role", "agent"), "has an account already"),
        (("ALICE@switchyard.example", "--role", "agent"), "has an account already"),
        (("x@example.nl", "--role", "agent", "--brand", "nope"), "there is no brand 'nope'"),
        (("x@example.nl", "--role", "boss"), "boss"),
        (("x@example.nl", "--role", "agent", "--password-stdin"), "at least 12 characters"),
    ],
)
def test_a_user_that_cannot_be_made_is_explained_in_a_line_and_changes_nothing(
    run: Run, db_session: Session, words: tuple[str, ...], told: str
) -> None:
    make_user(db_session)
    db_session.commit()
    result = run("users", "create", *words, input="short\n")
    assert result.exit_code != 0
    assert told in result.output
    assert db_session.execute(sa.select(sa.func.count(User.id))).scalar_one() == 1


def test_a_token_is_printed_alone_and_works(run: Run, db_session: Session) -> None:
    make_user(db_session, role=Role.LEAD)
    db_session.commit()
    text = run("tokens", "create", "alice@switchyard.example", "--name", "export", "--scope", "threads:read").output.strip()
    viewer = viewer_from_bearer(db_session, f"Bearer {text}", now=utc_now())
    assert viewer is not None
    assert viewer.scopes == frozenset({"threads:read"})


def test_a_token_for_nobody_or_with_a_made_up_scope_is_refused(run: Run, db_session: Session) -> None:
    make_user(db_session)
    db_session.commit()
    assert "nobody has the address" in run("tokens", "create", "x@example.nl", "--name", "n").output
    assert "threads:read" in run("tokens", "create", "alice@switchyard.example", "--name", "n", "--scope", "all").output
