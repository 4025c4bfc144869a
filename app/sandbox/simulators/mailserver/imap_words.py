"""Read and write the syntax of IMAP (RFC 3501): quoted words, lists, literals, dates, sets of ids."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

Word = Any  # str, or a list of words

_TOKEN = re.compile(rb'\s*(?:(\()|(\))|"((?:[^"\\]|\\.)*)"|\{(\d+)\+?\}$|((?:[^\s()"{\[]|\[[^\]]*\])+))')


def read_words(first: bytes, more: Callable[[int], tuple[bytes, bytes]]) -> list[Word]:
    """Return the words of one command that begins with the line `first`. A list in parentheses becomes a nested list.

    For each literal, `more(size)` must return the literal's bytes and the line after it.
    """
    stack: list[list[Word]] = [[]]
    line, place = first.rstrip(b"\r\n"), 0
    while place < len(line):
        found = _TOKEN.match(line, place)
        if found is None:
            break
        place = found.end()
        opened, closed, quoted, size, atom = found.groups()
        if opened:
            stack.append([])
        elif closed and len(stack) > 1:
            inner = stack.pop()
            stack[-1].append(inner)
        elif size is not None:
            literal, rest = more(int(size))
            stack[-1].append(literal.decode("latin-1"))
            line, place = rest.rstrip(b"\r\n"), 0
        else:
            word = re.sub(rb"\\(.)", rb"\1", quoted) if quoted is not None else atom
            stack[-1].append((word or b"").decode("utf-8", "replace"))
    return stack[0]


def in_set(uids: str, uid: int, highest: int) -> bool:
    """Return whether the id set `uids` ("5", "2:4", "7:*") contains `uid`. "*" stands for `highest`."""
    for part in uids.split(","):
        ends = [highest if end == "*" else int(end) for end in part.split(":")]
        if min(ends) <= uid <= max(ends):
            return True
    return False


def read_day(text: str) -> date:
    """Return the day of a SEARCH criterion such as "1-Nov-2026"."""
    return datetime.strptime(text, "%d-%b-%Y").replace(tzinfo=UTC).date()


def internal_date(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%d-%b-%Y %H:%M:%S +0000")
