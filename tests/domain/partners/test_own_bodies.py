"""Bodies in a partner's own shape: translated by rows, refused with names, nothing guessed."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.partners.own_bodies import WrongBodyMapping, checked, preview, translate

ROWS = [
    {"path": "opdracht.nummer", "field": "partner_order_id"},
    {"path": "klant.voornaam", "field": "customer.name"},
    {"path": "klant.achternaam", "field": "customer.name"},
    {"path": "klant.mail", "field": "customer.email"},
    {"path": "klant.tel", "field": "customer.phone"},
    {"path": "plaats.postcode", "field": "customer.address.postal_code"},
    {"path": "plaats.nr", "field": "customer.address.house_number"},
    {"path": "regels[].code", "field": "products[].partner_sku"},
    {"path": "regels[].aantal", "field": "products[].quantity"},
]
BODY: dict[str, Any] = {
    "opdracht": {"nummer": 7719, "campagne": "winter"},
    "klant": {"voornaam": "Jan", "achternaam": "Jansen", "mail": "jan@example.nl", "tel": "+31612345678"},
    "plaats": {"postcode": "1234AB", "nr": 12},
    "regels": [{"code": "ESS-WALLBOX-22", "aantal": "1"}, {"code": "ESS-CABLE", "aantal": 2, "kleur": "wit"}],
}


def test_each_path_becomes_its_field_and_what_is_left_is_named() -> None:
    made = translate(checked(ROWS), BODY)
    assert made.body == {
        "partner_order_id": "7719",
        "customer": {
            "name": "Jan Jansen",
            "email": "jan@example.nl",
            "phone": "+31612345678",
            "address": {"postal_code": "1234AB", "house_number": "12"},
        },
        "products": [{"partner_sku": "ESS-WALLBOX-22", "quantity": 1.0}, {"partner_sku": "ESS-CABLE", "quantity": 2}],
    }
    assert made.unread == ["opdracht.campagne", "regels[].kleur"]
    assert preview(ROWS, BODY).faults == []


def test_a_preview_names_every_fault() -> None:
    body = {**BODY, "klant": {"voornaam": ["Jan"], "mail": "jan"}, "regels": [{"aantal": "twee"}]}
    faults = preview(ROWS, body).faults
    assert [name for name, _message in faults] == [
        "klant.voornaam",
        "customer.name",
        "customer.phone",
        "customer.email",
        "products",
        "products.0.quantity",
    ]


@pytest.mark.parametrize(
    "row",
    [
        {"path": "a", "field": "customer.iban"},
        {"path": "", "field": "partner_order_id"},
        {"path": "a..b", "field": "partner_order_id"},
        {"path": "a[].b", "field": "partner_order_id"},
        {"path": "a.b", "field": "products[].partner_sku"},
        {"path": "other[].b", "field": "products[].description"},
    ],
)
def test_rows_that_cannot_be_are_refused(row: dict[str, str]) -> None:
    with pytest.raises(WrongBodyMapping):
        checked([*ROWS, row])


@pytest.mark.parametrize("body", [{}, {"regels": {}}, {"regels": [1, None, []]}, {"klant": []}, {"plaats": "hier"}])
def test_any_body_is_read_without_a_failure(body: dict[str, Any]) -> None:
    assert preview(ROWS, body).faults
