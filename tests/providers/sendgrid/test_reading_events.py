"""What of a post of events is read, and what is counted as unreadable."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.providers.sendgrid.events import parse_events

BOUNCE = {"email": "jan@example.nl", "timestamp": 1795234571, "event": "bounce", "sg_event_id": "e1", "sg_message_id": "m1.f1"}


@pytest.mark.parametrize("kind", [{"a": 1}, ["bounce"], None, 7, True])
def test_an_event_of_no_kind_takes_none_of_the_others_along(kind: Any) -> None:
    odd = {**BOUNCE, "event": kind, "sg_event_id": "e2"}
    parsed = parse_events(json.dumps([odd, BOUNCE]).encode(), channel_id="c")
    assert parsed.statuses == parse_events(json.dumps([BOUNCE]).encode(), channel_id="c").statuses != ()
