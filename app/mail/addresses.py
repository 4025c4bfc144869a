"""Parse address lists (From, To, Cc) as mail programs really write them, in linear time and without exceptions.

The list is split before encoded words are decoded, so that an address hidden in a name is not taken for one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from app.mail.encoded_words import decode_words
from app.mail.filenames import without_hidden_characters

MAX_ADDRESSES: Final = 1000
_TOKEN: Final = re.compile(r'"((?:[^"\\]|\\.)*)"|<([^<>]*)>|([,;:])|([^\s",;:<>()]+)|(\()|(\s+)|(.)', re.S)
_ESCAPED: Final = re.compile(r"\\(.)", re.S)
# Tried once a word, not at each of its letters.
_BARE_ADDRESS: Final = re.compile(r"(?<![^\s<>\"',;:()\[\]@])[^\s<>\"',;:()\[\]@]++@[^\s<>\"',;:()]+")
_MAX_TEXT: Final = 20_000


@dataclass(frozen=True)
class Address:
    """One mailbox of an address header. `address` is in lower case, or "" if the header gave only a name."""

    name: str
    address: str


def parse_addresses(value: str) -> list[Address]:
    """Return the mailboxes in the raw value of an address header. Groups are expanded, comments are used as names, duplicates
    are removed.

    Names without an address are returned only if there is no address at all.
    """
    return list(_parse(value[:_MAX_TEXT]))


@lru_cache(maxsize=32)  # one mail asks for the same few headers many times
def _parse(value: str) -> tuple[Address, ...]:
    found = list(_mailboxes(value))
    if not any(item.address for item in found) and "=?" in value and "@" in (decoded := decode_words(value)):
        found = list(_mailboxes(decoded))
    with_address = [item for item in found if item.address]
    return tuple(dict.fromkeys(with_address or found))[:MAX_ADDRESSES]


def _mailboxes(value: str) -> Iterator[Address]:
    name: list[str] = []
    comment = angle = ""
    position = 0
    while match := _TOKEN.match(value, position):
        position = match.end()
        quoted, bracket, mark, word, opening, space, _other = match.groups()
        if mark == ":" and not angle and not _looks_like_address(name):
            name, comment = [], ""  # the name of a group
        elif mark:
            yield from _finish(name, comment, angle)
            name, comment, angle = [], "", ""
        elif opening:
            comment, position = _read_comment(value, position)
        elif bracket is not None:
            if angle:
                yield from _finish(name, comment, angle)
                name = []
            angle = bracket
        else:
            name.append(_ESCAPED.sub(r"\1", quoted) if quoted is not None else word or (" " if space else ""))
    yield from _finish(name, comment, angle)


def _looks_like_address(name: list[str]) -> bool:
    return any("@" in piece for piece in name)


def _read_comment(value: str, start: int) -> tuple[str, int]:
    depth, position = 1, start
    while position < len(value) and depth:
        depth += {"(": 1, ")": -1}.get(value[position], 0)
        position += 1
    return value[start : position - (0 if depth else 1)], position


def _finish(name: list[str], comment: str, angle: str) -> Iterator[Address]:
    text = "".join(name).strip()
    address = _bare(angle)
    if not address and (bare := _BARE_ADDRESS.search(text)):
        address, text = bare[0], (text[: bare.start()] + text[bare.end() :]).strip()
    label = clean_name(decode_words(text or comment))
    if address or label:
        yield Address("" if label.lower() == address.lower() else label, address.lower())


def _bare(angle: str) -> str:
    """Return the address inside <>, without old source routes, `mailto:` and spaces."""
    text = without_hidden_characters("".join(angle.split())).removeprefix("mailto:")
    if text.startswith("@") and ":" in text:
        text = text.rpartition(":")[2]
    return text.strip("'\"")[:320]


def clean_name(name: str) -> str:
    """Return a display name on one line, without stray quotes and without control, bidi and zero-width characters."""
    return " ".join(without_hidden_characters(name.replace("\t", " ")).split()).strip("'\" ")[:200]
