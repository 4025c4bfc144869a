"""Orders on their pages: written by hand, found again, moved to another state."""

from __future__ import annotations

from decimal import Decimal

import pytest
import sqlalchemy as sa

from app.contract.address_parts import read_line
from app.contract.address_register import Match
from app.core.runtime import runtime
from app.domain.addresses.actions import note_judgement
from app.domain.addresses.judge import Judgement
from app.domain.addresses.models import Address, CheckStatus
from app.domain.contacts.models import Contact
from app.domain.orders.articles import add_article
from app.domain.orders.models import LineItem, OrderStatus
from app.sandbox.simulators.common import RunningServer
from tests.domain.orders.conftest import Desk
from tests.domain.orders.factories import make_order
from tests.factories import NOW
from tests.support.queries import counted_queries

TYPED = {
    "customer_name": "Jan Janssen",
    "email": "Jan@Example.nl",
    "phone": "06 12345679",
    "street": "Kerkstraat",
    "house_number": "12a",
    "postal_code": "1234 ab",
    "city": "Amsterdam",
    "article-1": "WB-11",
    "quantity-1": "2",
    "description-2": "Kabel van 12,5 meter",
    "quantity-2": "12,5",
    "notes": "Achterom",
    "token": "once",
}


def test_an_order_written_by_hand_has_customer_address_lines_and_number(desk: Desk) -> None:
    add_article(desk.session, brand_id=desk.brand.id, sku="WB-11", name="Wallbox 11kW", unit_price=Decimal(749), now=NOW)
    desk.session.commit()
    assert "Wallbox 11kW (WB-11)" in desk.get("/orders/new")
    answer = desk.post("/orders", **TYPED, brand=str(desk.brand.id))
    again = desk.post("/orders", **TYPED, brand=str(desk.brand.id))  # the button pressed twice
    (order,) = desk.orders()
    assert answer.status_code == 303
    assert answer.location == again.location == f"/orders/{order.id}"
    address = desk.session.get_one(Address, order.address_id)
    assert (address.typed, address.house_number, address.house_number_addition) == ("Kerkstraat 12a, 1234AB Amsterdam", "12", "a")
    lines = desk.session.execute(sa.select(LineItem).order_by(LineItem.position)).scalars().all()
    assert [(line.description, line.quantity) for line in lines] == [
        ("Wallbox 11kW", 2),
        ("Kabel van 12,5 meter", Decimal("12.5")),
    ]
    text = desk.get(answer.location)
    for shown in ("CC-2026-00001", "Jan Janssen", "Kerkstraat 12a, 1234AB Amsterdam", "749", "Achterom", "No matching article"):
        assert shown in text, shown


def test_somebody_we_know_is_not_made_twice_and_a_conversation_is_linked(desk: Desk) -> None:
    before = desk.session.execute(sa.select(sa.func.count()).select_from(Contact)).scalar_one()
    form = desk.get(f"/orders/new?contact_id={desk.pieter.id}&thread_id={desk.thread.id}")
    assert "Pieter van Dam" in form
    fields = {"brand": desk.brand.id, "contact_id": desk.pieter.id, "thread_id": desk.thread.id, "description-1": "Laadpaal"}
    assert desk.post("/orders", **{name: str(value) for name, value in fields.items()}).status_code == 303
    (order,) = desk.orders()
    assert order.customer_contact_id == desk.pieter.id
    assert f"/threads/{desk.thread.id}" in desk.get(f"/orders/{order.id}")
    assert desk.session.execute(sa.select(sa.func.count()).select_from(Contact)).scalar_one() == before


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"customer_name": " "}, "customer_name", "Enter a name."),
        ({"email": "nobody"}, "email", "Enter an email address"),
        ({"phone": "abc"}, "phone", "Enter a phone number"),
        ({"quantity-1": "0"}, "quantity-1", "Enter a number above 0"),
        ({"quantity-1": "1e9"}, "quantity-1", "Enter a number above 0"),
        ({"quantity-1": "1.000"}, "quantity-1", "It is unclear which number you mean: enter 1000 or 1."),
        ({"quantity-1": "NaN"}, "quantity-1", "Enter a number above 0"),
        ({"article-1": "", "description-2": ""}, "description-1", "Enter what is ordered."),
        ({"city": "x" * 301}, "city", "Use at most 300 characters."),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_written(
    desk: Desk, change: dict[str, str], field: str, words: str
) -> None:
    answer = desk.post("/orders", **{**TYPED, **change}, brand=str(desk.brand.id))
    assert answer.status_code == 422
    assert words in answer.text
    assert f'id="field-{field}-error"' in answer.text
    assert desk.orders() == []


def test_a_brand_of_somebody_else_is_refused(desk: Desk) -> None:
    answer = desk.post("/orders", **TYPED, brand=str(desk.other.id))
    assert answer.status_code == 422
    assert "Choose one of your brands." in answer.text


