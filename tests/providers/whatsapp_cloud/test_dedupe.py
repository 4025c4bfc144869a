"""Posts of the same items share a key; posts with anything more do not."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import pytest

from app.contract.base import UnableToParse
from app.providers.whatsapp_cloud.adapter import WhatsAppAdapter
from app.providers.whatsapp_cloud.webhook import business_account_ids, phone_number_ids
from tests.providers.whatsapp_cloud.payload_files import NAMES, body_of, json_of

BATCH = "many_entries_changes_messages_and_statuses"


@pytest.fixture
def key(offline_adapter: WhatsAppAdapter):
    return lambda value: offline_adapter.dedupe_key(value if isinstance(value, bytes) else json.dumps(value).encode())


def shuffled(value: Any, chance: random.Random) -> Any:
    """The same JSON with every object's fields and every list of items in another order."""
    if isinstance(value, dict):
        return {name: shuffled(item, chance) for name, item in chance.sample(list(value.items()), len(value))}
    if isinstance(value, list):
        return [shuffled(item, chance) for item in chance.sample(value, len(value))]
    return value


@pytest.mark.parametrize("name", NAMES)
def test_every_payload_has_the_same_key_whatever_its_spacing_and_field_order(key, name):
    value = json_of(name)
    assert key(body_of(name)) == key(json.dumps(value, separators=(",", ":")).encode())
    assert key(body_of(name)) == key(json.dumps(value, sort_keys=True, indent=3).encode())


@pytest.mark.parametrize("seed", range(5))
def test_shuffled_batch_has_the_same_key(key, seed):
    assert key(shuffled(json_of(BATCH), random.Random(seed))) == key(json_of(BATCH))


def test_items_posted_twice_in_one_body_count_once(key):
    doubled = json_of(BATCH)
    doubled["entry"] += copy.deepcopy(doubled["entry"])
    assert key(doubled) == key(json_of(BATCH))


def test_different_payloads_have_different_keys(key):
    plain = [name for name in NAMES if not name.startswith("broken_")]
    assert len({key(body_of(name)) for name in plain}) == len(plain)


def test_a_fresh_download_link_does_not_make_another_message(key):
    again = json_of("image_with_short_lived_url")
    again["entry"][0]["changes"][0]["value"]["messages"][0]["image"]["url"] = "https://lookaside.fbsbx.com/other"
    assert key(again) == key(body_of("image_with_short_lived_url"))


def test_another_text_under_a_known_id_is_another_key(key):
    other = json_of("text")
    other["entry"][0]["changes"][0]["value"]["messages"][0]["text"]["body"] = "iets anders"
    assert key(other) != key(body_of("text"))


@pytest.mark.parametrize("field", ["id", "status", "timestamp", "recipient_id"])
def test_a_status_that_differs_is_another_key(key, field):
    other = json_of("status_sent")
    other["entry"][0]["changes"][0]["value"]["statuses"][0][field] = "1795234999"
    assert key(other) != key(body_of("status_sent"))


def test_account_news_beside_known_messages_is_not_lost(key):
    more = json_of("text")
    more["entry"].append(json_of("template_paused")["entry"][0])
    assert key(more) != key(body_of("text"))


def test_the_same_account_news_at_another_time_is_another_key(key):
    later = json_of("template_paused")
    later["entry"][0]["time"] += 3600
    assert key(later) != key(body_of("template_paused"))


def test_bodies_without_any_item_are_told_apart(key):
    assert key(b'{"entry":[]}') == key(b'{ "entry" : [] }') != key(b'{"entry":{}}')


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"<html>", b"[" * 100_000, b"1" * 5000])
def test_what_is_not_json_cannot_be_keyed_or_parsed(key, offline_adapter, account, body):
    with pytest.raises(UnableToParse):
        key(body)
    with pytest.raises(UnableToParse):
        offline_adapter.parse(body, account=account)


def test_absurdly_deep_json_can_be_stored_once_and_is_not_parsed(key, offline_adapter, account):
    body = b"[" * 200 + b"]" * 200
    assert key(body) == key(body + b"\n")
    with pytest.raises(UnableToParse, match="levels"):
        offline_adapter.parse(body, account=account)


def test_numbers_of_a_body_can_be_stored():
    body = b'{"entry": [{"id": "a\\u0000", "changes": [{"value": {"metadata": {"phone_number_id": "1\\u0000\\ud800"}}}]}]}'
    assert phone_number_ids(body) == ("1\ufffd\ufffd",)
    assert business_account_ids(body) == ("a\ufffd",)


def test_numbers_and_accounts_of_a_body_are_named_once_each():
    assert phone_number_ids(body_of("batch_with_a_number_that_is_not_ours")) == ("106600000000001", "999")
    assert phone_number_ids(body_of(BATCH)) == ("106600000000001",)
    assert phone_number_ids(body_of("template_paused")) == ()
    assert business_account_ids(body_of(BATCH)) == ("200600000000001",)
    assert phone_number_ids(b"[1, {}]") == business_account_ids(b'{"entry": [1, {"changes": "x"}]}') == ()
