"""A forward for later: sent once at its time with all that was chosen, held like a reply, moved, taken back into its form."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.clock import utc_now
from app.domain.accounts.models import Brand
from app.domain.connections.models import Channel
from app.domain.delivery.envelope import outgoing_message
from app.domain.delivery.models import ScheduledReply
from app.domain.delivery.scheduled_jobs import send_due
from app.domain.events.actions import Actor, record
from app.domain.reply_templates.variables import hole
from app.domain.threads.actions import subject_of
from app.domain.threads.models import Draft
from app.domain.threads.move_models import ThreadMove
from app.domain.threads.spam import mark_spam
from app.domain.threads.split import split_thread, undo_split
from tests.domain.delivery.test_forward_writing import TO, Desk, desk
from tests.factories import make_message, make_user
from tests.support.signing_in import sign_in

__all__ = ["desk"]

NEXT_YEAR = utc_now().year + 1


def schedule(desk: Desk, **fields: object) -> ScheduledReply:
    answer = desk.forward(**{"later": "tomorrow", "text": "Kun jij", **fields})
    assert answer.status_code == 200, answer.text
    assert "cancellation" in answer.headers["HX-Trigger"]
    return rows(desk)[-1]


def rows(desk: Desk) -> list[ScheduledReply]:
    query = sa.select(ScheduledReply).order_by(ScheduledReply.created_at, ScheduledReply.id)
    return list(desk.session.execute(query.execution_options(populate_existing=True)).scalars())


def time_comes(app: Flask, desk: Desk, row: ScheduledReply) -> None:
    due = sa.update(ScheduledReply).where(ScheduledReply.id == row.id).values(run_at=utc_now() - timedelta(seconds=1))
    desk.session.execute(due)
    desk.session.commit()
    with app.app_context():
        send_due(row_id=str(row.id))


def page(desk: Desk) -> str:
    return " ".join(desk.client.get(f"/threads/{desk.thread.id}").text.split())


def test_it_stands_on_the_thread_and_goes_out_once_with_people_files_and_formatting(app: Flask, desk: Desk) -> None:
    upload = desk.upload()
    html = "<p>Kun jij <strong>vandaag</strong>?</p>"
    row = schedule(
        desk,
        html=html,
        cc="baas@partner.example",
        bcc="archief@partner.example",
        subject="Vonken",
        file_id=desk.file.id,
        attachment_id=upload,
    )
    assert desk.outgoing() == []
    assert desk.draft() is None
    shown = page(desk).split(f'id="scheduled-{row.id}"')[1].split("</section>")[0]
    assert f"Forward to {TO}" in shown
    assert "Vonken" in shown
    assert "2 files" in shown
    assert "De paal vonkt" not in shown
    time_comes(app, desk, row)
    time_comes(app, desk, row)
    (message,) = desk.outgoing()
    assert (message.subject, message.sender_user_id) == ("Vonken", desk.alice.id)
    assert message.html.startswith("<p>Kun jij <strong>vandaag</strong>?</p>")
    assert "De paal vonkt <fel>" in message.text
    assert desk.files_of(message) == ["schema.png", "vonk.jpg"]
    with app.app_context():
        delivery = desk.delivery(message)
        mail = outgoing_message(delivery, message, desk.session.get_one(Channel, delivery.channel_id), ())
    assert [[party.address() for party in people] for people in (mail.to, mail.cc, mail.bcc)] == [
        [TO],
        ["baas@partner.example"],
        ["archief@partner.example"],
    ]
    assert "Forwarded to" in page(desk)
    assert f"scheduled-{row.id}" not in page(desk)


@pytest.mark.parametrize("again", ["tomorrow", ""])
def test_same_form_twice_is_one_forward_and_a_late_plain_repeat_sends_nothing(desk: Desk, again: str) -> None:
    token = uuid.uuid4()
    schedule(desk, client_token=token)
    desk.forward(client_token=token, later=again, text="Kun jij")
    desk.forward("/draft", client_token=token, text="Kun jij")
    assert len(rows(desk)) == 1
    assert desk.outgoing() == []
    assert desk.draft() is None


def test_second_tab_with_other_words_is_told(desk: Desk) -> None:
    token = uuid.uuid4()
    schedule(desk, client_token=token)
    other = desk.forward(client_token=token, text="Of iemand anders", later="tomorrow")
    assert other.status_code == 409
    assert "Of iemand anders" in other.text
    assert len(rows(desk)) == 1


def test_it_is_held_when_somebody_writes_before_and_its_writer_decides(app: Flask, desk: Desk) -> None:
    row = schedule(desk)
    newer = make_message(desk.session, desk.thread, "Laat maar", at=utc_now())
    with app.app_context():
        record(desk.session, "MessageReceived", subject=subject_of(desk.thread, newer), now=utc_now())
    desk.session.commit()
    assert rows(desk)[0].held_because == "newer"
    time_comes(app, desk, row)
    assert desk.outgoing() == []
    assert "a newer message came in" in page(desk)
    assert desk.post(f"/scheduled/{row.id}/sending", last_seen_message_id=desk.message.id).status_code == 409
    sent = desk.post(f"/scheduled/{row.id}/sending", last_seen_message_id=newer.id)
    assert f"Forwarded to {TO}" in sent.headers["HX-Trigger"]
    assert len(desk.outgoing()) == 1


def test_scheduling_over_a_newer_message_is_held_like_a_send(desk: Desk) -> None:
    desk.newer()
    held = desk.forward(text="Kun jij", later="picked", send_at=f"{NEXT_YEAR}-06-01T10:30")
    assert held.status_code == 409
    assert f'value="{NEXT_YEAR}-06-01T10:30"' in held.text
    assert rows(desk) == []


def test_spam_a_mailbox_switched_off_and_a_message_that_is_gone_hold_it(app: Flask, desk: Desk) -> None:
    spam, off, gone = schedule(desk), schedule(desk), schedule(desk)
    with app.app_context():
        mark_spam(desk.session, thread_id=desk.thread.id, now=utc_now(), actor=Actor(desk.alice.id))
    desk.session.commit()
    assert {row.held_because for row in rows(desk)} == {"spam"}
    held = sa.update(ScheduledReply).values(state="ready", held_because=None)
    desk.session.execute(held)
    desk.session.execute(sa.update(Channel).values(is_active=False))
    time_comes(app, desk, off)
    desk.session.execute(sa.update(Channel).values(is_active=True))
    elsewhere = {**gone.reply, "forward": {**gone.reply["forward"], "message_id": str(uuid.uuid4())}}
    desk.session.execute(sa.update(ScheduledReply).where(ScheduledReply.id == gone.id).values(reply=elsewhere))
    time_comes(app, desk, gone)
    assert [row.held_because for row in rows(desk)] == [None, "channel_off", "The message to forward no longer exists"]
    assert spam.state == "ready"
    answer = desk.post(f"/scheduled/{gone.id}/cancellation")
    assert answer.status_code == 200
    assert desk.outgoing() == []


def test_new_time_and_a_time_that_is_none(app: Flask, desk: Desk) -> None:
    refused = desk.forward(text="Mijn tekst", later="picked", send_at="2020-01-01T08:00")
    assert refused.status_code == 422
    assert "Choose a future date and time" in refused.text
    assert "Mijn tekst" in refused.text
    row = schedule(desk)
    moved = desk.post(f"/scheduled/{row.id}/time", send_at=f"{NEXT_YEAR}-06-01T10:30", last_seen_message_id=desk.message.id)
    assert moved.status_code == 204
    assert rows(desk)[0].run_at == datetime(NEXT_YEAR, 6, 1, 8, 30, tzinfo=UTC)


def test_taking_it_back_puts_all_of_it_into_the_form_with_its_time(app: Flask, desk: Desk) -> None:
    upload = desk.upload()
    row = schedule(desk, html="<p>Kun jij <strong>vandaag</strong>?</p>", cc="baas@partner.example", attachment_id=upload)
    reply = {"composer_kind": "reply", "text": "Beste Pieter", "channel_id": desk.thread.channel_id}
    form = desk.post(f"/scheduled/{row.id}/cancellation", again="1", **reply).text
    assert 'data-kind="forward"' in form
    assert "&lt;strong&gt;vandaag&lt;/strong&gt;" in form
    assert f'value="{TO}"' in form
    assert 'value="baas@partner.example"' in form
    assert "schema.png" in form
    sent_at = form.split('name="send_at"')[1].split(">")[0]
    assert 'T08:00"' in sent_at
    kept = desk.session.get(Draft, (desk.alice.id, desk.thread.id, "reply"))
    assert kept is not None
    assert kept.text == "Beste Pieter"
    time_comes(app, desk, row)
    assert desk.outgoing() == []


def test_colleague_may_stop_it_and_its_writer_has_the_text(desk: Desk) -> None:
    row = schedule(desk)
    bob = make_user(desk.session, "Bob", brands=(desk.session.get_one(Brand, desk.thread.brand_id),))
    desk.session.commit()
    sign_in(desk.client.plain, desk.session, bob)
    assert desk.post(f"/scheduled/{row.id}/sending").status_code == 422
    desk.post(f"/scheduled/{row.id}/cancellation", composer_kind="reply", text="Van Bob")
    kept = desk.draft()
    assert kept is not None
    assert (kept.text, kept.options["forward"]["to"]) == ("Kun jij", TO)
    assert desk.session.get(Draft, (bob.id, desk.thread.id, "forward")) is None


def test_a_blank_of_a_template_keeps_it_here_but_one_in_the_original_does_not(desk: Desk) -> None:
    desk.message.text = f"Jullie schreven {hole('contact.email')}"
    desk.session.commit()
    assert desk.forward(text=f"Bel {hole('contact.phone')}", later="tomorrow").status_code == 422
    schedule(desk)


def test_it_goes_where_its_message_goes_and_back(app: Flask, desk: Desk) -> None:
    second = desk.newer()
    answer = desk.post(f"/messages/{second.id}/forward", to=TO, later="tomorrow", last_seen_message_id=second.id)
    assert answer.status_code == 200
    stays = schedule(desk, last_seen_message_id=second.id)
    went = rows(desk)[0]
    with app.app_context():
        split = {"subject": "Nieuw", "now": utc_now(), "actor": Actor(desk.alice.id)}
        new = split_thread(desk.session, thread_id=desk.thread.id, from_message_id=second.id, **split)
    desk.session.commit()
    assert {row.id: row.thread_id for row in rows(desk)} == {went.id: new.id, stays.id: desk.thread.id}
    move = desk.session.execute(sa.select(ThreadMove)).scalar_one()
    with app.app_context():
        undo_split(desk.session, move, now=utc_now(), actor=Actor(desk.alice.id))
    desk.session.commit()
    assert {row.thread_id for row in rows(desk)} == {desk.thread.id}
    time_comes(app, desk, went)
    assert [message.thread_id for message in desk.outgoing()] == [desk.thread.id]


def test_a_forward_that_is_being_written_goes_where_its_message_goes_and_back(app: Flask, desk: Desk) -> None:
    second = desk.newer()
    desk.post(f"/messages/{second.id}/forward/draft", to=TO, text="Kun jij")
    with app.app_context():
        split = {"subject": "Nieuw", "now": utc_now(), "actor": Actor(desk.alice.id)}
        new = split_thread(desk.session, thread_id=desk.thread.id, from_message_id=second.id, **split)
    desk.session.commit()
    assert draft_texts(desk) == {new.id: "Kun jij"}
    assert f"/messages/{second.id}/forward" in desk.client.get(f"/threads/{new.id}").text.split("composer__tabs")[1]
    assert f"/messages/{second.id}/forward" not in page(desk)
    desk.post(f"/messages/{second.id}/forward/draft", to=TO, text="Kun jij vandaag")
    move = desk.session.execute(sa.select(ThreadMove)).scalar_one()
    with app.app_context():
        undo_split(desk.session, move, now=utc_now(), actor=Actor(desk.alice.id))
    desk.session.commit()
    assert draft_texts(desk) == {desk.thread.id: "Kun jij vandaag"}


def test_a_forward_of_what_stays_stays(app: Flask, desk: Desk) -> None:
    second = desk.newer()
    desk.forward("/draft", text="Kun jij")
    with app.app_context():
        split = {"subject": "Nieuw", "now": utc_now(), "actor": Actor(desk.alice.id)}
        split_thread(desk.session, thread_id=desk.thread.id, from_message_id=second.id, **split)
    desk.session.commit()
    assert draft_texts(desk) == {desk.thread.id: "Kun jij"}


def draft_texts(desk: Desk) -> dict[uuid.UUID, str]:
    rows = desk.session.execute(sa.select(Draft.thread_id, Draft.text).where(Draft.kind == "forward")).all()
    assert len({row.thread_id for row in rows}) == len(rows)
    return {row.thread_id: row.text for row in rows}
