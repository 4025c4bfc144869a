"""Split a text into the sender's own parts, quotes, signature and disclaimer. For folding in the display alone.

Nothing is removed: the texts of all sections, joined, are the input. In doubt a line counts as the sender's own. Answers
between quoted lines stay visible. A mail that would be folded completely is not folded at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Final, Literal

from app.mail.quoting_words import (
    ATTRIBUTION,
    ATTRIBUTION_LINE,
    BANNER,
    DEVICE_LINE,
    DISCLAIMER,
    FORWARD,
    FROM_LINE,
    MAY_INTRODUCE,
    ORIGINAL,
    POINTS_BELOW,
    RULE,
    SENT_LINE,
    SIGNATURE_MARK,
    SUBJECT_LINE,
    TO_LINE,
    WROTE,
)

Kind = Literal["own", "quote", "signature", "disclaimer"]

_LINES: Final = re.compile(r"[^\n]*\n|[^\n]+")
_QUOTED: Final = re.compile(r"\s{0,3}>")
_HEADER_BLOCK_LINES: Final = 9
_MAX_ATTRIBUTION_LINES: Final = 3
_MAX_SIGNATURE_LINES: Final = 25
_MAX_SIGNATURE_LENGTH: Final = 3000
_MIN_DISCLAIMER_WORDS: Final = 6
_LONGEST_TEXT_LOOKED_AT: Final = 300_000
_MOST_LINES_LOOKED_AT: Final = 20_000
_LONGEST_LINE_LOOKED_AT: Final = 2000


@dataclass(frozen=True)
class Section:
    kind: Kind
    text: str


def split_quoted(text: str) -> list[Section]:
    """Return `text` in sections; neighbouring sections have different kinds. For "" return no section.

    A text over 300,000 characters or 20,000 lines is one section.
    """
    if len(text) > _LONGEST_TEXT_LOOKED_AT or text.count("\n") > _MOST_LINES_LOOKED_AT:
        return [Section("own", text)]
    lines = _LINES.findall(text)
    kinds = _quotes(lines)
    _mark_signatures(lines, kinds)
    _mark_disclaimers(lines, kinds)
    if not any(kind == "own" and line.strip() for line, kind in zip(lines, kinds, strict=True)):
        return [Section("own", text)] if text else []
    return list(_sections(lines, kinds))


def own_text(text: str) -> str:
    """Return the sender's own sections joined, without white space at the ends. Used for previews."""
    return "".join(section.text for section in split_quoted(text) if section.kind == "own").strip()


def _sections(lines: list[str], kinds: list[Kind]) -> Iterator[Section]:
    for kind, group in groupby(zip(lines, kinds, strict=True), key=lambda pair: pair[1]):
        yield Section(kind, "".join(line for line, _ in group))


def _quotes(lines: list[str]) -> list[Kind]:
    """Return one kind per line, "own" or "quote". A blank line has the kind of the line before."""
    kinds: list[Kind] = []
    while (index := len(kinds)) < len(lines):
        if FORWARD.fullmatch(_short(lines[index])):
            return kinds + _all("own", lines[index:])  # what is forwarded is what the sender wants read
        length = _introduction_length(lines, index)
        if length and not _quote_follows(lines, index + length):
            return kinds + _all(_kind_of_tail(lines[:index]), lines[index:])
        kinds += _all("quote", lines[index : index + length]) if length else [_kind_of_line(lines[index], kinds)]
    return kinds


def _all(kind: Kind, lines: list[str]) -> list[Kind]:
    return [kind] * len(lines)


def _kind_of_line(line: str, before: list[Kind]) -> Kind:
    if _QUOTED.match(line):
        return "quote"
    return before[-1] if before and not line.strip() else "own"


def _kind_of_tail(before: list[str]) -> Kind:
    """Return the kind of an unmarked quote that goes down to the end of the text.

    It is "own" if the sender points to answers in it or wrote nothing above it, otherwise "quote".
    """
    own = "".join(line for line in before if not _QUOTED.match(line)).strip()
    return "own" if not own or POINTS_BELOW.search(own) else "quote"


def _introduction_length(lines: list[str], index: int) -> int:
    """Return how many lines, beginning at `index`, introduce a quote, or 0 if none do.

    Such lines are "On … wrote:", a separator, or Outlook's block of headers.
    """
    line = lines[index][:_LONGEST_LINE_LOOKED_AT]
    if not MAY_INTRODUCE.match(line) and not any(word in line.lower() for word in WROTE):
        return 0
    return _attribution_length(lines, index) or _header_block_length(lines, index)


