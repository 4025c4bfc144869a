"""Detect HTML that would take seconds to parse. It is shown as text instead.

Parsing HTML5 takes quadratic time for deep nesting and for thousands of attributes in one tag (100,000 nested divs: 46
seconds). No mail that a person wrote comes near these limits. The raw source can still be downloaded.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from typing import Final

MAX_LENGTH: Final = 8_000_000
_MAX_TAGS: Final = 60_000
_MAX_OPEN: Final = 1_500
_MAX_ATTRIBUTES: Final = 300
_RAW_TEXT: Final = "title|textarea|style|script|xmp|iframe|noembed|noframes|noscript|plaintext|template"
_SKIPPED: Final = re.compile(rf"<!--.*?(?:--!?>|\Z)|<({_RAW_TEXT})\b.*?(?:</\1\b[^>]*>|\Z)", re.S | re.I)
_TAG: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]{0,40})((?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>?")
_QUOTED: Final = re.compile(r"\"[^\"]*\"|'[^']*'")
_BLANKS: Final = re.compile(r"[ \t]{2,}")
_ANY_TAG: Final = re.compile(r"<[^<>]*>?")
# Never closed in practice, and closed by the parser itself.
_SELF_CLOSING_NAMES: Final = """
    area base br col embed hr img input link meta param source track wbr p li dt dd tr td th tbody thead tfoot option colgroup
"""
_SELF_CLOSING: Final = frozenset(_SELF_CLOSING_NAMES.split())


def is_unruly(source: str) -> bool:
    """Return whether `source` is too long, nested too deeply or has too many attributes to be parsed as HTML."""
    if len(source) > MAX_LENGTH:
        return True
    if source.count("<") < _MAX_OPEN and source.count("=") < _MAX_ATTRIBUTES and source.count(" ") < _MAX_ATTRIBUTES:
        return False
    balance: Counter[str] = Counter()
    tags = 0
    for match in _TAG.finditer(_SKIPPED.sub(" ", source)):
        if len(match[3]) > _MAX_ATTRIBUTES and len(_QUOTED.sub("", match[3]).split()) > _MAX_ATTRIBUTES:
            return True
        if (name := match[2].lower()) not in _SELF_CLOSING:
            tags += 1
            balance[name] += -1 if match[1] else 1
        if tags > _MAX_TAGS:
            return True
    return sum(count for count in balance.values() if count > 0) > _MAX_OPEN


def without_tags(source: str) -> str:
    """Return the text of HTML that must not be parsed, in linear time. Every tag becomes a space."""
    return _BLANKS.sub(" ", html.unescape(_ANY_TAG.sub(" ", _SKIPPED.sub(" ", source))))
