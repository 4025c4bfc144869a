"""An order in a PDF file is read like one in a mail; a file nobody can read costs nothing but itself."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from fpdf import FPDF

from app.domain.partners.order_mail.confidence import ENOUGH, sure_of
from app.domain.partners.order_mail.labels import LINES, NAME, REFERENCE
from app.domain.partners.order_mail.lines import with_kinds
from app.domain.partners.order_mail.pdf import MOST_BYTES, MOST_PAGES, rows_of_pdf
from app.domain.partners.order_mail.reader import read_mail, with_confidence
from tests.domain.partners.order_mail.corpus import KNOWN, Mail, make_mails
from tests.domain.partners.order_mail.judge import HINTS, rights
from tests.support.mutations import scrambled

FONT = Path("app/core/fonts/Inter-Regular.ttf")
SEED = 3
OWN_CHILD = b"%PDF-1.4\n1 0 obj<</Kids[1 0 R]>>endobj\ntrailer<</Root 1 0 R>>"
TABLE = (("Opdrachtnummer", "ALV-77"), ("Naam", "Jan Jänssen"), ("Telefoon", "0612345678"), ("E-mail", "jan@example.nl"),
         ("Installatieadres", "Kerkstraat 12, 1234AB Amsterdam"))  # fmt: skip


def blank() -> FPDF:
    pdf = FPDF()
    pdf.add_font("Inter", "", FONT)
    pdf.set_font("Inter", size=10)
    pdf.add_page()
    return pdf


def written(text: str) -> bytes:
    """A text as a word processor prints it."""
    pdf = blank()
    pdf.multi_cell(0, 5, text)
    return bytes(pdf.output())


def tabled() -> bytes:
    """A form as programs print it: labels on the left, values beside them, then what is ordered."""
    pdf = blank()
    for label, value in TABLE:
        pdf.cell(60, 7, label)
        pdf.cell(0, 7, value, new_x="LMARGIN", new_y="NEXT")
    for row in (("Artikel", "Omschrijving", "Aantal"), ("ALV-LP11-S", "Laadpaal 11 kW", "2")):
        for cell in row:
            pdf.cell(60, 7, cell)
        pdf.ln()
    return bytes(pdf.output())


@pytest.mark.unit
def test_mails_of_known_layouts_are_read_as_well_out_of_a_pdf() -> None:
    told: list[tuple[bool, float]] = []
    mails: list[Mail] = [mail for mail in make_mails(SEED, KNOWN, 5) if mail.text and not mail.html]
    assert len(mails) >= 15
    for mail in mails:
        lines = with_kinds(rows_of_pdf(written(mail.text)), is_reply=False)
        found = read_mail(lines, subject=mail.subject, hints=HINTS)
        reading = with_confidence(found, {one.bucket: sure_of(one.bucket, {}) for one in found.fields.values()})
        told += [(good, reading.fields[path].confidence) for path, good in rights(mail, reading).items()]
    sure = [good for good, confidence in told if confidence >= ENOUGH]
    assert sum(sure) / len(sure) >= 0.99
    assert len(sure) / len(told) >= 0.8


@pytest.mark.unit
def test_columns_of_a_pdf_are_cells() -> None:
    found = read_mail(with_kinds(rows_of_pdf(tabled()), is_reply=False), subject="", hints=HINTS).fields
    assert (found[REFERENCE].value, found[NAME].value) == ("ALV-77", "Jan Jänssen")
    assert [(one["sku"], str(one["quantity"])) for one in found[LINES].value] == [("ALV-LP11-S", "2")]


@pytest.mark.unit
@pytest.mark.parametrize(
    "content",
    [b"", b"%PDF-1.7", b"no pdf at all", b"%PDF-1.7\n" + b"x" * MOST_BYTES, OWN_CHILD],
    ids=["empty", "a head alone", "something else", "too large", "its own child"],
)  # fmt: skip
def test_what_is_no_readable_file_has_no_rows(content: bytes) -> None:
    assert rows_of_pdf(content) == []


@pytest.mark.unit
def test_a_broken_file_raises_nothing_and_a_long_one_is_cut() -> None:
    dice, whole = random.Random(20), tabled()
    for _ in range(40):
        rows_of_pdf(b"%PDF-" + scrambled(whole, dice))
    pdf = blank()
    for number in range(MOST_PAGES + 3):
        pdf.multi_cell(0, 5, f"Bladzijde {number}")
        pdf.add_page()
    assert ("Bladzijde 12",) not in rows_of_pdf(bytes(pdf.output()))
