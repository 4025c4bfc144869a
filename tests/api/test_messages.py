"""Messages: promised, held back when the thread moved on, refused with the field that is to blame."""

from __future__ import annotations

import base64
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.core.clock import utc_now
from app.core.runtime import runtime
from app.domain.connections.models import ChannelType
from app.domain.delivery.models import Delivery
from app.domain.threads.models import Attachment, Message, MessageType
from tests.api.conftest import Caller, World, make_token
from tests.factories import make_channel, make_message

CONTRACT = (
    "id, thread_id, channel_id, message_type, direction, sender_contact_id, sender_external, recipient_contact_id, "
    "recipient_external, subject, message_content, message_html, attachments, external_message_id, delivery_status, read_at, "
    "created_at, sent_at, metadata"
)
PATH = "/communication/messages"

# Always the same, so that every test process collects the same tests.
NOBODYS = "0197f0de-0000-7000-8000-00000000dead"


@pytest.fixture(autouse=True)
def _open_window(world: World, db_session: Session) -> None:
    """The customer wrote just now, so free text may be sent."""
    world.thread.window_opened_at = utc_now()
    db_session.commit()


def reply(world: World, **values: Any) -> dict[str, Any]:
    return {"thread_id": str(world.thread.id), "message_type": "outgoing", "message_content": "We are on our way", **values}


def note(world: World, **values: Any) -> dict[str, Any]:
    return reply(world, message_type="internal_note", **values)


def refused_field(answer: TestResponse) -> str:
    assert answer.status_code == 422, answer.text
    return str(answer.json["errors"][0]["field"])  # type: ignore[index]


def counts(session: Session) -> tuple[Any, ...]:
    return tuple(session.scalar(sa.select(sa.func.count()).select_from(model)) for model in (Message, Delivery, Attachment))


def test_a_message_has_the_fields_of_the_contract(alice: Caller, world: World) -> None:
    shown = alice.get(f"{PATH}/{world.message.id}")
    assert shown.json is not None
    assert list(shown.json) == CONTRACT.split(", ")
    assert shown.headers["ETag"]
    assert shown.json["direction"] == "incoming"
    assert shown.json["sender_contact_id"] == str(world.contact.id)


def test_a_reply_is_promised_and_said_to_be_pending(alice: Caller, world: World, db_session: Session) -> None:
    sent = alice.post(PATH, reply(world, last_seen_message_id=str(world.message.id)))
    assert sent.status_code == 202, sent.text
    assert sent.json is not None
    assert sent.json["delivery_status"] == "pending"
    assert sent.json["direction"] == "outgoing"
    assert sent.json["sender_contact_id"] == str(world.alice.contact_id)
    assert sent.json["recipient_contact_id"] == str(world.contact.id)
    delivery = db_session.scalars(sa.select(Delivery)).one()
    assert (str(delivery.message_id), delivery.state) == (sent.json["id"], "ready")
    shown = alice.get(f"{PATH}/{sent.json['id']}")
    assert (shown.json, shown.headers["ETag"]) == (sent.json, sent.headers["ETag"])


def test_a_note_is_written_and_sent_to_nobody(alice: Caller, world: World, db_session: Session) -> None:
    written = alice.post(PATH, note(world))
    assert written.status_code == 202
    assert written.json is not None
    assert (written.json["message_type"], written.json["delivery_status"]) == ("internal_note", None)
    assert db_session.scalars(sa.select(Delivery)).all() == []


@pytest.mark.parametrize("body", [reply, note])
def test_nothing_is_sent_when_the_thread_moved_on(alice: Caller, world: World, db_session: Session, body: Any) -> None:
    newer = make_message(db_session, world.thread, "Laat maar, opgelost")
    db_session.commit()
    before = counts(db_session)
    held = alice.post(PATH, body(world, last_seen_message_id=str(world.message.id)))
    assert (held.status_code, held.mimetype) == (409, "application/problem+json")
    assert held.json is not None
    assert held.json["code"] == "thread_moved_on"
    assert [item["id"] for item in held.json["newer_items"]] == [str(newer.id)]
    assert held.json["newer_items"][0] == alice.get(f"{PATH}/{newer.id}").json
    assert counts(db_session) == before
    assert alice.post(PATH, body(world, last_seen_message_id=str(newer.id))).status_code == 202
    assert alice.post(PATH, body(world)).status_code == 202


