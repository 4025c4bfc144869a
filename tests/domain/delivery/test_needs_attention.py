"""Deliveries that need a look, and the ledger of one message."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.contract.base import DeliveryStatus
from app.core.clock import utc_now
from app.core.ids import new_id
from app.core.runtime import runtime
from app.domain.accounts.access import viewer_of
from app.domain.accounts.models import Role, User
from app.domain.connections.models import Channel
from app.domain.delivery.ledger import list_steps
from app.domain.delivery.models import Delivery, DeliveryAttempt, DeliveryReport
from app.domain.delivery.needs_attention import LOOK_BACK, WAITS_TOO_LONG, count_stuck, list_stuck
from app.domain.threads.models import MessageType, Thread
from tests.factories import make_brand, make_channel, make_contact, make_message, make_thread, make_user
from tests.support.pages import PageClient
from tests.support.signing_in import csrf_token, sign_in


@dataclass
class House:
    session: Session
    leila: User
    moritz: User
    channel: Channel
    thread: Thread
    now: datetime

    def delivery(self, status: str, *, age: timedelta = timedelta(hours=1), state: str = "done", **more: Any) -> Delivery:
        at = self.now - age
        message = make_message(
            self.session, self.thread, "Ons antwoord", at=at, message_type=MessageType.OUTGOING, delivery_status=status
        )
        made = Delivery(message_id=message.id, thread_id=self.thread.id, channel_id=self.channel.id, created_at=at, outgoing={})
        made.status, made.state = DeliveryStatus(status), state
        for name, value in more.items():
            setattr(made, name, value)
        self.session.add(made)
        self.session.flush()
        return made

    def attempt(self, delivery: Delivery, number: int, outcome: str | None, **more: Any) -> DeliveryAttempt:
        at = delivery.created_at + timedelta(minutes=number)
        made = DeliveryAttempt(delivery_id=delivery.id, attempt_no=number, started_at=at, outcome=outcome, **more)
        made.ended_at = at if outcome else None
        self.session.add(made)
        self.session.flush()
        return made


@pytest.fixture
def house(app: Flask, db_session: Session) -> House:
    brand, other = make_brand(db_session), make_brand(db_session, "laderthuis")
    leila = make_user(db_session, "Leila", role=Role.LEAD, brands=(brand,))
    moritz = make_user(db_session, "Moritz", role=Role.LEAD, brands=(other,))
    with app.app_context():
        channel = make_channel(db_session, brand, keyring=runtime().keyring)
    thread = make_thread(db_session, channel, make_contact(db_session), subject="Laadpaal")
    return House(db_session, leila, moritz, channel, thread, utc_now())


def test_what_waits_failed_or_is_unknown_is_listed_and_nothing_else(house: House) -> None:
    waits = house.delivery("pending", state="ready", age=WAITS_TOO_LONG + timedelta(minutes=1))
    failed = house.delivery("failed", state="failed", age=timedelta(hours=2), reason={"code": "131026", "title": "No WhatsApp"})
    unknown = house.delivery("unknown", state="ready", age=timedelta(hours=3))
    bounced = house.delivery("bounced", age=timedelta(hours=4))
    house.delivery("pending", state="ready", age=timedelta(seconds=30))
    house.delivery("delivered")
    house.delivery("failed", state="failed", age=LOOK_BACK + timedelta(days=1))
    house.attempt(waits, 1, "temporary", detail="busy")
    house.attempt(waits, 2, "temporary", detail="still busy")
    viewer = viewer_of(house.session, house.leila)
    found = list_stuck(house.session, viewer=viewer, now=house.now).items
    assert [row.delivery.id for row in found] == [waits.id, failed.id, unknown.id, bounced.id]
    assert [row.why for row in found] == ["waiting", "failed", "unknown", "failed"]
    assert [row.may_repeat for row in found] == [False, True, True, False]
    assert (found[0].attempts, found[0].reason) == (2, "still busy")
    assert found[1].reason == "131026 · No WhatsApp"
    assert count_stuck(house.session, viewer=viewer, now=house.now) == 4
    first = list_stuck(house.session, viewer=viewer, now=house.now, limit=3)
    rest = list_stuck(house.session, viewer=viewer, now=house.now, limit=3, cursor=first.next_cursor)
    assert [row.delivery.id for row in rest.items] == [bounced.id]


def test_a_lead_of_another_brand_sees_none_of_them(house: House) -> None:
    house.delivery("failed", state="failed")
    viewer = viewer_of(house.session, house.moritz)
    assert list_stuck(house.session, viewer=viewer, now=house.now).items == ()
    assert count_stuck(house.session, viewer=viewer, now=house.now) == 0


def test_a_failed_one_is_sent_again_from_the_page(house: House, page_client: PageClient) -> None:
    failed = house.delivery("failed", state="failed")
    sign_in(page_client.plain, house.session, house.leila)
    shown = page_client.get("/settings/deliveries").text
    assert "Laadpaal" in shown
    assert "Send again" in shown
    form = {"csrf_token": csrf_token(page_client.plain)}
    assert page_client.post(f"/settings/deliveries/{failed.message_id}/retry", data=form).status_code == 303
    house.session.refresh(failed)
    assert (failed.status, failed.state) == (DeliveryStatus.PENDING, "ready")
    assert "No undelivered messages" not in shown
    assert page_client.get("/settings/deliveries?cursor=x").status_code == 400


def test_the_reason_is_told_in_the_language_of_the_reader(house: House, page_client: PageClient) -> None:
    house.delivery("bounced", state="failed", reason={"code": "5.2.2", "title": "The mailbox is full", "detail": "over quota"})
    house.leila.locale = "nl"
    house.session.commit()
    sign_in(page_client.plain, house.session, house.leila)
    assert "5.2.2 · De mailbox is vol · over quota" in page_client.get("/settings/deliveries").text


def test_the_ledger_has_every_step_with_time_id_reason_and_attempt(house: House, page_client: PageClient) -> None:
    delivery = house.delivery("read")
    attempts = [
        house.attempt(delivery, 1, "temporary", code="429", detail="slow down"),
        house.attempt(delivery, 2, "accepted", provider_message_id="wamid.1"),
    ]
    reports = [
        DeliveryReport(
            id=new_id(),
            delivery_id=delivery.id,
            channel_id=house.channel.id,
            provider_message_id="wamid.1",
            status=status,
            occurred_at=delivery.created_at + timedelta(minutes=3 + n),
            received_at=house.now,
            fingerprint=status,
        )
        for n, status in enumerate(("sent", "delivered", "read"))
    ]
    house.session.add_all(reports)
    house.session.commit()
    steps = list_steps(delivery, attempts, list(reversed(reports)))
    assert [step.name for step in steps] == ["queued", "put_off", "accepted", "sent", "delivered", "read"]
    tried = [(step.attempt_no, step.reason, step.provider_id) for step in steps[1:3]]
    assert tried == [
        (1, "429 · slow down", ""),
        (2, "", "wamid.1"),
    ]
    sign_in(page_client.plain, house.session, house.leila)
    shown = page_client.get(f"/messages/{delivery.message_id}/details").text
    for words in ("Not accepted yet", "Handed over to the provider", "Delivered", "wamid.1", "429 · slow down"):
        assert words in shown
