"""Quotes, buttons, lists and files of WhatsApp, from the composer to the customer's phone and back."""

from __future__ import annotations

import io
from typing import Any

import pytest
import sqlalchemy as sa

from app.domain.contacts.models import ContactIdentity
from app.domain.threads.models import Draft, Message, MessageType
from tests.factories import make_contact
from tests.sandbox.simulators.whatsapp_world import JAN
from tests.support.chat_desk import ChatDesk
from tests.support.signing_in import csrf_token


def count_ours(chat: ChatDesk) -> int:
    query = sa.select(sa.func.count()).where(Message.message_type == MessageType.OUTGOING)
    return int(chat.session.execute(query).scalar_one())


def test_a_reply_quotes_the_message_it_answers(chat: ChatDesk) -> None:
    wamid = chat.customer(text="Wanneer komt u?")
    chat.customer(text="En hoe laat?")
    answered = chat.message("Wanneer komt u?")
    composer = chat.post(f"/threads/{chat.thread().id}/composer?kind=reply&answers={answered.id}", text="Dins").text
    assert "In reply to" in composer
    assert "Wanneer komt u?" in composer
    assert "Dins" in composer
    assert chat.reply(text="Dinsdag", answers=answered.id).status_code == 200
    chat.deliver()
    assert chat.sent()[-1]["context"] == {"message_id": wamid}
    assert chat.world.phone()[-1]["context_id"] == wamid
    assert chat.message("Dinsdag").reply_to_message_id == answered.id
    assert f'href="#item-{answered.id}"' in chat.page()


def test_a_message_of_another_thread_is_not_quoted(chat: ChatDesk) -> None:
    chat.customer(text="Van Jan")
    mine = chat.thread().id
    chat.customer(**{"from": "31687654321"}, text="Van een ander")
    other = chat.message("Van een ander")
    fields = {"channel_id": chat.channel.id, "text": "Dag", "answers": other.id}
    answer = chat.post(f"/threads/{mine}/messages", **fields)
    assert answer.status_code == 422
    assert "cannot quote this message" in answer.text
    assert count_ours(chat) == 0


def test_buttons_go_out_and_the_tap_shows_what_was_chosen(chat: ChatDesk) -> None:
    chat.customer(text="Past dinsdag?")
    fields = {"choices_kind": "buttons", "button_1": "Ja", "button_2": "Nee", "button_3": ""}
    assert chat.reply(text="Kies maar", **fields).status_code == 200
    chat.deliver()
    sent = chat.sent()[-1]
    assert [b["reply"] for b in sent["interactive"]["action"]["buttons"]] == [
        {"id": "1", "title": "Ja"},
        {"id": "2", "title": "Nee"},
    ]
    ours = chat.message("Kies maar")
    assert ours.delivery_status == "read"
    tap = {"type": "button_reply", "button_reply": {"id": "1", "title": "Ja"}}
    chat.customer(type="interactive", content=tap, reply_to=ours.external_id)
    chosen = chat.message("Ja")
    assert (chosen.kind, chosen.reply_to_message_id) == ("button", ours.id)
    page = chat.page()
    assert "The customer chose:" in page
    assert 'class="offered"' in page


def test_somebody_who_hides_their_number_shares_it_with_one_tap(chat: ChatDesk) -> None:
    chat.customer(text="Bellen jullie mij?", username="jan.jansen", hides_number=True)
    before = chat.thread()
    assert numbers_of(chat) == []
    assert chat.reply(text="Op welk nummer?", choices_kind="number").status_code == 200
    chat.deliver()
    asked = {"type": "request_contact_info", "body": {"text": "Op welk nummer?"}, "action": {"name": "request_contact_info"}}
    assert chat.sent()[-1]["interactive"] == asked
    assert "The customer can share a phone number" in chat.page()
    target = chat.message("Op welk nummer?").external_id
    chat.customer(kind="tap", choice="shares_number", target=target)
    shared = chat.message(f"Jan: +{JAN}")
    assert (shared.kind, shared.thread_id) == ("contacts", before.id)
    assert numbers_of(chat) == [("phone", f"+{JAN}"), ("wa_id", JAN)]
    assert chat.reply(text="We bellen u").status_code == 200
    chat.deliver()
    assert chat.sent()[-1]["to"] == JAN


def test_a_shared_number_joins_them_with_who_was_known_by_it(chat: ChatDesk) -> None:
    known = make_contact(chat.session, "Jan van lang geleden", kind="wa_id", value=JAN)
    chat.session.commit()
    chat.customer(text="Hoi", username="jan.jansen", hides_number=True)
    assert chat.thread().contact_id != known.id
    assert chat.reply(text="Op welk nummer?", choices_kind="number").status_code == 200
    chat.deliver()
    chat.customer(kind="tap", choice="shares_number", target=chat.message("Op welk nummer?").external_id)
    assert chat.thread().contact_id == known.id


def test_a_card_of_somebody_else_is_not_theirs(chat: ChatDesk) -> None:
    chat.customer(text="Hoi", username="jan.jansen", hides_number=True)
    card = {"origin": "other", "name": {"formatted_name": "Piet"}, "phones": [{"phone": "+31687654321", "wa_id": "31687654321"}]}
    chat.customer(type="contacts", content=[card])
    assert chat.message("Piet: +31687654321").kind == "contacts"
    assert numbers_of(chat) == []


