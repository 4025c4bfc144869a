"""Write files of figures row by row: CSV in two dialects, and XLSX. Text can never become a formula, and numbers stay numbers.

In a CSV file for Excel, a line of a text cell gets an apostrophe in front if its first visible character is = + - @ or a
control character (OWASP "CSV injection"). In XLSX every text is written as text and needs no apostrophe.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

import xlsxwriter

Value = str | int | float | bool | date | datetime | None
MOST_ROWS_OF_SHEET = 1_048_576
LONGEST_TEXT = 32_767
_RISKY = re.compile(r"(^|\n)([^\S\n]*)(?=[=+\-@\t\r\uff1d\uff0b\uff0d\uff20])")


class Dialect(StrEnum):
    """The dialect of a CSV file. EXCEL: in the reader's language and time zone. PROGRAMS: with commas, times as ISO 8601 in
    UTC, and text without apostrophes against formulas."""

    EXCEL = "excel"
    PROGRAMS = "programs"


def safe_text(text: str) -> str:
    """Return the text with an apostrophe before each part that a spreadsheet would read as a formula."""
    return _RISKY.sub(r"\1'\2", text) if text[:1] not in ("", "'") else text


def csv_lines(
    heads: Sequence[str], rows: Iterable[Sequence[Value]], *, dialect: Dialect, locale: str, zone: ZoneInfo
) -> Iterator[str]:
    """Yield the text of a CSV file, 500 rows at a time.

    A file for Excel begins with a byte order mark. It has semicolons and decimal commas, except in English.
    """
    is_excel = dialect == Dialect.EXCEL
    is_comma = not is_excel or locale == "en"
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter="," if is_comma else ";", lineterminator="\r\n")
    buffer.write("\ufeff" if is_excel else "")
    writer.writerow([safe_text(head) if is_excel else head for head in heads])
    for number, row in enumerate(rows):
        if number % 500 == 0 and number:
            yield _taken(buffer)
        writer.writerow([_excel(value, zone, is_comma=is_comma) if is_excel else _plain(value) for value in row])
    yield _taken(buffer)


def _taken(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text


def _excel(value: Value, zone: ZoneInfo, *, is_comma: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, str):
        return safe_text(value.replace("\r\n", "\n").replace("\r", "\n"))
    text = str(value)
    return text if is_comma or not isinstance(value, float) else text.replace(".", ",")


def _plain(value: Value) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(ZoneInfo("UTC")).isoformat().replace("+00:00", "Z")
    return str(value)


def write_sheet(
    path: Path,
    *,
    title: str,
    about: Sequence[tuple[str, str]],
    heads: Sequence[str],
    rows: Iterable[Sequence[Value]],
    zone: ZoneInfo,
    durations: frozenset[int] = frozenset(),
) -> int:
    """Write an XLSX workbook: a sheet that describes the file, then the rows. Returns the number of rows; needs little memory.

    `durations`: indexes of the columns in seconds, written as Excel durations. Rows that do not fit a sheet go to another one.
    """
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    count = 0
    with xlsxwriter.Workbook(str(path), options) as book:
        formats = _Formats(book)
        first = book.add_worksheet("About")
        first.set_column(0, 0, 24)
        first.set_column(1, 1, 90)
        for number, (term, text) in enumerate(about):
            first.write_string(number, 0, term, formats.head)
            first.write_string(number, 1, text[:LONGEST_TEXT])
        sheet, line = _begin(book, formats, title, heads), 1
        for row in rows:
            if line >= MOST_ROWS_OF_SHEET:
                sheet, line = _begin(book, formats, f"{title[:26]} {count // MOST_ROWS_OF_SHEET + 2}", heads), 1
            for column, value in enumerate(row):
                _write(sheet, line, column, value, formats, zone, is_duration=column in durations)
            line, count = line + 1, count + 1
    return count


class _Formats:
    def __init__(self, book: xlsxwriter.Workbook) -> None:
        self.head = book.add_format({"bold": True})
        self.day = book.add_format({"num_format": "yyyy-mm-dd"})
        self.time = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self.duration = book.add_format({"num_format": "[h]:mm:ss"})


def _begin(book: xlsxwriter.Workbook, formats: _Formats, title: str, heads: Sequence[str]) -> xlsxwriter.worksheet.Worksheet:
    sheet = book.add_worksheet(re.sub(r"[\[\]:*?/\\']", " ", title)[:31])
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(heads) - 1, 20)
    for column, head in enumerate(heads):
        sheet.write_string(0, column, head, formats.head)
    return sheet


def _write(
    sheet: xlsxwriter.worksheet.Worksheet,
    line: int,
    column: int,
    value: Value,
    formats: _Formats,
    zone: ZoneInfo,
    *,
    is_duration: bool,
) -> None:
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_boolean(line, column, value)
    elif isinstance(value, datetime):
        sheet.write_datetime(line, column, value.astimezone(zone).replace(tzinfo=None), formats.time)
    elif isinstance(value, date):
        sheet.write_datetime(line, column, datetime(value.year, value.month, value.day), formats.day)  # noqa: DTZ001  Excel has none
    elif isinstance(value, int | float):
        sheet.write_number(line, column, value / 86_400 if is_duration else value, formats.duration if is_duration else None)
    else:
        sheet.write_string(line, column, value[:LONGEST_TEXT])
