"""Orders as they are written: lines and articles, one order for one key, states with their events."""

from __future__ import annotations

from decimal import Decimal

import sqlalchemy as sa

from app.contract.address_parts import read_line
from app.domain.events.actions import SYSTEM, Actor
from app.domain.orders.actions import NewLine, link_thread, set_order_status
from app.domain.orders.articles import add_article
from app.domain.orders.models import LineItem, OrderSource, OrderStatus
from tests.domain.orders.conftest import Desk
from tests.domain.orders.factories import make_order
from tests.factories import NOW


def test_a_line_finds_its_article_by_number_or_name_and_takes_its_price(desk: Desk) -> None:
    article = add_article(
        desk.session, brand_id=desk.brand.id, sku="WB-11", name="Wallbox 11kW", unit_price=Decimal(749), now=NOW
    )
    add_article(desk.session, brand_id=desk.other.id, sku="KABEL", name="Kabel", unit_price=None, now=NOW)
    lines = (NewLine("wallbox 11KW"), NewLine("Anders", article="wb-11", unit_price=Decimal("1.50")), NewLine("Kabel"))
    order = make_order(desk.session, desk.brand, desk.pieter, lines=lines)
    query = sa.select(LineItem).where(LineItem.order_id == order.id).order_by(LineItem.position)
    found = [(line.article_id, line.unit_price, line.description) for line in desk.session.execute(query).scalars()]
    assert found == [
        (article.id, Decimal(749), "wallbox 11KW"),
        (article.id, Decimal("1.50"), "Anders"),
        (None, None, "Kabel"),
    ]


def test_an_order_told_twice_is_one_order(desk: Desk) -> None:
    first = make_order(desk.session, desk.brand, desk.pieter, source=OrderSource.MAKE, source_key="1")
    again = make_order(desk.session, desk.brand, desk.pieter, source=OrderSource.MAKE, source_key="1")
    other = make_order(desk.session, desk.brand, desk.pieter, source=OrderSource.API, source_key="1")
    assert (again.id, other.order_number) == (first.id, "CC-2026-00002")
    assert len(desk.events("OrderCreated")) == 2


def test_a_change_of_state_is_an_event_with_both_states_and_the_conversation(desk: Desk) -> None:
    order = make_order(desk.session, desk.brand, desk.pieter)
    link_thread(desk.session, order, desk.thread.id, now=NOW)
    for _ in range(2):
        actor = Actor(desk.alice.id)
        set_order_status(desk.session, order.id, OrderStatus.APPROVED, reason="Offerte akkoord", now=NOW, actor=actor)
    (event,) = desk.events("OrderStatusChanged")
    assert (event.payload["from"], event.payload["status"], event.payload["reason"]) == ("new", "approved", "Offerte akkoord")
    assert (event.thread_id, event.brand_id, event.actor_user_id) == (desk.thread.id, desk.brand.id, desk.alice.id)


def test_what_was_typed_as_the_address_is_kept(desk: Desk) -> None:
    order = make_order(desk.session, desk.brand, desk.pieter, address=read_line("kerkstr 12-a,1234 ab  Amsterdam"))
    assert order.address_id is not None
    nowhere = make_order(desk.session, desk.brand, desk.pieter, address=read_line("  "))
    assert nowhere.address_id is None
    set_order_status(desk.session, nowhere.id, OrderStatus.CANCELLED, reason="Dubbel", now=NOW, actor=SYSTEM)
    assert desk.events("OrderStatusChanged")[0].thread_id is None
