"""The page of an order as a case: what may come next and why not, lines changed in place with undo, money, and the board."""

from __future__ import annotations

import json
import re
from decimal import Decimal

import sqlalchemy as sa

from app.contract.address_parts import read_line
from app.domain.orders.actions import NewLine
from app.domain.orders.models import LineItem, Order, OrderStatus
from app.domain.orders.settings import set_place
from app.domain.transitions.models import Transition
from tests.domain.orders.conftest import Desk
from tests.domain.orders.factories import make_order
from tests.support.queries import counted_queries

LINES = (NewLine("Wallbox 11kW", unit_price=Decimal("849")), NewLine("Kabel", Decimal("12.5"), unit_price=Decimal("4.37")))
IN_PLACE = {"HX-Request": "true", "HX-Target": "order-case"}


def placed(desk: Desk, **more: object) -> Order:
    values = {"lines": LINES, "address": read_line("Kerkstraat 12, 1234AB Amsterdam"), **more}
    order = make_order(desk.session, desk.brand, desk.pieter, **values)
    desk.session.commit()
    return order


def press(desk: Desk, path: str, **fields: str) -> tuple[str, dict[str, str]]:
    """Send a form of the page as htmx does; the page anew and its toast."""
    answer = desk.post(path, headers=IN_PLACE, **fields)
    return answer.text, json.loads(answer.headers.get("HX-Trigger", "{}")).get("toast", {})


def test_the_head_tells_where_it_stands_what_it_is_worth_and_what_is_missing(desk: Desk) -> None:
    order = placed(desk, status=OrderStatus.APPROVED)
    desk.get(f"/orders/{order.id}")
    with counted_queries(desk.client.plain.application) as seen:
        text = desk.get(f"/orders/{order.id}")
    assert len(seen) <= 10, "\n".join(seen)
    for words in (
        "€1,093.39", "BTW 21\u00a0%", "903.63",
        "Plan a visit; the order’s status then changes to “Scheduled” automatically."
    , "Put on hold…",
        "Schedule: No visit is planned: plan one first.", "Waiting for parts", "Switchyard created the order",
    ):  # fmt: skip
        assert words in text, words


def test_a_status_is_changed_in_place_and_undone(desk: Desk) -> None:
    order = placed(desk)
    text, toast = press(desk, f"/orders/{order.id}/status", status="quoted", expected_from="new")
    assert re.search('<button class="btn btn--primary" name="status" value="approved"', text)
    assert "The customer has the quote." in text
    assert toast["text"] == "Status: Quoted"
    undone = desk.post(toast["undo_url"], headers={"HX-Request": "true"})
    assert undone.status_code == 204
    assert "orders-changed" in undone.headers["HX-Trigger"]
    text = desk.get(f"/orders/{order.id}")
    assert "Alice set the status back to New order" in text
    assert desk.orders()[0].status == OrderStatus.NEW
    assert desk.session.execute(sa.select(sa.func.count()).select_from(Transition)).scalar_one() == 3


def test_a_reason_is_asked_in_place(desk: Desk) -> None:
    order = placed(desk)
    text, toast = press(desk, f"/orders/{order.id}/status", status="on_hold")
    assert "Enter a reason." in text
    assert toast == {}
    text, _toast = press(desk, f"/orders/{order.id}/status", status="on_hold", reason_code="waiting_for_parts", reason="Kabel")
    assert "On hold: Waiting for parts, Kabel. Resume the order at “New order”, its earlier status." in text
    assert "Resume: approved" in text


def test_lines_are_changed_in_place_and_every_change_is_undone(desk: Desk) -> None:
    order = placed(desk)
    wallbox, cable = desk.session.execute(sa.select(LineItem).order_by(LineItem.position)).scalars()
    path = f"/orders/{order.id}"
    assert f'value="{cable.quantity.normalize()}"' in desk.get(f"{path}?edit={cable.id}")
    text, toast = press(
        desk, f"{path}/lines/{cable.id}", description="Kabel", quantity="8", unit_price="11,50", discount_amount="9,20"
    )
    assert "82.80" in text
    assert "is-editing" not in text, "a line that is saved is closed"
    refused = desk.post(f"{path}/lines/{cable.id}", headers=IN_PLACE, description="Kabel", quantity="8", unit_price="1.250")
    assert (refused.status_code, "is-editing" in refused.text) == (422, True)
    assert "Alice changed Kabel from 12.5 × 4.37 to 8 × 11.5 − 9.2" in text
    assert desk.post(toast["undo_url"], headers={"HX-Request": "true"}).status_code == 204
    _text, toast = press(desk, f"{path}/lines", description="Montage", quantity="1", unit_price="395")
    text, _toast = press(desk, f"{path}/lines/{wallbox.id}", remove="yes")
    assert "Alice removed Wallbox 11kW" in text
    assert desk.orders()[0].net_total == Decimal("449.63")
    refused = desk.post(f"{path}/lines", headers=IN_PLACE, description="Paal", unit_price="1.250")
    assert (refused.status_code, "It is unclear which number you mean: enter 1250 or 1.25." in refused.text) == (422, True)
    assert 'value="1.250"' in refused.text
    assert 'value="Paal"' in refused.text
    assert desk.post(f"{path}/discount", headers=IN_PLACE, discount="500").status_code == 422
    press(desk, f"{path}/discount", discount="49,63")
    assert desk.orders()[0].net_total == Decimal("400.00")


def test_payments_are_written_down_once_and_the_balance_told(desk: Desk) -> None:
    order = placed(desk)
    fields = {"amount": "500", "reference": "iDEAL", "token": "t1"}
    for _ in range(2):
        text, _toast = press(desk, f"/orders/{order.id}/payments", **fields)
    assert "€593.39 unpaid" in text
    refused = desk.post(f"/orders/{order.id}/payments", headers=IN_PLACE, amount="501", kind="refund")
    assert "The refund exceeds the payments." in refused.text


def test_an_order_in_quebec_shows_dollars_and_both_taxes(desk: Desk) -> None:
    set_place(desk.session, desk.brand.id, zone="America/Toronto", country="CA")
    order = placed(desk, lines=(NewLine("Borne", unit_price=Decimal(8180)),))
    text = desk.get(f"/orders/{order.id}")
    assert "€" not in text
    for words in ("CA$9,404.96", "TPS 5\u00a0%", "409.00", "TVQ 9.975\u00a0%", "815.96"):
        assert words in text, words


def test_the_board_counts_moves_and_says_why_not(desk: Desk) -> None:
    order = placed(desk)
    with counted_queries(desk.client.plain.application) as seen:
        text = desk.get("/orders/board")
    assert len(seen) <= 9, "\n".join(seen)
    assert "Pieter" in text
    assert order.order_number in text
    path = f"/orders/{order.id}/status?seen=new"
    moved = desk.post(path, headers={"HX-Request": "true"}, status="quoted")
    assert json.loads(moved.headers["HX-Trigger"])["toast"]["undo_url"]
    refused = desk.post(path, headers={"HX-Request": "true"}, status="approved")
    assert "has since changed" in json.loads(refused.headers["HX-Trigger"])["toast"]["text"]
    assert desk.orders()[0].status == OrderStatus.QUOTED
    desk.as_user(desk.mallory)
    assert order.order_number not in desk.get("/orders/board")
