"""Leads keep the articles: added, changed, switched off, each number once for a brand."""

from __future__ import annotations

from decimal import Decimal

import pytest
import sqlalchemy as sa

from app.domain.accounts.models import Role
from app.domain.orders.articles import add_article, find_articles
from app.domain.orders.models import Article
from tests.domain.orders.conftest import Desk
from tests.factories import NOW, make_user


@pytest.fixture
def lead(desk: Desk) -> Desk:
    desk.as_user(make_user(desk.session, "Leila", role=Role.LEAD, brands=(desk.brand,)))
    return desk


def only(desk: Desk) -> Article:
    return desk.session.execute(sa.select(Article).execution_options(populate_existing=True)).scalar_one()


def fields(desk: Desk, **more: object) -> dict[str, object]:
    return {"brand": desk.brand.id, "sku": "WB-11", "name": "Wallbox 11 kW", "unit_price": "1249,50", **more}


def test_an_article_is_added_changed_and_switched_off(lead: Desk) -> None:
    assert lead.post("/settings/articles", **fields(lead)).status_code == 303
    one = only(lead)
    assert (one.sku, one.unit_price) == ("WB-11", Decimal("1249.50"))
    path = f"/settings/articles/{one.id}"
    assert "1249.50" in lead.get(path)
    assert lead.post(path, **fields(lead, name="Wallbox", unit_price="")).status_code == 303
    assert (only(lead).name, only(lead).unit_price) == ("Wallbox", None)
    assert lead.post(path, active="no").status_code == 303
    assert find_articles(lead.session, brand_id=lead.brand.id, names=["WB-11"]) == {}
    assert "Switch on" in lead.get("/settings/articles")
    assert only(lead).name == "Wallbox"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sku", ""),
        ("sku", "x" * 101),
        ("name", ""),
        ("unit_price", "-1"),
        ("unit_price", "1,234"),
        ("unit_price", "NaN"),
        ("brand", ""),
    ],
)
def test_what_is_wrong_is_named(lead: Desk, field: str, value: str) -> None:
    answer = lead.post("/settings/articles", **fields(lead, **{field: value}))
    assert answer.status_code == 422
    assert f'href="#field-{field}"' in answer.text


def test_a_number_is_given_once_for_a_brand(lead: Desk) -> None:
    for brand in (lead.brand, lead.other):
        add_article(lead.session, brand_id=brand.id, sku="WB-22", name="Ander", unit_price=None, now=NOW)
    lead.session.commit()
    assert lead.post("/settings/articles", **fields(lead)).status_code == 303
    assert "has this number" in lead.post("/settings/articles", **fields(lead)).text
    mine = sa.select(Article.id).where(Article.sku == "WB-11")
    path = f"/settings/articles/{lead.session.execute(mine).scalar_one()}"
    assert lead.post(path, **fields(lead, sku="WB-22")).status_code == 422


def test_agents_and_leads_of_other_brands_do_not_change_them(desk: Desk) -> None:
    one = add_article(desk.session, brand_id=desk.brand.id, sku="WB-22", name="Ander", unit_price=None, now=NOW)
    desk.session.commit()
    assert desk.post(f"/settings/articles/{one.id}", active="no").status_code == 403
    desk.as_user(make_user(desk.session, "Moritz", role=Role.LEAD, brands=(desk.other,)))
    assert desk.post(f"/settings/articles/{one.id}", active="no").status_code == 404


def test_a_price_that_is_two_is_asked_back_and_a_dutch_one_is_read(lead: Desk) -> None:
    refused = lead.post("/settings/articles", **fields(lead, sku="KABEL", unit_price="1.250"))
    assert refused.status_code == 422
    assert "It is unclear which number you mean: enter 1250 or 1.25." in refused.text
    assert lead.post("/settings/articles", **fields(lead, sku="KABEL", unit_price="€ 1.250,50")).status_code == 303
    kept = lead.session.execute(sa.select(Article.unit_price).where(Article.sku == "KABEL")).scalar_one()
    assert kept == Decimal("1250.50")
