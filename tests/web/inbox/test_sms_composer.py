"""Writing a text: what stands under it, what making it plainer says, and that nobody who said STOP is written to."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from decimal import Decimal

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.core.clock import utc_now
from app.core.runtime import runtime
from app.domain.connections.models import Channel, ChannelType
from app.domain.contacts.opt_outs import ask_for_no_more
from app.domain.delivery.models import Delivery
from app.domain.threads.models import Draft, Thread
from app.web.inbox.sms_words import PartPrice, named, part_price, price_words
from tests.factories import make_brand, make_channel, make_contact, make_message, make_thread, make_user
from tests.support.pages import PageClient
from tests.support.signing_in import csrf_token, sign_in

HTMX = {"HX-Request": "true"}
JAN = "+31612345678"


@dataclass
class Desk:
    client: PageClient
    session: Session
    thread: Thread
    channel: Channel

    def page(self) -> str:
        return self.client.get(f"/threads/{self.thread.id}").text

    def post(self, path: str, *, headers: dict[str, str] | None = None, **fields: object) -> TestResponse:
        data = {"client_token": uuid.uuid4(), "csrf_token": csrf_token(self.client.plain), "composer_kind": "reply", **fields}
        return self.client.post(f"/threads/{self.thread.id}/{path}", data=data, headers=HTMX if headers is None else headers)


@pytest.fixture
def desk(app: Flask, db_session: Session, page_client: PageClient) -> Desk:
    brand = make_brand(db_session)
    alice = make_user(db_session, brands=(brand,))
    with app.app_context():
        keyring = runtime().keyring
    settings = {"part_price": "0.0849", "part_currency": "EUR"}
    channel = make_channel(db_session, brand, ChannelType.SMS, keyring=keyring, address="+3197010200777", settings=settings)
    thread = make_thread(db_session, channel, make_contact(db_session, kind="phone", value=JAN))
    make_message(db_session, thread, sender={"address": JAN})
    db_session.commit()
    sign_in(page_client.plain, db_session, alice)
    return Desk(page_client, db_session, thread, channel)


def test_the_page_says_how_a_draft_travels_before_any_script_runs(desk: Desk) -> None:
    desk.post("draft", kind="reply", text="Geïnstalleerd " * 6)
    page = desk.page()
    assert '<dd class="num" data-sms="parts">2</dd>' in page
    assert '<dd data-sms="encoding">UCS-2</dd>' in page
    assert '<b data-sms="misfits">ï</b>' in page
    assert "€0.1698" in page


def test_a_text_takes_no_file_and_a_note_does(desk: Desk) -> None:
    assert "composer__attach" not in desk.page()
    assert "composer__attach" in desk.client.get(f"/threads/{desk.thread.id}?kind=note").text
    refused = desk.post("messages", text="hallo", attachment_id=uuid.uuid4())
    assert refused.status_code == 422
    assert "This channel cannot send files" in refused.text


def test_simplifying_answers_with_the_plainer_text_says_what_it_did_and_keeps_it(desk: Desk) -> None:
    answer = desk.post("simplified-text", text="“Ja” – tot zo… 😀")
    assert "&#34;Ja&#34; - tot zo... 😀</textarea>" in answer.text
    assert "Replaced: “ with &#34;, ” with &#34;, – with -, … with ...." in answer.text
    assert "Not in the alphabet of 160 characters: 😀" in answer.text
    assert desk.session.execute(sa.select(Draft.text)).scalar_one() == '"Ja" - tot zo... 😀'


def test_accents_go_only_where_one_asks_for_it(desk: Desk) -> None:
    assert "There was nothing to simplify." in desk.post("simplified-text", text="geïnstalleerd").text
    assert "geinstalleerd</textarea>" in desk.post("simplified-text?accents=1", text="geïnstalleerd").text


def test_simplifying_works_without_scripts(desk: Desk) -> None:
    assert desk.post("simplified-text", text="tot zo…", headers={}).status_code == 303
    page = desk.page()
    assert "tot zo...</textarea>" in page
    assert "Replaced: … with ...." in page


def test_somebody_who_said_stop_cannot_be_sent_a_text_and_the_page_says_why(desk: Desk) -> None:
    ask_for_no_more(
        desk.session, brand_id=desk.thread.brand_id, medium="sms", address=JAN, said="STOP", message_id=None, at=utc_now()
    )
    desk.session.commit()
    page = desk.page()
    assert f"{JAN} opted out of texts" in page
    assert "data-send disabled" in page
    refused = desk.post("messages", text="hallo")
    assert refused.status_code == 422
    assert "Only the recipient can undo this, by sending START" in refused.text
    assert desk.session.execute(sa.select(sa.func.count()).select_from(Delivery)).scalar_one() == 0
    contact = desk.client.get(f"/contacts/{desk.thread.contact_id}").text
    assert "No SMS" in contact
    assert "The contact sent “STOP”" in contact


def test_other_composers_say_nothing_of_parts(desk: Desk) -> None:
    assert 'data-module="sms-count"' not in desk.client.get(f"/threads/{desk.thread.id}?kind=note").text


@pytest.mark.parametrize(("settings", "price"), [
    ({"part_price": "0.0849", "part_currency": "eur"}, PartPrice(Decimal("0.0849"), "EUR")),
    ({"part_price": "0,08"}, PartPrice(Decimal("0.08"), "EUR")),
    *[({"part_price": value}, None) for value in ("", "free", "-1", "NaN", "Infinity", "99999", None)],
    ({"part_price": "1", "part_currency": "<b>"}, None),
])  # fmt: skip
def test_a_price_that_is_none_is_not_shown(settings: dict[str, str], price: PartPrice | None) -> None:
    assert part_price(Channel(settings=settings)) == price


def test_a_price_is_told_in_the_readers_way(app_context: Flask) -> None:
    with app_context.test_request_context("/", headers={"Accept-Language": "nl"}):
        assert price_words(PartPrice(Decimal("0.0849"), "EUR"), 2) == "€\xa00,1698"


def test_what_one_cannot_see_is_shown() -> None:
    assert named(["\u00a0", "ë", "\u200b"]) == "␣ ë ␣"
    assert named([chr(0x4E00 + n) for n in range(20)]).endswith(" …")
