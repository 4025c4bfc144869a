"""The pages and fragments of the inbox, without a browser: what they show, to whom, and with how many queries."""

from __future__ import annotations

import io
import tracemalloc
import uuid
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.core.clock import utc_now
from app.core.ids import new_id
from app.core.runtime import runtime
from app.domain.accounts.models import User
from app.domain.connections.models import Channel, ChannelType
from app.domain.realtime.sessions import OpenSockets
from app.domain.threads.models import Attachment, Draft, Message, MessageType, Thread, ThreadRead, ThreadStatus
from tests.factories import make_brand, make_channel, make_contact, make_message, make_thread, make_user
from tests.support.disks import broken_folder, storage_folder
from tests.support.pages import PageClient
from tests.support.queries import at_most
from tests.support.signing_in import csrf_token, sign_in

MAX_QUERIES = 10
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 32


@dataclass
class Desk:
    """Alice at her desk; Bob beside her, Mallory of another brand."""

    client: PageClient
    session: Session
    app: Flask
    alice: User
    mallory: User
    channel: Channel
    thread: Thread

    def post(self, path: str, *, htmx: bool = False, **fields: object) -> TestResponse:
        headers = {"HX-Request": "true"} if htmx else {}
        data = {**fields, "csrf_token": csrf_token(self.client.plain)}
        return self.client.post(path, data=data, headers=headers)

    def as_user(self, user: User) -> None:
        sign_in(self.client.plain, self.session, user)

    def newest(self) -> Message:
        query = sa.select(Message).where(Message.thread_id == self.thread.id).order_by(Message.seq.desc()).limit(1)
        return self.session.execute(query).scalar_one()

    def count(self, message_type: MessageType) -> int:
        query = sa.select(sa.func.count()).where(Message.thread_id == self.thread.id, Message.message_type == message_type)
        return int(self.session.execute(query).scalar_one())

    def at_most(self, queries: int) -> AbstractContextManager[None]:
        return at_most(self.session, queries)


@pytest.fixture
def desk(app: Flask, page_client: PageClient, db_session: Session) -> Desk:
    brand, other = make_brand(db_session), make_brand(db_session, "laderthuis")
    alice, mallory = make_user(db_session, "Alice", brands=(brand,)), make_user(db_session, "Mallory", brands=(other,))
    make_user(db_session, "Bob", brands=(brand,))
    with app.app_context():
        channel = make_channel(db_session, brand, keyring=runtime().keyring)
    thread = make_thread(db_session, channel, make_contact(db_session), at=utc_now())
    make_message(db_session, thread, "De laadpaal knippert rood", at=utc_now())
    db_session.commit()
    made = Desk(page_client, db_session, app, alice, mallory, channel, thread)
    made.as_user(alice)
    return made


@pytest.mark.parametrize("view", ["", "/mine", "/unassigned", "/snoozed", "/email", "/whatsapp", "/all", "/resolved"])
def test_every_view_is_a_valid_page_with_few_queries(desk: Desk, view: str) -> None:
    desk.client.get("/inbox")
    with desk.at_most(MAX_QUERIES):
        answer = desk.client.get(f"/inbox{view}")
    assert answer.status_code == 200
    assert ("De laadpaal knippert rood" in answer.text) == (view in {"", "/unassigned", "/whatsapp", "/all"})


def test_a_thread_is_a_valid_page_with_few_queries_and_is_read_afterwards(desk: Desk) -> None:
    desk.client.get("/inbox")
    with desk.at_most(MAX_QUERIES + 1):  # the first look also writes the read mark
        assert desk.client.get(f"/threads/{desk.thread.id}").status_code == 200
    with desk.at_most(MAX_QUERIES):
        assert desk.client.get(f"/threads/{desk.thread.id}").status_code == 200
    assert desk.session.get(ThreadRead, (desk.alice.id, desk.thread.id)) is not None


@pytest.mark.parametrize("target", ["thread-pane", "thread-head", "timeline", "context", "composer"])
def test_each_part_of_a_thread_is_served_alone(desk: Desk, target: str) -> None:
    answer = desk.client.fragment(f"/threads/{desk.thread.id}", target=target)
    assert answer.status_code == 200
    assert f'id="{target}"' in answer.text
    assert "<html" not in answer.text
    assert "HX-Request" in answer.headers["Vary"]


