"""Make text from outside fit for the database, and mark our own stored texts for translation."""

from __future__ import annotations

import re
from typing import Any

from app.core.former_texts import FORMER

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_MAX_DEPTH = 40
KNOWN: list[str] = []  # what `known` was called with


def mark(message: str, *former: str) -> str:
    """Mark a text for translation and return it unchanged. It is stored in English and translated when it is shown.

    `former` are earlier texts, without a full stop at the end, that the database may still have. Call this only at module
    level.
    """
    FORMER.update(dict.fromkeys(former, message.removesuffix(".")))
    return message


def known(message: str, *former: str) -> str:
    """Mark a text with %(blanks)s for translation and return it unchanged. It is stored in English with its blanks filled in.

    `former` are earlier texts with the same blanks that the database may still have. Call this only at module level, so that
    every process that shows the text knows it.
    """
    FORMER.update(dict.fromkeys(former, message))
    KNOWN.append(message)
    return message


def storable(text: str) -> str:
    """Return the text without the characters that PostgreSQL cannot store: NUL and lone surrogates."""
    return _UNSTORABLE.sub("", text) if _UNSTORABLE.search(text) else text


def storable_json(value: Any, *, depth: int = 0) -> Any:
    """Return the JSON value with all strings made `storable`. NaN and infinity become None. Nesting deeper than _MAX_DEPTH is
    replaced by a text."""
    if isinstance(value, str):
        return storable(value)
    if depth > _MAX_DEPTH:
        return "(nested too deep)"
    if isinstance(value, dict):
        return {storable(str(k)): storable_json(v, depth=depth + 1) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [storable_json(v, depth=depth + 1) for v in value]
    if (isinstance(value, float) and value != value) or value in (float("inf"), float("-inf")):
        return None
    return value
