"""Orders in the API: made, read, changed, refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import Caller, World

ORDER: dict[str, Any] = {
    "customer": {"name": "Jan Janssen", "email": "jan@example.com"},
    "installation_address": {"full_address": "Kerkstraat 12A, 1234AB Amsterdam"},
    "line_items": [{"sku": "WB-11", "description": "Wallbox", "quantity": 2.5, "unit_price": 10.005}],
}


def test_an_order_is_made_once_for_one_key_and_read_again(alice: Caller, world: World) -> None:
    key = {"Idempotency-Key": "a"}
    answers = [alice.post("/orders", {**ORDER, "thread_id": str(world.thread.id)}, headers=key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    made = answers[0].json
    assert made is not None
    assert made == answers[1].json
    assert alice.get(f"/orders/{made['id']}").json == made
    assert made["order_number"].endswith("-00001")
    assert made["installation_address"] | {"full_address": ""} == {
        "full_address": "", "street": "Kerkstraat", "house_number": "12", "house_number_addition": "A", "postal_code": "1234AB",
        "city": "Amsterdam", "country": "NL",
    }  # fmt: skip
    line = made["line_items"][0]
    assert (line["sku"], line["quantity"], line["line_item_status"], line["line_order"]) == (None, 2.5, "quoted", 1)
    assert (made["thread_ids"], made["order_status"], made["source"]) == ([str(world.thread.id)], "new", "api")


def test_an_order_without_a_thread_gets_one_that_nobody_has(alice: Caller, world: World) -> None:
    made = alice.post("/orders", ORDER).json
    assert made is not None
    (thread_id,) = made["thread_ids"]
    thread = alice.get(f"/communication/threads/{thread_id}").json
    assert thread is not None
    assert (thread["customer_contact_id"], thread["assigned_to_contact_id"]) == (made["customer_contact_id"], None)
    said = alice.get(f"/communication/messages?thread_id={thread_id}").json
    assert said is not None
    (message,) = said["items"]
    assert message["direction"] == "incoming"
    assert message["message_content"].startswith("2.5 × ")


def test_a_status_is_changed_and_another_version_is_refused(alice: Caller) -> None:
    made = alice.post("/orders", ORDER)
    assert made.json is not None
    path, tag = f"/orders/{made.json['id']}", made.headers["ETag"]
    changed = alice.patch(path, {"order_status": "approved", "status_reason": "Akkoord"}, headers={"If-Match": tag})
    assert changed.json is not None
    assert (changed.status_code, changed.json["order_status"]) == (200, "approved")
    assert alice.patch(path, {"notes": "x"}, headers={"If-Match": tag}).status_code == 412


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"customer": None}, "customer"),
        ({"line_items": []}, "line_items"),
        ({"line_items": [{"quantity": 1}]}, "line_items.0"),
        ({"line_items": [{"sku": "x", "quantity": 0}]}, "line_items.0.quantity"),
        ({"customer": {"name": "J", "phone": "x"}}, "customer.phone"),
        ({"customer_contact_id": "0193a1c2-0000-7000-8000-000000000000", "customer": None}, "customer_contact_id"),
        ({"brand": "laderthuis"}, "brand"),
        ({"order_status": "sold"}, "order_status"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_is_wrong_is_named_by_its_field(alice: Caller, change: dict[str, Any], field: str) -> None:
    answer = alice.post("/orders", {**ORDER, **change})
    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["errors"][0]["field"] == field
    assert alice.get("/orders").json == {"items": [], "next_cursor": None}


def test_another_brand_sees_no_order(alice: Caller, mallory: Caller) -> None:
    made = alice.post("/orders", ORDER).json
    assert made is not None
    assert mallory.get(f"/orders/{made['id']}").status_code == 404
    assert mallory.get("/orders").json == {"items": [], "next_cursor": None}
