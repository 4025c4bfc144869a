"""What a card in Teams says of its thread: order, status, team, and whoever has it, mentioned where the team asks for that."""

from __future__ import annotations

from typing import Any

from app.domain.contacts.models import Contact
from app.domain.orders.actions import link_thread
from app.providers.teams.card import Card, Mention, render
from app.sandbox.simulators.notices.teams import read_card
from tests.domain.notifications.conftest import House
from tests.domain.notifications.test_teams import THROUGH, Channel, texts
from tests.domain.orders.factories import make_order
from tests.factories import NOW


def facts_of(card: dict[str, Any]) -> dict[str, str]:
    (facts,) = [part["facts"] for part in card["card"]["body"] if part["type"] == "FactSet"]
    return {fact["title"]: fact["value"] for fact in facts}


def test_a_card_carries_order_status_and_team_and_mentions_whoever_has_the_thread(house: House) -> None:
    channel, session = Channel(house, shows_content=True), house.session
    order = make_order(session, house.brand, session.get_one(Contact, house.thread.contact_id))
    link_thread(session, order, house.thread.id, now=NOW)
    house.thread.team_id, house.thread.assignee_user_id = channel.team.id, house.alice.id
    channel.hook.mentions_assignee = True
    house.escalate(house.alice, through=THROUGH)
    house.carry_out()
    (card,) = house.outside.cards()
    told = facts_of(card)
    assert told == {
        "For": "Alice",
        "Customer": "Pieter van Dam",
        "Order": rf"{order.order_number} · Order received".replace("-", r"\-"),
        "Status": "Open",
        "Team": "Service",
    }
    assert texts(card)[1] == "<at>Alice</at>"
    (entity,) = card["card"]["msteams"]["entities"]
    assert entity == {
        "type": "mention",
        "text": "<at>Alice</at>",
        "mentioned": {"id": house.alice.email, "name": "Alice"},
    }


def test_nobody_is_mentioned_where_the_team_did_not_ask_for_it(house: House) -> None:
    Channel(house)
    house.thread.assignee_user_id = house.alice.id
    house.escalate(house.alice, through=THROUGH)
    house.carry_out()
    assert "msteams" not in house.outside.cards()[0]["card"]


def test_a_name_breaks_no_mention() -> None:
    mention = Mention("Al<ice> & </at>", "alice@example.com")
    card = Card("Titel", (), (), "Open", "https://inbox.example", "", "1", (mention,))
    assert read_card(render(card))["msteams"]["entities"][0]["text"] == "<at>Alice  /at</at>"
