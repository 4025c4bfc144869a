"""Orders that partners post: both shapes to the letter, once for each number, nothing lost of what is unknown."""

from __future__ import annotations

from decimal import Decimal

import pytest
import sqlalchemy as sa

from app.domain.accounts.models import Brand
from app.domain.contacts.models import Contact, ContactIdentity
from app.domain.events.actions import SYSTEM
from app.domain.orders.articles import add_article
from app.domain.orders.models import LineItem, OrderThread
from app.domain.partners.models import PartnerOrder
from app.domain.partners.products import ProductContent, keep_product
from app.domain.tasks.models import Task
from app.domain.threads.models import Message, Thread
from tests.api.partners.conftest import ORDERS, Gateway, body
from tests.domain.partners.factories import DEALER_BODY
from tests.factories import NOW


def test_an_order_is_answered_to_the_letter_and_has_a_thread(gateway: Gateway) -> None:
    answer = gateway.live.post(body())
    (order,) = gateway.orders()
    assert answer.status_code == 201
    assert answer.json["success"] is True  # type: ignore[index]
    assert answer.json["data"] == {  # type: ignore[index]
        "chargecars_order_id": order.order_number,
        "chargecars_order_uuid": str(order.id),
        "status": "received",
        "estimated_processing_time": "24-48 hours",
    }
    assert (order.source, order.status, order.account_contact_id) == ("partner", "new", gateway.partner.contact_id)
    assert order.external_references["partner_order_id"] == "GRO-123456"
    thread_id = gateway.session.execute(sa.select(OrderThread.thread_id)).scalar_one()
    thread = gateway.session.get_one(Thread, thread_id)
    assert (thread.contact_id, thread.partner_contact_id) == (order.customer_contact_id, gateway.partner.contact_id)
    text = gateway.session.execute(sa.select(Message.text).where(Message.thread_id == thread_id)).scalar_one()
    assert "Jan Jänssen" in text
    assert "GRO-ALFEN-11 · Alfen Eve 11 kW (geen artikel)" in text
    assert "Kerkstraat 12" in text
    asked = f"{order.order_number}: Groendus bestelde artikelnummers die we niet kennen: GRO-ALFEN-11"
    assert asked in [task.title for task in gateway.rows(Task)]


def test_the_first_message_of_an_order_is_in_the_language_of_its_brand(gateway: Gateway) -> None:
    gateway.session.execute(sa.update(Brand).values(languages=["fr", "en"]))
    gateway.session.commit()
    assert gateway.live.post(body()).status_code == 201
    written = [*(one.text for one in gateway.rows(Message)), *(one.title for one in gateway.rows(Task))]
    for words in (
        "GRO-ALFEN-11 · Alfen Eve 11 kW (aucun article)",
        "Groendus a commandé des numéros d’article que nous ne connaissons pas\u00a0: GRO-ALFEN-11",
    ):
        assert any(words in one for one in written), words


def test_the_shape_of_the_dealers_is_understood_on_the_short_path_with_the_other_header(gateway: Gateway) -> None:
    headers = {"X-API-Key": gateway.live.key.text, "Authorization": ""}
    answer = gateway.live.client.post("/partners/groendus/orders", json=DEALER_BODY, headers=headers)
    assert answer.status_code == 201, answer.text
    (line,) = gateway.rows(LineItem)
    assert (line.description, line.quantity) == ("Wallbox 11kW charging station", Decimal(1))
    assert line.external_item_reference == "VLV-WALLBOX-001"
    (order,) = gateway.orders()
    assert order.external_references["dealer_group_id"] == "VAN_MOSSEL_WEST"
    assert "Garage access via side door" in order.notes


def test_the_same_order_again_is_the_same_answer_and_says_so(gateway: Gateway) -> None:
    first, again = gateway.live.post(body()), gateway.live.post(body())
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json["data"] == first.json["data"]  # type: ignore[index]
    assert again.json["duplicate"] is True  # type: ignore[index]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(gateway.orders()) == 1
    assert gateway.partner_order().repeats == 1
    assert gateway.last_call().is_repeat


def test_other_content_under_the_same_number_changes_nothing_and_is_shown(gateway: Gateway) -> None:
    gateway.live.post(body())
    other = body()
    other["customer"]["phone"] = "+31687654321"
    for _ in range(2):
        answer = gateway.live.post(other)
        assert (answer.status_code, answer.json["payload_differs"]) == (200, True)  # type: ignore[index]
        assert answer.json["changed_fields"] == ["/customer/phone"]  # type: ignore[index]
    row = gateway.partner_order()
    assert row.differing is not None
    assert row.differing["changed_fields"] == ["/customer/phone"]
    assert row.payload["customer"]["phone"] == "+31612345678"
    texts = [one.text for one in gateway.rows(Message) if "opnieuw, met wijzigingen in" in one.text]
    assert len(texts) == 1, "said once, however often it is sent"


