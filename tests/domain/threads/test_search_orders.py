"""The number of an order finds the order and its conversations, where the viewer may see them, also over the API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.core.keyset import Sort
from app.core.runtime import runtime
from app.domain.accounts.access import Viewer, viewer_of
from app.domain.accounts.models import Brand, User
from app.domain.orders.actions import link_thread
from app.domain.orders.models import Order
from app.domain.orders.queries import OrderConditions, list_orders
from app.domain.threads.api_queries import get_thread_record
from app.domain.threads.merge import merge_threads
from app.domain.threads.models import Thread
from app.domain.threads.order_threads import find_order_of_thread, list_order_ids
from app.domain.threads.search import search_threads
from app.domain.threads.search_orders import find_order_numbered
from tests.domain.orders.factories import make_order
from tests.factories import NOW, make_brand, make_channel, make_contact, make_message, make_thread, make_user
from tests.support.pages import PageClient
from tests.support.signing_in import sign_in


@dataclass
class Desk:
    """Pieter's order has a conversation in which nobody wrote its number; Mallory is of another brand."""

    session: Session
    thread: Thread
    other: Thread
    order: Order
    alice: Viewer
    mallory: Viewer

    def finds(self, text: str, viewer: Viewer | None = None) -> list[Thread]:
        found = search_threads(self.session, viewer=viewer or self.alice, text=text).items
        return [hit.row.thread for hit in found]


@pytest.fixture
def desk(app_context: Flask, db_session: Session) -> Desk:
    brand, foreign = make_brand(db_session), make_brand(db_session, "other")
    channel = make_channel(db_session, brand, keyring=runtime().keyring)
    pieter = make_contact(db_session)
    thread, other = (make_thread(db_session, channel, pieter, subject=subject) for subject in ("Storing", "Factuur"))
    make_message(db_session, thread, "Wanneer komt u?")
    order = make_order(db_session, brand, pieter)
    link_thread(db_session, order, thread.id, now=NOW)
    people = make_user(db_session, "Alice", brands=(brand,)), make_user(db_session, "Mallory", brands=(foreign,))
    db_session.flush()
    viewers = [viewer_of(db_session, user) for user in people]
    db_session.flush()
    return Desk(db_session, thread, other, order, *viewers)


def test_what_a_partner_calls_an_order_finds_it_and_its_conversations(desk: Desk) -> None:
    desk.order.external_references = {
        "partner_order_id": "Gro-48211",
        "purchase": {"number": 450071},
        "partner_system": "groendus",
    }
    desk.session.flush()
    for text in ("GRO-48211", "gro-48211", '"Gro-48211"', "450071"):
        assert desk.finds(text) == [desk.thread]
        assert find_order_numbered(desk.session, text=text, brand_ids=list(desk.alice.brand_ids)) is desk.order
        assert desk.finds(text, desk.mallory) == []
    listed = list_orders(
        desk.session, viewer=desk.alice, conditions=OrderConditions(words="gro-48211"), sort=Sort("created_at", True)
    )
    assert [row.order for row in listed.items] == [desk.order]
    assert find_order_numbered(desk.session, text="groendus", brand_ids=list(desk.alice.brand_ids)) is None, "a word is no number"


def test_its_number_in_whatever_capitals_finds_its_conversation(desk: Desk) -> None:
    number = desk.order.order_number
    for text in (number, number.lower(), f'"{number}"', f" {number} "):
        assert desk.finds(text) == [desk.thread]
    found = find_order_numbered(desk.session, text=number.lower(), brand_ids=desk.alice.brand_ids)
    assert found is desk.order


def test_operators_hold_for_it_as_well(desk: Desk) -> None:
    assert desk.finds(f"{desk.order.order_number} status:closed") == []


def test_a_conversation_that_names_the_number_stands_below_once(desk: Desk) -> None:
    make_message(desk.session, desk.other, f"Over {desk.order.order_number}")
    make_message(desk.session, desk.thread, f"Ook over {desk.order.order_number}")
    desk.session.flush()
    assert desk.finds(desk.order.order_number) == [desk.thread, desk.other]


def test_another_brand_finds_nothing(desk: Desk) -> None:
    assert desk.finds(desk.order.order_number, desk.mallory) == []
    assert find_order_numbered(desk.session, text=desk.order.order_number, brand_ids=desk.mallory.brand_ids) is None


def test_the_page_shows_the_order_also_where_no_conversation_is_about_it(desk: Desk, page_client: PageClient) -> None:
    bare = make_order(
        desk.session, desk.session.get_one(Brand, desk.order.brand_id), make_contact(desk.session, "Lotte", value="31600000009")
    )
    desk.session.commit()
    sign_in(page_client.plain, desk.session, desk.session.get_one(User, desk.alice.user_id))
    assert f"/orders/{desk.order.id}" in page_client.get(f"/search?q={desk.order.order_number}").text
    page = page_client.get(f"/search?q={bare.order_number}").text
    assert f"/orders/{bare.id}" in page
    assert "No thread is about this order." in page


def test_the_order_of_a_merged_conversation_is_that_of_the_one_it_went_into(desk: Desk) -> None:
    assert find_order_of_thread(desk.session, desk.other.id) is None
    merge_threads(desk.session, keep_id=desk.other.id, merge_id=desk.thread.id, now=NOW)
    assert find_order_of_thread(desk.session, desk.other.id) is desk.order
    newer = make_order(
        desk.session, desk.session.get_one(Brand, desk.order.brand_id), make_contact(desk.session, value="31600000008")
    )
    link_thread(desk.session, newer, desk.other.id, now=NOW + timedelta(hours=1))
    assert list_order_ids(desk.session, [desk.other.id]) == {desk.other.id: newer.id}


def test_the_api_names_the_newest_order_and_finds_it_through_a_merge(desk: Desk) -> None:
    def named(thread: Thread) -> object:
        return get_thread_record(desk.session, viewer=desk.alice, thread_id=thread.id).order_id

    assert (named(desk.thread), named(desk.other)) == (desk.order.id, None)
    merge_threads(desk.session, keep_id=desk.other.id, merge_id=desk.thread.id, now=NOW)
    assert (named(desk.other), desk.finds(desk.order.order_number)) == (desk.order.id, [desk.other])