def test_more_lines_are_there_when_asked_for(desk: Desk) -> None:
    answer = desk.post("/orders", **TYPED, more="1")
    assert answer.status_code == 200
    assert 'name="article-8"' in answer.text
    assert desk.orders() == []


def test_the_list_finds_by_number_name_and_state_in_few_queries(desk: Desk) -> None:
    for number in range(3):
        make_order(desk.session, desk.brand, desk.pieter, status=list(OrderStatus)[number])
    desk.session.commit()
    desk.get("/orders")
    with counted_queries(desk.client.plain.application) as seen:
        text = desk.get("/orders")
    assert len(seen) <= 8, "\n".join(seen)
    assert text.index("CC-2026-00003") < text.index("CC-2026-00001")
    assert "CC-2026-00002" not in desk.get("/orders?q=00001")
    assert "CC-2026-00002" in desk.get("/orders?q=pieter&status=new")
    assert "No order found" in desk.get("/orders?q=nobody")


def test_another_brand_sees_nothing(desk: Desk) -> None:
    order = make_order(desk.session, desk.brand, desk.pieter)
    desk.session.commit()
    desk.as_user(desk.mallory)
    assert "No orders yet" in desk.get("/orders")
    assert desk.client.get(f"/orders/{order.id}").status_code == 404


def test_the_state_is_changed_by_hand_with_its_reason(desk: Desk) -> None:
    order = make_order(desk.session, desk.brand, desk.pieter)
    desk.session.commit()
    moved_on = desk.post(f"/orders/{order.id}/status", status="approved", reason="Nu", expected_from="quoted")
    assert moved_on.status_code == 409
    assert "A colleague has since changed the status." in moved_on.text
    assert desk.post(f"/orders/{order.id}/status", status="approved", reason="Dinsdag").status_code == 303
    assert desk.orders()[0].status == OrderStatus.APPROVED
    assert desk.events("OrderStatusChanged")[0].payload["reason"] == "Dinsdag"
    refused = desk.post(f"/orders/{order.id}/status", status="sold")
    assert refused.status_code == 422
    assert "Choose one from the list." in refused.text
    assert desk.post(f"/orders/{order.id}/notes", notes="Bellen").status_code == 303
    assert desk.orders()[0].notes == "Bellen"


def test_the_page_says_in_words_what_the_register_says_and_lets_one_choose(desk: Desk) -> None:
    order = make_order(desk.session, desk.brand, desk.pieter, address=read_line("Molenweg 7, 3511CD Utrecht"))
    desk.session.commit()
    path, address = f"/orders/{order.id}", desk.session.get_one(Address, order.address_id)
    assert "Address not checked yet" in desk.get(path)
    address.attempts = 2
    desk.session.commit()
    assert "cannot reach the register right now" in desk.get(path)
    one = Match("0344200000000001", "Molenweg", "7", "A", "", "3511CD", "Utrecht")
    note_judgement(desk.session, address.id, Judgement(CheckStatus.SEVERAL, candidates=(one,)), now=NOW)
    desk.session.commit()
    assert "Molenweg 7A, 3511CD Utrecht</button>" in desk.get(path)
    assert desk.post(f"{path}/address", bag_id="other").status_code == 422
    assert desk.post(f"{path}/address", bag_id=one.bag_id).status_code == 303
    text = desk.get(path)
    assert "Valid address" in text
    assert "In the address register: Molenweg 7A, 3511CD Utrecht" in text
    note_judgement(desk.session, address.id, Judgement(CheckStatus.NONE), now=NOW)
    desk.session.commit()
    assert "has no address" in desk.get(path)


def test_an_address_on_one_line_is_taken_where_the_fields_are_empty(desk: Desk) -> None:
    without = {name: text for name, text in TYPED.items() if name not in ("street", "house_number", "postal_code", "city")}
    desk.post("/orders", **without, brand=str(desk.brand.id), address="Kerkstraat 12a, 1234 AB Amsterdam")
    desk.post("/orders", **{**TYPED, "token": "twice"}, brand=str(desk.brand.id), address="Molenweg 7, 3511CD Utrecht")
    typed = [desk.session.get_one(Address, order.address_id) for order in desk.orders()]
    assert {(one.street, one.house_number, one.postal_code) for one in typed} == {("Kerkstraat", "12", "1234AB")}


def test_suggested_addresses_come_in_their_parts(desk: Desk, pdok: RunningServer) -> None:
    runtime().redis.flushdb()
    shown = desk.get("/addresses/suggestions?address=kerkstraat 12 leeu")
    assert 'value="Kerkstraat 12, 8911XY Leeuwarden"' in shown
    assert 'data-street="Kerkstraat" data-house_number="12" data-addition="" data-postal_code="8911XY"' in shown
    assert "<option" not in desk.get("/addresses/suggestions?address=ke")