def test_the_list_pages_on_without_repeating_or_losing_a_thread(desk: Desk) -> None:
    for number in range(45):
        thread = make_thread(desk.session, desk.channel, make_contact(desk.session, value=f"3160000{number:04}"), at=utc_now())
        make_message(desk.session, thread, f"bericht {number}", at=utc_now() - timedelta(minutes=number))
    desk.session.commit()
    first = desk.client.get("/inbox").text
    cursor = first.split("cursor=")[1].split('"')[0]
    second = desk.client.fragment(f"/inbox?cursor={cursor}", target="list-more").text
    rows = [part.split('"')[0] for page in (first, second) for part in page.split('id="row-')[1:]]
    assert len(rows) == len(set(rows)) == 46


def test_a_strangers_thread_does_not_exist(desk: Desk) -> None:
    desk.as_user(desk.mallory)
    assert "knippert" not in desk.client.get("/inbox/all").text
    for path in ("", "?kind=note"):
        assert desk.client.get(f"/threads/{desk.thread.id}{path}").status_code == 404
    assert desk.post(f"/threads/{desk.thread.id}/messages", text="x").status_code == 404
    assert desk.post(f"/threads/{desk.thread.id}/notes", text="x").status_code == 404
    assert desk.post(f"/threads/{desk.thread.id}/draft", text="x").status_code == 404


def test_a_reply_becomes_a_pending_message_and_the_page_comes_back(desk: Desk) -> None:
    answer = desk.post(
        f"/threads/{desk.thread.id}/messages",
        text="Ik kom\r\neraan",
        client_token=uuid.uuid4(),
        last_seen_message_id=desk.newest().id,
    )
    assert answer.status_code == 303
    sent = desk.newest()
    assert (sent.text, sent.delivery_status, sent.sender_user_id) == ("Ik kom\neraan", "pending", desk.alice.id)


def test_the_same_form_twice_is_one_message(desk: Desk) -> None:
    fields = {"text": "Eenmaal", "client_token": uuid.uuid4(), "last_seen_message_id": desk.newest().id}
    for _turn in range(2):
        assert desk.post(f"/threads/{desk.thread.id}/messages", **fields).status_code == 303
    assert desk.count(MessageType.OUTGOING) == 1


@pytest.mark.parametrize("htmx", [True, False])
def test_a_reply_past_something_unseen_is_held_with_both_texts_in_sight(desk: Desk, htmx: bool) -> None:
    seen = desk.newest().id
    make_message(desk.session, desk.thread, "Toch maar niet", at=utc_now())
    desk.session.commit()
    answer = desk.post(
        f"/threads/{desk.thread.id}/messages",
        htmx=htmx,
        text="Ik kom eraan",
        client_token=uuid.uuid4(),
        last_seen_message_id=seen,
    )
    assert answer.status_code == 409
    assert "Toch maar niet" in answer.text
    assert "Ik kom eraan" in answer.text
    assert "Send anyway" in answer.text
    assert desk.count(MessageType.OUTGOING) == 0
    draft = desk.session.get(Draft, (desk.alice.id, desk.thread.id, "reply"))
    assert draft is not None
    assert draft.text == "Ik kom eraan"


def test_a_closed_window_says_so_and_a_template_goes_out(desk: Desk) -> None:
    desk.channel.settings = {
        "templates": [{"name": "follow_up", "language": "nl", "components": [{"type": "BODY", "text": "Beste {{1}}, opgelost?"}]}]
    }
    desk.thread.window_opened_at = utc_now() - timedelta(hours=30)
    desk.session.commit()
    page = desk.client.get(f"/threads/{desk.thread.id}").text
    assert "The contact’s last message is more than 24 hours old" in page
    assert 'id="composer-text"' not in page
    late = desk.post(f"/threads/{desk.thread.id}/messages", text="te laat")
    assert late.status_code == 422
    assert "template" in late.text
    blank = desk.post(f"/threads/{desk.thread.id}/messages", template="follow_up/nl")
    assert blank.status_code == 422
    assert desk.count(MessageType.OUTGOING) == 0
    filled = {"template": "follow_up/nl", "value:follow_up/nl:1": "Pieter", "last_seen_message_id": desk.newest().id}
    assert desk.post(f"/threads/{desk.thread.id}/messages", **filled).status_code == 303
    assert desk.newest().text == "Beste Pieter, opgelost?"


