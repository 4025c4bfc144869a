"""Twilio as ingest sees it: signs and posts forms, and lets the worker's job run for whatever was stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.domain.ingest.jobs import process_inbound_event
from app.domain.ingest.models import InboundEvent
from app.providers.twilio.form import read_pairs
from app.providers.twilio.signature import sign

OURS, DESK = "+3197010200777", "+31201234567"
JAN = "+31612345678"
TOKEN = "auth-token"
PUBLIC = "http://localhost"
FORM = "application/x-www-form-urlencoded"


@dataclass
class Provider:
    client: FlaskClient
    session: Session

    def post(self, path: str, body: bytes, *, token: str = TOKEN, base: str = PUBLIC, **headers: str) -> TestResponse:
        signature = sign(token, f"{base}{path}", read_pairs(body))
        return self.client.post(path, data=body, headers={"X-Twilio-Signature": signature, "Content-Type": FORM, **headers})

    def says(self, text: str, *, sid: str = "SM1", sender: str = JAN, **more: Any) -> TestResponse:
        fields = {"MessageSid": sid, "SmsSid": sid, "From": sender, "To": OURS, "Body": text, "NumMedia": "0", **more}
        return self.post("/webhooks/sms", urlencode(fields).encode())

    def reports(self, status: str, *, sid: str = "SM9", reference: str = "", **more: Any) -> TestResponse:
        fields = {"MessageSid": sid, "MessageStatus": status, "From": OURS, "To": JAN, **more}
        path = "/webhooks/sms/status" + (f"?reference={reference}" if reference else "")
        return self.post(path, urlencode(fields).encode())

    def calls(self, sid: str = "CA1", status: str = "ringing", place: int = 0, **more: Any) -> TestResponse:
        fields = {
            "CallSid": sid,
            "CallStatus": status,
            "SequenceNumber": str(place),
            "Direction": "inbound",
            "From": JAN,
            "To": DESK,
            "CallbackSource": "call-progress-events",
            **more,
        }
        return self.post("/webhooks/voice", urlencode(fields).encode())

    def work(self) -> None:
        ready = sa.select(InboundEvent.id).where(InboundEvent.state == "ready").order_by(InboundEvent.id)
        for row_id in self.session.execute(ready).scalars().all():
            process_inbound_event(row_id=str(row_id))
        self.session.expire_all()

    def states(self) -> dict[str, int]:
        counted = self.session.execute(sa.select(InboundEvent.state, sa.func.count()).group_by(InboundEvent.state)).all()
        return {row[0]: row[1] for row in counted}
