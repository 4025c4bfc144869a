"""A quote goes to the customer by mail, and they answer it by its link; looking changes nothing."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
import sqlalchemy as sa

from app.contract.address_parts import read_line
from app.core.runtime import runtime
from app.domain.connections.models import Channel, ChannelType
from app.domain.contacts.actions import IdentityInput, find_or_create_contact
from app.domain.orders.actions import NewLine
from app.domain.orders.models import Order, OrderStatus, OrderThread
from app.domain.quotes.models import OrderQuote
from app.domain.threads.models import Message
from tests.domain.orders.conftest import Desk
from tests.domain.orders.factories import make_order
from tests.factories import NOW, make_channel


@pytest.fixture
def order(desk: Desk) -> Order:
    with desk.client.plain.application.app_context():
        make_channel(desk.session, desk.brand, ChannelType.EMAIL, keyring=runtime().keyring, address="info@chargecars.example")
    emma = find_or_create_contact(desk.session, [IdentityInput("email", "emma@example.com")], name="Emma", now=NOW)
    made = make_order(
        desk.session,
        desk.brand,
        emma,
        lines=(NewLine("Laadpaal & kabel", unit_price=Decimal("1000")),),
        address=read_line("Kerkstraat 12, 1234AB Amsterdam"),
    )
    desk.session.commit()
    return made


def the_link(desk: Desk, order: Order) -> str:
    text = desk.post(f"/orders/{order.id}/quotes", how="link").text
    found = re.search(r'value="https?://[^/]+(/q/[\w-]+)"', text)
    assert found is not None, text
    return found[1]


def test_a_quote_goes_by_mail_with_its_link_and_is_accepted_there(desk: Desk, order: Order) -> None:
    shown = desk.get(f"/orders/{order.id}/quote")
    assert "Hallo Emma," in shown, shown
    assert "emma@example.com" in shown
    mailbox = desk.session.execute(sa.select(Channel.id).where(Channel.channel_type == ChannelType.EMAIL)).scalar_one()
    fields = {"token": re.search(r'name="token" value="([^"]+)"', shown)[1], "channel_id": mailbox, "text": "Beste Emma"}  # type: ignore[index]
    assert desk.post(f"/orders/{order.id}/quotes", **fields).status_code == 303
    assert desk.post(f"/orders/{order.id}/quotes", **fields).status_code == 409
    (message,) = desk.session.execute(sa.select(Message).where(Message.text.contains("Beste Emma"))).scalars()
    path = re.search(r"/q/[\w-]+", message.text)[0]  # type: ignore[index]
    assert desk.session.execute(sa.select(OrderThread.thread_id)).scalar_one() == message.thread_id
    customer = desk.client.plain.application.test_client()
    for _scanner in range(2):
        assert "Laadpaal &amp; kabel" in customer.get(path).text
        assert customer.head(path).status_code == 200
    assert desk.orders()[0].status == OrderStatus.QUOTED
    assert customer.post(path, data={"answer": "accepted", "name": " "}).status_code == 422
    assert customer.post(path, data={"answer": "accepted", "name": "Emma de Boer"}).status_code == 303
    assert customer.post(path, data={"answer": "declined", "name": "Emma de Boer"}).status_code == 409
    assert desk.orders()[0].status == OrderStatus.APPROVED
    assert customer.get(f"{path}/pdf").data.startswith(b"%PDF")
    text = desk.get(f"/orders/{order.id}")
    assert "Emma de Boer accepted the quote via its link" in text
    assert "Confirmation as PDF" in text


def test_the_page_is_valid_in_every_state_and_speaks_the_customers_language(desk: Desk, order: Order) -> None:
    path = the_link(desk, order)
    text = desk.client.get(path).text
    assert '<html lang="nl">' in text
    assert "€\u00a01.210,00" in text
    assert 'name="answer"' in text
    quote = desk.session.execute(sa.select(OrderQuote)).scalar_one()
    assert desk.post(f"/orders/{order.id}/quotes/{quote.id}/withdrawal").status_code == 303
    assert 'name="answer"' not in desk.client.get(path).text
    again = the_link(desk, order)
    desk.client.post(again, data={"answer": "declined", "name": "Emma", "note": "Te duur"})
    assert 'name="answer"' not in desk.client.get(again).text
    assert "Te duur" in desk.get(f"/orders/{order.id}/quote")


def test_a_link_made_up_or_of_another_brand_leads_nowhere(desk: Desk, order: Order) -> None:
    path = the_link(desk, order)
    assert desk.client.get(path[:-1]).status_code == 404
    assert desk.client.post(f"{path}x", data={"answer": "accepted", "name": "Emma"}).status_code == 404
    desk.as_user(desk.mallory)
    assert desk.client.get(f"/orders/{order.id}/quote").status_code == 404
    assert desk.client.get(f"/orders/{order.id}/confirmation.pdf").status_code == 404


def test_what_cannot_be_quoted_says_why(desk: Desk) -> None:
    made = make_order(desk.session, desk.brand, desk.pieter)
    desk.session.commit()
    answer = desk.post(f"/orders/{made.id}/quotes", how="link")
    assert answer.status_code == 409
    assert "A line has no price." in answer.text
    assert desk.client.get(f"/orders/{made.id}/quote.pdf").data.startswith(b"%PDF")