def test_a_note_is_only_ours(desk: Desk) -> None:
    assert desk.post(f"/threads/{desk.thread.id}/notes", text="Intern").status_code == 303
    assert desk.newest().message_type == MessageType.INTERNAL_NOTE
    assert "message--note" in desk.client.get(f"/threads/{desk.thread.id}").text
    empty = desk.post(f"/threads/{desk.thread.id}/notes", text="  ", htmx=True)
    assert empty.status_code == 422
    assert "Write something first" in empty.text


def test_triage_changes_the_thread_and_answers_with_its_head(desk: Desk) -> None:
    resolved = desk.post(f"/threads/{desk.thread.id}/status", htmx=True, status="resolved")
    assert "Reopen" in resolved.text
    assert 'id="thread-head"' in resolved.text
    assert desk.post(f"/threads/{desk.thread.id}/priority", priority="high").status_code == 303
    assert desk.post(f"/threads/{desk.thread.id}/assignment", assignee=desk.alice.id).status_code == 303
    desk.session.refresh(desk.thread)
    assert (desk.thread.status, desk.thread.priority, desk.thread.assignee_user_id) == ("resolved", "high", desk.alice.id)
    assert desk.post(f"/threads/{desk.thread.id}/status", status="nonsense").status_code == 422


def test_a_subject_is_made_clearer_and_given_back(desk: Desk) -> None:
    path = f"/threads/{desk.thread.id}/subject"
    answer = desk.post(path, htmx=True, subject="  Laadpaal\n knippert rood\x00 " + "x" * 2000)
    desk.session.refresh(desk.thread)
    assert desk.thread.subject.startswith("Laadpaal knippert rood")
    assert len(desk.thread.subject) == 998
    assert "Subject changed" in answer.headers["HX-Trigger"]
    desk.post(f"{path}?subject=")
    desk.session.refresh(desk.thread)
    assert desk.thread.subject == ""


def test_nobody_is_assigned_who_may_not_see_the_thread(desk: Desk) -> None:
    desk.post(f"/threads/{desk.thread.id}/assignment", assignee=desk.mallory.id)
    desk.session.refresh(desk.thread)
    assert desk.thread.assignee_user_id is None


def test_a_draft_is_shown_again_with_its_files(desk: Desk) -> None:
    uploaded = desk.post(f"/threads/{desk.thread.id}/attachments", file=(io.BytesIO(PNG), "meter.png"))
    assert uploaded.status_code == 201
    file_id = uploaded.get_json()["id"]
    assert desk.post(f"/threads/{desk.thread.id}/draft", kind="reply", text="Bijna", attachment_id=file_id).status_code == 204
    page = desk.client.get(f"/threads/{desk.thread.id}").text
    assert "Bijna" in page
    assert "meter.png" in page


def attached(desk: Desk, content: bytes) -> str:
    """The address of a file of the newest message."""
    with desk.app.app_context():
        kept = runtime().storage.put(content)
    file = Attachment(
        id=new_id(),
        message_id=desk.newest().id,
        thread_id=desk.thread.id,
        filename="x.png",
        content_type="image/png",
        size_bytes=len(content),
        storage_key=kept.key,
        created_at=utc_now(),
    )
    desk.session.add(file)
    desk.session.commit()
    return f"/attachments/{file.id}"