def _attribution_length(lines: list[str], index: int) -> int:
    """Return how many lines, beginning at `index`, say "On … wrote:", or 0 if none do."""
    for length in range(1, _MAX_ATTRIBUTION_LINES + 1):
        block = lines[index : index + length]
        if not block[-1].strip() or (length > 1 and _QUOTED.match(block[-1])):
            return 0
        joined = _short(" ".join(line.strip() for line in block))
        is_attribution = ATTRIBUTION.fullmatch(joined) or (length == 1 and ATTRIBUTION_LINE.fullmatch(joined))
        if is_attribution and re.search(r"\d", joined):
            return length
    return 0


def _quote_follows(lines: list[str], index: int) -> bool:
    following = next((line for line in lines[index : index + 4] if line.strip()), "")
    return _QUOTED.match(following) is not None


def _header_block_length(lines: list[str], index: int) -> int:
    """Return how many lines a separator and the block of headers below it take, or 0 if neither begins at `index`."""
    line = _short(lines[index])
    is_separator = ORIGINAL.fullmatch(line) is not None
    start = index
    if is_separator or RULE.fullmatch(line):
        start = next((i for i in range(index + 1, min(index + 4, len(lines))) if lines[i].strip()), index)
    block = lines[start : start + _HEADER_BLOCK_LINES]
    if not _is_header_block(block):
        return 1 if is_separator else 0
    return start - index + next((i for i, item in enumerate(block) if not item.strip()), len(block))


def _is_header_block(lines: list[str]) -> bool:
    """Return whether these lines are the "From: … Sent: … To: … Subject: …" that Outlook writes above a quote."""
    if not lines or not FROM_LINE.match(_short(lines[0])):
        return False
    block = [_short(line) for line in lines]
    has_subject = any(SUBJECT_LINE.match(line) for line in block)
    found = [any(map(begins, block[1:])) for begins in (SENT_LINE.match, TO_LINE.match)]
    return has_subject and any(found) and (all(found) or "@" in block[0])


def _short(line: str) -> str:
    return line[:_LONGEST_LINE_LOOKED_AT].rstrip("\r\n")


def _mark_signatures(lines: list[str], kinds: list[Kind]) -> None:
    for start, end in _runs(kinds, "own"):
        for index in range(start, end):
            if DEVICE_LINE.fullmatch(_short(lines[index])) and any(line.strip() for line in lines[start:index]):
                kinds[index] = "signature"
        mark = next((i for i in range(end - 1, start - 1, -1) if SIGNATURE_MARK.fullmatch(lines[i])), None)
        if mark is not None and mark > start and _is_short(lines[mark:end]):
            kinds[mark:end] = _all("signature", lines[mark:end])


def _is_short(lines: list[str]) -> bool:
    return len(lines) <= _MAX_SIGNATURE_LINES and sum(map(len, lines)) <= _MAX_SIGNATURE_LENGTH


def _mark_disclaimers(lines: list[str], kinds: list[Kind]) -> None:
    """Mark disclaimers at the end of the sender's own text, and warnings that a mail gateway put at the top."""
    for start, end in _runs(kinds, "own"):
        paragraphs = list(_paragraphs(lines, start, end))
        if start == 0 and paragraphs and BANNER.match("".join(lines[slice(*paragraphs[0])])):
            kinds[paragraphs[0][0] : paragraphs[0][1]] = _all("disclaimer", lines[slice(*paragraphs[0])])
        for first, last in reversed(paragraphs):
            if not _is_disclaimer(lines[first:last]):
                break
            kinds[first:end] = _all("disclaimer", lines[first:end])


def _is_disclaimer(paragraph: list[str]) -> bool:
    text = " ".join("".join(paragraph).split())[:5000]
    return len(text.split()) >= _MIN_DISCLAIMER_WORDS and DISCLAIMER.search(text) is not None


def _runs(kinds: list[Kind], wanted: Kind) -> list[tuple[int, int]]:
    runs, start = [], 0
    for kind, group in groupby(list(kinds)):
        end = start + len(list(group))
        if kind == wanted:
            runs.append((start, end))
        start = end
    return runs


def _paragraphs(lines: list[str], start: int, end: int) -> Iterator[tuple[int, int]]:
    first: int | None = None
    for index in range(start, end):
        if lines[index].strip() and first is None:
            first = index
        elif not lines[index].strip() and first is not None:
            yield first, index
            first = None
    if first is not None:
        yield first, end
