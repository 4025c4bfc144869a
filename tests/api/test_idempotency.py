"""An Idempotency-Key: once done, told again the same, whatever happens meanwhile."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.db import db
from app.domain.accounts.models import IdempotencyRecord
from app.domain.contacts.models import Contact
from app.domain.delivery.models import Delivery
from app.domain.threads.models import Message, Thread
from tests.api.conftest import Caller, World, make_token, make_world

KEY = {"Idempotency-Key": "8e03978e-40d5-43e8-bc93-6894a57f9324"}
CONTACTS = "/contacts"


def count(session: Session, model: Any) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(model)) or 0


def test_the_same_key_and_body_are_done_once_and_answered_the_same(alice: Caller, db_session: Session) -> None:
    before = count(db_session, Contact)
    answers = [alice.post(CONTACTS, {"name": "Kees", "job_title": "CEO"}, headers=KEY) for _ in range(3)]
    other_order = alice.post(CONTACTS, {"job_title": "CEO", "name": "Kees"}, headers=KEY)
    other_prefix = Caller(alice.client, alice.token, "/api").post(CONTACTS, {"name": "Kees", "job_title": "CEO"}, headers=KEY)
    assert {a.status_code for a in [*answers, other_order, other_prefix]} == {201}
    assert len({a.data for a in [*answers, other_order, other_prefix]}) == 1
    assert len({(a.headers["ETag"], a.headers["Location"]) for a in answers}) == 1
    assert [a.headers.get("Idempotent-Replayed") for a in answers] == [None, "true", "true"]
    assert count(db_session, Contact) == before + 1


def test_the_same_key_for_something_else_is_refused(alice: Caller, world: World, db_session: Session) -> None:
    assert alice.post(CONTACTS, {"name": "Kees"}, headers=KEY).status_code == 201
    before = count(db_session, Contact), count(db_session, Thread)
    for method, path, body in [
        ("POST", CONTACTS, {"name": "Jan"}),
        ("POST", "/communication/threads", {"thread_subject": "Kees"}),
        ("PATCH", f"/communication/threads/{world.thread.id}", {"status": "closed"}),
    ]:
        answer = alice.call(method, path, json=body, headers=KEY)
        assert (answer.status_code, answer.json["code"]) == (422, "idempotency_key_reused")  # type: ignore[index]
    assert (count(db_session, Contact), count(db_session, Thread)) == before


def test_a_key_belongs_to_its_user(alice: Caller, mallory: Caller) -> None:
    assert alice.post(CONTACTS, {"name": "Kees"}, headers=KEY).status_code == 201
    theirs = mallory.post(CONTACTS, {"name": "Jan"}, headers=KEY)
    assert (theirs.status_code, theirs.headers.get("Idempotent-Replayed")) == (201, None)


def test_a_refused_request_may_be_corrected_under_the_same_key(alice: Caller, db_session: Session) -> None:
    assert alice.post(CONTACTS, {"name": "Kees", "parent_organization_id": str(Contact().id)}, headers=KEY).status_code == 422
    assert db_session.scalars(sa.select(IdempotencyRecord)).all() == []
    assert alice.post(CONTACTS, {"name": "Kees"}, headers=KEY).status_code == 201


@pytest.mark.parametrize("key", ["", "a b", "é", "x" * 201])
def test_a_key_that_is_none_is_refused(alice: Caller, key: str) -> None:
    answer = alice.post(CONTACTS, {"name": "Kees"}, headers={"Idempotency-Key": key})
    assert (answer.status_code, answer.json["code"]) == (400, "bad_header")  # type: ignore[index]


def test_an_upload_is_kept_once(alice: Caller) -> None:
    def upload(content: bytes) -> Any:
        head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
        body, kind = head + content + b"\r\n--b--\r\n", "multipart/form-data; boundary=b"
        return alice.call("POST", "/communication/attachments", data=body, content_type=kind, headers=KEY)

    first, again, other = upload(b"x" * 600_000), upload(b"x" * 600_000), upload(b"y")
    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 422)
    assert first.json["id"] == again.json["id"]


def test_many_at_once_send_one_message(fresh_app: Flask) -> None:
    with fresh_app.app_context(), db.session() as session:
        world = make_world(session)
        token = make_token(session, world.alice)
        body = {"thread_id": str(world.thread.id), "message_type": "internal_note", "message_content": "once"}
        before = count(session, Message)
    start, answers = threading.Barrier(6), []

    def post() -> None:
        caller = Caller(fresh_app.test_client(), token)
        start.wait()
        answers.append(caller.post("/communication/messages", body, headers=KEY))

    threads = [threading.Thread(target=post) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done = [a for a in answers if a.status_code == 202]
    waiting = [a for a in answers if a.status_code == 409]
    assert done
    assert len(done) + len(waiting) == 6
    assert len({a.data for a in done}) == 1
    assert all(a.headers["Retry-After"] == "1" and a.json["code"] == "idempotency_in_progress" for a in waiting)
    with fresh_app.app_context(), db.session() as session:
        assert count(session, Message) == before + 1


def test_a_crash_before_the_end_leaves_neither_effect_nor_record(
    fresh_app: Flask,
) -> None:
    """The connection is cut while the write is under way: afterwards the same key does it, once."""
    with fresh_app.app_context(), db.session() as session:
        world = make_world(session)
        caller = Caller(fresh_app.test_client(), make_token(session, world.alice))
        body = {"thread_id": str(world.thread.id), "message_type": "outgoing", "message_content": "once"}
        world.thread.window_opened_at = sa.func.now()
        session.commit()
        before = count(session, Message)
    cut = _cut_at_commit(fresh_app)
    assert caller.post("/communication/messages", body, headers=KEY).status_code == 503
    cut()
    with fresh_app.app_context(), db.session() as session:
        assert (count(session, Message), count(session, Delivery), count(session, IdempotencyRecord)) == (before, 0, 0)
    assert caller.post("/communication/messages", body, headers=KEY).status_code == 202
    assert caller.post("/communication/messages", body, headers=KEY).headers["Idempotent-Replayed"] == "true"
    with fresh_app.app_context(), db.session() as session:
        assert (count(session, Message), count(session, Delivery), count(session, IdempotencyRecord)) == (before + 1, 1, 1)


def _cut_at_commit(app: Flask) -> Any:
    """Let the server end the session right before the transaction that holds a record commits; returns how to stop that."""
    with app.app_context():
        engine = db.engine

    def cut(connection: sa.Connection) -> None:
        if connection.execute(sa.text("SELECT count(*) FROM idempotency_records")).scalar_one():
            with engine.connect() as other:
                pid = connection.execute(sa.text("SELECT pg_backend_pid()")).scalar_one()
                other.execute(sa.text("SELECT pg_terminate_backend(:pid, 60000)"), {"pid": pid})

    sa.event.listen(engine, "commit", cut)
    return lambda: sa.event.remove(engine, "commit", cut)
