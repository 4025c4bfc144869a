"""The board of orders: the filters of the list, and what each column comes to."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.contract.address_parts import read_line
from app.domain.accounts.access import viewer_of
from app.domain.accounts.models import BrandMember, Role
from app.domain.addresses.models import Address
from app.domain.orders.actions import NewLine
from app.domain.orders.models import LineItem, Order, OrderPriority, OrderSettings, OrderStatus
from app.domain.orders.queries import OrderConditions
from app.domain.orders.settings import list_column_limits, set_column_limits
from app.domain.orders.summaries import ColumnSums, is_large, list_columns, sum_by_status, sum_shown
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
    assert sum_by_status(desk.session, viewer=viewer, cap=4)[OrderStatus.NEW] == ColumnSums(4, is_more=True), "too many"
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


def test_a_column_says_that_it_is_over_its_limit_and_stops_nobody(desk: Desk) -> None:
    for _number in range(2):
        priced(desk, "100")
    third = priced(desk, "100", status=OrderStatus.INTAKE_RECEIVED)
    desk.session.commit()
    assert "/ 2" not in desk.get("/orders/board")
    set_column_limits(desk.session, desk.brand.id, {OrderStatus.NEW: 2, OrderStatus.QUOTED: 7})
    desk.session.commit()
    full = desk.get("/orders/board")
    assert heads(full)[:3] == ["1", "2 / 2", "0 / 7"]
    assert "More orders than the limit" not in full
    assert desk.post(f"/orders/{third.id}/status?seen=intake_received", status="new").status_code in (200, 303)
    over = desk.get("/orders/board")
    assert heads(over)[:3] == ["0", "3 / 2", "0 / 7"]
    assert over.count("More orders than the limit") == 1
    narrowed = desk.get("/orders/board?place=Amsterdam")
    assert heads(narrowed)[1] == "3", "what is left out counts too, so nothing is said of a part"
    assert "More orders than the limit" not in narrowed


def test_of_several_brands_each_has_its_own_limit(desk: Desk) -> None:
    desk.session.add(BrandMember(user_id=desk.alice.id, brand_id=desk.other.id))
    for _number in range(2):
        priced(desk, "100")
    make_order(desk.session, desk.other, desk.pieter)
    for brand in (desk.brand, desk.other):
        set_column_limits(desk.session, brand.id, {OrderStatus.NEW: 1})
    desk.session.commit()
    text = desk.get("/orders/board")
    assert heads(text)[1] == "3"
    assert f"{desk.brand.name} has more orders than its limit: 2\u00a0/\u00a01" in text
    assert text.count("more orders than its limit") == 1
    assert heads(desk.get(f"/orders/board?brand={desk.other.id}"))[1] == "1 / 1"


def test_limits_are_set_by_status_and_a_wrong_one_comes_back(desk: Desk) -> None:
    desk.alice.role = Role.ADMIN
    desk.session.commit()
    url = f"/settings/orders/{desk.brand.id}/limits"
    assert desk.post(url, new="4", quoted=" ", completed="3").status_code == 303
    assert desk.post(f"/settings/orders/{desk.brand.id}/money", currency="EUR", tax_code="nl_9").status_code == 303
    assert list_column_limits(desk.session, [desk.brand.id]) == {desk.brand.id: {OrderStatus.NEW: 4}}
    page = desk.get(f"/settings/orders?brand={desk.brand.id}")
    assert 'name="new" type="number" min="1" max="999" inputmode="numeric" value="4"' in page
    assert 'name="completed"' not in page
    for wrong in ("0", "-1", "1000", "4.5", "many", "²"):
        answer = desk.post(url, new=wrong, quoted="2")
        assert answer.status_code == 422, wrong
        assert f'value="{wrong}" aria-invalid="true"' in answer.text
    assert list_column_limits(desk.session, [desk.brand.id]) == {desk.brand.id: {OrderStatus.NEW: 4}}
    assert desk.post(url).status_code == 303
    assert list_column_limits(desk.session, [desk.brand.id]) == {}
    assert desk.session.scalar(sa.select(OrderSettings.tax_code)) == "nl_9", "neither form touches what the other sets"


def test_of_a_large_town_only_what_is_shown_is_counted(desk: Desk) -> None:
    for number in range(3):
        priced(desk, "100", status=OrderStatus.APPROVED if number else OrderStatus.NEW)
    priced(desk, None)
    priced(desk, "7", status=OrderStatus.COMPLETED)
    priced(desk, "9", place=PLACES[1])
    desk.session.commit()
    here: dict[str, Any] = {"viewer": viewer_of(desk.session, desk.alice), "conditions": OrderConditions(place="Amsterdam")}
    shown = list_columns(desk.session, limit=5, **here)
    assert sum_shown(shown, limit=5) == sum_by_status(desk.session, **here), "as long as a column shows them all"
    assert sum_shown(list_columns(desk.session, limit=2, **here), limit=2)[OrderStatus.APPROVED] == ColumnSums(2, is_more=True)
    assert is_large(desk.session, "Amsterdam", cap=4)
    assert not is_large(desk.session, "Amsterdam", cap=5)
    assert is_large(desk.session, "1234 a", cap=4), "a postcode as well"


def test_a_card_and_a_row_that_are_kept_follow_what_they_show(desk: Desk) -> None:
    order = priced(desk, "100")
    desk.session.commit()
    pages = ("/orders/board", "/orders?columns=lines,total,priority,place")
    for url in pages:
        assert "€121.00" in desk.get(url)
    order.priority = OrderPriority.URGENT
    order.net_total, order.tax_total, order.gross_total = Decimal(300), Decimal(0), Decimal(300)
    desk.session.execute(sa.update(LineItem).values(description="Kabel"))
    desk.session.execute(sa.update(Address).values(city="Haarlem"))
    desk.session.commit()
    for url in pages:
        text = desk.get(url)
        assert "€300.00" in text
        assert "Urgent" in text
        assert "Haarlem" in text
    assert "1 × Kabel" in text
    desk.alice.locale = "nl"
    desk.session.commit()
    assert desk.get(pages[0]).count("€\u00a0300,00") == 2, "of the column and of the card"
    assert "€\u00a0300,00" in desk.get(pages[1])


def heads(text: str) -> list[str]:
    """How many orders each column says it has."""
    return re.findall(r'<h2 id="column-\w+">[^<]+<span class="num soft">([^<]+)</span>', text)