def test_free_text_after_the_window_is_refused_and_a_template_is_not(alice: Caller, world: World, db_session: Session) -> None:
    world.thread.window_opened_at = utc_now() - timedelta(days=2)
    db_session.commit()
    assert refused_field(alice.post(PATH, reply(world))) == "message_content"
    template = {"name": "visit_planned", "language": "nl", "components": [{"type": "body", "parameters": []}]}
    sent = alice.post(PATH, reply(world, message_content="", metadata={"template": template}))
    assert sent.status_code == 202, sent.text
    assert db_session.scalars(sa.select(Delivery)).one().outgoing["template"] == template


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"thread_id": "7"}, "thread_id"),
        ({"thread_id": NOBODYS}, "thread_id"),
        ({"channel_id": NOBODYS}, "channel_id"),
        ({"message_type": "incoming"}, "message_type"),
        ({"message_type": "auto_response"}, "message_type"),
        ({"message_content": ""}, "message_content"),
        ({"message_content": " \n"}, "message_content"),
        ({"message_content": "\x00"}, "message_content"),
        ({"message_content": "x" * 4097}, "message_content"),
        ({"message_content": "x" * 1_000_001}, "message_content"),
        ({"message_content": None}, "message_content"),
        ({"template_id": NOBODYS}, "template_id"),
        ({"variables": {"name": "x"}}, "variables"),
        ({"metadata": {"anything": 1}}, "metadata.anything"),
        ({"metadata": {"template": {"name": "x"}}}, "metadata.template.language"),
        ({"attachments": [{"id": NOBODYS}]}, "attachments.0.id"),
        ({"attachments": [{}]}, "attachments.0"),
        ({"attachments": [{"filename": "a", "content_base64": "%"}]}, "attachments.0"),
        ({"attachments": ["x"] * 21}, "attachments"),
        ({"delivery_status": "sent"}, "delivery_status"),
        ({"sender_contact_id": NOBODYS}, "sender_contact_id"),
        ({"created_at": "2020-01-01T00:00:00Z"}, "created_at"),
    ],
    ids=str,
)
def test_a_message_that_cannot_be_sent_is_refused_by_field(
    alice: Caller, world: World, db_session: Session, change: dict[str, Any], field: str
) -> None:
    before = counts(db_session)
    assert refused_field(alice.post(PATH, reply(world, **change))) == field
    assert counts(db_session) == before


def test_ids_of_another_brand_send_nothing(alice: Caller, mallory: Caller, world: World, db_session: Session) -> None:
    theirs = mallory.call("POST", "/communication/attachments", data={"file": (BytesIO(b"x"), "x.txt")}).json
    before = counts(db_session)
    assert refused_field(alice.post(PATH, reply(world, thread_id=str(world.other_thread.id)))) == "thread_id"
    assert refused_field(alice.post(PATH, note(world, thread_id=str(world.other_thread.id)))) == "thread_id"
    assert refused_field(alice.post(PATH, reply(world, channel_id=str(world.other_channel.id)))) == "channel_id"
    assert refused_field(alice.post(PATH, reply(world, attachments=[{"id": theirs["id"]}]))) == "attachments.0.id"  # type: ignore[index]
    assert counts(db_session) == before


def test_a_channel_without_templates_refuses_one(alice: Caller, app: Flask, world: World, db_session: Session) -> None:
    kind = ChannelType.EMAIL_OUTLOOK
    with app.app_context():
        mailbox = make_channel(db_session, world.brand, kind, keyring=runtime().keyring, address="info@example.nl")
    db_session.commit()
    template = {"name": "visit_planned", "language": "nl"}
    body = reply(world, channel_id=str(mailbox.id), metadata={"template": template})
    assert refused_field(alice.post(PATH, body)) == "metadata.template"
    assert refused_field(alice.post(PATH, reply(world, channel_id=str(mailbox.id)))) == "channel_id"


def test_files_go_with_a_message_once(alice: Caller, world: World, db_session: Session) -> None:
    up = alice.call("POST", "/communication/attachments", data={"file": (BytesIO(b"%PDF-1.7 x"), "..\\\u202eoffer.pdf")})
    assert up.status_code == 201, up.text
    assert up.json is not None
    assert (up.json["filename"], up.json["size_bytes"]) == ("offer.pdf", 10)
    inline = {"filename": "hi.txt", "content_base64": base64.b64encode(b"hello").decode(), "content_type": "text/plain"}
    sent = alice.post(PATH, reply(world, attachments=[{"id": up.json["id"]}, inline]))
    assert sent.status_code == 202, sent.text
    assert sent.json is not None
    ids = sent.json["metadata"]["message_ids"]
    assert len(ids) == 2
    files = [alice.get(f"{PATH}/{i}").json["attachments"] for i in ids]  # type: ignore[index]
    assert [[f["filename"] for f in group] for group in files] == [["offer.pdf"], ["hi.txt"]]
    content = alice.client.get(files[1][0]["url"], headers={"Authorization": f"Bearer {alice.token}"}, buffered=True)
    assert (content.data, content.mimetype) == (b"hello", "application/octet-stream")
    assert content.headers["Content-Disposition"] == "attachment; filename*=UTF-8''hi.txt"
    assert "sandbox" in content.headers["Content-Security-Policy"]
    assert refused_field(alice.post(PATH, reply(world, attachments=[{"id": up.json["id"]}]))) == "attachments.0.id"


