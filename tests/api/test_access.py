"""Who may call what: every operation, tried without a token, with a wrong one, with too small a scope, and by a stranger."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.api.registry import Operation
from app.api.routes import OPERATIONS
from app.core.ids import new_id
from app.core.problems import MEDIA_TYPE
from app.domain.accounts.models import ApiToken
from app.domain.accounts.tokens import SCOPES
from tests.api.conftest import Caller, World, make_token
from tests.domain.appointments.factories import make_appointment
from tests.domain.orders.factories import make_order

NAMES = [operation.name for operation in OPERATIONS]
MANAGED = ("Partners", "Imports")
FOR_OTHERS = {
    "list_webhooks",
    "get_usage",
    *(one.name for one in OPERATIONS if one.tag in MANAGED),
}  # Alice may not, and is told so
# Partners and imports are nobody's who may not manage them: an agent is told so, whichever she asks for.
WITH_ID = [operation for operation in OPERATIONS if "<uuid:id>" in operation.rule and operation.tag not in MANAGED]


def path_of(operation: Operation, object_id: object = None) -> str:
    found = operation.rule.replace("<uuid:id>", str(object_id or new_id()))
    return re.sub(r"<uuid:\w+>", str(new_id()), found)


def call(client: FlaskClient, operation: Operation, base: str = "/api/v1", **headers: str) -> tuple[int, object]:
    body = {} if operation.takes == "json" else None
    answer = client.open(f"{base}{path_of(operation)}", method=operation.method.upper(), json=body, headers=headers)
    return answer.status_code, answer


@pytest.mark.parametrize("base", ["/api/v1", "/api"])
@pytest.mark.parametrize("operation", OPERATIONS, ids=NAMES)
def test_nobody_gets_in_without_a_token(app: Flask, client: FlaskClient, operation: Operation, base: str) -> None:
    answer = client.open(f"{base}{path_of(operation)}", method=operation.method.upper(), json={})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.mimetype == MEDIA_TYPE
    assert answer.json is not None
    assert answer.json["code"] == "unauthenticated"
    assert {"type", "title", "status", "detail"} <= answer.json.keys()


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Bearer null", "Bearer swy_", "Basic YTpi", "swy_x", "Bearer swy_\xe9", "Bearer " + "x" * 5000],
)
def test_a_wrong_token_is_refused_in_one_and_the_same_way(client: FlaskClient, world: World, header: str) -> None:
    answer = client.get("/api/v1/contacts", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.json is not None
    assert answer.json["detail"] == "Send a valid token as `Authorization: Bearer …`"


def test_revoked_and_expired_tokens_and_those_of_disabled_users_are_refused(
    client: FlaskClient, db_session: Session, world: World
) -> None:
    callers = [Caller(client, make_token(db_session, world.alice)) for _ in range(2)]
    revoked, expired = db_session.query(ApiToken).filter_by(user_id=world.alice.id).order_by(ApiToken.id)
    assert [c.get("/contacts").status_code for c in callers] == [200, 200]
    revoked.revoked_at, expired.expires_at = datetime.now(UTC), datetime.now(UTC) - timedelta(seconds=1)
    bob = Caller(client, make_token(db_session, world.bob))
    world.bob.disabled_at = datetime.now(UTC)
    db_session.commit()
    assert [c.get("/contacts").status_code for c in [*callers, bob]] == [401, 401, 401]


@pytest.mark.parametrize("operation", OPERATIONS, ids=NAMES)
def test_a_scope_opens_its_own_operations_and_no_other(
    client: FlaskClient, db_session: Session, world: World, operation: Operation
) -> None:
    others = tuple(scope for scope in SCOPES if scope != operation.scope)
    status, answer = call(client, operation, Authorization=f"Bearer {make_token(db_session, world.alice, *others)}")
    assert status == 403, answer
    status, _ = call(client, operation, Authorization=f"Bearer {make_token(db_session, world.alice, operation.scope)}")
    assert status in (200, 404, 415, 422) or operation.name in FOR_OTHERS


@pytest.mark.parametrize("operation", WITH_ID, ids=[operation.name for operation in WITH_ID])
def test_mallory_finds_nothing_of_alices(
    client: FlaskClient, alice: Caller, mallory: Caller, world: World, operation: Operation, db_session: Session
) -> None:
    uploaded = upload(alice)
    order, appointment = make_order(db_session, world.brand, world.contact), make_appointment(db_session, world.thread)
    db_session.commit()
    ids = {
        "Threads": world.thread.id,
        "Messages": world.message.id,
        "Attachments": uploaded,
        "Contacts": world.contact.id,
        "Tasks": world.task.id,
        "External": world.mailing.id,
        "Orders": order.id,
        "Appointments": appointment.id,
        "Templates": world.template.id,
        "Channels": world.channel.id,
        "Users": world.bob.id,
        "Brands": world.brand.id,
        "Teams": new_id(),
        "Webhooks": new_id(),
    }
    path = path_of(operation, ids[operation.tag])
    for base in ("/api/v1", "/api"):
        answer = Caller(client, mallory.token, base).call(operation.method.upper(), path, json={} if operation.is_write else None)
        assert (answer.status_code, answer.mimetype) == (404, MEDIA_TYPE)
    if operation.tag not in ("Teams", "Webhooks") and not operation.is_write:
        assert alice.get(path).status_code == 200


def upload(caller: Caller) -> str:
    answer = caller.call("POST", "/communication/attachments", data={"file": (BytesIO(b"hello"), "hello.txt")})
    assert answer.status_code == 201, answer.text
    return str(answer.json["id"])  # type: ignore[index]


def test_lists_and_search_show_mallory_only_her_own(alice: Caller, mallory: Caller, world: World) -> None:
    for path, mine, theirs in [
        ("/communication/threads", world.other_thread.id, world.thread.id),
        ("/communication/messages", world.other_message.id, world.message.id),
        ("/contacts", world.other_contact.id, world.contact.id),
        ("/tasks", world.other_task.id, world.task.id),
        ("/templates", world.other_template.id, world.template.id),
        ("/channels", world.other_channel.id, world.channel.id),
        ("/users", world.mallory.id, world.alice.id),
    ]:
        seen = mallory.get(path).text
        assert str(mine) in seen, path
        assert str(theirs) not in seen, path
    assert mallory.get("/search?q=knippert").json == {"items": [], "next_cursor": None}
    assert mallory.get(f"/communication/messages?thread_id={world.thread.id}").json == {"items": [], "next_cursor": None}
    assert mallory.get("/contacts?phone=%2B31612345678").json == {"items": [], "next_cursor": None}
    assert len(alice.get("/search?q=knippert").json["items"]) == 1  # type: ignore[index]


def test_a_channel_never_shows_its_secrets_or_settings(alice: Caller, world: World) -> None:
    text = alice.get("/channels").text + alice.get(f"/channels/{world.channel.id}").text
    assert "EAAtop-secret" not in text
    assert "sealed" not in text
    assert "settings" not in text


@pytest.mark.parametrize("path", ["/api/nothing", "/api/v1/nothing", "/api/v1/communication/threads/7", "/api/v1/contacts/../x"])
def test_an_unknown_address_is_a_problem_too(client: FlaskClient, world: World, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.mimetype) == (404, MEDIA_TYPE)


def test_a_method_that_is_not_there_is_told_what_is(client: FlaskClient, world: World) -> None:
    answer = client.delete("/api/v1/communication/threads")
    assert (answer.status_code, answer.mimetype) == (405, MEDIA_TYPE)
    assert {"GET", "POST"} <= set(answer.headers["Allow"].replace(" ", "").split(","))
    assert client.post("/api/search", json={}).status_code == 405


def test_a_browser_session_is_no_way_into_the_api(client: FlaskClient, world: World) -> None:
    with client.session_transaction() as cookie:
        cookie["session_token"] = "anything"
    assert client.get("/api/v1/contacts").status_code == 401
