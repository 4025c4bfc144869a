"""The Simulator page's WhatsApp, form by form as a browser sends them: to the simulated provider, and from there to our door."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from xml.etree.ElementTree import Element

import pytest
import sqlalchemy as sa
from flask import Flask, request
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app import create_app
from app.config import Settings
from app.core.db import db
from app.core.runtime import EXTENSION
from app.domain.contacts.models import Contact, ContactIdentity
from app.domain.ingest.models import InboundEvent
from app.domain.threads.models import Attachment, Message, MessageType
from app.sandbox.simulators.common import RunningServer
from tests.conftest import ServedClient
from tests.sandbox.simulators.whatsapp_world import World, running_world
from tests.support.chat_desk import ChatDesk, chat_desk
from tests.support.database import close_connections
from tests.support.pages import PageClient, parse
from tests.support.providers import providers_at
from tests.support.signing_in import csrf_token

PIETER, ELSEWHERE = "31612345678", "31687654321"
JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 60
PHONE = {"HX-Request": "true", "HX-Target": "phone"}


@pytest.fixture(scope="module")
def shared_app(settings: Settings) -> Iterator[Flask]:
    """The application with the pages of the demo."""
    app = create_app(replace(settings, demo=True))
    app.testing, app.test_client_class = True, ServedClient
    app.config["DOOR_CACHE_SECONDS"] = 0
    yield app
    close_connections(app)


@pytest.fixture(scope="module")
def provider() -> Iterator[World]:
    with running_world() as world:
        yield world


@dataclass
class Player:
    """Whoever sits at the page; `desk` is ours."""

    desk: ChatDesk

    def page(self) -> str:
        answer = self.desk.client.get("/simulator")
        assert answer.status_code == 200
        db.session.remove()  # the desk's context stays open, and with it what a request leaves
        return answer.text

    def shown(self) -> str:
        """The words of the chat on the page."""
        return " ".join(" ".join(find(parse(self.page()), "div", id="phone").itertext()).split())

    def send(self, form: Element, **fields: Any) -> TestResponse:
        """What the form holds, changed; where htmx sends it, as htmx does."""
        held = {one.get("name", ""): one.get("value", "") for one in form.iter("input") if one.get("type") != "file"}
        chosen = {one.get("name", ""): option.get("value", "") for one in form.iter("select") for option in [next(iter(one))]}
        headers = PHONE if form.get("hx-post") else {}
        token = {"csrf_token": csrf_token(self.desk.client.plain)}  # the one on the page is kept with the context, too
        answer = self.desk.client.post(form.get("action", ""), data={**held, **chosen, **fields, **token}, headers=headers)
        db.session.remove()
        assert answer.status_code in (200, 303), answer.status
        self.desk.hear()
        return answer

    def write(self, text: str, how: str = "", **more: Any) -> TestResponse:
        page = parse(self.page())
        form = next(one for one in page.iter("form") if has(one, id="chat-text"))
        assert how in [option.get("value") for option in find(page, "select", name="how", form=form.get("id", "")).iter("option")]
        return self.send(form, text=text, how=how, **more)

    def press(self, kind: str, **fields: Any) -> TestResponse:
        """The newest form that does this."""
        found = [one for one in parse(self.page()).iter("form") if has(one, name="kind", value=kind)]
        return self.send(found[-1], kind=kind, **fields)

    def tap(self, title: str) -> TestResponse:
        form = [one for one in parse(self.page()).iter("form") if has(one, name="kind", value="tap")][-1]
        button = next(one for one in form.iter("button") if one.text == title)
        return self.send(form, choice=button.get("value"))

    def is_offered(self, kind: str) -> bool:
        return any(has(one, name="kind", value=kind) for one in parse(self.page()).iter("form"))

    def messages(self) -> list[Message]:
        """In the order they came to us: the provider's times are whole seconds."""
        query = sa.select(Message).order_by(Message.seq)
        return list(self.desk.session.execute(query.execution_options(populate_existing=True)).scalars())

    def answer(self, text: str, **fields: Any) -> Message:
        """Alice answers, and the phone has it."""
        assert self.desk.reply(text=text, **fields).status_code == 200
        self.desk.deliver()
        return self.desk.message(text)


def has(element: Element, **attributes: str) -> bool:
    return any(all(one.get(name) == value for name, value in attributes.items()) for one in element.iter())


