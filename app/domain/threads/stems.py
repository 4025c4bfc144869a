"""Find other forms of a word (stems) in Dutch, English and French: "facturen" also finds "factuur". Pure.

Texts are indexed as they were written, because we would have to guess the language of each message. The language of a query
with one word cannot even be guessed. So the query looks for the other forms, in each language. The stem of a word is used as
a beginning, and so is the spelling of the stem before an ending: factuur, factur-en; brief, briev-en; battery, batteri-es.
Strong forms (betaald, betalen) are not known.
"""

from __future__ import annotations

import re
from functools import lru_cache

import snowballstemmer

LANGUAGES = ("dutch", "english", "french")
LEAST_CHARACTERS = 4  # a shorter beginning would find too many other words
_STEMMERS = tuple(snowballstemmer.stemmer(language) for language in LANGUAGES)
_SPELLINGS = (
    (re.compile(r"(aa|ee|oo|uu)([b-df-hj-np-tv-xz])$"), lambda found: found[1][0] + found[2]),
    (re.compile(r"(?<=[aeiouylnr])s$"), lambda found: "z"),
    (re.compile(r"(?<=[aeiouylnr])f$"), lambda found: "v"),
    (re.compile(r"(?<=[^aeiou])i$"), lambda found: "y"),
)


@lru_cache(maxsize=1024)
def beginnings(word: str) -> tuple[str, ...]:
    """Return the beginnings of the word's other forms, shortest first; () for numbers, codes and short words."""
    word = word.lower()
    if not word.isalpha() or len(word) < LEAST_CHARACTERS:
        return ()
    stems = {stemmer.stemWord(word) for stemmer in _STEMMERS}
    found = stems | {pattern.sub(spell, stem) for stem in stems for pattern, spell in _SPELLINGS}
    found = {stem for stem in found if len(stem) >= LEAST_CHARACTERS}
    return tuple(sorted((stem for stem in found if not _is_covered(stem, found)), key=lambda stem: (len(stem), stem)))


def _is_covered(stem: str, others: set[str]) -> bool:
    return any(stem != other and stem.startswith(other) for other in others)
