"""Mark search words in a text for display. Pure."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from markupsafe import Markup, escape

from app.domain.threads.search_query import forms_to_mark, parse_search, words_to_mark

_TAG_OR_ENTITY = re.compile(r"(<[^>]*>|&[#\w]+;)")
EXCERPT_BEFORE, EXCERPT_AFTER = 60, 160


def folded(text: str) -> str:
    """Return the text in lower case without accents. Its length stays the same."""
    return "".join(unicodedata.normalize("NFD", letter)[0].lower()[:1] or letter for letter in text)


@lru_cache(maxsize=64)
def pattern_of(search: str) -> re.Pattern[str] | None:
    """Return a pattern that finds the search words in a `folded` text, or None for a search without words.

    The last plain word also matches as a prefix.
    """
    query = parse_search(search)
    wanted = [folded(text) for text in words_to_mark(query)]
    if not wanted:
        return None
    last = query.words[-1]
    ends = [r"\b" if text != wanted[-1] or last.quoted or last.negated else r"\w*" for text in wanted]
    each = [r"\W+".join(map(re.escape, text.split())) + end for text, end in zip(wanted, ends, strict=True)]
    each += [re.escape(folded(form)) + r"\w*" for form in forms_to_mark(query)]
    return re.compile(rf"(?<!\w)(?:{'|'.join(sorted(each, key=len, reverse=True))})")


def marked(html: Markup, search: str) -> Markup:
    """Return safe HTML with <mark> around matches; tags and their attributes stay as they are."""
    pattern = pattern_of(search)
    if pattern is None:
        return html
    pieces = _TAG_OR_ENTITY.split(str(html))
    return Markup("".join(piece if n % 2 else _marked(piece, pattern) for n, piece in enumerate(pieces)))  # noqa: S704  was safe


def _marked(text: str, pattern: re.Pattern[str]) -> str:
    out, end = [], 0
    for match in pattern.finditer(folded(text)):
        out += [text[end : match.start()], '<mark class="found">', text[match.start() : match.end()], "</mark>"]
        end = match.end()
    return "".join([*out, text[end:]])


def has_match(text: str, search: str) -> bool:
    pattern = pattern_of(search)
    return bool(pattern and pattern.search(folded(text)))


def excerpt(text: str, search: str) -> Markup:
    """Return the text around the first match in a plain text, with <mark>, as safe HTML. Return "" if there is no match."""
    pattern = pattern_of(search)
    flat = " ".join(text.split())
    match = pattern.search(folded(flat)) if pattern else None
    if match is None:
        return Markup("")
    start, end = max(0, match.start() - EXCERPT_BEFORE), match.end() + EXCERPT_AFTER
    return marked(escape("… " * (start > 0) + flat[start:end] + " …" * (end < len(flat))), search)
