"""Read CSV tables as spreadsheets of any country write them: encoding, separator, numbers and days.

Ambiguous values are not guessed. A value that is ambiguous, or that a spreadsheet has spoiled, is an error that says what to
write instead. No database; errors are English texts marked with `mark` and `known`.
"""

from __future__ import annotations

import csv
import io
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from app.core.money import UnreadableNumber, read_number, round_places
from app.core.text import known, storable
from app.core.text import mark as N_

MOST_BYTES, MOST_ROWS, MOST_COLUMNS, MOST_CELL = 10 * 1024 * 1024, 50_000, 200, 20_000
SEPARATORS = ";,\t|"
_TOO_LARGE = known("the file is larger than %(count)s MB")
_TOO_MANY = known("the file can have at most %(count)s rows")
_TWO_WAYS = known("can be read as %(large)s or %(small)s; write the one you mean")
NO_TABLE = N_("this is not a table: save it as CSV")
NOTHING = N_("the file has no rows below the column names")
BAD_DAY = N_("the date must look like 2026-12-31 or 31-12-2026")
BAD_AMOUNT = N_("must be an amount such as 12 or 1249,50")
BAD_QUANTITY = N_("must be a number above 0, such as 2 or 12.5")
SPOILED = N_("was changed by a spreadsheet; format the column as text, then enter the value again")
_SPOILED = re.compile(r"(?i)[0-9][.,][0-9]+E\+[0-9]+|#(?:N/A|N/B|REF!|VALUE!|WAARDE!|NAME\?|NAAM\?|DIV/0!|NULL!|NUM!)")
_DAY_MONTH = re.compile(r"(?i)[0-9]{1,2}[- ](?:jan|feb|mrt|mar|apr|mei|may|jun|jul|aug|sep|okt|oct|nov|dec)")
_ESCAPED = re.compile(r"'\s*[=+\-@\t\r]")  # what our own exports put before a text that a spreadsheet would compute
_EUROPEAN = re.compile(r"([0-9]{1,2})[-.]([0-9]{1,2})[-.]([0-9]{4})")


class UnreadableTable(ValueError):
    """Raised when the file is not a readable table. The message says why."""


@dataclass(frozen=True)
class Row:
    """One row of a table. `line` is the number of the line of the file where the row begins, counted from 1."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table read from a file. `heads` are the column names as written. Empty rows are left out."""

    heads: tuple[str, ...]
    rows: tuple[Row, ...]
    encoding: str
    separator: str


def read_table(content: bytes, *, most_rows: int = MOST_ROWS) -> Table:
    """Return the table of a file. Raises UnreadableTable."""
    if len(content) > MOST_BYTES:
        raise UnreadableTable(_TOO_LARGE % {"count": MOST_BYTES // 1024 // 1024})
    text, encoding = decode(content)
    if "\x00" in text:
        raise UnreadableTable(NO_TABLE)
    return read_text(text, encoding=encoding, most_rows=most_rows)


def read_text(text: str, *, encoding: str = "utf-8", most_rows: int = MOST_ROWS) -> Table:
    """Return the table of a text. Raises UnreadableTable."""
    text, skipped = storable(text).lstrip("\ufeff"), 0
    named = re.match(r"sep=([;,\t|])\r?\n", text)
    if named is not None:
        text, skipped = text[named.end() :], 1
    separator = named[1] if named is not None else find_separator(text)
    rows: list[Row] = []
    heads: tuple[str, ...] = ()
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    begins = 1
    try:
        for cells in reader:
            line, begins = begins + skipped, reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if not heads:
                heads = tuple(_plain(cell)[:200] for cell in cells)
                if len(heads) > MOST_COLUMNS:
                    raise UnreadableTable(NO_TABLE)
                continue
            if len(rows) >= most_rows:
                raise UnreadableTable(_TOO_MANY % {"count": most_rows})
            rows.append(Row(line, tuple(_plain(cell) for cell in cells[:MOST_COLUMNS])))
    except csv.Error as error:
        raise UnreadableTable(NO_TABLE) from error
    if not rows:
        raise UnreadableTable(NOTHING)
    return Table(heads, tuple(rows), encoding, separator)


def decode(content: bytes) -> tuple[str, str]:
    """Return the text and the name of its encoding: the one of the byte order mark, or else UTF-8, or else windows-1252."""
    if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return content.decode("utf-16", "replace"), "utf-16"
    if content.startswith(BOM_UTF8):
        return content.decode("utf-8-sig", "replace"), "utf-8"
    try:
        return content.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace"), "windows-1252"


def find_separator(text: str) -> str:
    """Return the separator that is most frequent between the column names, outside quotes."""
    counts, is_quoted = dict.fromkeys(SEPARATORS, 0), False
    for character in text[:100_000]:
        if character == '"':
            is_quoted = not is_quoted
        elif is_quoted:
            continue
        elif character == "\n" and any(counts.values()):
            break
        elif character in counts:
            counts[character] += 1
    return max(SEPARATORS, key=counts.__getitem__)


def read_day(text: str) -> date | None:
    """Read a day such as 2026-12-31 or 31-12-2026. Return None for an empty text. Raises `ValueError` with a message that says
    what to write."""
    if not text:
        return None
    european = _EUROPEAN.fullmatch(text)
    try:
        if european is not None:
            return date(int(european[3]), int(european[2]), int(european[1]))
        return date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(BAD_DAY) from error


def read_amount(text: str, *, places: int) -> Decimal | None:
    """Return an amount of money with at most `places` decimals. Return None for an empty text. Raises `ValueError` for any
    other text."""
    return None if not text else _number(text, BAD_AMOUNT, places=places, least=Decimal(0), most=Decimal(10**9))


def read_quantity(text: str, *, most: Decimal) -> Decimal:
    """Return a quantity from 0.001 to `most` with at most three decimals. Return 1 for an empty text. Raises `ValueError` for
    any other text."""
    return Decimal(1) if not text else _number(text, BAD_QUANTITY, places=3, least=Decimal("0.001"), most=most)


def check_name(text: str) -> str:
    """Return the number or reference unchanged.

    Raises `ValueError` if a spreadsheet has turned it into a date, a rounded number or an error such as #N/A.
    """
    if _SPOILED.search(text) or _DAY_MONTH.fullmatch(text):
        raise ValueError(SPOILED)
    return text


def _number(text: str, words: str, *, places: int, least: Decimal, most: Decimal) -> Decimal:
    if _SPOILED.search(text):
        raise ValueError(SPOILED)
    try:
        number = read_number(text) if len(text) < 25 else None
    except UnreadableNumber as error:
        if error.readings:
            large, small = (f"{one.normalize():f}" for one in error.readings)
            raise ValueError(_TWO_WAYS % {"large": large, "small": small}) from error
        number = None
    if number is None or not least <= number <= most or number != round_places(number, places):
        raise ValueError(words)
    return number


def _plain(cell: str) -> str:
    """Return the cell without spaces around it, cut to MOST_CELL characters. An apostrophe that our own export put before a
    formula is removed."""
    text = cell[:MOST_CELL].strip()
    return text[1:] if _ESCAPED.match(text) else text