def test_what_is_unknown_is_kept_and_named(gateway: Gateway) -> None:
    sent = body(campaign="winter")
    sent["customer"]["address"]["floor"] = 3
    sent["products"][0]["colour"] = "black"
    answer = gateway.live.post(sent)
    assert answer.status_code == 201
    assert [one["field"] for one in answer.json["warnings"]] == ["campaign", "customer.address.floor", "products.0.colour"]  # type: ignore[index]
    assert gateway.partner_order().payload == sent


def test_a_doubtful_address_is_taken_and_told(gateway: Gateway) -> None:
    sent = body()
    sent["customer"]["address"] = {"postal_code": "1234AB", "city": "Amsterdam"}
    answer = gateway.live.post(sent)
    assert (answer.status_code, answer.json["warnings"][0]["code"]) == (201, "address_doubtful")  # type: ignore[index]


def test_what_has_no_article_waits_with_a_task_until_it_has_one(gateway: Gateway) -> None:
    answer = gateway.live.post(body())
    assert answer.json["unmapped_skus"] == ["GRO-ALFEN-11"]  # type: ignore[index]
    (task,) = [one for one in gateway.rows(Task) if "GRO-ALFEN-11" in one.title]
    assert task.thread_id is not None
    article = add_article(
        gateway.session,
        brand_id=gateway.partner.brand_id,
        sku="ALF-EVE-S-11KW",
        name="Alfen Eve",
        unit_price=Decimal(799),
        now=NOW,
    )
    content = ProductContent("GRO-ALFEN-11", article.id, "Wallbox", Decimal("749.00"))
    keep_product(gateway.session, gateway.partner, content, now=NOW, actor=SYSTEM)
    gateway.session.commit()
    (line,) = gateway.rows(LineItem)
    assert (line.article_id, line.unit_price) == (article.id, Decimal("749.00"))
    assert gateway.partner_order().unmapped_skus == []
    assert "unmapped_skus" not in gateway.live.post(body(partner_order_id="GRO-2")).json  # type: ignore[operator]


def test_a_customer_somebody_else_told_us_of_is_linked_and_left_as_they_are(gateway: Gateway) -> None:
    gateway.live.post(body())
    sent = body(partner_order_id="GRO-2")
    sent["customer"] |= {"name": "J. Jansen", "phone": "+31699999999"}
    gateway.live.post(sent)
    first, second = gateway.orders()
    assert first.customer_contact_id == second.customer_contact_id
    assert gateway.session.get_one(Contact, first.customer_contact_id).name == "Jan Jänssen"
    assert gateway.session.execute(sa.select(ContactIdentity).where(ContactIdentity.value == "+31699999999")).first() is None


def test_every_fault_is_named_at_once_and_nothing_is_made(gateway: Gateway) -> None:
    sent = body(partner_order_id="with space", products=[{"quantity": 0}])
    sent["customer"] = {"name": " ", "email": "nobody", "phone": "12", "address": {}}
    answer = gateway.live.post(sent)
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    assert answer.json["success"] is False  # type: ignore[index]
    fields = {error["field"] for error in answer.json["errors"]}  # type: ignore[index]
    assert fields == {
        "partner_order_id",
        "customer.name",
        "customer.email",
        "customer.phone",
        "customer.address.postal_code",
        "products.0.quantity",
    }
    assert gateway.orders() == []
    call = gateway.last_call()
    assert (call.status, call.code) == (422, "validation_failed")
    assert "customer.email" in call.detail
    assert "nobody" not in call.detail


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"{", 400),
        (b"[]", 422),
        (b'{"partner_order_id": NaN}', 400),
        (b'{"a": "\\u0000"}', 422),
        (b'{"a": "\\ud800"}', 422),
        (b"\xff", 400),
    ],
)
def test_what_is_no_order_is_refused_with_a_problem(gateway: Gateway, content: bytes, status: int) -> None:
    answer = gateway.live.call("POST", ORDERS, data=content, content_type="application/json")
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")


def test_the_sandbox_stands_apart(gateway: Gateway) -> None:
    live, sandbox = gateway.live.post(body()), gateway.sandbox.post(body())
    assert (live.status_code, sandbox.status_code) == (201, 201)
    assert sandbox.json["data"]["chargecars_order_id"].startswith("TEST-")  # type: ignore[index]
    assert gateway.sandbox.post(body()).json["data"] == sandbox.json["data"]  # type: ignore[index]
    assert len(gateway.orders()) == 1
    assert len(gateway.rows(PartnerOrder)) == 2
