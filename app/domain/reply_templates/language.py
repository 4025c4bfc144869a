"""Guess the language of a text: Dutch, English or French."""

from __future__ import annotations

import re

_SMALL_WORDS = {
    "nl": "de het een en ik is niet dat op voor met van naar heb kan nog bij wij u je graag wel maar aan ook",
    "en": "the a and i is not that on for with of to have can still at we you your please but my it are also",
    "fr": "le la les un une et je est pas que sur pour avec de du vous nous il mais mon au dans aussi ne",
}
SMALL_WORDS = {language: frozenset(words.split()) for language, words in _SMALL_WORDS.items()}
READ_CHARACTERS = 2000


def guess_language(text: str) -> str | None:
    """Return "nl", "en" or "fr". Return None if the text is too short to tell, or if two languages fit equally well."""
    words = re.findall(r"[^\W\d_]+", text[:READ_CHARACTERS].lower())
    counts = sorted(((sum(word in small for word in words), language) for language, small in SMALL_WORDS.items()), reverse=True)
    (most, language), (second, _other) = counts[0], counts[1]
    return language if most > second else None
