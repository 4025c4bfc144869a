"""The pages of partners: added, changed, switched; keys shown once; why a call was refused."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.clock import utc_now
from app.core.runtime import runtime
from app.domain.accounts.models import Role
from app.domain.contacts.models import Contact, ContactType
from app.domain.partners.models import Environment, Partner, PartnerKey
from app.domain.partners.take_order import take_order
from tests.domain.orders.conftest import Desk
from tests.domain.orders.conftest import desk as desk
from tests.domain.partners.factories import WORKFLOW_BODY, incoming, make_partner, make_partner_key
from tests.factories import make_user


@pytest.fixture
def admin(desk: Desk) -> Desk:
    desk.as_user(make_user(desk.session, "Root", role=Role.ADMIN))
    return desk


def only(desk: Desk) -> Partner:
    return desk.session.execute(sa.select(Partner).execution_options(populate_existing=True)).scalar_one()


def fields(desk: Desk, **more: object) -> dict[str, object]:
    return {"name": "Groendus", "brand": desk.brand.id, "protocol": "api", "calls_per_minute": "60", **more}


def test_a_partner_is_added_with_its_organization_changed_and_switched(admin: Desk) -> None:
    assert "No partners yet" in admin.get("/settings/partners")
    assert admin.post("/settings/partners", **fields(admin)).status_code == 303
    partner = only(admin)
    contact = admin.session.get_one(Contact, partner.contact_id)
    assert (partner.slug, contact.name, contact.contact_type) == ("groendus", "Groendus", ContactType.ORGANIZATION)
    path = f"/settings/partners/{partner.id}"
    changed = fields(admin, allowed_networks="203.0.113.9/24\n203.0.113.0/24", calls_per_minute="120")
    assert admin.post(f"{path}/settings", **changed).status_code == 303
    partner = only(admin)
    assert (partner.allowed_networks, partner.calls_per_minute) == (["203.0.113.0/24"], 120)
    assert partner.status_mapping["chargecars_to_partner"]["completed"] == "DELIVERED"
    assert admin.post(f"{path}/statuses", out_new="BINNEN", in_new="BINNEN, RECEIVED").status_code == 303
    assert only(admin).status_mapping == {
        "chargecars_to_partner": {"new": "BINNEN"},
        "partner_to_chargecars": {"BINNEN": "new", "RECEIVED": "new"},
    }
    assert "BINNEN, RECEIVED" in admin.get(f"{path}/settings")
    admin.post(f"{path}/activity", active="0")
    assert "off: we refuse this partner’s keys" in admin.get(path)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("slug", "x"),
        ("slug", "a b"),
        ("allowed_networks", "nowhere"),
        ("calls_per_minute", "0"),
        ("calls_per_minute", "²"),
        ("api_base_url", "ftp://example.nl"),
        ("brand", ""),
    ],
)
def test_what_is_wrong_is_named(admin: Desk, field: str, value: str) -> None:
    answer = admin.post("/settings/partners", **fields(admin, **{field: value}))
    assert answer.status_code == 422
    assert f'href="#field-{field}"' in answer.text


def test_a_key_is_shown_once_rotated_and_ended(admin: Desk) -> None:
    partner = make_partner(admin.session, admin.brand)
    admin.session.commit()
    path = f"/settings/partners/{partner.id}"
    made = admin.post(f"{path}/keys", environment="live", key_name="Export", scopes="orders:write").text
    text = re.findall(r"swp_live_[0-9A-Za-z]{38}", made)[0]
    assert text not in admin.get(path)
    (key,) = admin.session.execute(sa.select(PartnerKey)).scalars().all()
    assert text.encode() not in bytes(key.key_hash)
    rotated = admin.post(f"{path}/keys/{key.id}/rotation").text
    assert len(set(re.findall(r"swp_live_[0-9A-Za-z]{38}", rotated)) - {text}) == 1
    assert "Being replaced" in rotated
    assert admin.post(f"{path}/keys/{key.id}/revocation").status_code == 303
    assert "No longer valid" in admin.get(path)
    assert admin.post(f"{path}/keys/{key.id}/rotation").status_code == 422
    assert admin.post(f"{path}/keys", environment="live").status_code == 422


def test_orders_and_refused_calls_are_shown_with_what_is_wrong(admin: Desk, app: Flask) -> None:
    partner = make_partner(admin.session, admin.brand)
    with app.app_context():
        key = make_partner_key(admin.session, partner, runtime().keyring)
    take_order(admin.session, partner, Environment.LIVE, incoming("GRO-7"), now=utc_now())
    take_order(admin.session, partner, Environment.LIVE, incoming("GRO-7", phone="+31687654321"), now=utc_now())
    take_order(admin.session, partner, Environment.SANDBOX, incoming("GRO-8"), now=utc_now())
    admin.session.commit()
    wrong = {**WORKFLOW_BODY, "products": []}
    headers = {"Authorization": f"Bearer {key.text}"}
    app.test_client().post("/partners/groendus/orders", json=wrong, headers=headers)
    shown = admin.get(f"/settings/partners/{partner.id}")
    assert "GRO-7" in shown
    assert "No article: GRO-ALFEN-11" in shown
    assert "/customer/phone" in shown
    assert all(
        words in shown
        for words in (
            "Longest time from an API request until its order is saved",
            "Time to the first webhook callback after a change",
            "99.9%",
        )
    )
    refused = admin.get(f"/settings/partners/{partner.id}/calls?failed=1")
    assert "validation_failed" in refused
    assert "products or line_items must have at least one line" in refused
    assert "GRO-8" not in admin.get(f"/settings/partners/{partner.id}/orders")
    assert "TEST-" in admin.get(f"/settings/partners/{partner.id}/orders?environment=sandbox")


def test_a_month_that_is_over_is_closed_once(admin: Desk) -> None:
    admin.post("/settings/partners", **fields(admin))
    path = f"/settings/partners/{only(admin).id}/commissions"
    assert "Close January 2020" in admin.get(f"{path}?month=2020-01")
    assert admin.post(f"{path}/closing?month=2020-01").location == f"{path}?month=2020-01"
    closed = admin.get(f"{path}?month=2020-01")
    assert ("Month closed. If a commission is reversed" in closed, "Close January 2020" in closed) == (True, False)
    for month in ("month=2020-01", ""):
        admin.post(f"{path}/closing?{month}")
        assert "This month is already closed or has not ended yet" in admin.get(path)
