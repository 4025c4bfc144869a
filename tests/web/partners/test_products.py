"""What a partner calls our articles: by hand and from a table that is looked at first."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
import sqlalchemy as sa

from app.domain.accounts.models import Role
from app.domain.orders.articles import add_article
from app.domain.partners.models import PartnerProduct
from tests.domain.orders.conftest import Desk
from tests.domain.orders.conftest import desk as desk
from tests.domain.partners.factories import make_partner
from tests.factories import NOW, make_user

TABLE = """Partner_SKU;Article;Type;Price;valid_from
GRO-11;ALF-11;Wallbox;749,50;
GRO-22;NOPE;;;
GRO-11;ALF-11;;;2026-12-01
;ALF-11;;;
"""


@pytest.fixture
def path(desk: Desk) -> str:
    desk.as_user(make_user(desk.session, "Root", role=Role.ADMIN))
    add_article(desk.session, brand_id=desk.brand.id, sku="ALF-11", name="Alfen", unit_price=Decimal(799), now=NOW)
    partner = make_partner(desk.session, desk.brand)
    desk.session.commit()
    return f"/settings/partners/{partner.id}/products"


def kept(desk: Desk) -> list[PartnerProduct]:
    query = sa.select(PartnerProduct).order_by(PartnerProduct.valid_from).execution_options(populate_existing=True)
    return list(desk.session.execute(query).scalars())


def test_a_number_is_added_changed_and_forgotten(desk: Desk, path: str) -> None:
    assert desk.post(path, partner_sku="GRO-11", article="alf-11", price="749,50", type="Wallbox").status_code == 303
    assert desk.post(path, partner_sku="GRO-11", article="ALF-11", price="").status_code == 303
    (one,) = kept(desk)
    assert (one.partner_sku, one.unit_price) == ("GRO-11", None)
    assert desk.post(f"{path}/{one.id}/removal").status_code == 303
    assert kept(desk) == []


def test_a_table_is_looked_at_and_then_taken(desk: Desk, path: str) -> None:
    shown = desk.post(f"{path}/table", table=TABLE).text
    assert kept(desk) == [], "looking changes nothing"
    assert "article NOPE does not exist" in shown
    assert "partner_sku must have 1 to 200 characters" in shown
    assert desk.post(f"{path}/table", table=TABLE, take="1").status_code == 303
    assert [(one.partner_sku, one.unit_price, one.valid_from) for one in kept(desk)] == [
        ("GRO-11", Decimal("749.50"), date(2000, 1, 1)),
        ("GRO-11", None, date(2026, 12, 1)),
    ]
    assert "unchanged" in desk.post(f"{path}/table", table=TABLE).text


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"partner_sku": ""}, "partner_sku"),
        ({"article": "NOPE"}, "article"),
        ({"price": "-1"}, "price"),
        ({"valid_from": "soon"}, "valid_from"),
        ({"valid_from": "2026-12-02", "valid_until": "2026-12-02"}, "valid_until"),
    ],
)
def test_what_is_wrong_is_named(desk: Desk, path: str, fields: dict[str, str], wrong: str) -> None:
    answer = desk.post(path, **{"partner_sku": "GRO-1", "article": "ALF-11", **fields})
    assert answer.status_code == 422
    assert f'href="#field-{wrong}"' in answer.text


@pytest.mark.parametrize("table", ["", "a;b\n1;2", "partner_sku;article\n", 'partner_sku;article\n"x'])
def test_what_is_no_table_is_refused(desk: Desk, path: str, table: str) -> None:
    assert desk.post(f"{path}/table", table=table).status_code == 422
