"""PDFs say what they were given, in every alphabet we promise, on as many pages as it takes."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from PIL import Image
from pypdf import PdfReader

from app.core.pdf import Column, Document, Picture, UnreadablePicture

MADE_AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def a_document(title: str = "Offerte") -> Document:
    return Document(title=title, language="nl", made_at=MADE_AT, footer="ChargeCars · Amsterdam")


def texts(content: bytes) -> list[str]:
    return [" ".join(page.extract_text().replace("\xa0", " ").split()) for page in PdfReader(io.BytesIO(content)).pages]


def photo(width: int = 400, height: int = 300, kind: str = "JPEG") -> bytes:
    kept = io.BytesIO()
    Image.new("RGB", (width, height), "navy").save(kept, kind)
    return kept.getvalue()


def test_a_document_says_what_it_was_given_with_its_title_and_language() -> None:
    document = a_document()
    document.heading("Offerte", aside="CCF-2026-00001")
    document.facts([("Klant", "Jan de Vries\nKerkstraat 12"), ("Leeg", " "), ("Datum", "24 november 2026")])
    document.table([Column("Wat", 4), Column("Bedrag", is_number=True)], [["Laadpaal", "€ 1\u202f249,00"]])
    document.totals([("Zonder btw", "€ 1.028,93"), ("Totaal", "€ 1.245,00")])
    document.paragraph("Geldig tot 24 december.")
    content = document.to_bytes()
    (page,) = texts(content)
    for said in ("Offerte CCF-2026-00001", "Jan de Vries Kerkstraat 12", "Laadpaal € 1 249,00", "Totaal € 1.245,00", "1 / 1"):
        assert said in page
    assert "Leeg" not in page
    reader = PdfReader(io.BytesIO(content))
    assert reader.metadata is not None
    assert (reader.metadata.title, reader.trailer["/Root"]["/Lang"]) == ("Offerte", "nl")


def test_the_same_calls_give_the_same_bytes() -> None:
    twice = []
    for _turn in range(2):
        document = a_document()
        document.pictures([Picture(photo())])
        twice.append(document.to_bytes())
    assert twice[0] == twice[1]


@pytest.mark.parametrize("text", ["Łódź, Győr, İstanbul, Čapek, Œuvre, ßé", "Ελληνικά и кириллица ✓ ☐", "{nb} of 3"])
def test_letters_of_europe_stand_as_they_were_written(text: str) -> None:
    document = a_document()
    document.heading(text, level=2)
    document.paragraph(f"{text} and more. " * 30)
    document.table([Column(text)], [[text]])
    assert texts(document.to_bytes())[0].count(text) >= 30


def test_what_no_font_has_is_a_box_and_control_characters_are_gone() -> None:
    document = a_document()
    document.paragraph("漢\x00\x07字 fine")
    assert "□□ fine" in texts(document.to_bytes())[0]


def test_a_long_table_has_its_headings_on_each_page_and_the_pages_are_counted() -> None:
    document = a_document()
    document.table([Column("Omschrijving", 4), Column("Aantal", is_number=True)], [[f"Regel {n} " * 9, "1"] for n in range(90)])
    pages = texts(document.to_bytes())
    assert len(pages) == 3
    for number, page in enumerate(pages, start=1):
        assert "Omschrijving Aantal" in page
        assert f"ChargeCars · Amsterdam {number} / {len(pages)}" in page


def test_a_cell_of_any_length_and_a_word_without_end_fit() -> None:
    document = a_document()
    document.table([Column("A"), Column("B", is_number=True)], [["x" * 5000, "1"], ["word " * 2000, "2"]])
    assert texts(document.to_bytes())[0].startswith("A B xxx")


def test_pictures_are_made_small_and_stand_with_their_captions() -> None:
    document = a_document()
    document.pictures(
        [Picture(photo(4000, 3000), "Meterkast"), Picture(photo(kind="PNG"), "Handtekening " * 30), Picture(photo())]
    )
    content = document.to_bytes()
    assert "Meterkast" in texts(content)[0]
    assert max(max(image.image.size) for image in PdfReader(io.BytesIO(content)).pages[0].images if image.image) <= 1600


@pytest.mark.parametrize("content", [b"", b"no picture", photo()[:300], b"%PDF-1.4", photo(9000, 9000, "PNG")])
def test_what_is_no_picture_is_refused_before_anything_is_drawn(content: bytes) -> None:
    with pytest.raises(UnreadablePicture):
        a_document().pictures([Picture(photo()), Picture(content)])