def numbers_of(chat: ChatDesk) -> list[tuple[str, str]]:
    """Every number of the contact of the one thread, by kind."""
    query = sa.select(ContactIdentity.kind, ContactIdentity.value).where(
        ContactIdentity.contact_id == chat.thread().contact_id, ContactIdentity.kind.in_(("phone", "wa_id"))
    )
    return [(row.kind, row.value) for row in chat.session.execute(query.order_by(ContactIdentity.kind))]


def test_a_list_goes_out_with_its_rows(chat: ChatDesk) -> None:
    chat.customer(text="Welke laadpaal?")
    fields = {"choices_kind": "list", "list_label": "Modellen", "row_title_1": "Mini", "row_description_1": "7 kW"}
    assert chat.reply(text="Dit hebben we", **fields, row_title_4="Maxi").status_code == 200
    chat.deliver()
    action = chat.sent()[-1]["interactive"]["action"]
    rows = [{"id": "1", "title": "Mini", "description": "7 kW"}, {"id": "2", "title": "Maxi"}]
    assert action == {"button": "Modellen", "sections": [{"title": "Modellen", "rows": rows}]}


@pytest.mark.parametrize(
    ("fields", "at", "says"),
    [
        ({"choices_kind": "buttons"}, "button_1", "Enter at least one"),
        ({"choices_kind": "buttons", "button_1": "x" * 21}, "button_1", "has 21 characters; the maximum is 20"),
        ({"choices_kind": "buttons", "button_1": "Ja", "button_2": "Ja"}, "button_2", "appears twice"),
        ({"choices_kind": "list", "row_title_1": "Mini"}, "list_label", "opens the list"),
        ({"choices_kind": "list", "list_label": "L", "row_title_1": "x" * 25}, "row_title_1", "the maximum is 24"),
        ({"choices_kind": "list", "list_label": "L", "row_description_1": "x"}, "row_title_1", "needs a title"),
        (
            {"choices_kind": "list", "list_label": "L", "row_title_1": "a", "row_description_1": "x" * 73},
            "row_description_1",
            "72",
        ),
        ({"choices_kind": "buttons", "button_1": "Ja", "text": "x" * 1025}, "text", "at most 1024"),
        ({"choices_kind": "buttons", "button_1": "Ja", "text": ""}, "text", "Write something, or attach a file"),
    ],
)
def test_what_cannot_be_tapped_is_refused_at_its_field_and_nothing_is_queued(
    chat: ChatDesk, fields: dict[str, Any], at: str, says: str
) -> None:
    chat.customer(text="Hoi")
    answer = chat.reply(**{"text": "Kies", **fields})
    assert answer.status_code == 422
    assert says in answer.text
    field = answer.text.partition(f'name="{at}"')[2].partition(">")[0]
    assert 'aria-invalid="true"' in field
    for name, typed in fields.items():
        assert name == "text" or str(typed) in answer.text
    assert count_ours(chat) == 0


def test_what_is_to_be_tapped_is_kept_in_the_draft(chat: ChatDesk) -> None:
    chat.customer(text="Hoi")
    chat.post(f"/threads/{chat.thread().id}/draft", kind="reply", text="Kies", choices_kind="buttons", button_1="Morgen")
    kept = chat.session.execute(sa.select(Draft)).scalar_one()
    assert kept.options["chat"] == {"choices_kind": "buttons", "button_1": "Morgen"}
    assert 'value="Morgen"' in chat.page()


def upload(chat: ChatDesk, name: str, content_type: str, content: bytes) -> str:
    data = {"file": (io.BytesIO(content), name, content_type), "csrf_token": csrf_token(chat.client.plain)}
    answer = chat.client.post(f"/threads/{chat.thread().id}/attachments", data=data)
    assert answer.status_code == 201, answer.text
    return str(answer.get_json()["id"])


def test_a_file_whatsapp_does_not_take_is_refused_before_it_is_queued(chat: ChatDesk) -> None:
    chat.customer(text="Stuur even een foto")
    photo = upload(chat, "foto.webp", "image/webp", b"RIFF\x24\x00\x00\x00WEBPVP8 " + b"\0" * 40)
    answer = chat.reply(text="Zie foto", attachment_id=photo)
    assert answer.status_code == 422
    assert "foto.webp · WhatsApp does not accept image/webp · Convert the file to JPEG or PNG first." in answer.text
    assert count_ours(chat) == 0


def test_words_beside_a_voice_message_go_before_it(chat: ChatDesk) -> None:
    chat.customer(text="Bel me")
    voice = upload(chat, "bericht.mp3", "audio/mpeg", b"ID3\x03\x00" + b"\0" * 200)
    assert chat.reply(text="Luister maar", attachment_id=voice).status_code == 200
    chat.deliver()
    assert [payload["type"] for payload in chat.sent()] == ["text", "audio"]
    assert [bubble["ticks"] for bubble in chat.world.phone(JAN)[-2:]] == ["read", "read"]
