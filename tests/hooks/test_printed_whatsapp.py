"""The post of WhatsApp that the external-integrations document prints, as printed, signed as Meta signs."""

from __future__ import annotations

import hashlib
import hmac
import json

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.core.runtime import runtime
from app.domain.ingest.jobs import process_inbound_event
from app.domain.ingest.models import InboundEvent
from app.domain.threads.models import Message
from tests.factories import make_brand, make_channel

PRINTED = {
    "object": "whatsapp_business_account",
    "entry": [{
        "id": "ENTRY_ID",
        "changes": [{
            "value": {
                "messaging_product": "whatsapp",
                "metadata": {"display_phone_number": "31612345678", "phone_number_id": "106742025925718"},
                "messages": [{
                    "from": "31687654321", "id": "wamid.xxx", "timestamp": "1703765400",
                    "text": {"body": "Ik heb een vraag over mijn bestelling"}, "type": "text",
                }],
            },
        }],
    }],
}  # fmt: skip


def test_the_printed_post_is_taken_and_stands_in_a_conversation(
    app_context: Flask, client: FlaskClient, db_session: Session
) -> None:
    brand, keyring = make_brand(db_session), runtime().keyring
    make_channel(db_session, brand, keyring=keyring, address="106742025925718", secrets={"signing_secret": "s"})
    db_session.commit()
    body = json.dumps(PRINTED).encode()
    signature = "sha256=" + hmac.new(b"s", body, hashlib.sha256).hexdigest()
    headers = {"X-Hub-Signature-256": signature, "Content-Type": "application/json"}
    assert client.post("/api/v1/webhooks/whatsapp", data=body, headers=headers).status_code == 200
    for row_id in db_session.execute(sa.select(InboundEvent.id)).scalars().all():
        process_inbound_event(row_id=str(row_id))
    message = db_session.execute(sa.select(Message)).scalar_one()
    assert (message.text, message.external_id) == ("Ik heb een vraag over mijn bestelling", "wamid.xxx")
    assert client.post("/api/v1/webhooks/whatsapp", data=body).status_code == 401, "without a signature"
