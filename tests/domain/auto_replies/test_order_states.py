"""An automatic answer tells the state of an order only where exactly one order of the asker is meant."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from app.domain.auto_replies.order_states import _SENTENCES, state_sentence
from app.domain.contacts.models import Contact
from app.domain.events.actions import SYSTEM
from app.domain.orders.actions import set_order_status
from app.domain.orders.models import Order, OrderStatus
from tests.domain.orders.factories import make_order
from tests.factories import NOW, make_brand, make_contact


class House:
    def __init__(self, session: Session) -> None:
        self.session, self.brand, self.other = session, make_brand(session), make_brand(session, "laderthuis")
        self.pieter, self.anna = make_contact(session), make_contact(session, "Anna", value="31600000002")
        self.order = self.add()

    def add(self, **more: object) -> Order:
        return make_order(self.session, **{"brand": self.brand, "customer": self.pieter, **more})  # type: ignore[arg-type]

    def say(self, number: str = "", *, contact: Contact | None = None, language: str = "en") -> str:
        who = (contact or self.pieter).id
        return state_sentence(self.session, brand_id=self.brand.id, contact_id=who, number=number, language=language)


@pytest.fixture
def house(db_session: Session) -> House:
    return House(db_session)


def test_the_one_they_name_is_told_in_their_language(house: House) -> None:
    house.add()
    number = house.add(status=OrderStatus.SCHEDULED).order_number
    assert house.say(number.lower()) == f"Your order {number} is scheduled."
    assert house.say(number, language="nl") == f"Uw bestelling {number} is ingepland."
    assert house.say(number, language="fr") == f"Votre commande {number} est planifiée."


def test_without_a_number_their_only_open_one_is_meant(house: House) -> None:
    assert house.order.order_number in house.say()
    second = house.add()
    assert house.say() == ""
    set_order_status(house.session, second.id, OrderStatus.CANCELLED, reason="Dubbel", now=NOW, actor=SYSTEM)
    assert house.order.order_number in house.say()


def test_nobody_learns_of_somebody_elses_order_or_of_another_brands(house: House) -> None:
    assert house.say(house.order.order_number, contact=house.anna) == ""
    theirs = house.add(brand=house.other)
    assert house.say(theirs.order_number) == ""
    assert house.say("CC-1999-00001") == ""


def test_every_state_has_a_sentence_in_every_language() -> None:
    assert set(_SENTENCES) == {"nl", "en", "fr"}
    assert all(set(sentences) == set(OrderStatus) for sentences in _SENTENCES.values())
