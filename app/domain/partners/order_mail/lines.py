"""Convert a mail into the lines and table cells that a person sees. Invisible text is left out. No database.

A field stores its line and cell, so that the page can highlight them.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

import nh3

from app.core.text import storable
from app.mail.html_limits import is_unruly
from app.mail.html_text import DROPPED_WITH_CONTENT

MOST_LINES, LINE_CHARACTERS = 600, 1000
_CELLS: Final = frozenset(["td", "th"])
_BREAKS: Final = frozenset(["p", "div", "tr", "li", "table", "br", "h1", "h2", "h3", "h4", "ul", "ol", "blockquote", "hr"])
_KEPT: Final = _CELLS | _BREAKS | {"span", "b", "strong", "font"}
_VOID: Final = frozenset(["br", "hr"])
_TOKEN: Final = re.compile(r"<(/?)([a-z0-9]++)([^>]*+)>|([^<]++)")
_HIDDEN: Final = ("display:none", "visibility:hidden", "font-size:0", "opacity:0", "color:transparent", "mso-hide:all")
_COLUMNS: Final = re.compile(r"\t+| {3,}| \| ")
_INVISIBLE: Final = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad\u202a\u202b\u202c\u202d\u202e"))


class Kind(StrEnum):
    """The kind of a line in a mail. Fields are read only from BODY lines: text that the sender wrote or forwarded."""

    BODY = "body"
    QUOTE = "quote"
    HEADER = "header"  # of a mail that was passed on
    SIGNATURE = "signature"


@dataclass(frozen=True)
class Line:
    """One line of a mail, with one cell or more."""

    cells: tuple[str, ...]
    kind: Kind = Kind.BODY

    @property
    def text(self) -> str:
        return "  ".join(self.cells)


def lines_of(text: str, source: str, *, subject: str = "") -> list[Line]:
    """Return the visible lines of a mail: of the HTML `source` if there is any, else of the plain `text`."""
    rows = _of_html(source) if source and not is_unruly(source) else []
    rows = rows or rows_of_text(text)
    return with_kinds(rows[:MOST_LINES], is_reply=is_reply(subject))


def is_reply(subject: str) -> bool:
    """Return whether the subject marks a reply ("Re:", "Antw:", "AW:" …)."""
    return subject.strip().casefold().startswith(("re:", "antw:", "aw:", "sv:", "re :", "betreft: re:"))


def rows_of_text(text: str) -> list[tuple[str, ...]]:
    """Return each line of the text as a row. Wide gaps in the line separate its cells."""
    rows = []
    for line in storable(text).translate(_INVISIBLE).replace("\u00a0", " ").splitlines():
        parts = [" ".join(cell.split()) for cell in _COLUMNS.split(line.strip().strip("|")[:LINE_CHARACTERS])]
        rows.append(tuple(filter(None, parts)) or ("",))
    return rows


@cache
def _cleaner() -> nh3.Cleaner:
    return nh3.Cleaner(tags=set(_KEPT), clean_content_tags=set(DROPPED_WITH_CONTENT), attributes={"*": {"style"}}, link_rel=None)


def _of_html(source: str) -> list[tuple[str, ...]]:
    writer = _Writer()
    for match in _TOKEN.finditer(_cleaner().clean(storable(source))):
        if match[4] is not None:
            writer.text(html.unescape(match[4]))
        elif match[1]:
            writer.close(match[2])
        else:
            writer.open(match[2], match[3])
    return writer.result()


class _Writer:
    """Collects the rows of an HTML mail. A table inside a cell starts rows of its own, because such tables only serve the
    layout."""

    def __init__(self) -> None:
        self._rows: list[tuple[str, ...]] = []
        self._text: list[str] = []
        self._cells: list[str] | None = None
        self._hidden: list[str] = []

    def text(self, text: str) -> None:
        if not self._hidden:
            self._text.append(text.translate(_INVISIBLE).replace("\u00a0", " "))

    def open(self, name: str, attributes: str) -> None:
        if name in _VOID:
            self._break()
            return
        if self._hidden:
            self._hidden.append(name)
            return
        style = attributes.replace(" ", "").casefold()
        if any(sign in style for sign in _HIDDEN) and "font-size:0." not in style:
            self._hidden.append(name)
            return
        if name == "tr":
            self._end_row()
            self._cells = []
        elif name in _BREAKS:
            self._break()

    def close(self, name: str) -> None:
        if self._hidden:
            self._hidden.pop()
        elif name in _CELLS and self._cells is not None:
            self._cells.append(self._taken())
        elif name == "tr":
            self._end_row()
        elif name in _BREAKS:
            self._break()

    def result(self) -> list[tuple[str, ...]]:
        self._end_row()
        self._break()
        while self._rows and self._rows[-1] == ("",):
            self._rows.pop()
        return self._rows

    def _break(self) -> None:
        if self._cells is not None:  # inside a cell a new line is a blank
            self._text.append(" ")
            return
        text = self._taken()
        if text or (self._rows and self._rows[-1] != ("",)):
            self._rows.append((text,))

    def _end_row(self) -> None:
        cells, self._cells = self._cells, None
        if cells is None:
            if text := self._taken():
                self._rows.append((text,))
            return
        cells.append(self._taken())
        found = tuple(filter(None, cells))
        if found:
            self._rows.append(found)

    def _taken(self) -> str:
        text = " ".join("".join(self._text).split())[:LINE_CHARACTERS]
        self._text = []
        return text


_FORWARDED: Final = ("van:", "from:", "de :", "de:", "von:")
_OF_HEADER: Final = (
    *_FORWARDED, "verzonden:", "sent:", "envoyé", "gesendet:", "aan:", "to:", "à :", "à:", "an:", "cc:", "onderwerp:", "subject:",
    "objet", "betreff:", "datum:", "date:",
)  # fmt: skip
_ENDS: Final = (
    "met vriendelijke groet", "vriendelijke groet", "met groet", "kind regards", "best regards", "regards", "cordialement",
    "bien à vous", "mit freundlichen grüßen", "viele grüße", "sincerely", "hartelijke groet",
)  # fmt: skip
_QUOTE_BEGINS: Final = (" schreef", " wrote", " a écrit", " schrieb")


def with_kinds(rows: Sequence[tuple[str, ...]], *, is_reply: bool) -> list[Line]:
    """Convert rows to lines, and find the kind (body, quote, header, signature) of each."""
    found: list[Line] = []
    kind = Kind.BODY
    for number, cells in enumerate(rows):
        folded = "  ".join(cells).strip().casefold()
        is_forward = folded.startswith(_FORWARDED) and _is_header(rows, number)
        if is_forward or (folded.startswith("-----") and len(folded) > 10):
            kind = Kind.QUOTE if is_reply else Kind.BODY
        elif is_reply and folded.endswith(tuple(f"{word}:" for word in _QUOTE_BEGINS)):
            kind = Kind.QUOTE
        elif folded.startswith(_ENDS) and kind == Kind.BODY:
            kind = Kind.SIGNATURE
        this = kind
        if folded.startswith(">"):
            this = Kind.QUOTE if is_reply else kind
            cells = tuple(cell.lstrip("> ") for cell in cells)
        elif folded.startswith(_OF_HEADER) and _is_header(rows, number):
            this = Kind.HEADER
        found.append(Line(cells, this))
    return found


def _is_header(rows: Sequence[tuple[str, ...]], number: int) -> bool:
    """Return True if the row `number` belongs to the header of a forwarded mail: at least three header lines are near it."""
    near = ("  ".join(cells).strip().casefold() for cells in rows[max(0, number - 4) : number + 5])
    return sum(line.startswith(_OF_HEADER) for line in near) >= 3
