"""What partners were promised: measured, and told once a day when it is about to break."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.core.runtime import runtime
from app.domain.accounts.models import Brand, Role, User
from app.domain.events.actions import SYSTEM
from app.domain.notifications.models import Notification
from app.domain.partners.commitments import read_commitments, tell_of_risks
from app.domain.partners.health import DAY, read_calls
from app.domain.partners.models import Partner, PartnerCall
from app.domain.webhooks.actions import create_endpoint, partner_content, queue_message
from app.domain.webhooks.models import EndpointKind, EndpointState, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from tests.domain.partners.factories import make_partner
from tests.factories import NOW, make_brand, make_user

SECOND = timedelta(seconds=1)


@dataclass
class House:
    session: Session
    partner: Partner

    def calls(self, count: int, *, at: datetime = NOW, **more: Any) -> None:
        usual = {"method": "GET", "path": "/", "status": 200, "took_ms": 20, "called_at": at - SECOND}
        rows = [{"id": new_id(), "partner_id": self.partner.id, **usual, **more} for _ in range(count)]
        self.session.execute(sa.insert(PartnerCall), rows)
        self.session.commit()

    def endpoint(self) -> WebhookEndpoint:
        content = partner_content("Groendus", "https://groendus.example/hooks")
        who = {"kind": EndpointKind.PARTNER, "brand_id": self.partner.brand_id, "owner_id": self.partner.id}
        made, _secret = create_endpoint(self.session, content, **who, keyring=runtime().keyring, now=NOW - 2 * DAY, actor=SYSTEM)  # type: ignore[arg-type]
        return made

    def callback(self, ago: int, *, tried_after: int | None = None, outcome: str = "ok") -> None:
        """One that was promised so many seconds ago, and tried first so many seconds after that."""
        told = queue_message(
            self.session, event_type="order_created", payload={}, brand_id=self.partner.brand_id, owner_id=self.partner.id,
            kinds=(EndpointKind.PARTNER,), now=NOW - ago * SECOND,
        )  # fmt: skip
        assert told is not None
        found = sa.select(WebhookDelivery).where(WebhookDelivery.message_id == told.id)
        delivery = self.session.execute(found).scalar_one()
        if tried_after is not None:
            at = delivery.created_at + tried_after * SECOND
            tried = {"trigger": delivery.trigger, "started_at": at, "ended_at": at, "url": "", "total_ms": 1}
            self.session.add(WebhookAttempt(id=new_id(), delivery_id=delivery.id, attempt_no=1, outcome=outcome, **tried))
            delivery.state = "done" if outcome == "ok" else "failed"
        self.session.commit()

    def at_risk(self) -> dict[str, str]:
        calls = read_calls(self.session, self.partner.id, since=NOW - DAY)
        found = read_commitments(self.session, self.partner.id, calls, since=NOW - DAY, now=NOW)
        return {one.commitment.value: str(one.value) for one in found if one.is_at_risk}

    def tell(self, at: datetime = NOW) -> int:
        told = tell_of_risks(self.session, now=at)
        self.session.commit()
        return told

    def notices(self, user: User) -> list[tuple[str, str]]:
        query = sa.select(Notification.text, Notification.place).where(Notification.user_id == user.id)
        return [(row.text, row.place) for row in self.session.execute(query.order_by(Notification.created_at))]


@pytest.fixture
def house(app_context: Flask, db_session: Session) -> House:
    partner = make_partner(db_session, make_brand(db_session))
    db_session.commit()
    return House(db_session, partner)


def test_leads_of_the_brand_are_told_once_a_day(house: House) -> None:
    brand, elsewhere = house.session.get_one(Brand, house.partner.brand_id), make_brand(house.session, "elsewhere")
    lead, root = (
        make_user(house.session, "Leila", role=Role.LEAD, brands=(brand,)),
        make_user(house.session, "Root", role=Role.ADMIN),
    )
    alice = make_user(house.session, "Alice", brands=(brand,))
    mallory = make_user(house.session, "Mallory", role=Role.LEAD, brands=(elsewhere,))
    house.calls(20, took_ms=450)
    assert [house.tell(), house.tell(), house.tell(NOW + timedelta(minutes=10))] == [1, 0, 0]
    text = "Groendus: API responses take 450 ms (agreed: at most 500)"
    assert house.notices(lead) == [(text, f"/orders?partner={house.partner.contact_id}")]
    assert house.notices(root) == [(text, f"/settings/partners/{house.partner.id}")]
    assert [house.notices(one) for one in (alice, mallory)] == [[], []]
    tomorrow = NOW + DAY
    house.calls(20, at=tomorrow, took_ms=600)
    assert house.tell(tomorrow) == 1
    assert len(house.notices(lead)) == 2
    house.partner.is_active = False
    house.session.commit()
    assert house.tell(tomorrow + DAY - timedelta(minutes=1)) == 0


def test_a_few_slow_answers_tell_nobody(house: House) -> None:
    make_user(house.session, "Root", role=Role.ADMIN)
    house.calls(19, took_ms=900)
    assert house.tell() == 0
    house.calls(1, took_ms=900)
    assert house.tell() == 1


@pytest.mark.parametrize(
    ("calls", "expected"),
    [
        ((400, {}), {}),
        ((400, {"took_ms": 400}), {}),
        ((400, {"took_ms": 401}), {"answer": "401"}),
        ((1, {"status": 503}), {"success": "99.93"}),
        ((1, {"status": 422, "code": "validation_failed"}), {}),
        ((1, {"method": "POST", "status": 201, "took_ms": 240_000}), {}),
        ((1, {"method": "POST", "status": 201, "took_ms": 241_000}), {"processing": "241"}),
        ((1, {"method": "POST", "status": 200, "took_ms": 241_000}), {}),
    ],
)
def test_each_figure_warns_before_it_breaks(house: House, calls: tuple[int, dict[str, Any]], expected: dict[str, str]) -> None:
    count, what = calls
    if "took_ms" not in what or count == 1:
        house.calls(1500)
    house.calls(count, **what)
    assert house.at_risk() == expected


@pytest.mark.parametrize(
    ("ago", "tried_after", "expected"),
    [(3600, 48, {}), (3600, 49, {"callback": "49"}), (48, None, {}), (600, None, {"callback": "600"}), (90_000, 500, {})],
)
def test_a_callback_that_waits_at_our_side_counts_from_the_change(
    house: House, ago: int, tried_after: int | None, expected: dict[str, str]
) -> None:
    house.endpoint()
    house.callback(ago, tried_after=tried_after)
    assert house.at_risk() == expected


def test_a_wait_that_was_the_receiver_s_breaks_no_promise(house: House) -> None:
    endpoint = house.endpoint()
    house.callback(3600, tried_after=1, outcome="reset")
    house.callback(3605, tried_after=200)
    assert house.at_risk() == {}
    house.callback(600)
    endpoint.failures_in_row = 1
    house.session.commit()
    assert house.at_risk() == {}
    endpoint.failures_in_row, endpoint.state = 0, EndpointState.PAUSED
    house.session.commit()
    assert house.at_risk() == {}
    endpoint.state = EndpointState.ACTIVE
    house.session.commit()
    assert "callback" in house.at_risk()
