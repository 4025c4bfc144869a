"""The list of orders: filtered, kept as a view, several changed at once and taken back; and the settings of a brand's orders."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
import sqlalchemy as sa

from app.contract.address_parts import read_line
from app.core.keyset import Sort
from app.core.transitions import Machine
from app.domain.accounts.access import viewer_of
from app.domain.accounts.models import Role
from app.domain.appointments.machine import APPOINTMENTS
from app.domain.orders.actions import NewLine
from app.domain.orders.machines import LINES, ORDERS
from app.domain.orders.models import Order, OrderSettings, OrderStatus, OrderView
from app.domain.orders.queries import OrderConditions, list_orders
from app.web.orders.filters import USUAL
from app.web.orders.machine_picture import draw
from tests.domain.orders.conftest import Desk
from tests.domain.orders.factories import make_order
from tests.factories import make_contact, make_user

PRICED = (NewLine("Wallbox 11kW", unit_price=Decimal("849")),)


def some(desk: Desk) -> tuple[Order, Order, Order]:
    """One in Amsterdam that can be quoted, one in Utrecht without a price, one of another account."""
    account = make_contact(desk.session, "Groothandel", value="31600000001")
    place = {"address": read_line("Kerkstraat 12, 1234 AB Amsterdam")}
    first = make_order(desk.session, desk.brand, desk.pieter, lines=PRICED, **place)
    second = make_order(desk.session, desk.brand, desk.pieter, address=read_line("Oudegracht 3, 3511AB Utrecht"))
    third = make_order(desk.session, desk.brand, desk.pieter, lines=PRICED, account_contact_id=account.id)
    desk.session.commit()
    return first, second, third


def shown(desk: Desk, query: str) -> list[str]:
    return re.findall(r'<b class="num">([^<]+)</b>', desk.get(f"/orders?{query}"))


def test_the_list_is_narrowed_by_each_filter(desk: Desk) -> None:
    first, second, third = some(desk)
    assert shown(desk, "place=1234AB") == [first.order_number]
    assert shown(desk, "place=Utr") == [second.order_number]
    assert shown(desk, f"partner={third.account_contact_id}") == [third.order_number]
    assert shown(desk, f"brand={desk.brand.id}&status=new") == [one.order_number for one in (third, second, first)]
    assert shown(desk, f"brand={desk.other.id}") == shown(desk, "overdue=yes") == shown(desk, f"technician={desk.alice.id}") == []


def test_words_find_numbers_names_and_what_others_call_an_order_each_once_and_page_by_page(desk: Desk) -> None:
    mine, theirs = make_contact(desk.session, "Janna 48211", value="31600000002"), {"po_number": "48211"}
    made = [make_order(desk.session, desk.brand, desk.pieter), make_order(desk.session, desk.brand, mine)]
    made += [make_order(desk.session, desk.brand, customer, external_references=theirs) for customer in (desk.pieter, mine)]
    desk.session.commit()
    viewer, found, cursor = viewer_of(desk.session, desk.alice), list[str](), None
    while True:
        asked = OrderConditions(words="48211")
        page = list_orders(desk.session, viewer=viewer, conditions=asked, sort=Sort("created_at", True), cursor=cursor, limit=1)
        found, cursor = [*found, *(row.order.order_number for row in page.items)], page.next_cursor
        if cursor is None:
            break
    assert found == [one.order_number for one in made[:0:-1]]
    number = made[0].order_number
    for words in (number, number.lower(), number[-3:], number[:-3]):
        assert number in shown(desk, f"q={words}"), words
    assert shown(desk, f"q={number}&status=quoted") == shown(desk, "q=100%25") == []
    assert number in desk.get(f"/orders/board?q={number}")
    assert found[0] not in desk.get(f"/orders/board?q={number}")


def test_the_list_shows_the_columns_that_are_chosen_and_a_view_keeps_them(desk: Desk) -> None:
    some(desk)
    usual = desk.get("/orders")
    for words in ("1 × Wallbox 11kW", "€1,027.29", "Utrecht"):
        assert words in usual, words
    assert "Entered by hand" not in usual
    chosen = desk.get("/orders?column=total&column=source&column=nonsense")
    for words in ("€1,027.29", "Entered by hand", 'name="columns" value="total,source"'):
        assert words in chosen, words
    for words in ("1 × Wallbox 11kW", "order-row__state"):
        assert words not in chosen, words
    desk.post("/orders/views", name="Money", columns="total,source")
    assert desk.session.execute(sa.select(OrderView)).scalar_one().filters == {"columns": "total,source"}
    assert desk.get("/orders?columns=total%2Csource").count('aria-current="page">Money</a>') == 1
    assert 'name="columns"' not in desk.get("/orders?" + "&".join(f"column={name}" for name in USUAL))


def test_a_view_is_kept_for_oneself_and_forgotten(desk: Desk) -> None:
    some(desk)
    assert 'href="/orders" data-key="g o"' in desk.get("/orders")
    assert desk.post("/orders/views", name="Utrecht", place="Utr", shared="yes").status_code == 303
    text = desk.get("/orders?place=Utr")
    assert 'aria-current="page">Utrecht</a>' in text
    view = desk.session.execute(sa.select(OrderView)).scalar_one()
    assert (view.filters, view.is_shared) == ({"place": "Utr"}, False)
    desk.as_user(desk.mallory)
    assert "Utrecht</a>" not in desk.get("/orders")
    assert desk.post(f"/orders/views/{view.id}/deletion").status_code == 404
    desk.as_user(desk.alice)
    assert desk.post(f"/orders/views/{view.id}/deletion").status_code == 303
    assert "Utrecht</a>" not in desk.get("/orders?place=Utr")


def test_several_orders_are_changed_at_once_and_what_may_not_be_stays_and_says_why(desk: Desk) -> None:
    first, second, third = some(desk)
    answer = desk.post("/orders/bulk", order_id=[str(one.id) for one in (first, second, third)], to="quoted", status="new")
    batch = re.search(r"done=([\w-]+)", answer.location)
    assert batch is not None
    text = desk.get(answer.location)
    assert "2 orders changed." in text
    assert f"{second.order_number} was not changed: A line has no price." in text
    assert [one.status for one in desk.orders()] == [OrderStatus.QUOTED, OrderStatus.NEW, OrderStatus.QUOTED]
    desk.post(f"/orders/{third.id}/status", status="approved", reason="zonder adres")
    desk.post(f"/orders/bulk/{batch[1]}/undo")
    assert "1 order was changed again in the meantime; we did not revert it." in desk.get("/orders")
    assert [one.status for one in desk.orders()] == [OrderStatus.NEW, OrderStatus.NEW, OrderStatus.APPROVED]


def test_orders_of_other_brands_are_not_changed(desk: Desk) -> None:
    first, *_others = some(desk)
    desk.as_user(desk.mallory)
    desk.post("/orders/bulk", order_id=[str(first.id)], to="quoted")
    assert desk.orders()[0].status is OrderStatus.NEW


def test_an_administrator_sets_money_and_forbids_a_step(desk: Desk) -> None:
    first, *_others = some(desk)
    desk.as_user(make_user(desk.session, "Root", role=Role.ADMIN))
    path = f"/settings/orders?brand={desk.brand.id}"
    assert desk.get(path).count("<svg") > 3
    money = f"/settings/orders/{desk.brand.id}/money"
    assert desk.post(money, currency="euro", tax_code="qc").status_code == 422
    assert desk.post(money, currency="CAD", tax_code="qc", prices_include_tax="yes").status_code == 303
    kept = desk.session.execute(sa.select(OrderSettings).execution_options(populate_existing=True)).scalar_one()
    assert (kept.currency, kept.tax_code, kept.prices_include_tax) == ("CAD", "qc", True)
    step = {"entity_type": "order", "from_status": "new", "to_status": "quoted"}
    assert desk.post(f"/settings/orders/{desk.brand.id}/transitions", **step, rule="forbidden").status_code == 303
    assert "is-forbidden" in desk.get(path)
    refused = desk.post(f"/orders/{first.id}/status", status="quoted")
    assert refused.status_code == 409
    assert "The brand does not allow this status change." in refused.text
    desk.post(f"/settings/orders/{desk.brand.id}/transitions", **step, rule="allowed")
    assert desk.post(f"/orders/{first.id}/status", status="quoted").status_code == 303
    assert (
        desk.post(f"/settings/orders/{desk.brand.id}/transitions", **{**step, "to_status": "gone"}, rule="reason").status_code
        == 422
    )


@pytest.mark.parametrize("machine", [ORDERS, LINES, APPOINTMENTS])
def test_a_picture_has_every_status_and_every_step_inside_its_frame(machine: Machine) -> None:
    picture = draw(machine)
    assert {box.status for box in picture.boxes} == set(machine.statuses)
    assert len({(box.x, box.y) for box in picture.boxes}) == len(machine.statuses)
    assert {(arrow.edge.from_status, arrow.edge.to_status) for arrow in picture.arrows} == set(machine.edges)
    numbers = [int(number) for arrow in picture.arrows for number in re.findall(r"-?\d+", arrow.path)]
    assert min(numbers) >= 0
    assert max(numbers) <= max(picture.width, picture.height)


def test_articles_are_suggested_as_one_types_and_references_have_words(desk: Desk) -> None:
    order = make_order(desk.session, desk.brand, desk.pieter, external_references={"partner_order_id": "GRO-1", "their_own": "x"})
    desk.session.commit()
    text = desk.get(f"/orders/{order.id}")
    for words in ("Partner’s order number", "Their own"):
        assert f"<dt>{words}</dt>" in text
    assert desk.get(f"/orders/{order.id}/articles?description=WB").count("<option") == 0
