"""A brand with endpoints at a receiver, and hands to tell, deliver and look."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.db import table_of
from app.core.runtime import runtime
from app.domain.accounts.models import Brand
from app.domain.events.actions import SYSTEM
from app.domain.events.models import Event
from app.domain.webhooks.actions import EndpointContent, create_endpoint, queue_message
from app.domain.webhooks.engine import deliver, may_go
from app.domain.webhooks.models import EndpointKind, WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookMessage
from tests.factories import make_brand
from tests.support.receiver import Receiver, receiving

SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


@dataclass
class Callbacks:
    session: Session
    brand: Brand

    def endpoint(self, url: str, *, kind: EndpointKind = EndpointKind.WEBHOOK, **more: Any) -> WebhookEndpoint:
        owner = {"owner_id": more.pop("owner_id", None), "is_test": more.pop("is_test", False)}
        content = EndpointContent(more.pop("name", "Receiver"), url, **more)
        made, _secret = create_endpoint(
            self.session, content, kind=kind, brand_id=self.brand.id, keyring=runtime().keyring, now=utc_now(), actor=SYSTEM,
            secret=SECRET, **owner,
        )  # fmt: skip
        self.session.commit()
        return made

    def tell(self, number: int = 1, **more: Any) -> WebhookMessage | None:
        usual = {"event_type": "order.created", "payload": {"number": number, "city": "Łódź"}, "brand_id": self.brand.id}
        told = queue_message(self.session, **{**usual, "now": utc_now(), **more})
        self.session.commit()
        return told

    def work(self, *, newest_first: bool = False) -> int:
        """Deliver what may go now, oldest first, as the relay would hint it; how many."""
        due = sa.select(WebhookDelivery.id).where(
            WebhookDelivery.state == "ready", WebhookDelivery.run_at <= sa.func.clock_timestamp(), may_go()
        )
        number = WebhookDelivery.number
        ids = self.session.execute(due.order_by(number.desc() if newest_first else number)).scalars().all()
        self.session.commit()
        for delivery_id in ids:
            deliver(delivery_id)
        return len(ids)

    def hasten(self) -> None:
        """Make everything that waits for a time due."""
        past = sa.text("now() - interval '1 day'")
        self.session.execute(sa.update(WebhookDelivery).where(WebhookDelivery.state == "ready").values(run_at=past))
        self.session.commit()

    def let_pass(self, time: timedelta) -> None:
        """Move the clock: everything that was written down is so much older."""
        for model in (WebhookMessage, WebhookDelivery, WebhookAttempt, WebhookEndpoint):
            times = [column for column in table_of(model).c if isinstance(column.type, sa.DateTime)]
            self.session.execute(sa.update(table_of(model)).values({column: column - time for column in times}))
        self.session.commit()
        self.session.expire_all()

    def try_until_it_ends(self) -> None:
        self.hasten()
        while self.work():
            self.hasten()

    def deliveries(self) -> list[WebhookDelivery]:
        query = sa.select(WebhookDelivery).order_by(WebhookDelivery.number, WebhookDelivery.id)
        return list(self.session.execute(query.execution_options(populate_existing=True)).scalars())

    def attempts(self) -> list[WebhookAttempt]:
        query = sa.select(WebhookAttempt).order_by(WebhookAttempt.started_at, WebhookAttempt.attempt_no)
        return list(self.session.execute(query).scalars())

    def waits_seconds(self, delivery_id: uuid.UUID) -> float:
        query = sa.select(sa.func.extract("epoch", WebhookDelivery.run_at - sa.func.clock_timestamp()))
        return float(self.session.execute(query.where(WebhookDelivery.id == delivery_id)).scalar_one())

    def events(self, event_type: str) -> list[dict[str, Any]]:
        return list(self.session.execute(sa.select(Event.payload).where(Event.type == event_type)).scalars())


@pytest.fixture
def callbacks(app_context: Flask, db_session: Session) -> Callbacks:
    brand = make_brand(db_session)
    db_session.commit()
    return Callbacks(db_session, brand)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found
