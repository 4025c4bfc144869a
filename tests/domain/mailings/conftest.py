"""A lead with a token, a mailbox that sends, and everything a mailing needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.runtime import runtime
from app.domain.accounts.models import Role
from app.domain.accounts.tokens import create_token
from app.domain.connections.models import Channel, ChannelType
from app.domain.delivery.jobs import deliver
from app.domain.delivery.models import Delivery
from app.domain.mailings.jobs import send_to_recipient
from app.domain.mailings.models import MailingRecipient
from app.sandbox.simulators.mailserver import MailServerSimulator, start_mail_server
from tests.api.conftest import Caller
from tests.factories import NOW, make_brand, make_channel, make_user

SENDER = "nieuws@chargecars.example"


@dataclass
class House:
    session: Session
    lead: Caller
    agent: Caller
    stranger: Caller
    channel: Channel
    server: MailServerSimulator

    def mailing(self, *recipients: dict[str, Any], **more: Any) -> dict[str, Any]:
        body = {
            "subject": "Winter",
            "message_content": "Beste {{name|klant}}, drie tips.",
            "recipients": list(recipients),
            **more,
        }
        answer = self.lead.post("/external/send-bulk-email", body)
        assert answer.status_code == 202, answer.text
        made: dict[str, Any] = answer.json
        return made

    def progress(self, mailing: dict[str, Any]) -> dict[str, Any]:
        shown: dict[str, Any] = self.lead.get(f"/external/send-bulk-email/{mailing['id']}").json
        return shown

    def carry_out(self, times: int = 1) -> None:
        """Workers take up every row that is due, so often, and deliver what was queued."""
        due = sa.select(MailingRecipient.id).where(MailingRecipient.run_at <= sa.func.clock_timestamp())
        for _time in range(times):
            for row_id in self.session.execute(due).scalars().all():
                send_to_recipient(row_id=str(row_id))
        self.session.execute(sa.update(Delivery).values(run_at=utc_now() - timedelta(seconds=1)))
        self.session.commit()
        for delivery_id in self.session.execute(sa.select(Delivery.id)).scalars().all():
            deliver(row_id=str(delivery_id))
        self.session.expire_all()

    def received(self) -> list[Any]:
        return list(self.server.post.outbox)


def agreed(address: str, **values: Any) -> dict[str, Any]:
    return {"email": address, "dynamic_data": values, "consent": {"given": True, "basis": "bestelling"}}


@pytest.fixture
def house(app_context: Flask, db_session: Session) -> Iterator[House]:
    server = start_mail_server()
    server.post.open_account(SENDER, "secret")
    line = {"smtp_host": "127.0.0.1", "smtp_port": server.smtp.port, "smtp_security": "none"}
    brand, other = make_brand(db_session), make_brand(db_session, "other")
    channel = make_channel(
        db_session,
        brand,
        ChannelType.EMAIL,
        keyring=runtime().keyring,
        address=SENDER,
        settings={"transport": "smtp", **line},
        secrets={"password": "secret"},
    )
    people = [("Leila", Role.LEAD, brand), ("Alice", Role.AGENT, brand), ("Moritz", Role.LEAD, other)]
    callers = []
    for name, role, where in people:
        user = make_user(db_session, name, role=role, brands=(where,))
        callers.append(Caller(app_context.test_client(), create_token(db_session, user, name="t", scopes=(), now=NOW)[1]))
    db_session.commit()
    yield House(db_session, *callers, channel, server)
    server.stop()
