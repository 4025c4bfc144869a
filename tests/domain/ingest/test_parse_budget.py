"""A mail that would keep a worker busy costs itself: it is refused with a reason, and the next is read."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from app.contract.base import UnableToParse
from app.core.ids import new_id
from app.domain.connections.models import Channel, ChannelType
from app.domain.ingest.models import InboundEvent
from app.domain.ingest.parsing import parse_event, reading_budget
from app.providers.fillout.parse import read_submission

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
CHANNEL = Channel(
    id=new_id(),
    channel_type=ChannelType.EMAIL,
    name="Service",
    address="s@a.example",
    settings={},
    created_at=NOW,
)


def event(text: str) -> InboundEvent:
    body = f"From: Jan <jan@example.nl>\r\nSubject: Vraag\r\n\r\n{text}".encode()
    return InboundEvent(id=new_id(), source="email", body=body, meta={}, received_at=NOW)


def test_a_mail_over_the_budget_is_refused_with_a_reason_and_the_next_is_read() -> None:
    with pytest.raises(UnableToParse, match=r"more than 0\.001 seconds of CPU time"):
        parse_event(event("> lang\n" * 400_000), CHANNEL, own_addresses=frozenset(), budget_seconds=0.001)
    parsed = parse_event(event("Hallo"), CHANNEL, own_addresses=frozenset())
    assert [message.text for message in parsed.messages] == ["Hallo"]


def test_a_form_over_the_budget_is_refused_with_the_same_reason() -> None:
    body = json.dumps({"formId": "f", "submission": {"submissionId": "s", "questions": []}}).encode()

    def read_without_end() -> None:
        while True:
            read_submission(body, received_at=NOW)

    with pytest.raises(UnableToParse, match=r"more than 0\.001 seconds of CPU time"), reading_budget(0.001):
        read_without_end()
