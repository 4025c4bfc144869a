"""From an order to the one before or after it in the list it was opened from."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta

from app.contract.address_parts import read_line
from app.domain.orders.models import Order, OrderStatus
from tests.domain.orders.conftest import Desk
from tests.domain.orders.factories import make_order

AMSTERDAM, NIJMEGEN = "Kerkstraat 12, 1234AB Amsterdam", "Dorpsweg 3, 6511JD Nijmegen"


def some(desk: Desk, *places: str) -> list[Order]:
    """Orders at these places, newest first, a minute apart, and none of it in the order of their ids."""
    made = [make_order(desk.session, desk.brand, desk.pieter, address=read_line(place)) for place in places]
    for number, order in enumerate(made):
        order.created_at -= timedelta(minutes=number)
    desk.session.commit()
    return made


def where(desk: Desk, path: str) -> str:
    answer = desk.client.get(path)
    assert answer.status_code == 302, answer.status
    return answer.headers["Location"]


def page_of(order: Order, query: str = "") -> str:
    return f"/orders/{order.id}{query}"


def test_a_list_is_walked_both_ways_and_ends(desk: Desk) -> None:
    first, second, third = some(desk, AMSTERDAM, AMSTERDAM, AMSTERDAM)
    make_order(desk.session, desk.other, desk.pieter)
    desk.session.commit()
    assert where(desk, f"/orders/{first.id}/next") == page_of(second)
    assert where(desk, f"/orders/{second.id}/next") == page_of(third)
    assert where(desk, f"/orders/{third.id}/previous") == page_of(second)
    assert where(desk, f"/orders/{third.id}/next") == page_of(third)
    assert "This is the last order in the list." in desk.get(page_of(third))
    assert where(desk, f"/orders/{first.id}/previous") == page_of(first), "the newer one is another brand's"
    assert "This is the first order in the list." in desk.get(page_of(first))
    assert desk.client.get(f"/orders/{uuid.uuid4()}/next").status_code == 404


def test_orders_of_one_instant_are_each_passed_once(desk: Desk) -> None:
    made = some(desk, *[AMSTERDAM] * 4)
    for order in made:
        order.created_at = made[0].created_at
    desk.session.commit()
    listed = re.findall(r'href="(/orders/[0-9a-f-]{36})" data-row', desk.get("/orders"))
    assert len(listed) == 4
    assert [where(desk, f"{path}/next") for path in listed[:3]] == listed[1:]
    assert [where(desk, f"{path}/previous") for path in listed[1:]] == listed[:3]


def test_what_the_list_leaves_out_is_passed_over(desk: Desk) -> None:
    here, elsewhere, there = some(desk, NIJMEGEN, AMSTERDAM, NIJMEGEN)
    narrowed = "?place=Nijmegen"
    text = desk.get(f"/orders{narrowed}")
    assert f'href="{page_of(here, narrowed)}"' in text
    text = desk.get(page_of(here, narrowed))
    assert f'href="/orders{narrowed}" data-key="u"' in text
    assert f'href="/orders/{here.id}/next{narrowed}"' in text
    assert where(desk, f"/orders/{here.id}/next{narrowed}") == page_of(there, narrowed)
    assert where(desk, f"/orders/{elsewhere.id}/next{narrowed}") == page_of(there, narrowed), "its place counts"


def test_a_column_of_the_board_is_walked_and_leads_back_to_the_board(desk: Desk) -> None:
    first, second, third = some(desk, NIJMEGEN, NIJMEGEN, NIJMEGEN)
    second.status = OrderStatus.APPROVED
    desk.session.commit()
    column = "?status=new&place=Nijmegen&from=board"
    assert f'href="{page_of(first, column)}"'.replace("&", "&amp;") in desk.get("/orders/board?place=Nijmegen")
    text = desk.get(page_of(first, column))
    assert 'href="/orders/board?place=Nijmegen" data-key="u"' in text
    assert "Back to the board" in text
    assert where(desk, f"/orders/{first.id}/next{column}") == page_of(third, column)


def test_a_form_of_the_page_keeps_the_list(desk: Desk) -> None:
    (order,) = some(desk, NIJMEGEN)
    sent_by = {"Referer": f"http://localhost{page_of(order, '?place=Nijmegen&from=board&other=1')}"}
    answer = desk.post(f"/orders/{order.id}/notes", headers=sent_by, notes="Let op de hond")
    assert answer.headers["Location"] == page_of(order, "?place=Nijmegen&from=board")
    refused = desk.post(f"/orders/{order.id}/priority", headers=sent_by, priority="huge")
    assert refused.status_code == 422
    assert 'href="/orders/board?place=Nijmegen" data-key="u"' in refused.text
    answer = desk.post(f"/orders/{order.id}/notes", notes="Let op de kat")
    assert answer.headers["Location"] == page_of(order)