def find(element: Element, tag: str, **attributes: str) -> Element:
    return next(one for one in element.iter(tag) if all(one.get(name) == value for name, value in attributes.items()))


@pytest.fixture
def player(
    app: Flask, db_session: Session, page_client: PageClient, provider: World, graph_process: RunningServer
) -> Iterator[Player]:
    usual = app.extensions[EXTENSION]
    there = replace(usual.settings, provider_settings=providers_at(provider.url, graph=graph_process.url))
    app.extensions[EXTENSION] = replace(usual, settings=there)
    with chat_desk(app, db_session, page_client, provider) as desk:
        yield Player(desk)
    app.extensions[EXTENSION] = usual


def test_what_is_written_stands_on_the_phone_and_with_us(player: Player) -> None:
    assert "No messages yet" in player.shown()
    player.write("Mijn laadpaal piept")
    assert "Mijn laadpaal piept" in player.shown()
    (message,) = player.messages()
    assert (message.text, message.sender["name"]) == ("Mijn laadpaal piept", "Pieter van Dam")


@pytest.mark.parametrize("text", ["", "   ", "\0"])
def test_nothing_is_not_sent_and_says_so(player: Player, text: str) -> None:
    player.write(text)
    assert player.messages() == []
    assert "Write something first" in player.page()


def test_an_answer_quotes_the_newest_of_ours_and_is_plain_where_there_is_none(player: Player) -> None:
    player.write("Wanneer komt u?", "answer")
    ours = player.answer("Dinsdag")
    player.write("Graag", "answer")
    first, _ours, last = player.messages()
    assert (first.reply_to_message_id, last.reply_to_message_id) == (None, ours.id)
    assert player.shown().count("Dinsdag") == 2


def test_a_change_is_of_ones_own_newest(player: Player) -> None:
    player.write("Hij piept")
    player.write("Hij piept hard", "edit")
    (message,) = player.messages()
    assert (message.text, [one["text"] for one in message.edits][:1]) == ("Hij piept hard", ["Hij piept"])
    assert "edited" in player.shown()


def test_a_reaction_is_given_and_taken_back(player: Player) -> None:
    player.write("Dank u")
    assert not player.is_offered("react")  # there is nothing of ours yet
    ours = player.answer("Graag gedaan")
    player.press("react")
    player.desk.session.refresh(ours)
    assert [one["emoji"] for one in ours.reactions if one["emoji"]] == ["👍"]
    assert "👍" in player.shown()
    assert not player.is_offered("react")
    player.press("unreact")
    player.desk.session.refresh(ours)
    assert [one["emoji"] for one in ours.reactions if one["emoji"]] == []
    assert player.is_offered("react")


def test_a_message_is_deleted_once(player: Player) -> None:
    player.write("Vergissing")
    player.press("delete")
    assert player.messages()[0].revoked_at is not None
    assert "Deleted message" in player.shown()
    assert "Vergissing" not in player.shown()
    assert not player.is_offered("delete")


def test_a_button_is_tapped(player: Player) -> None:
    player.write("Past dinsdag?")
    ours = player.answer("Kies maar", choices_kind="buttons", button_1="Ja", button_2="Nee")
    player.tap("Nee")
    chosen = player.messages()[-1]
    assert (chosen.text, chosen.kind, chosen.reply_to_message_id) == ("Nee", "button", ours.id)


def test_a_photo_is_sent_and_shown_by_the_phone_alone(player: Player) -> None:
    player.write("Kijk", photo=(io.BytesIO(JPEG), "meterkast.jpg"))
    file = player.desk.session.execute(sa.select(Attachment)).scalar_one()
    assert (player.messages()[0].text, file.content_type) == ("Kijk", "image/jpeg")
    shown = find(find(parse(player.page()), "div", id="phone"), "img").get("src", "")
    assert player.desk.client.get(shown).data == JPEG
    assert player.desk.client.get("/simulator/media/none").status_code == 404


def test_a_number_that_changes_is_the_same_person_on_both_sides(player: Player) -> None:
    player.write("Ik krijg een nieuw nummer")
    player.press("change_number", number=f"+{ELSEWHERE}")
    assert find(parse(player.page()), "input", id="player-number").get("value") == ELSEWHERE
    assert "Ik krijg een nieuw nummer" in player.shown()
    player.write("Dit is het nieuwe")
    known = player.desk.session.execute(sa.select(Contact).where(Contact.name == "Pieter van Dam")).scalars().all()
    assert len(known) == 1
    numbers = sa.select(ContactIdentity.value).where(ContactIdentity.contact_id == known[0].id, ContactIdentity.kind == "wa_id")
    assert ELSEWHERE in player.desk.session.execute(numbers).scalars().all()


