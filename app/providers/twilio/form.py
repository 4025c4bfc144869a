"""Parse url-encoded posts byte by byte, as the signature covers the very bytes and new fields appear without notice.

Nothing here trims, repairs or refuses. Bytes that are not UTF-8 are replaced only when they become text.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote_to_bytes

from app.contract.base import UnableToParse
from app.core.text import mark as N_

Pair = tuple[bytes, bytes]
MOST_FIELDS = 1000


def read_pairs(body: bytes) -> list[Pair]:
    """Return every (name, value), decoded, in the order of the post. Empty values are included."""
    found = []
    for part in body.split(b"&"):
        if part:
            name, _, value = part.partition(b"=")
            found.append((_plain(name), _plain(value)))
    return found


def _plain(part: bytes) -> bytes:
    return unquote_to_bytes(part.replace(b"+", b" "))


def read_fields(body: bytes) -> dict[str, str]:
    """Return the fields by name. If a name occurs twice, its first value counts. Of a JSON object, the texts are returned.

    Raises UnableToParse.
    """
    if body.lstrip()[:1] == b"{":
        return _fields_of_json(body)
    pairs = read_pairs(body)
    if len(pairs) > MOST_FIELDS:
        raise UnableToParse(N_("the request has too many fields"))
    fields: dict[str, str] = {}
    for name, value in pairs:
        fields.setdefault(_text(name), _text(value))
    return fields


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace").replace("\x00", "\ufffd")


def _fields_of_json(body: bytes) -> dict[str, str]:
    try:
        decoded: Any = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UnableToParse(N_("the body is neither a form nor JSON")) from error
    scalars = {name: value for name, value in decoded.items() if isinstance(value, str | int | float)}
    return {
        _text(name.encode("utf-8", "replace")): _text(str(value).encode("utf-8", "replace")) for name, value in scalars.items()
    }


def fingerprint(body: bytes) -> str:
    """Return a digest that is the same for two posts with the same fields, in any order. A JSON body is compared byte by byte."""
    is_json = body.lstrip()[:1] == b"{"
    parts = [body] if is_json else [b"%d:%b=%b" % (len(name), name, value) for name, value in sorted(read_pairs(body))]
    return hashlib.sha256(b"\n".join(parts)).hexdigest()


def needed(fields: Mapping[str, str], names: Sequence[str]) -> str:
    """Return the value of the first of these fields that has one. Raises UnableToParse if no field has a value."""
    for name in names:
        if fields.get(name, "").strip():
            return fields[name].strip()[:200]
    raise UnableToParse(N_("the request does not name a message or call"))


def whole_number(text: str, *, most: int = 10**9) -> int | None:
    """Return the number that a text of digits gives. Return None if it is no number or greater than `most`."""
    cleaned = text.strip()
    if not (cleaned.isascii() and cleaned.isdigit() and len(cleaned) < 12):
        return None
    return int(cleaned) if int(cleaned) <= most else None