@pytest.mark.parametrize(
    "data", [{}, {"file": "text"}, {"file": (BytesIO(b""), "x")}, {"file": (BytesIO(b"x"), "x"), "thread_id": "1"}]
)
def test_an_upload_needs_one_file_and_nothing_else(alice: Caller, world: World, data: Any) -> None:
    answer = alice.call("POST", "/communication/attachments", data=data, content_type="multipart/form-data")
    assert answer.status_code == 422, answer.text
    assert alice.post("/communication/attachments", {"file": "x"}).status_code == 415


def test_a_thread_without_channel_takes_notes_only(alice: Caller, world: World) -> None:
    thread = alice.post("/communication/threads", {"thread_subject": "Stock"}).json
    assert thread is not None
    assert refused_field(alice.post(PATH, reply(world, thread_id=thread["id"]))) == "channel_id"
    assert alice.post(PATH, note(world, thread_id=thread["id"])).status_code == 202
    assert refused_field(alice.post(PATH, note(world, channel_id=str(world.channel.id)))) == "channel_id"


def test_a_note_is_corrected_by_its_author_alone(alice: Caller, world: World, db_session: Session) -> None:
    written = alice.post(PATH, note(world)).json
    assert written is not None
    path = f"{PATH}/{written['id']}"
    bob = Caller(alice.client, make_token(db_session, world.bob))
    assert bob.patch(path, {"message_content": "mine now"}).status_code == 409
    changed = alice.patch(path, {"message_content": "Better"})
    assert changed.status_code == 200, changed.text
    assert changed.json is not None
    assert changed.json["message_content"] == "Better"
    assert changed.json["metadata"]["edits"][0]["text"] == "We are on our way"
    assert alice.patch(f"{PATH}/{world.message.id}", {"message_content": "never"}).status_code == 409
    assert alice.patch(path, {"message_content": "x"}, headers={"If-Match": '"old"'}).status_code == 412
    assert alice.patch(path, {"message_content": "x"}, headers={"If-Match": changed.headers["ETag"]}).status_code == 200


def test_what_failed_is_sent_again_on_request(alice: Caller, world: World, db_session: Session) -> None:
    sent = alice.post(PATH, reply(world)).json
    assert sent is not None
    path = f"{PATH}/{sent['id']}"
    assert alice.put(path, {"delivery_status": "pending"}).status_code == 409
    delivery = db_session.scalars(sa.select(Delivery)).one()
    delivery.status, delivery.state = "failed", "failed"
    message = db_session.get_one(Message, delivery.message_id)
    message.delivery_status = "failed"
    db_session.commit()
    again = alice.put(path, {"delivery_status": "pending"})
    assert (again.status_code, again.json["delivery_status"]) == (200, "pending"), again.text  # type: ignore[index]
    assert alice.patch(path, {"delivery_status": "read"}).status_code == 422


def test_only_listed_columns_of_a_message_can_be_written(alice: Caller, world: World) -> None:
    written = alice.post(PATH, note(world)).json
    assert written is not None
    for name in sorted({column.key for column in Message.__table__.columns} - {"delivery_status"} | {"direction", "metadata"}):
        assert refused_field(alice.patch(f"{PATH}/{written['id']}", {name: "1"})) == name
    for name in sorted({c.key for c in Message.__table__.columns} - {"thread_id", "channel_id", "message_type"}):
        assert refused_field(alice.post(PATH, reply(world, **{name: "1"}))) == name
    assert alice.get(f"{PATH}/{written['id']}").json == written


@pytest.mark.parametrize(
    "text", ["'; DROP TABLE messages; --", "<img src=x onerror=alert(1)>", "\u202e𝒳\n\t", "{{7*7}}", "\\u0000"]
)
def test_hostile_text_is_kept_as_text(alice: Caller, world: World, text: str) -> None:
    sent = alice.post(PATH, reply(world, message_content=text)).json
    assert sent is not None
    assert alice.get(f"{PATH}/{sent['id']}").json["message_content"] == text  # type: ignore[index]


def test_every_message_type_can_be_shown(alice: Caller, world: World, db_session: Session) -> None:
    for kind in MessageType:
        made = make_message(db_session, world.thread, kind.value, message_type=kind)
        db_session.commit()
        assert alice.get(f"{PATH}/{made.id}").json["message_type"] == kind.value  # type: ignore[index]
