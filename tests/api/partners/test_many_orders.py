"""An order costs the same however many its partner sent before, and keeps the brand's next one waiting for few statements."""

from __future__ import annotations

import json
from typing import Any

from flask import Flask

from app.domain.orders.articles import add_article
from app.domain.orders.models import OrderThread
from tests.api.partners.conftest import ORDERS, Gateway, body
from tests.api.partners.test_callbacks import configure
from tests.factories import NOW
from tests.support.queries import counted_queries
from tests.support.receiver import receiving

NUMBER_TAKEN = "INSERT INTO order_counters"
MOST_WHILE_OTHERS_WAIT = 10
MOST_OF_AN_ORDER = 46


def order(number: int) -> dict[str, Any]:
    """Of a customer of its own; what the partner calls its purchase is the same for all."""
    one = body(partner_order_id=f"GRO-{number}")
    one["customer"] |= {"email": f"customer{number}@example.nl", "phone": f"+3161234{number:04}"}
    return one


def asked(gateway: Gateway, app: Flask, number: int) -> list[str]:
    with counted_queries(app) as seen:
        assert gateway.live.post(order(number)).status_code == 201
    return seen


def with_article(gateway: Gateway) -> None:
    add_article(
        gateway.session, brand_id=gateway.partner.brand_id, sku="GRO-ALFEN-11", name="Alfen Eve", unit_price=None, now=NOW
    )
    gateway.session.commit()


def test_the_tenth_order_of_a_partner_asks_no_more_than_the_second(gateway: Gateway, app: Flask) -> None:
    with_article(gateway)
    gateway.live.post(order(1))
    second = len(asked(gateway, app, 2))
    for number in range(3, 10):
        gateway.live.post(order(number))
    assert len(asked(gateway, app, 10)) <= second


def test_an_order_with_a_callback_asks_the_database_little(gateway: Gateway, app: Flask) -> None:
    with_article(gateway)
    with receiving() as receiver:
        configure(gateway.live, receiver)
    gateway.live.signed(ORDERS, json.dumps(order(1)).encode())
    with counted_queries(app) as seen:
        assert gateway.live.signed(ORDERS, json.dumps(order(2)).encode()).status_code == 201
    assert len(seen) <= MOST_OF_AN_ORDER, "\n".join(one[:120] for one in seen)


def test_the_conversation_of_an_order_is_about_no_other_that_shares_a_reference(gateway: Gateway) -> None:
    for number in range(1, 4):
        gateway.live.post(order(number))
    links = gateway.session.query(OrderThread.order_id, OrderThread.thread_id).all()
    assert len({one.thread_id for one in links}) == len({one.order_id for one in links}) == len(links) == 3


def test_the_number_is_taken_late(gateway: Gateway, app: Flask) -> None:
    with_article(gateway)
    gateway.live.post(order(1))
    seen = asked(gateway, app, 2)
    taken = next(place for place, statement in enumerate(seen) if statement.startswith(NUMBER_TAKEN))
    ended = next(place for place, statement in enumerate(seen) if statement.startswith("INSERT INTO partner_calls"))
    assert ended - taken <= MOST_WHILE_OTHERS_WAIT, "\n".join(one[:120] for one in seen[taken:ended])


def test_an_order_that_was_begun_has_its_number_when_it_is_there(gateway: Gateway) -> None:
    gateway.live.post(order(1))
    (made,) = gateway.orders()
    assert made.order_number == gateway.partner_order().order_number
    assert "~" not in made.order_number
