"""Whatever JSON comes in, parsing ends with an answer, and what it answers can be stored."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.contract.base import ChannelAccount, Parsed
from app.core.http import HttpClient
from app.providers.whatsapp_cloud.adapter import WhatsAppAdapter
from app.providers.whatsapp_cloud.webhook import business_account_ids, phone_number_ids
from tests.providers.whatsapp_cloud.payload_files import NAMES, json_of
from tests.sandbox.simulators.whatsapp_world import NUMBER_ID, WABA_ID
from tests.support.full import amount

ADAPTER = WhatsAppAdapter(HttpClient(), "https://graph.facebook.com")
ACCOUNT = ChannelAccount("1", "whatsapp_business", "x", NUMBER_ID, settings={"waba_id": WABA_ID})
WORDS = (
    *("object", "entry", "changes", "value", "metadata", "phone_number_id", "messages", "statuses", "errors", "contacts", "id"),
    *("from", "timestamp", "type", "text", "body", "image", "interactive", "reaction", "edit", "revoke", "message", "order"),
    *("original_message_id", "product_items", "location", "system", "button", "history", "threads", "message_echoes", "code"),
    *("user_preferences", "user_actions", "error_data", "details", "status", "profile", "name", "wa_id", "user_id", "context"),
)
NAMES_OF_FIELDS = st.sampled_from(WORDS) | st.text(max_size=5)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=8)
    | st.sampled_from([*WORDS, NUMBER_ID, WABA_ID, "1795234570", "whatsapp_business_account", "31612345678", "NL.1"])
)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES_OF_FIELDS, inner, max_size=5), max_leaves=15
)
FIELDS = {"metadata": {"phone_number_id": NUMBER_ID}}
QUICK = settings(max_examples=amount(30, full=100), deadline=None, suppress_health_check=[HealthCheck.too_slow])


def parse(value: Any) -> Parsed:
    body = json.dumps(value).encode()
    assert ADAPTER.dedupe_key(body) == ADAPTER.dedupe_key(body)
    phone_number_ids(body)
    business_account_ids(body)
    parsed = ADAPTER.parse(body, account=ACCOUNT)
    assert_storable(parsed)
    return parsed


def assert_storable(parsed: Parsed) -> None:
    """PostgreSQL takes no NUL, no lone surrogate and no NaN."""
    text = repr([(m.text, m.external_id, m.sender, m.attachments, m.change, m.kind) for m in parsed.messages])
    kept = json.dumps(
        [m.meta for m in parsed.messages] + [s.raw for s in parsed.statuses] + [n.raw for n in parsed.notices], allow_nan=False
    )
    for stored in (*[m.text for m in parsed.messages], *parsed.problems, *[n.summary for n in parsed.notices], text, kept):
        stored.encode()
        assert "\x00" not in stored
    assert "\\u0000" not in kept
    assert all(m.occurred_at.tzinfo for m in parsed.messages)


@QUICK
@given(JSON)
def test_arbitrary_json_never_raises(value):
    parse(value)


@QUICK
@given(st.dictionaries(st.sampled_from(["messages", "statuses", "errors", "message_echoes", "history", "contacts", "x"]), JSON))
def test_arbitrary_content_of_a_change_never_raises(value):
    parse({"entry": [{"id": WABA_ID, "changes": [{"field": "messages", "value": {**FIELDS, **value}}]}]})


HEADS = st.fixed_dictionaries({"id": SCALARS, "timestamp": SCALARS, "type": st.sampled_from(WORDS)})
MESSAGES = st.builds(lambda rest, head: rest | head, st.dictionaries(NAMES_OF_FIELDS, JSON, max_size=4), HEADS)


@QUICK
@given(st.lists(MESSAGES, max_size=3))
def test_arbitrary_messages_never_raise_and_none_disappears_silently(messages):
    parsed = parse({"entry": [{"changes": [{"value": {**FIELDS, "messages": messages}}]}]})
    assert len(parsed.messages) + len(parsed.problems) == len(messages)


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("broken_")])
def test_a_payload_with_any_one_part_replaced_still_parses(name):
    whole = json_of(name)
    for path in paths_of(whole):
        for junk in (None, 7, "x\x00", [], {}, [[]], {"id": []}, True, 1e400):
            former = put(whole, path, junk)
            parse(whole)
            put(whole, path, former)
    assert whole == json_of(name)


def paths_of(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for name, item in parts for found in [(*path, name), *paths_of(item, (*path, name))]]


def put(value: Any, path: tuple[Any, ...], part: Any) -> Any:
    """Put a part in its place; return what was there."""
    for name in path[:-1]:
        value = value[name]
    former, value[path[-1]] = value[path[-1]], part
    return former
