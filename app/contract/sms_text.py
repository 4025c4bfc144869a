"""Encode a text as SMS: its alphabet, its number of parts, and a version that fits the cheaper alphabet.

A GSM-7 text has at most 160 characters in a single part, and 153 in each of several parts. €, [, ], {, }, the backslash, ^,
~ and | count double. One character outside that alphabet, such as ë or a curly quote, makes the whole text UCS-2: 70 in a
single part and 67 in each of several. UCS-2 is counted in UTF-16 units, and an emoji has two. A character of two units is
never cut: it begins the next part. `static/js/lib/sms.js` counts in the same way while somebody types;
`tests/contract/test_sms_text.py` checks that both agree.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import dataclass

GSM_7, UCS_2 = "GSM-7", "UCS-2"
BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = frozenset("€[]{}\\^~|\f")
_SIZES = {GSM_7: (160, 153), UCS_2: (70, 67)}
_PLAIN = {
    **dict.fromkeys("‘’‚‛′`´", "'"),
    **dict.fromkeys("“”„‟″«»", '"'),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    **dict.fromkeys("\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\t", " "),
    **dict.fromkeys("\u200b\u200c\u2060\ufeff\u00ad", ""),
    "…": "...",
    "•": "-",
    "·": "-",
}
_LETTERS = {"œ": "oe", "Œ": "OE", "ł": "l", "Ł": "L", "ı": "i", "ð": "d", "þ": "th", "ĳ": "ij", "Ĳ": "IJ"}


@dataclass(frozen=True)
class SmsCount:
    """The size of a text as SMS. `units` is the length that counts for the limits. `left` is the number of free units in the
    last part.

    `misfits` are the characters because of which the text is UCS-2, each once, in order.
    """

    characters: int
    units: int
    parts: int
    encoding: str
    left: int
    misfits: tuple[str, ...] = ()


def count_sms(text: str) -> SmsCount:
    """Count the characters, units and parts of a text as SMS. An empty text has 0 parts."""
    text = text.replace("\r\n", "\n")
    misfits = tuple(dict.fromkeys(c for c in text if c not in BASIC and c not in EXTENSION))
    encoding = UCS_2 if misfits else GSM_7
    sizes = [_size(c, encoding) for c in text]
    alone, in_parts = _SIZES[encoding]
    parts, used = (1, sum(sizes)) if sum(sizes) <= alone else _packed(sizes, in_parts)
    left = (alone if parts == 1 else in_parts) - used
    return SmsCount(len(text), sum(sizes), parts if text else 0, encoding, left, misfits)


def _size(character: str, encoding: str) -> int:
    if encoding == GSM_7:
        return 2 if character in EXTENSION else 1
    return 2 if ord(character) > 0xFFFF else 1


def _packed(sizes: list[int], room: int) -> tuple[int, int]:
    """Return how many parts of `room` units the characters need, and how many units the last part uses."""
    parts, used = 1, 0
    for size in sizes:
        if used + size > room:
            parts, used = parts + 1, 0
        used += size
    return parts, used


@dataclass(frozen=True)
class Simplified:
    """A simplified text. `changes` lists (old character, new text, how often), in the order of the text."""

    text: str
    changes: tuple[tuple[str, str, int], ...] = ()


def simplify(text: str, *, accents: bool = False) -> Simplified:
    """Replace typographic quotes, dashes, dots and spaces by plain ones. With `accents`, also replace letters that GSM-7 does
    not have by plain letters.

    Characters of GSM-7, such as é and à, do not change. Characters without a plain form, such as an emoji, do not change
    either.
    """
    composed = unicodedata.normalize("NFC", text)
    done: Counter[tuple[str, str]] = Counter()
    made = []
    for character in composed:
        plain = _plain(character, accents)
        if plain != character:
            done[character, plain] += 1
        made.append(plain)
    return Simplified("".join(made), tuple((was, now, times) for (was, now), times in done.items()))


def _plain(character: str, accents: bool) -> str:
    if character in BASIC or character in EXTENSION:
        return character
    if character in _PLAIN:
        return _PLAIN[character]
    return _letter(character) if accents else character


def _letter(character: str) -> str:
    if character in _LETTERS:
        return _LETTERS[character]
    below = "".join(c for c in unicodedata.normalize("NFKD", character) if not unicodedata.combining(c))
    return below if below and all(c in BASIC for c in below) else character
