"""Tables as spreadsheets of any country write them; what could be read in two ways is asked back."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from app.core import csv_table
from app.core.csv_table import UnreadableTable, check_name, read_amount, read_day, read_quantity, read_table

PLAIN = (("naam", "prijs"), ("Café", "1,5"))


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("naam;prijs\nCafé;1,5\n".encode(), "utf-8"),
        ("\ufeffnaam;prijs\r\nCafé;1,5\r\n".encode(), "utf-8"),
        ("naam;prijs\nCafé;1,5\n".encode("cp1252"), "windows-1252"),
        ("naam\tprijs\r\nCafé\t1,5\r\n".encode("utf-16"), "utf-16"),
        ("sep=;\r\nnaam;prijs\r\nCafé;1,5\r\n".encode(), "utf-8"),
        ('"naam","prijs"\n"Café","1,5"\n'.encode(), "utf-8"),
        ("naam;prijs\n\n;\nCafé\u00a0; 1,5\n".encode(), "utf-8"),
    ],
)
def test_encodings_and_separators_are_found_out(content: bytes, encoding: str) -> None:
    table = read_table(content)
    assert (table.heads, table.rows[0].cells) == PLAIN
    assert table.encoding == encoding


def test_lines_are_counted_as_an_editor_does() -> None:
    table = read_table(b'sep=,\na,b\n"one\ntwo",1\n,\nthree,2\n')
    assert [(row.line, row.cells) for row in table.rows] == [(3, ("one\ntwo", "1")), (6, ("three", "2"))]


def test_what_an_export_escaped_is_as_it_was() -> None:
    table = read_table(b"a;b\n'=1+1;'s-Hertogenbosch\n'+31612345678;'@x\n")
    assert [row.cells for row in table.rows] == [("=1+1", "'s-Hertogenbosch"), ("+31612345678", "@x")]


@pytest.mark.parametrize(
    "content",
    [b"", b"\n\n", b"a;b\n", b'a;b\n"1;2', b"PK\x03\x04\x00\x00a;b\n1;2", b'a;b\n"x"y;2\n', b"a;b\n" + b"x" * 200_000 + b";1\n"],
)
def test_what_is_no_table_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadableTable):
        read_table(content)


def test_rows_and_bytes_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnreadableTable, match="at most 2 rows"):
        read_table(b"a;b\n1;1\n2;2\n3;3\n", most_rows=2)
    monkeypatch.setattr(csv_table, "MOST_BYTES", 5)
    with pytest.raises(UnreadableTable, match="larger than"):
        read_table(b"a;b\n1;1\n")


def test_numbers_and_days_are_read_or_asked_back() -> None:
    assert read_amount("€ 1.249,50", places=4) == Decimal("1249.50")
    assert read_amount("", places=4) is None
    assert read_quantity("2,5", most=Decimal(10)) == Decimal("2.5")
    assert read_day("31-12-2026") == read_day("2026-12-31") == date(2026, 12, 31)
    with pytest.raises(ValueError, match=r"1250 or 1\.25"):
        read_amount("1.250", places=4)
    for text in ("31-13-2026", "03/04/2026", "26-1-1", "soon"):
        with pytest.raises(ValueError, match="the date must"):
            read_day(text)
    for text in ("-1", "1,23456", "x", "1e5", "=2"):
        with pytest.raises(ValueError, match="must be an amount"):
            read_amount(text, places=4)


@pytest.mark.parametrize("text", ["8,71688E+17", "#N/A", "01-mrt", "3-Mar"])
def test_what_a_spreadsheet_spoiled_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="spreadsheet"):
        check_name(text)
