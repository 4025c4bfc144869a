"""SendGrid from the composer to its reports and back, with the simulator's own signatures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.contract.base import DeliveryStatus
from app.contract.provider import SignedBody
from app.contract.suppression import Stop
from app.core.clock import utc_now
from app.core.runtime import EXTENSION, runtime
from app.domain.accounts.access import Viewer
from app.domain.connections.models import Channel, ChannelType
from app.domain.delivery.actions import Reply, ReplyContext, UnableToReply, queue_reply
from app.domain.delivery.jobs import deliver
from app.domain.delivery.models import Delivery, DeliveryReport
from app.domain.delivery.suppression_check import lift_at_provider
from app.domain.events.models import Event
from app.domain.ingest.jobs import process_inbound_event
from app.domain.ingest.models import InboundEvent, IntakeCount
from app.domain.suppressions.actions import lift_suppression
from app.domain.suppressions.models import Suppression
from app.providers.sendgrid import KEY as EMAIL_SENDGRID
from app.sandbox.simulators.common import serve
from app.sandbox.simulators.sendgrid import create_sendgrid_app
from app.sandbox.simulators.sendgrid.store import Account
from tests.factories import make_brand, make_channel, make_contact, make_message, make_thread, make_viewer
from tests.support.providers import OUTSIDE

SENDER = "orders@zaptecshop.example"


@dataclass
class House:
    session: Session
    client: FlaskClient
    provider: Account
    channel: Channel
    alice: Viewer

    def answer(self, address: str) -> Delivery:
        """Queue an answer to somebody and bring it to SendGrid."""
        contact = make_contact(self.session, name=address, kind="email", value=address)
        thread = make_thread(self.session, self.channel, contact, subject="Kabel")
        make_message(self.session, thread, "Waar blijft hij?", sender={"name": "", "address": address})
        rules = runtime().adapters.rules["email"]
        context = ReplyContext(rules=rules, mail_keys=runtime().mail_keys, mail_domain="mail.example", now=utc_now())
        reply = Reply(thread_id=thread.id, text="Morgen", channel_id=self.channel.id)
        (message,) = queue_reply(
            self.session, reply, channel=self.channel, author=self.alice.actor, author_name="Alice", context=context
        )
        self.session.commit()
        delivery = self.session.execute(sa.select(Delivery).where(Delivery.message_id == message.id)).scalar_one()
        self.carry_out(delivery)
        return delivery

    def carry_out(self, delivery: Delivery) -> None:
        self.session.execute(sa.update(Delivery).values(run_at=utc_now() - timedelta(seconds=1)))
        self.session.commit()
        deliver(row_id=str(delivery.id))
        self.session.expire_all()

    def post(self, events: list[dict[str, Any]] | None = None, *, spoil: bool = False) -> int:
        """Post what waits at the provider, or these events, signed by it."""
        posted, self.provider.waiting = events if events is not None else self.provider.waiting, []
        body = json.dumps(posted).encode() + b"\r\n"
        headers = {
            "X-Twilio-Email-Event-Webhook-Signature": self.provider.sign("1795234570", body),
            "X-Twilio-Email-Event-Webhook-Timestamp": "1795234570",
        }
        answer = self.client.post("/webhooks/sendgrid/events", data=body + b" " * spoil, headers=headers)
        self.read_events()
        return answer.status_code

    def read_events(self) -> None:
        ready = sa.select(InboundEvent.id).where(InboundEvent.state == "ready")
        for event_id in self.session.execute(ready).scalars().all():
            process_inbound_event(row_id=str(event_id))
        self.session.expire_all()

    def stopped(self) -> list[tuple[str, Stop]]:
        query = sa.select(Suppression).where(Suppression.lifted_at.is_(None)).order_by(Suppression.address)
        return [(one.address, one.reason) for one in self.session.execute(query).scalars()]


@pytest.fixture
def house(app_context: Flask, db_session: Session) -> Iterator[House]:
    simulated = create_sendgrid_app()
    provider: Account = simulated.config["ACCOUNT"]
    provider.settings = replace(provider.settings, hold=True)
    server, usual = serve(simulated), app_context.extensions[EXTENSION]
    sender = type(usual.adapters.senders[EMAIL_SENDGRID])(usual.http, server.url)
    tables = {name: {**getattr(usual.adapters, name), EMAIL_SENDGRID: sender} for name in ("senders", "stop_lists")}
    tables["receivers"] = {**usual.adapters.receivers, "sendgrid_events": SignedBody(sender)}
    app_context.extensions[EXTENSION] = replace(usual, adapters=replace(usual.adapters, **tables))
    brand = make_brand(db_session)
    channel = make_channel(
        db_session,
        brand,
        ChannelType.EMAIL,
        keyring=usual.keyring,
        address=SENDER,
        settings={"transport": "sendgrid"},
        secrets={"api_key": "SG.simulated-key", "signing_secret": provider.public_key()},
    )
    alice = make_viewer(db_session, brands=(brand,))
    db_session.commit()
    yield House(db_session, app_context.test_client(), provider, channel, alice)
    app_context.extensions[EXTENSION] = usual
    server.stop()


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("jan@example.nl", DeliveryStatus.DELIVERED),
        ("bounce@example.nl", DeliveryStatus.BOUNCED),
        ("block@example.nl", DeliveryStatus.FAILED),
        ("defer@example.nl", DeliveryStatus.DELIVERED),
        ("spam@example.nl", DeliveryStatus.DELIVERED),
    ],
)
def test_reports_move_the_message_up_the_one_ladder(house: House, address: str, status: DeliveryStatus) -> None:
    delivery = house.answer(address)
    assert delivery.status == DeliveryStatus.ACCEPTED
    assert house.post() == 200
    assert delivery.status == status


def test_an_opening_is_never_taken_for_reading(house: House) -> None:
    delivery = house.answer("jan@example.nl")
    assert any(event["event"] == "open" for event in house.provider.waiting)
    house.post()
    assert (delivery.status, delivery.read_at) == (DeliveryStatus.DELIVERED, None)


def test_reports_twice_and_in_any_order_count_once(house: House) -> None:
    delivery = house.answer("jan@example.nl")
    events = list(house.provider.waiting)
    for posted in (events[::-1], events, events[:1], events[1:]):
        assert house.post(posted) == 200
    assert delivery.status == DeliveryStatus.DELIVERED
    kept = house.session.execute(sa.select(DeliveryReport.status).order_by(DeliveryReport.status)).scalars().all()
    assert kept == ["accepted", "delivered"]


def test_forged_reports_are_refused_and_only_counted(house: House) -> None:
    delivery = house.answer("bounce@example.nl")
    before = house.session.execute(sa.select(sa.func.count()).select_from(InboundEvent)).scalar_one()
    assert house.post(spoil=True) == 401
    house.provider.settings = replace(house.provider.settings, wrong_key=True)
    assert house.post([{"event": "bounce"}]) == 401
    assert delivery.status == DeliveryStatus.ACCEPTED
    assert house.session.execute(sa.select(sa.func.count()).select_from(InboundEvent)).scalar_one() == before
    assert house.session.execute(sa.select(IntakeCount.count).where(IntakeCount.source == "sendgrid_events")).scalar_one() == 2


def test_signed_nonsense_is_kept_and_quarantined(house: House) -> None:
    assert house.post({"no": "array"}) == 200  # type: ignore[arg-type]
    state = sa.select(InboundEvent.state, InboundEvent.reason)
    assert house.session.execute(state).one() == ("quarantined", "the body is not an array of events")
    assert house.post([{"event": "delivered", "email": "a@b.nl", "sg_message_id": "x", "timestamp": "soon"}]) == 200
    reasons = house.session.execute(sa.select(InboundEvent.reason)).scalars().all()
    assert "Invalid events in this request: 1" in reasons


def test_reports_end_the_waiting_for_a_send_whose_answer_was_lost(house: House) -> None:
    order = {"match": {"method": "POST", "path": "/mail/send$"}, "times": 1, "when": "after", "drop_connection": True}
    url = runtime().adapters.senders[EMAIL_SENDGRID]._base_url  # type: ignore[attr-defined]
    assert OUTSIDE.request("POST", f"{url}/__sim/fault", json=order).ok
    delivery = house.answer("jan@example.nl")
    assert delivery.status == DeliveryStatus.UNKNOWN
    house.post()
    assert (delivery.status, delivery.state) == (DeliveryStatus.DELIVERED, "done")
    house.carry_out(delivery)
    assert len(house.provider.outbox) == 1


def test_address_that_does_not_exist_is_not_written_to_again(house: House) -> None:
    house.answer("bounce@example.nl")
    house.post()
    assert house.stopped() == [("bounce@example.nl", Stop.BOUNCED)]
    with pytest.raises(UnableToReply, match=r"bounce@example.nl does not accept email") as caught:
        house.answer("bounce@example.nl")
    assert caught.value.field == "to"
    house.session.rollback()
    assert len(house.provider.bodies) == 1


def test_a_block_is_temporary_and_stops_nothing(house: House) -> None:
    house.answer("block@example.nl")
    house.post()
    assert house.stopped() == []


def test_who_unsubscribed_still_gets_answers(house: House) -> None:
    house.answer("gone@example.nl")
    house.post()
    assert house.stopped() == [("gone@example.nl", Stop.UNSUBSCRIBED)]
    house.answer("gone@example.nl")
    assert len(house.provider.bodies) == 2


def test_lifting_takes_the_address_off_the_providers_list_and_late_reports_do_not_put_it_back(house: House) -> None:
    house.answer("bounce2@example.nl")
    late = list(house.provider.waiting)
    house.post()
    suppression = house.session.execute(sa.select(Suppression)).scalar_one()
    lift_suppression(house.session, suppression, now=utc_now(), actor=house.alice.actor)
    house.session.commit()
    lifted = house.session.execute(sa.select(Event).where(Event.type == "SuppressionLifted")).scalar_one()
    assert "bounce2@example.nl" in house.provider.lists["bounces"]
    lift_at_provider(lifted)
    lift_at_provider(lifted)
    assert house.provider.lists["bounces"] == {}
    house.post([{**one, "sg_event_id": f"again {place}"} for place, one in enumerate(late)])
    assert house.stopped() == []


def test_provider_that_changed_our_message_id_teaches_us_the_new_one(house: House) -> None:
    delivery = house.answer("jan@example.nl")
    house.post([{**one, "smtp-id": "<changed@geopod.example>"} for one in house.provider.waiting])
    keys = sa.text("SELECT value FROM message_keys WHERE message_id = :id ORDER BY value")
    known = house.session.execute(keys, {"id": delivery.message_id}).scalars().all()
    assert "mid:changed@geopod.example" in known


def test_two_channels_of_one_account_each_take_their_own(house: House) -> None:
    other = make_channel(
        house.session,
        make_brand(house.session, "other"),
        ChannelType.EMAIL,
        keyring=runtime().keyring,
        address="b@b.example",
        settings={"transport": "sendgrid"},
        secrets={"api_key": "SG.simulated-key", "signing_secret": house.provider.public_key()},
    )
    house.session.commit()
    delivery = house.answer("bounce3@example.nl")
    foreign = {"event": "bounce", "email": "x@y.nl", "sg_event_id": "f", "timestamp": 1795234570, "status": "5.1.1"}
    house.post([*house.provider.waiting, foreign | {"switchyard_channel": str(other.id)}])
    assert delivery.status == DeliveryStatus.BOUNCED
    rows = house.session.execute(sa.select(Suppression.brand_id, Suppression.address)).all()
    assert {tuple(row) for row in rows} == {(house.channel.brand_id, "bounce3@example.nl"), (other.brand_id, "x@y.nl")}
