"""No text becomes a formula, every number stays one."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from app.domain.analytics.sheets import Dialect, csv_lines, safe_text, write_sheet

ZONE = ZoneInfo("Europe/Amsterdam")
AT = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("  =x", "'  =x"),
        ("\u00a0@x", "'\u00a0@x"),
        ("a\n=x", "a\n'=x"),
        ("+31612345678", "'+31612345678"),
        ("-5", "'-5"),
        ("\tx", "'\tx"),
        ('Éen; "twee"', 'Éen; "twee"'),
        ("a-b", "a-b"),
        ("", ""),
    ],
)
def test_a_text_is_never_computed(text: str, safe: str) -> None:
    assert safe_text(text) == safe


def read(locale: str, dialect: Dialect) -> str:
    rows = [["=1+1", -5, 2.5, AT, True, None], ['é;"x"', 1, 0.0, AT, False, None]]
    heads = ["text", "n", "share", "at", "met", "none"]
    return "".join(csv_lines(heads, rows, dialect=dialect, locale=locale, zone=ZONE))


def test_a_file_for_excel_is_in_the_language_of_its_reader() -> None:
    text = read("nl", Dialect.EXCEL)
    assert text.startswith("\ufefftext;n;share")
    found = list(csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";"))
    assert found[1] == ["'=1+1", "-5", "2,5", "2026-07-01 14:00:00", "True", ""]
    assert found[2][0] == 'é;"x"'
    assert "2.5" in read("en", Dialect.EXCEL)


def test_a_file_for_programs_says_what_is() -> None:
    found = list(csv.reader(io.StringIO(read("nl", Dialect.PROGRAMS))))
    assert found[1] == ["=1+1", "-5", "2.5", "2026-07-01T12:00:00Z", "true", ""]


def test_a_workbook_holds_text_as_text_and_seconds_as_times(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    rows = [["=1+1", "http://x", "12", 5400, AT]]
    about = [("Report", "=HYPERLINK(1)")]
    count = write_sheet(
        path, title="a/b", about=about, heads=["a", "b", "c", "d", "e"], rows=rows, zone=ZONE, durations=frozenset({3})
    )
    assert count == 1
    with zipfile.ZipFile(path) as book:
        sheets = [book.read(name).decode() for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
    assert all("<f>" not in sheet for sheet in sheets)
    assert re.search(r'<c r="D2"[^>]*><v>0\.0625</v>', sheets[1])
    assert sheets[1].count('t="inlineStr"') == 5 + 3