@pytest.mark.parametrize("content", [b"<script>alert(1)</script>", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7"])
def test_only_a_real_picture_is_shown_inline(desk: Desk, content: bytes) -> None:
    answer = desk.client.plain.get(attached(desk, content))
    assert answer.mimetype == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.data == content


def test_a_file_is_read_piece_by_piece_as_it_is_sent(desk: Desk) -> None:
    size = 32 * 1024 * 1024
    path = attached(desk, b"\x89PNG\r\n\x1a\n" + bytes(size - 8))
    tracemalloc.start()
    try:
        answer = desk.client.plain.get(path, buffered=False)
        sent = sum(len(piece) for piece in answer.response)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    answer.close()
    assert (sent, answer.content_length, answer.mimetype) == (size, size, "image/png")
    assert peak < size / 4, f"{peak / 1024 / 1024:.0f} MiB were held at once"


def test_a_part_of_a_file_can_be_asked_for(desk: Desk) -> None:
    path = attached(desk, b"0123456789")
    part = desk.client.plain.get(path, headers={"Range": "bytes=2-4"})
    assert (part.status_code, part.data, part.headers["Content-Range"]) == (206, b"234", "bytes 2-4/10")
    assert "sandbox" in part.headers["Content-Security-Policy"]
    assert desk.client.plain.get(path, headers={"Range": "bytes=20-"}).status_code == 416


def test_a_file_that_cannot_be_read_now_is_asked_for_again(desk: Desk) -> None:
    path = attached(desk, b"x")
    with broken_folder(storage_folder(desk.app)):
        answer = desk.client.plain.get(path)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")


def test_formatted_mail_stands_in_a_frame_that_can_do_nothing(desk: Desk) -> None:
    message = desk.newest()
    message.html = '<p>Hallo</p><img data-remote-src="https://tracker.example/x.png" alt="">'
    desk.session.commit()
    answer = desk.client.plain.get(f"/messages/{message.id}/frame")
    policy = answer.headers["Content-Security-Policy"]
    assert "sandbox allow-popups" in policy
    assert "script" not in policy
    assert "allow-same-origin" not in policy
    assert ' src="https://tracker.example' not in answer.text
    shown = desk.client.plain.get(f"/messages/{message.id}/frame?images=shown")
    assert "/remote-image/" in shown.text
    assert ' src="https://tracker.example' not in shown.text
    assert desk.client.plain.get("/remote-image/forged").status_code == 404


def test_whatever_is_written_is_shown_as_text(desk: Desk) -> None:
    make_message(desk.session, desk.thread, "<script>alert(1)</script>'); DROP TABLE threads;--", at=utc_now())
    desk.session.commit()
    for path in (f"/threads/{desk.thread.id}", "/inbox", "/search?q=alert"):
        page = desk.client.get(path).text
        assert "<script>alert" not in page
        assert "alert" in page


@pytest.mark.parametrize("query", ["", "knippert", "31612345678", "'; DROP", "zzzzzz", '"' * 300])
def test_search_always_answers_with_a_page(desk: Desk, query: str) -> None:
    answer = desk.client.get("/search", query_string={"q": query})
    assert answer.status_code == 200
    assert ("<mark>" in answer.text) == (query == "knippert")


def test_quoted_text_and_automatic_mail_are_folded_and_never_gone(desk: Desk) -> None:
    thread = _mail_thread(desk)
    text = "Dank u wel\n\nOp 1 nov 2026 om 10:00 schreef Alice:\n> regel een\n> regel twee\n"
    make_message(desk.session, thread, text, at=utc_now())
    make_message(desk.session, thread, "Ik ben afwezig", at=utc_now()).automatic = "auto_reply"
    desk.session.commit()
    page = desk.client.get(f"/threads/{thread.id}").text
    assert '<details class="quote">' in page
    assert "regel twee" in page
    assert "Automatic reply" in page
    assert "Ik ben afwezig" in page


def _mail_thread(desk: Desk) -> Thread:
    brand_channel = desk.channel
    with desk.app.app_context():
        brand = desk.session.get_one(type(make_brand(desk.session, "mail")), brand_channel.brand_id)
        channel = make_channel(
            desk.session, brand, ChannelType.EMAIL, keyring=runtime().keyring, address="hallo@chargecars.example"
        )
    contact = make_contact(desk.session, "Jan", kind="email", value="jan@example.nl")
    return make_thread(desk.session, channel, contact, subject="Vraag", at=utc_now())


def test_a_resolved_thread_leaves_the_inbox(desk: Desk) -> None:
    desk.post(f"/threads/{desk.thread.id}/status", status=ThreadStatus.RESOLVED.value)
    assert "knippert" not in desk.client.get("/inbox").text.split("<main")[1].split('id="thread-pane"')[0]
    assert "knippert" in desk.client.get("/inbox/resolved").text


def test_a_socket_ends_with_its_session(desk: Desk) -> None:
    sessions = desk.session.execute(sa.text("SELECT id FROM user_sessions WHERE user_id = :id"), {"id": desk.alice.id}).scalars()
    sockets = OpenSockets()
    sockets.add("one", next(iter(sessions)))
    assert sockets.ended(desk.session, now=utc_now()) == []
    desk.session.execute(sa.text("UPDATE user_sessions SET revoked_at = now() WHERE user_id = :id"), {"id": desk.alice.id})
    assert sockets.ended(desk.session, now=utc_now()) == ["one"]
    sockets.remove("one")
    assert sockets.ended(desk.session, now=utc_now()) == []


def test_the_sequence_is_for_the_signed_in_alone(desk: Desk, app: Flask) -> None:
    assert desk.client.plain.get("/live/sequence").get_json() == {"sequences": {}}
    assert app.test_client().get("/live/sequence", headers={"Sec-Fetch-Dest": "empty"}).status_code == 401
