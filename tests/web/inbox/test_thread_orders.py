"""Which orders a conversation is about: beside the thread, in its timeline and its row, and as a filter."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.core.clock import utc_now
from app.core.runtime import runtime
from app.domain.events.actions import SYSTEM
from app.domain.orders.models import Order, OrderStatus
from app.domain.threads.models import Thread
from app.domain.threads.order_links import link_order
from app.domain.threads.order_mentions import Because
from tests.domain.orders.factories import make_order
from tests.factories import make_brand, make_channel, make_contact, make_message, make_thread, make_user
from tests.support.pages import PageClient
from tests.support.signing_in import csrf_token, sign_in


@dataclass
class Desk:
    client: PageClient
    session: Session
    thread: Thread
    order: Order
    done: Order
    foreign: Order

    @property
    def path(self) -> str:
        return f"/threads/{self.thread.id}/orders"

    def post(self, path: str, **fields: object) -> TestResponse:
        return self.client.plain.post(path, data={"csrf_token": csrf_token(self.client.plain), **fields})


@pytest.fixture
def desk(app: Flask, page_client: PageClient, db_session: Session) -> Desk:
    brand, other = make_brand(db_session, name="ChargeCars"), make_brand(db_session, "laderthuis", "LaderThuis")
    alice = make_user(db_session, "Alice", brands=(brand, other))
    with app.app_context():
        channel = make_channel(db_session, brand, keyring=runtime().keyring)
    pieter = make_contact(db_session)
    thread = make_thread(db_session, channel, pieter, subject="Laadpaal", at=utc_now())
    make_message(db_session, thread, at=utc_now())
    done = make_order(db_session, brand, pieter, status=OrderStatus.COMPLETED)
    order, foreign = make_order(db_session, brand, pieter), make_order(db_session, other, pieter)
    db_session.commit()
    sign_in(page_client.plain, db_session, alice)
    return Desk(page_client, db_session, thread, order, done, foreign)


def test_the_customers_orders_of_the_brand_are_offered_the_open_ones_first(desk: Desk) -> None:
    text = desk.client.get(desk.path).text
    assert text.index(desk.order.order_number) < text.index(desk.done.order_number)
    assert desk.foreign.order_number not in text


def test_an_order_is_found_linked_shown_and_taken_off(desk: Desk) -> None:
    assert desk.order.order_number in desk.client.get(f"{desk.path}?q={desk.order.order_number[-5:]}").text
    assert desk.post(desk.path, order_id=desk.order.id).status_code == 303
    assert desk.post(desk.path, order_id=desk.order.id).status_code == 303  # once more is once
    text = desk.client.get(f"/threads/{desk.thread.id}").text
    assert f"Alice linked order {desk.order.order_number}" in text
    assert 'class="thread-row__order num"' in text
    assert desk.post(f"{desk.path}/{desk.order.id}/removal").status_code == 303
    assert f"Alice unlinked order {desk.order.order_number}" in desk.client.get(f"/threads/{desk.thread.id}").text


def test_an_order_of_another_brand_and_none_at_all_are_refused(desk: Desk) -> None:
    assert desk.post(desk.path, order_id=desk.foreign.id).status_code == 422
    assert desk.post(desk.path).status_code == 422
    assert desk.post(f"{desk.path}/{desk.foreign.id}/removal").status_code == 404


def test_a_link_that_was_found_says_why_and_is_undone_by_one_click(desk: Desk) -> None:
    link_order(desk.session, desk.order, desk.thread, because=Because.ALMOST, said="CC-2026-0001", now=utc_now(), actor=SYSTEM)
    desk.session.commit()
    text = desk.client.get(f"/threads/{desk.thread.id}").text
    assert "the order number with one typo" in text
    assert f"{desk.path}/{desk.order.id}/removal" in text


def test_lists_are_narrowed_to_an_order_and_to_a_type(desk: Desk) -> None:
    here = f"row-{desk.thread.id}"
    assert here not in desk.client.get(f"/inbox?order={desk.order.id}").text
    desk.post(desk.path, order_id=desk.order.id)
    assert here in desk.client.get(f"/inbox?order={desk.order.id}").text
    assert here in desk.client.get("/inbox?type=customer_support").text
    assert here not in desk.client.get("/inbox?type=complaint").text


def test_the_type_is_set_from_the_head_and_what_is_none_is_refused(desk: Desk) -> None:
    assert desk.post(f"/threads/{desk.thread.id}/type", type="complaint").status_code == 303
    text = desk.client.get("/inbox?type=complaint").text
    assert f"row-{desk.thread.id}" in text
    assert desk.post(f"/threads/{desk.thread.id}/type", type="internal_ticket").status_code == 422
    assert desk.post(f"/threads/{desk.thread.id}/type").status_code == 422
