"""Make text from outside fit for the database, and mark our own stored texts for translation."""

from __future__ import annotations

import re
from typing import Any

from app.core.former_texts import FORMER

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_MAX_DEPTH = 40
KNOWN: list[str] = []  # what `known` was called with


def mark(message: str, *former: str) -> str:
    """Mark a text of a table or a stored text for translation, and return it; it is translated when it is shown.

    `former`: earlier texts, without a full stop at the end, that the database may hold. For module level, as with `known`.
    """
    FORMER.update(dict.fromkeys(former, message.removesuffix(".")))
    return message


def known(message: str, *former: str) -> str:
    """Mark a text with %(blanks)s that is stored filled in, and return it. For module level, so that readers know it.

    `former`: earlier texts with the same blanks that the database may hold.
    """
    FORMER.update(dict.fromkeys(former, message))
    KNOWN.append(message)
    return message


def storable(text: str) -> str:
    """Return the text without what PostgreSQL cannot store: NUL and lone surrogates."""
    return _UNSTORABLE.sub("", text) if _UNSTORABLE.search(text) else text


def storable_json(value: Any, *, depth: int = 0) -> Any:
    """Return the JSON value with `storable` strings; nesting beyond _MAX_DEPTH is replaced by a mark."""
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
