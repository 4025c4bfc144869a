"""Parse a search query into words, phrases and operators. Pure: no database.

`from:lotte "op naam van" -factuur tag:"wacht op deel"` is an operator, a phrase, a word that must be absent and an operator whose
value has spaces. Every text parses, and str() of the result parses to the same again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from app.domain.contacts.numbers import as_searched
from app.domain.threads.stems import beginnings

OPERATORS = (
    "from",
    "to",
    "subject",
    "channel",
    "status",
    "tag",
    "assignee",
    "brand",
    "order",
    "type",
    "priority",
    "before",
    "after",
    "has",
    "is",
)  # fmt: skip
DAYS_BACK = {"d": 1, "w": 7, "m": 30}
_TOKEN = re.compile(
    r"""(?P<minus>-(?=["\w]))?
    (?:(?P<name>[A-Za-z]{2,20}):(?:(?P<quoted>"[^"]*"?)|(?P<value>[^\s"]*))
    |(?P<phrase>"[^"]*"?)
    |(?P<word>[^\s"]+))""",
    re.VERBOSE,
)
_NO_VALUE = ("/", ":", "\\")  # what follows the colon of an address, not of an operator
_PASTED_LINK = ("tel", "mailto")
_LINKED = re.compile(r"""[+(]?\d[\d().-]*|\w[^\s":]*@[^\s":]+""")
CODE = re.compile(r"(?=.*\d)\w+(?:[-/.]\w+)+[-/.]?")


@dataclass(frozen=True)
class Word:
    """A word, or a phrase in quotes. `negated`: results must not have the word."""

    text: str
    quoted: bool = False
    negated: bool = False

    def __str__(self) -> str:
        return f"{'-' * self.negated}" + (f'"{self.text}"' if self.quoted else self.text)

    @property
    def parts(self) -> list[str]:
        """Return the parts of the word that consist of letters and digits."""
        return re.findall(r"\w+", self.text)

    @property
    def forms(self) -> tuple[str, ...]:
        """Return the beginnings of the word's other forms.

        A phrase and a negated word have none, because they match only as typed.
        """
        return () if self.quoted or self.negated else beginnings(self.text)

    @property
    def is_code(self) -> bool:
        """Return whether the word is an order or serial number: it has digits, and its parts are joined by dashes, dots or
        slashes."""
        return not self.quoted and bool(CODE.fullmatch(self.text))


@dataclass(frozen=True)
class Operator:
    """An operator `name:value` of a search. The name is in lower case and may be unknown. For a known name the value may be
    empty."""

    name: str
    value: str
    negated: bool = False

    def __str__(self) -> str:
        needs_quotes = " " in self.value or self.value.startswith(_NO_VALUE)
        return f"{'-' * self.negated}{self.name}:" + (f'"{self.value}"' if needs_quotes else self.value)


@dataclass(frozen=True)
class SearchQuery:
    """The words and operators of a query, as typed."""

    parts: tuple[Word | Operator, ...]

    def __str__(self) -> str:
        return " ".join(map(str, self.parts))

    @property
    def words(self) -> tuple[Word, ...]:
        return tuple(part for part in self.parts if isinstance(part, Word))

    @property
    def operators(self) -> tuple[Operator, ...]:
        return tuple(part for part in self.parts if isinstance(part, Operator))


def parse_search(text: str) -> SearchQuery:
    """Parse any text. Runs of white space count as one space. A quote that is not closed runs to the end."""
    found = (_part(match) for match in _TOKEN.finditer(" ".join(as_searched(text).split())))
    return SearchQuery(tuple(part for part in found if part is not None))


def _part(match: re.Match[str]) -> Word | Operator | None:
    negated = match["minus"] is not None
    if match["name"] is None:
        quoted = match["phrase"] is not None
        text = match["phrase"].strip('" ') if quoted else match["word"]
        return Word(text, quoted, negated) if text else None
    name, value = match["name"].lower(), (match["quoted"] or match["value"] or "").strip('" ')
    if name in _PASTED_LINK and match["quoted"] is None and _LINKED.fullmatch(value):
        return Word(value, negated=negated)
    is_word = name not in OPERATORS and (not value or (match["quoted"] is None and value.startswith(_NO_VALUE)))
    return Word(match["name"] + ":" + value, negated=negated) if is_word else Operator(name, value, negated)


def words_to_mark(query: SearchQuery) -> tuple[str, ...]:
    """Return the texts to mark in a result: phrases and codes as a whole, other words in their parts.

    `forms_to_mark` returns other forms of the words.
    """
    found: list[str] = []
    for word in query.words:
        if not word.negated:
            found += [word.text] if word.quoted or word.is_code else word.parts
    return tuple(dict.fromkeys(found))


def forms_to_mark(query: SearchQuery) -> tuple[str, ...]:
    """Return the beginnings of the words' other forms."""
    return tuple(dict.fromkeys(form for word in query.words for form in word.forms))


def read_day(text: str, today: date) -> date | None:
    """Return the day that the text names, or None if it names none.

    The text is "today", "yesterday", a date, a year or month (meaning its first day), or a time back from `today` such as
    "7d", "2w" or "3m".
    """
    words = {"today": 0, "yesterday": 1}
    back = re.fullmatch(r"(\d{1,4})([dwm])", text.casefold())
    try:
        if text.casefold() in words:
            return today - timedelta(days=words[text.casefold()])
        if back:
            return today - timedelta(days=int(back[1]) * DAYS_BACK[back[2]])
        if found := re.fullmatch(r"(\d{4})(?:[-/](\d{1,2})(?:[-/](\d{1,2}))?)?", text):
            return date(int(found[1]), int(found[2] or 1), int(found[3] or 1))
        if found := re.fullmatch(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})", text):
            return date(int(found[3]), int(found[2]), int(found[1]))
    except (ValueError, OverflowError):
        return None
    return None
