"""The portal of a partner: its people come in by a link and find out alone; nothing of another partner shows anywhere."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from app.core.clock import utc_now
from app.domain.accounts.models import Role, User
from app.domain.events.actions import SYSTEM
from app.domain.orders.models import OrderStatus
from app.domain.partners.agreements import write_agreement
from app.domain.partners.models import Environment, PartnerKey
from app.domain.partners.move_order import move_order
from app.domain.partners.onboarding import LOAD_ORDERS, Step, read_steps
from app.domain.partners.people import add_partner_person
from app.domain.partners.take_order import take_order
from tests.domain.orders.conftest import Desk
from tests.domain.partners.factories import incoming, make_partner
from tests.factories import make_user
from tests.support.signing_in import csrf_token
from tests.web.portal.conftest import House

LINK = re.compile(r"/invitation/[\w.-]+")
DEALER = "WEST"
PASSWORD = "een lange zin voor de proef"


def test_somebody_is_invited_by_a_link_comes_in_and_is_kept_out_again(desk: Desk) -> None:
    desk.as_user(make_user(desk.session, "Root", role=Role.ADMIN))
    partner = make_partner(desk.session, desk.brand)
    desk.session.commit()
    path = f"/settings/partners/{partner.id}"
    assert desk.post(f"{path}/people", person_name="Paula", email="paula").status_code == 422
    answer = desk.post(f"{path}/people", person_name="Paula Prins", email="Paula@groendus.example", locale="nl")
    link = LINK.findall(answer.text)[0]
    user = desk.session.execute(sa.select(User).where(User.role == Role.PARTNER)).scalar_one()
    assert (answer.status_code, user.email, user.locale) == (201, "paula@groendus.example", "nl")
    assert "Paula Prins" not in desk.get("/settings/people")
    assert desk.post(f"{path}/people", person_name="Paula", email="paula@groendus.example").status_code == 422
    assert desk.post(f"{path}/people/{user.id}/invitation").status_code == 201
    client = desk.client.plain.application.test_client()
    accepted = client.post(link, data={"password": PASSWORD, "csrf_token": csrf_token(client)})
    assert (accepted.status_code, accepted.location) == (303, "/")
    assert client.get("/").location == "/portal"
    assert client.get("/portal").status_code == 200
    assert client.get("/inbox").status_code == 403
    assert desk.post(f"{path}/people/{user.id}/removal").status_code == 303
    assert client.get("/portal").status_code == 303


def test_a_partner_follows_an_order_and_finds_out_alone_why_a_call_failed(house: House) -> None:
    desk, row = house.desk, house.ours.live
    why: dict[str, Any] = {"reason": "intern", "context": {}, "now": utc_now()}
    assert not move_order(desk.session, house.ours.partner, row, OrderStatus.APPROVED, **why).refused
    desk.session.commit()
    assert "Groendus-1" in desk.get("/portal")
    assert "Groendus-1" in desk.get("/portal/orders?q=groendus")
    shown = desk.get(f"/portal/orders/{row.id}")
    assert "Order received." in shown
    assert "Approved" in shown
    assert "intern" not in shown
    assert "800.00" not in shown
    assert "status_update" in shown
    endpoint = house.ours.endpoints[Environment.LIVE]
    sent = desk.post(f"/portal/endpoints/{endpoint.id}/test")
    story = desk.get(sent.location)
    assert "test.ping" in story
    assert f"/portal/endpoints/{endpoint.id}/replay" in story
    assert desk.post(f"{sent.location}/retry").status_code == 303
    assert "deliveries" in desk.get(f"/portal/endpoints/{endpoint.id}/replay?what=all&hours=24")
    own = ("/settings/profile", "/settings/security")
    for page in ("/portal/callbacks", "/portal/keys", "/portal/calls", "/portal/statements", *own):
        assert "Paula" in desk.get(page)


def test_keys_and_addresses_are_the_partners_own_to_change(house: House) -> None:
    desk = house.desk
    made = desk.post("/portal/keys", environment="sandbox", scopes="orders:read", key_name="proef")
    text = re.findall(r"swp_test_\w+", made.text)[0]
    key = desk.session.execute(sa.select(PartnerKey).where(PartnerKey.name == "proef")).scalar_one()
    assert (made.status_code, key.partner_id, key.created_by_user_id) == (200, house.ours.partner.id, house.paula.id)
    assert text not in desk.get("/portal/keys")
    assert desk.post(f"/portal/keys/{key.id}/rotation").status_code == 200
    assert desk.post(f"/portal/keys/{key.id}/revocation").status_code == 303
    assert desk.post("/portal/keys").status_code == 422
    assert desk.post("/portal/callbacks/live", url="https://groendus.example/other").status_code == 303
    assert desk.post("/portal/callbacks/live", url="https://user:secret@groendus.example").status_code == 422
    assert "whsec_" in desk.post("/portal/callbacks/live/secret").text
    trial = house.ours.trial
    assert desk.post(f"/portal/orders/{trial.id}/status", status="scheduled").status_code == 303
    assert desk.post(f"/portal/orders/{trial.id}/status", status="nowhere").status_code == 422
    assert desk.post(f"/portal/orders/{house.ours.live.id}/status", status="completed").status_code == 409
    desk.session.refresh(trial)
    assert (trial.order_status, trial.sequence) == ("scheduled", 2)


def test_somebody_of_a_dealer_sees_the_orders_of_that_dealer_alone(house: House) -> None:
    desk, session, ours, now = house.desk, house.desk.session, house.ours, utc_now()
    through = incoming("WEST-1", references={"dealer_group_id": "GROENDUS_WEST"})
    west = take_order(session, ours.partner, Environment.LIVE, through, now=now).row
    who: dict[str, Any] = {"now": now, "actor": SYSTEM, "dealer_id": ours.dealer_id}
    desk.as_user(add_partner_person(session, ours.partner, email="w@west.example", name="Wes", **who))
    session.commit()
    listed = desk.get("/portal/orders")
    assert ("WEST-1" in listed, "Groendus-1" in listed) == (True, False)
    assert "WEST-1" in desk.get(f"/portal/orders/{west.id}")
    assert not move_order(session, ours.partner, west, OrderStatus.COMPLETED, reason="klaar", context={}, now=now).refused
    session.commit()
    table = desk.client.plain.get("/portal/statements.csv").text
    assert "Dealer Groendus West,2,3.00,800.00,24.00,final,24.00" in table
    assert "Groendus,1" not in table


def test_an_agreement_is_accepted_version_by_version(house: House) -> None:
    desk, partner, first = house.desk, house.ours.partner, house.ours.agreement
    accept = "/portal/agreement/{}/acceptance"
    assert "Not accepted yet" in desk.get("/portal/agreement")
    for _twice in range(2):
        assert desk.post(accept.format(first.id)).location == "/portal/agreement"
    assert "accepted by Paula" in desk.get("/portal/agreement")
    who: dict[str, Any] = {"now": utc_now(), "actor": SYSTEM}
    assert _step(house, Step.AGREEMENT)
    second = write_agreement(desk.session, partner, "Wij en Groendus, opnieuw", **who)
    desk.session.commit()
    assert not _step(house, Step.AGREEMENT)
    desk.post(accept.format(first.id))
    assert "There is a newer version" in desk.get("/portal/agreement")
    desk.post(accept.format(second.id))
    assert _step(house, Step.AGREEMENT)
    root = make_user(desk.session, "Root", role=Role.ADMIN)
    desk.session.commit()
    desk.as_user(root)
    path = f"/settings/partners/{partner.id}/agreement"
    assert desk.get(path).count("accepted by Paula") == 2
    assert desk.post(path, text="Wij en Groendus, opnieuw").status_code == 422
    assert desk.post(path, text="Versie drie").status_code == 303
    assert "Not accepted yet" in desk.get(path)


def test_twenty_sandbox_orders_within_a_minute_are_the_load_test(house: House) -> None:
    partner, minute = house.ours.partner, utc_now().replace(second=0) - timedelta(hours=1)
    for number in range(LOAD_ORDERS):
        assert not _step(house, Step.LOAD_TEST)
        take_order(house.desk.session, partner, Environment.SANDBOX, incoming(f"LOAD-{number}"), now=minute)
        house.desk.session.flush()
    assert _step(house, Step.LOAD_TEST)


def _step(house: House, wanted: Step) -> bool:
    """Whether it is done."""
    house.desk.session.expire_all()
    return next(one.is_done for one in read_steps(house.desk.session, house.ours.partner) if one.step == wanted)