def test_without_a_new_number_nobody_changes(player: Player) -> None:
    player.write("Hoi")
    player.press("change_number", number="geen")
    assert "Enter the new number" in player.page()
    assert find(parse(player.page()), "input", id="player-number").get("value") == PIETER


def test_who_could_not_be_moved_stays_who_they_were(player: Player) -> None:
    player.write("Hoi")
    player.desk.world.simulator.app.before_request_funcs.setdefault(None, []).append(refuse_emit)
    player.press("change_number", number=ELSEWHERE)
    player.desk.world.simulator.app.before_request_funcs[None].remove(refuse_emit)
    assert find(parse(player.page()), "input", id="player-number").get("value") == PIETER


def refuse_emit() -> tuple[str, int] | None:
    return ("not now", 503) if request.path == "/__sim/emit" else None


def test_somebody_with_a_user_name_writes_without_a_number(player: Player) -> None:
    player.press("hide_number", name="jan.jansen", text="Raad wie ik ben")
    (message,) = player.messages()
    kinds = sa.select(ContactIdentity.kind).where(ContactIdentity.contact_id == message.sender_contact_id)
    assert "phone" not in player.desk.session.execute(kinds).scalars().all()
    assert "Raad wie ik ben" in player.shown()
    player.press("hide_number", text=" ")
    assert "Write something first" in player.page()


def test_a_colleague_writes_in_the_app(player: Player) -> None:
    player.write("Is daar iemand?")
    player.press("echo", text="Ik ben onderweg")
    echoed = player.messages()[-1]
    assert (echoed.text, echoed.message_type) == ("Ik ben onderweg", MessageType.OUTGOING)
    assert "Ik ben onderweg" in player.shown()
    player.press("echo", text="")
    assert len(player.messages()) == 2


@pytest.mark.parametrize("kind", ["pause_template", "quality_falls"])
def test_what_the_provider_says_of_a_template_is_heard(player: Player, kind: str) -> None:
    player.press(kind)
    (event,) = player.desk.session.execute(sa.select(InboundEvent)).scalars()
    assert (event.state, b"follow_up" in event.body) == ("done", True)


def test_what_the_simulator_refuses_is_told(player: Player) -> None:
    player.press("pause_template", template="unheard_of")
    assert "The simulator refuses" in player.page()


@pytest.mark.parametrize("kind", ["duplicate", "reorder", "delay", "slow"])
def test_trouble_shows_as_pressed_until_all_is_calm(player: Player, kind: str) -> None:
    def pressed() -> list[str | None]:
        page = parse(player.page())
        return [one.get("value") for one in page.iter("button") if one.get("aria-pressed") == "true"]

    player.press(kind)
    assert pressed() == [kind]
    player.press("calm")
    assert pressed() == []


def test_an_answer_fails_with_the_reason_that_was_chosen(player: Player) -> None:
    player.write("Bent u er nog?")
    player.press("fail", code="131026")
    assert player.answer("Jazeker").delivery_status == "failed"


@pytest.mark.parametrize("path", ["/simulator/chat/acts", "/simulator/trouble"])
def test_a_kind_there_is_none_of_is_refused(player: Player, path: str) -> None:
    assert player.desk.post(path, kind="unheard_of").status_code == 422


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", "/chat"), ("POST", "/chat/acts"), ("POST", "/trouble")])
def test_strangers_do_not_play(client: FlaskClient, method: str, path: str) -> None:
    token = {"csrf_token": csrf_token(client)}
    answer = client.open(f"/simulator{path}", method=method, data=token if method == "POST" else None)
    assert (answer.status_code, "/sign-in" in (answer.location or "")) == (303, True)


def test_without_simulators_the_page_says_so(player: Player) -> None:
    app = player.desk.app
    usual = app.extensions[EXTENSION]
    app.extensions[EXTENSION] = replace(
        usual, settings=replace(usual.settings, provider_settings=providers_at("http://127.0.0.1:9"))
    )
    assert "The simulators are not running" in player.page()
    app.extensions[EXTENSION] = usual
