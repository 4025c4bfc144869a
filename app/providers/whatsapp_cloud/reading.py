"""Read JSON from outside carefully: any field may be missing or of another type.

Readers return an empty value for a field that is absent or malformed. Readers of a required field raise `Broken`, which
loses its
own item and no other.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from app.contract.base import UnableToParse
from app.core.text import known

_NOT_JSON = known("the body is not JSON: %(why)s")
_TOO_DEEP = known("the body has more than %(count)s levels")
_NO_LIST = known("%(what)s is not a list")
_NO_OBJECT = known("%(what)s contains an item that is not an object")
_MISSING = known("has no %(name)s")
_UNUSABLE = known("has no usable %(name)s")

Json = dict[str, Any]
T = TypeVar("T")

_MAX_DEPTH = 60
# Neither can be stored: PostgreSQL takes no NUL in text, and half a surrogate pair is not UTF-8.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_SHORT_LIVED = frozenset({"url"})
_ENCODE = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


class Broken(ValueError):
    """Raised when one item is not as the provider documents it. The text ends up in `Parsed.problems`."""


def load_json(body: bytes) -> Any:
    """Decode a body into values that can be stored. Raises UnableToParse if it is not JSON or nested too deeply."""
    return _clean(decode_json(body), _MAX_DEPTH)


def decode_json(body: bytes) -> Any:
    """Decode a body only to look into it: its texts may be unfit for storing. Raises UnableToParse if it is not JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UnableToParse(_NOT_JSON % {"why": type(error).__name__}) from error


def storable(text: str) -> str:
    """Return a text with the characters replaced that PostgreSQL cannot store."""
    return _UNSTORABLE.sub("\ufffd", text)


def _clean(value: Any, depth: int) -> Any:
    if depth == 0:
        raise UnableToParse(_TOO_DEEP % {"count": _MAX_DEPTH})
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list):
        return [_clean(item, depth - 1) for item in value]
    if isinstance(value, dict):
        return {_clean(name, depth): _clean(item, depth - 1) for name, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def canonical(value: Any) -> bytes:
    """Return the same bytes for equal JSON whatever its key order and spacing, leaving out links that expire within minutes."""
    text = _ENCODE(value)
    if any(f'"{name}"' in text for name in _SHORT_LIVED):
        text = _ENCODE(_without(value, _SHORT_LIVED))
    return text.encode()


def _without(value: Any, names: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {name: _without(item, names) for name, item in value.items() if name not in names}
    return [_without(item, names) for item in value] if isinstance(value, list) else value


def sha256_hex(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def as_object(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def text_of(source: Mapping[str, Any], name: str) -> str:
    """Return a field as text; a number is turned into text. Return "" for any other value."""
    value = source.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value)


def needed_text(source: Mapping[str, Any], name: str) -> str:
    """Return a required field as text. Raises Broken."""
    value = text_of(source, name)
    if not value:
        raise Broken(_MISSING % {"name": name})
    return value


def needed_object(source: Mapping[str, Any], name: str) -> Json:
    """Return a required object. Raises Broken."""
    value = source.get(name)
    if not isinstance(value, dict):
        raise Broken(_MISSING % {"name": name})
    return value


def needed_time(source: Mapping[str, Any], name: str = "timestamp") -> datetime:
    """Return unix seconds, sent as text or number, as aware UTC. Raises Broken."""
    try:
        return datetime.fromtimestamp(int(float(needed_text(source, name))), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise Broken(_UNUSABLE % {"name": name}) from error


def number_of(source: Mapping[str, Any], name: str) -> float | None:
    """Return a finite number, given as text or number. Return None if there is none."""
    try:
        number = float(text_of(source, name))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def hex_sha256(value: str) -> str | None:
    """Return a SHA-256, given as hex or base64, as lower-case hex. Return None if it is neither."""
    if re.fullmatch(r"[0-9a-fA-F]{64}", value):
        return value.lower()
    try:
        digest = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return None
    return digest.hex() if len(digest) == 32 else None


class Items:
    """A reader of lists of objects. For each item that it cannot read, it stores a sentence in `problems`."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def objects(self, value: Any, where: str) -> Iterator[Json]:
        """Yield the objects of a list; an absent list has none, and anything that is no object is noted as a problem."""
        if value is None:
            return
        if not isinstance(value, list):
            self.problems.append(_NO_LIST % {"what": where})
            return
        for item in value:
            if isinstance(item, dict):
                yield item
            else:
                self.problems.append(_NO_OBJECT % {"what": where})

    def attempt(self, read: Callable[[Json], T], item: Json, what: str) -> T | None:
        """Return the result of `read(item)`. If that raises Broken, store the problem and return None."""
        try:
            return read(item)
        except Broken as error:
            self.problems.append(f"{what} · {error}")
            return None
