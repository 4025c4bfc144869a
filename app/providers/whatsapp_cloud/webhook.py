"""Verify webhook posts of Meta: their signature, whose number they are for, and whether they are repeats.

Everything here works on the raw bytes and is quick enough for the request that must be answered at once.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from app.contract.base import UnableToParse
from app.core.text import mark as N_
from app.providers.whatsapp_cloud.messages import content_hash
from app.providers.whatsapp_cloud.reading import Json, as_list, as_object, canonical, decode_json, sha256_hex, storable, text_of

SIGNATURE_HEADER = "X-Hub-Signature-256"
_RECIPIENT = ("recipient_id", "recipient_user_id", "recipient_participant_id")
_STATUS_KEY = ("id", "biz_opaque_callback_data", "status", "timestamp", *_RECIPIENT)
_NOT_ITEMS = frozenset({"messaging_product", "metadata", "contacts", "messages", "statuses"})


_decoded = lru_cache(maxsize=1)(decode_json)  # of one post, which is asked for its key and then for its numbers


def is_signed(*, headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> bool:
    """Tell whether the headers contain an HMAC-SHA256 of the raw `body`, made with one of the app secrets (two during a
    rotation).

    The older SHA-1 header is ignored. Constant time, never raises. Without a secret, or with an empty one, the result is
    False.
    """
    given = _header(headers, SIGNATURE_HEADER)
    matches = [hmac.compare_digest(given, _signature(secret, body)) for secret in secrets if secret]
    return any(matches)


def sign(secret: str, body: bytes) -> str:
    """Return the header value Meta would send with `body`."""
    return _signature(secret, body).decode()


def challenge_answer(args: Mapping[str, str], verify_token: str) -> str | None:
    """Return the text that answers the subscription handshake. Return None if it must be refused (403).

    `args` is the query, e.g. Flask's `request.args`. If `verify_token` is empty, every handshake is refused.
    """
    given = args.get("hub.verify_token") or ""
    is_right = hmac.compare_digest(_bytes(given), _bytes(verify_token))
    if not verify_token or not is_right or args.get("hub.mode") != "subscribe":
        return None
    return args.get("hub.challenge") or None


def dedupe_key(body: bytes) -> str:
    """Return a key that is the same for two posts with the same items, in any order and spacing. Raises UnableToParse.

    A message is compared by id and content, so that another message with a known id is no repeat. A status is compared by
    id, name, time and recipient. Anything else is compared as a whole, together with the time of its entry.
    """
    root = _decoded(body)
    try:
        keys = sorted({canonical(key) for key in _item_keys(root)})
        return sha256_hex(b"\n".join(keys) or canonical(root))
    except RecursionError as error:
        raise UnableToParse(N_("the body has too many levels for us to read")) from error


def phone_number_ids(body: bytes) -> tuple[str, ...]:
    """Return the phone number ids of the items in a body, in order, without duplicates. Raises UnableToParse.

    Account-level news (templates, restrictions) name no number: see `business_account_ids`.
    """
    return _storable_once(_phone_number_id(value) for _, _, value in _changes(_decoded(body)))


def business_account_ids(body: bytes) -> tuple[str, ...]:
    """Return the ids of the business accounts that a body is about, in order, without duplicates. Raises UnableToParse."""
    return _storable_once(text_of(entry, "id") for entry in _objects(as_object(_decoded(body)).get("entry")))


def _storable_once(ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(storable(found) for found in ids if found))


def _header(headers: Mapping[str, str], name: str) -> bytes:
    found = headers.get(name)
    if found is None:
        found = next((value for key, value in headers.items() if str(key).lower() == name.lower()), None)
    return _bytes(found) if isinstance(found, str) else b""


def _signature(secret: str, body: bytes) -> bytes:
    return b"sha256=" + hmac.new(_bytes(secret), body, hashlib.sha256).hexdigest().encode()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _item_keys(root: Any) -> Iterator[Any]:
    for entry, change, value in _changes(root):
        number = _phone_number_id(value)
        for message in _objects(value.get("messages")):
            yield "message", number, content_hash(message)
        for status in _objects(value.get("statuses")):
            yield "status", number, [text_of(status, name) for name in _STATUS_KEY]
        rest = {name: item for name, item in value.items() if name not in _NOT_ITEMS and item}
        strange = [item for name in ("messages", "statuses") for item in _strange(value.get(name))]
        if rest or strange or not isinstance(change.get("value"), dict):
            source = [text_of(entry, "id"), text_of(entry, "time"), text_of(change, "field")]
            yield "other", source, rest or change.get("value"), strange


def _changes(root: Any) -> Iterator[tuple[Json, Json, Json]]:
    for entry in _objects(as_object(root).get("entry")):
        for change in _objects(entry.get("changes")):
            yield entry, change, as_object(change.get("value"))


def _phone_number_id(value: Json) -> str:
    return text_of(as_object(value.get("metadata")), "phone_number_id")


def _objects(value: Any) -> list[Json]:
    return [item for item in as_list(value) if isinstance(item, dict)]


def _strange(value: Any) -> list[Any]:
    """Return the values that are not objects where a list of objects is expected."""
    if isinstance(value, list):
        return [item for item in value if not isinstance(item, dict)]
    return [] if value is None else [value]
