"""POST /external/send-whatsapp: the bodies of the external-integrations document, as printed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.domain.contacts.models import ContactIdentity
from app.domain.delivery.models import Delivery
from app.domain.threads.models import Message, Thread, ThreadStatus
from tests.api.conftest import Caller, World

PATH = "/external/send-whatsapp"
TEXT: dict[str, Any] = {
    "to": "31687654321",
    "type": "text",
    "text": {"body": "Uw bestelling #ORD-2025-001 is vandaag afgerond! Bedankt voor uw vertrouwen in ChargeCars."},
    "context": {"message_id": "wamid.previous_message_id"},
}
TEMPLATE: dict[str, Any] = {
    "to": "31687654321",
    "type": "template",
    "template": {
        "name": "order_status_update",
        "language": {"code": "nl"},
        "components": [
            {
                "type": "body",
                "parameters": [{"type": "text", "text": "ORD-2025-001"}, {"type": "text", "text": "In behandeling"}],
            }
        ],
    },
}


@pytest.fixture
def wrote(world: World, db_session: Session) -> Message:
    """The customer wrote just now, in the thread of the world."""
    world.thread.window_opened_at, world.message.external_id = utc_now(), "wamid.previous_message_id"
    number = sa.select(ContactIdentity).where(ContactIdentity.contact_id == world.contact.id)
    db_session.execute(number).scalars().one().value = "31612345678"
    db_session.commit()
    return world.message


def _threads(session: Session) -> list[Thread]:
    return list(session.execute(sa.select(Thread).execution_options(populate_existing=True)).scalars())


def test_the_printed_template_goes_to_a_number_nobody_wrote_with_and_begins_a_thread(
    alice: Caller, world: World, db_session: Session
) -> None:
    before = len(_threads(db_session))
    made = alice.post(PATH, {**TEMPLATE, "to": "31655555555", "to_name": "Nieuwe Klant"})
    assert made.status_code == 202, made.text
    assert made.json["delivery_status"] == "pending"  # type: ignore[index]
    thread = db_session.get_one(Thread, made.json["thread_id"], populate_existing=True)  # type: ignore[index]
    assert (len(_threads(db_session)), thread.status) == (before + 1, ThreadStatus.WAITING_CUSTOMER)
    delivery = db_session.execute(sa.select(Delivery).where(Delivery.message_id == made.json["id"])).scalar_one()  # type: ignore[index]
    assert delivery.outgoing["template"]["language"] == "nl"
    again = alice.post(PATH, {**TEMPLATE, "to": "+31 6 55555555"})
    assert again.json["thread_id"] == str(thread.id)  # type: ignore[index]


def test_the_printed_text_answers_a_message_in_what_is_open_with_them(
    alice: Caller, world: World, wrote: Message, db_session: Session
) -> None:
    made = alice.post(PATH, {**TEXT, "to": "31612345678"})
    assert made.status_code == 202, made.text
    assert made.json["thread_id"] == str(world.thread.id)  # type: ignore[index]
    sent = db_session.get_one(Message, made.json["id"])  # type: ignore[index]
    assert sent.reply_to_message_id == wrote.id


def test_free_text_outside_the_window_is_refused_by_name_and_nothing_is_kept(
    alice: Caller, world: World, wrote: Message, db_session: Session
) -> None:
    world.thread.window_opened_at = utc_now() - timedelta(days=2)
    db_session.commit()
    before = len(_threads(db_session))
    late = alice.post(PATH, {**TEXT, "to": "31612345678"})
    assert (late.status_code, late.json["errors"][0]["field"]) == (422, "text.body")  # type: ignore[index]
    first = alice.post(PATH, {"to": "31655555555", "type": "text", "text": {"body": "Hallo"}})
    assert first.status_code == 422
    assert len(_threads(db_session)) == before


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"to": "123"}, "to"),
        ({"type": "text"}, ""),
        ({"text": {"body": "x"}}, ""),
        ({"context": {"message_id": "wamid.of-somebody-else"}}, "context.message_id"),
        ({"channel_id": "0197f0de-0000-7000-8000-00000000dead"}, "channel_id"),
    ],
)
def test_what_cannot_be_sent_is_refused_with_its_field(alice: Caller, change: dict[str, Any], field: str) -> None:
    refused = alice.post(PATH, {**TEMPLATE, **change})
    assert refused.status_code == 422, refused.text
    assert any(error["field"].endswith(field) for error in refused.json["errors"])  # type: ignore[index]
