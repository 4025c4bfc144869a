"""The board of orders: the filters of the list, and what each column comes to."""

from __future__ import annotations

from decimal import Decimal

from app.contract.address_parts import read_line
from app.domain.accounts.access import viewer_of
from app.domain.orders.actions import NewLine
from app.domain.orders.models import Order, OrderStatus
from app.domain.orders.queries import ColumnSums, OrderConditions, sum_by_status
from tests.domain.orders.conftest import Desk
from tests.domain.orders.factories import make_order

PLACES = ("Kerkstraat 12, 1234AB Amsterdam", "Dorpsweg 3, 6511JD Nijmegen")


def priced(desk: Desk, price: str | None, *, place: str = PLACES[0], status: OrderStatus = OrderStatus.NEW) -> Order:
    line = NewLine("Wallbox", unit_price=Decimal(price) if price else None)
    return make_order(desk.session, desk.brand, desk.pieter, lines=(line,), address=read_line(place), status=status)


def test_a_column_tells_what_its_orders_come_to_by_currency(desk: Desk) -> None:
    for price in ("0.10", "0.20", None):
        priced(desk, price)
    canadian = priced(desk, "1000")
    canadian.currency = "CAD"
    priced(desk, "5000", status=OrderStatus.COMPLETED)
    desk.session.flush()
    viewer = viewer_of(desk.session, desk.alice)
    sums = sum_by_status(desk.session, viewer=viewer)
    assert sums == {
        OrderStatus.NEW: ColumnSums(4, {"CAD": Decimal("1210.00"), "EUR": Decimal("0.36")}, unpriced=1),
        OrderStatus.COMPLETED: ColumnSums(1),
    }
    assert sum_by_status(desk.session, viewer=viewer, cap=4)[OrderStatus.NEW] == ColumnSums(4), "too many to add up"
    assert sum_by_status(desk.session, viewer=viewer_of(desk.session, desk.mallory)) == {}


def test_every_filter_of_the_list_limits_the_sums_as_it_limits_the_cards(desk: Desk) -> None:
    here, there = priced(desk, "100"), priced(desk, "200", place=PLACES[1])
    desk.session.commit()
    viewer = viewer_of(desk.session, desk.alice)
    asked = (
        {"words": here.order_number},
        {"words": "Pieter"},
        {"place": "6511"},
        {"brand": desk.brand.key},
        {"brand_id": desk.other.id},
        {"account_contact_id": desk.pieter.id},
        {"beside": (Order.id == there.id,)},
    )
    found = [sum_by_status(desk.session, viewer=viewer, conditions=OrderConditions(**one)) for one in asked]
    assert [sums[OrderStatus.NEW].count if sums else 0 for sums in found] == [1, 2, 1, 2, 0, 0, 1]
    text = desk.get("/orders/board?place=Nijmegen")
    assert there.order_number in text
    assert here.order_number not in text
    assert "€242.00" in text
    assert "€121.00" not in text
    assert 'hx-get="/orders/board?place=Nijmegen"' in text, "it stays limited when it is drawn anew"
    assert "/orders?place=Nijmegen" in text
    assert there.order_number in desk.get("/orders/board?status=completed"), "the statuses are its columns"
