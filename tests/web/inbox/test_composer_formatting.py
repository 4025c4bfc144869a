"""A mail with formatting, from the form to the draft, the thread and the envelope."""

from __future__ import annotations

import io
import uuid

import sqlalchemy as sa

from app.core.ids import content_id_of
from app.core.runtime import runtime
from app.domain.delivery.envelope import outgoing_message, read_files
from app.domain.delivery.models import ScheduledReply
from app.domain.delivery.queries import list_files
from app.domain.threads.models import Attachment, Draft
from tests.support.signing_in import csrf_token
from tests.web.inbox.test_composer_mail import Desk, desk

__all__ = ["desk"]

BOLD = "<p>Dag <strong>Jane</strong></p>"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


def keep(desk: Desk, **fields: object) -> Draft | None:
    data = {"text": "Dag Jane", "kind": "reply", "client_token": uuid.uuid4(), "csrf_token": csrf_token(desk.client.plain)}
    assert desk.client.post(f"/threads/{desk.thread.id}/draft", data={**data, **fields}).status_code == 204
    desk.session.expire_all()
    return desk.session.get(Draft, (desk.alice.id, desk.thread.id, "reply"))


def composer(desk: Desk) -> str:
    return desk.client.get(f"/threads/{desk.thread.id}", headers={"HX-Request": "true", "HX-Target": "composer"}).text


def shown_html(desk: Desk) -> str:
    field = composer(desk).partition('name="html" value="')[2]
    return field.partition('"')[0].replace("&lt;", "<").replace("&gt;", ">").replace("&#34;", '"')


def upload(desk: Desk) -> uuid.UUID:
    data = {"file": (io.BytesIO(PNG), "foto.png", "image/png"), "csrf_token": csrf_token(desk.client.plain)}
    answer = desk.client.post(f"/threads/{desk.thread.id}/attachments", data=data)
    return uuid.UUID(answer.json["id"])


def test_both_parts_say_the_same_and_the_thread_shows_the_formatting(desk: Desk) -> None:
    hostile = f'{BOLD}<script>x()</script><p style="display:none" onclick="x()">en <img src="https://evil.example/p.gif"></p>'
    assert desk.send("iets anders", html=hostile, signed="1").status_code == 200
    ((message, delivery),) = desk.sent()
    assert (message.html, message.text) == (f"{BOLD}<p>en </p>", "Dag Jane\n\nen")
    out = outgoing_message(delivery, message, desk.channel, [])
    assert out.html.startswith(f"{BOLD}<p>en </p>\n<p>-- <br>\nMet vriendelijke groet,<br>\nAlice")
    assert out.text.startswith("Dag Jane\n\nen\n\n-- \nMet vriendelijke groet,\nAlice")
    assert f"/messages/{message.id}/frame" in desk.client.get(f"/threads/{desk.thread.id}").text
    assert "<strong>Jane</strong>" in desk.client.plain.get(f"/messages/{message.id}/frame").text


def test_without_formatting_a_mail_is_sent_as_it_always_was(desk: Desk) -> None:
    desk.send("Dag\nJane", html="<p>Dag<br>Jane</p>")
    ((message, delivery),) = desk.sent()
    assert (message.html, message.text) == ("", "Dag\nJane")
    assert outgoing_message(delivery, message, desk.channel, []).html == "Dag<br>\nJane"


def test_a_picture_in_the_text_goes_along_inside_it_and_other_files_below(desk: Desk) -> None:
    inside, below = upload(desk), upload(desk)
    html = f'<p>Zie <img src="cid:{inside}@inline" alt="foto.png"></p>'
    desk.send("Zie", html=html, attachment_id=[inside, below])
    ((message, delivery),) = desk.sent()
    files = list_files(desk.session, message.id)
    assert [(f.id, f.is_inline, f.content_id) for f in files] == [(inside, True, content_id_of(inside)), (below, False, None)]
    with desk.client.plain.application.app_context():
        sent = outgoing_message(delivery, message, desk.channel, read_files(files, runtime().storage))
    assert [file.content_id for file in sent.attachments] == [content_id_of(inside), None]
    assert f"cid:{content_id_of(inside)}" in sent.html
    assert message.text == "Zie [foto.png]"
    assert "data:image/png;base64," in desk.client.plain.get(f"/messages/{message.id}/frame").text


def test_draft_keeps_its_formatting_while_its_words_stay(desk: Desk) -> None:
    draft = keep(desk, html=f"{BOLD}<script>x()</script>")
    assert draft is not None
    assert (draft.text, draft.options["html"]) == ("Dag Jane", BOLD)
    assert shown_html(desk) == BOLD
    keep(desk)  # from another channel's form, which knows no formatting
    assert shown_html(desk) == BOLD
    keep(desk, text="Dag Jane, tot morgen")
    assert shown_html(desk) == ""
    keep(desk, html=BOLD)
    keep(desk, html="")  # switched off
    assert shown_html(desk) == ""


def test_refused_send_gives_the_formatting_back(desk: Desk) -> None:
    answer = desk.send(html=BOLD, cc="geen adres")
    assert answer.status_code == 422
    assert "Dag &lt;strong&gt;Jane&lt;/strong&gt;" in answer.text


def test_undo_brings_the_formatting_back_before_what_was_typed_since(desk: Desk) -> None:
    desk.alice.undo_send_seconds = 10
    desk.session.commit()
    picture = upload(desk)
    html = f'{BOLD}<p><img src="cid:{picture}@inline" alt="f"></p>'
    desk.send(html=html, attachment_id=[picture])
    ((message, _delivery),) = desk.sent()
    data = {"text": "en nog iets", "composer_kind": "reply", "csrf_token": csrf_token(desk.client.plain)}
    desk.client.post(f"/messages/{message.id}/undo", data=data, headers={"HX-Request": "true"})
    assert shown_html(desk) == f"{html}<p>en nog iets</p>"
    desk.send(html=BOLD, attachment_id=[picture])  # the picture is out of the text now
    desk.session.expire_all()
    file = desk.session.get_one(Attachment, picture)
    assert (file.is_inline, file.content_id) == (False, None)


def test_reply_for_later_keeps_its_formatting(desk: Desk) -> None:
    desk.send(html=BOLD, later="tomorrow")
    (row,) = desk.session.execute(sa.select(ScheduledReply)).scalars()
    assert (row.reply["text"], row.reply["html"]) == ("Dag Jane", BOLD)
    desk.client.post(f"/scheduled/{row.id}/cancellation", data={"csrf_token": csrf_token(desk.client.plain)})
    assert shown_html(desk) == BOLD
