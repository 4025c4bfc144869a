"""Draw PDF documents of headings, facts, tables, paragraphs and pictures, with fpdf2 and without a browser.

A `Document` is filled from top to bottom and turned into bytes once. The same calls give the same bytes, so that a document
can be stored with its hash. The caller translates and formats all texts. Latin letters use the font of the interface
(`fonts/`). A text with other letters, such as Greek and Cyrillic, uses a second font. A character that is in neither font is
an empty box.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

from fontTools.ttLib import TTFont
from fpdf import FPDF, XPos, YPos
from fpdf.enums import Align, TableBordersLayout, WrapMode
from fpdf.fonts import FontFace
from PIL import Image, ImageOps, UnidentifiedImageError

FONTS = Path(__file__).parent / "fonts"
FIRST, SECOND = "Inter", "DejaVu"
MOST_PIXELS, LONGEST_SIDE, CELL_CHARACTERS = 60_000_000, 1600, 600
MARGIN, WIDTH, LINE = 18.0, 210.0 - 2 * 18.0, 5.0  # millimetres of A4
_INK, _SOFT, _RULE, _SHADE = (28, 32, 40), (98, 106, 120), (214, 218, 226), (245, 246, 249)
# Blanks and a dash that fonts lack, and what looks the same.
_SAME = str.maketrans({"\u202f": "\u00a0", "\u2009": "\u00a0", "\u2011": "-", "\u200b": "", "\u2060": "", "\ufeff": ""})


class UnreadablePicture(ValueError):
    """Raised when the bytes are not a picture, or the picture has more than MOST_PIXELS."""


@dataclass(frozen=True)
class Column:
    """A column of a table. `share` is its width relative to the other columns. With `is_number`, its texts are right-aligned
    and not broken."""

    heading: str
    share: float = 1.0
    is_number: bool = False


@dataclass(frozen=True)
class Picture:
    """A picture to draw. `content` is the bytes of a JPEG, PNG, GIF or WebP. `caption` is shown below it and is its text for
    screen readers."""

    content: bytes
    caption: str = ""


class Document:
    """One A4 document. `language` is the language of its texts ("nl", "fr_CA"). `footer` is shown on each page beside the page
    number.

    `made_at` is an aware time; it is stored in the file and not shown.
    """

    def __init__(self, *, title: str, language: str, made_at: datetime, footer: str = "") -> None:
        self._pdf = _Paper(footer=footer)
        self._pdf.set_title(_clean(title))
        self._pdf.set_lang(language.replace("_", "-"))
        self._pdf.set_creation_date(made_at)
        self._pdf.set_producer("Switchyard")
        self._pdf.add_page()

    def heading(self, text: str, *, aside: str = "", level: int = 1) -> None:
        """Add a heading. `aside` is a text on the right of the same line. Level 1 is for the document, level 2 for a section."""
        size = {1: 19, 2: 12.5}[level]
        pdf = self._pdf
        if level > 1:
            pdf.ln(4)
            self._keep_together(18)
        taken = (pdf.get_string_width(pdf.ink(aside, size, bold=True)) + 4) if aside else 0
        top, page = pdf.get_y(), pdf.page
        words = pdf.ink(text, size, bold=True)
        pdf.multi_cell(WIDTH - taken, size * 0.46, words, align=Align.L, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        if aside and pdf.page == page:
            below = pdf.get_y()
            pdf.set_xy(MARGIN + WIDTH - taken, top)
            pdf.cell(taken, size * 0.46, pdf.ink(aside, size, bold=True), align=Align.R)
            pdf.set_xy(MARGIN, below)
        pdf.ln(2.5 if level == 1 else 1.5)

    def paragraph(self, text: str, *, soft: bool = False, bold: bool = False) -> None:
        """Add a text of any length; its line breaks are kept."""
        if not text.strip():
            return
        words = self._pdf.ink(text.strip(), 9.5, bold=bold, soft=soft)
        self._pdf.multi_cell(WIDTH, LINE, words, align=Align.L, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self._pdf.ln(1.5)

    def facts(self, pairs: Sequence[tuple[str, str]], *, columns: int = 2) -> None:
        """Add pairs of name and value, `columns` pairs in each row. A pair with an empty value is left out."""
        kept = [(key, value) for key, value in pairs if value.strip()]
        for first in range(0, len(kept), columns):
            self._row_of_facts(kept[first : first + columns], WIDTH / columns)
        self._pdf.ln(2)

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
        """Add a table with its headings on each page. A longer text in a cell is cut to CELL_CHARACTERS."""
        pdf = self._pdf
        pdf.ink("", 9)
        pdf.set_draw_color(*_RULE)
        numbers = [column.is_number for column in columns]
        with pdf.table(
            width=WIDTH,
            col_widths=tuple(column.share for column in columns),
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            headings_style=FontFace(emphasis="BOLD", color=_SOFT, fill_color=_SHADE, size_pt=8.5),
            text_align=tuple(Align.R if is_number else Align.L for is_number in numbers),
            line_height=LINE,
            padding=(1.2, 1.5),
            wrapmode=WrapMode.WORD,
        ) as table:
            for cells in ([column.heading for column in columns], *rows):
                row = table.row()
                for text, is_number in zip(cells, numbers, strict=True):
                    clean = _clean(text if len(text) <= CELL_CHARACTERS else text[: CELL_CHARACTERS - 1] + "…")
                    family = pdf.family_of(clean)
                    style = None if family == FIRST else FontFace(family=family, emphasis="")
                    row.cell(clean.replace(" ", "\u00a0") if is_number else clean, style=style)
        pdf.ln(3)

    def totals(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Add pairs of label and amount on the right, below a table. The last pair is the total and is shown larger."""
        pdf = self._pdf
        self._keep_together(LINE * (len(pairs) + 1))
        for number, (words, amount) in enumerate(pairs, start=1):
            is_whole = number == len(pairs)
            size = 11 if is_whole else 9
            pdf.set_x(MARGIN + WIDTH * 0.35)
            if is_whole:
                pdf.set_draw_color(*_INK)
                pdf.line(MARGIN + WIDTH * 0.35, pdf.get_y() + 0.5, MARGIN + WIDTH, pdf.get_y() + 0.5)
            height = LINE + (2.5 if is_whole else 0)
            pdf.cell(WIDTH * 0.4, height, pdf.ink(words, size, bold=is_whole))
            amount_words = pdf.ink(amount, size, bold=is_whole)
            pdf.cell(WIDTH * 0.25, height, amount_words, align=Align.R, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        pdf.ln(3)

    def pictures(self, pictures: Sequence[Picture], *, across: int = 2, height: float = 62.0) -> None:
        """Add pictures with their captions, `across` pictures in each row, each at most `height` millimetres high.

        Raises `UnreadablePicture` before any picture is drawn.
        """
        drawable = [(_drawable(one.content), one.caption) for one in pictures]
        for first in range(0, len(drawable), across):
            self._row_of_pictures(drawable[first : first + across], WIDTH / across, height)

    def space(self, millimetres: float) -> None:
        """Leave empty space, for example for a signature. If the page has less space left, begin a new page first."""
        self._keep_together(millimetres)
        self._pdf.ln(millimetres)

    def to_bytes(self) -> bytes:
        """Return the finished file; nothing can be added any more."""
        self._pdf.number_pages()
        return bytes(self._pdf.output())

    def _row_of_facts(self, pairs: Sequence[tuple[str, str]], width: float) -> None:
        pdf = self._pdf
        self._keep_together(12)
        top, page, lowest = pdf.get_y(), pdf.page, pdf.get_y()
        for place, (key, value) in enumerate(pairs):
            if pdf.page != page:  # a value longer than what was left of the page
                top, page, lowest = pdf.get_y(), pdf.page, pdf.get_y()
            left = MARGIN + place * width
            pdf.set_xy(left, top)
            pdf.multi_cell(width - 4, 4, pdf.ink(key, 8, soft=True), align=Align.L, new_x=XPos.LEFT, new_y=YPos.NEXT)
            words = pdf.ink(value.strip(), 9.5)
            pdf.multi_cell(width - 4, LINE, words, align=Align.L, new_x=XPos.LEFT, new_y=YPos.NEXT)
            lowest = max(lowest, pdf.get_y()) if pdf.page == page else pdf.get_y()
        pdf.set_xy(MARGIN, lowest + 1.5)

    def _row_of_pictures(self, row: Sequence[tuple[tuple[io.BytesIO, int, int], str]], width: float, height: float) -> None:
        pdf = self._pdf
        self._keep_together(height + 8)
        top = pdf.get_y()
        for place, ((picture, across, down), caption) in enumerate(row):
            left, room = MARGIN + place * width, width - 4
            scale = min(room / across, height / down)
            pdf.image(picture, left, top, across * scale, down * scale, alt_text=_clean(caption) or None)
            words = pdf.ink(caption, 8, soft=True)
            pdf.set_xy(left, top + height + 0.5)
            pdf.cell(room, 4, _fitting(pdf, words, room))
        pdf.set_xy(MARGIN, top + height + 8)

    def _keep_together(self, millimetres: float) -> None:
        if self._pdf.will_page_break(millimetres):
            self._pdf.add_page()


class _Paper(FPDF):
    """The pages of a document with their fonts and footers."""

    def __init__(self, *, footer: str) -> None:
        super().__init__(format="A4")
        self._footer_words, self._has_second = footer, False
        self.set_margins(MARGIN, MARGIN)
        self.set_auto_page_break(True, margin=20)
        self._add(FIRST, "", "Inter-Regular.ttf")
        self._add(FIRST, "B", "Inter-Bold.ttf")
        self.c_margin = 0
        self.alias_nb_pages("")

    def ink(self, text: str, size: float, *, bold: bool = False, soft: bool = False) -> str:
        """Set the font and colour for a text, and return the text as it will be drawn.

        If a character is only in the second font, the whole text is drawn in that font, because the library loses its
        position in a line with two fonts.
        """
        clean = _clean(text)
        family = self.family_of(clean)
        self.set_font(family, "B" if bold and family == FIRST else "", size)
        self.set_text_color(*(_SOFT if soft else _INK))
        return clean

    def family_of(self, clean: str) -> str:
        if _covered().issuperset(clean):
            return FIRST
        if not self._has_second:
            self._add(SECOND, "", "DejaVuSans.ttf")
            self._has_second = True
        return SECOND

    def _add(self, family: str, style: Literal["", "B"], file: str) -> None:
        """Add a font and read its file into memory, because the library would open the file and never close it."""
        known = set(self.fonts)
        self.add_font(family, style, FONTS / file)
        for name in set(self.fonts) - known:
            reader: Any = getattr(self.fonts[name], "ttfont").reader  # noqa: B009 core fonts have none
            opened, reader.file = reader.file, io.BytesIO((FONTS / file).read_bytes())
            opened.close()

    def number_pages(self) -> None:
        """Write the footers with page numbers when all pages exist. The library's placeholder for the page count is not used,
        because a text may include it."""
        self.set_auto_page_break(False)
        count = self.pages_count
        for number in range(1, count + 1):
            self.page = number
            self.ink("", 8)  # another size than the footer's, so that each page says its font anew
            words = self.ink(self._footer_words, 7.5, soft=True)
            self.set_xy(MARGIN, -14)
            self.cell(WIDTH - 20, 4, _fitting(self, words, WIDTH - 22))
            self.ink("", 7.5, soft=True)
            self.cell(20, 4, f"{number} / {count}", align=Align.R)


@cache
def _covered(file: str = "Inter-Regular.ttf") -> frozenset[str]:
    """Return the characters of a font, and the line break."""
    with TTFont(FONTS / file) as font:
        return frozenset(map(chr, font.getBestCmap())) | {"\n"}


def _all_fonts() -> frozenset[str]:
    return _covered() | _covered("DejaVuSans.ttf")


def _clean(text: str) -> str:
    """Return the text without control characters and with ordinary spaces. A character that no font has becomes an empty box."""
    kept = text.translate(_SAME).replace("\r\n", "\n").replace("\t", " ")
    shown = (one for one in kept if one == "\n" or (ord(one) >= 32 and not 0x7F <= ord(one) < 0xA0))
    return "".join(shown) if _covered().issuperset(kept) else "".join(one if one in _all_fonts() else "□" for one in shown)


def _fitting(pdf: Any, text: str, width: float) -> str:
    """Return the text, cut and ended with "…" if it is wider than `width`. Line breaks become spaces."""
    text = text.replace("\n", " ")
    if pdf.get_string_width(text) <= width:
        return text
    while text and pdf.get_string_width(text + "…") > width:
        text = text[: -max(1, len(text) // 20)]
    return text.rstrip() + "…"


def _drawable(content: bytes) -> tuple[io.BytesIO, int, int]:
    """Return the picture as an upright JPEG on white, with its width and height in pixels. It is reduced to LONGEST_SIDE.
    Raises `UnreadablePicture`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            taken = Image.open(io.BytesIO(content), formats=("JPEG", "PNG", "GIF", "WEBP"))
            if taken.width * taken.height > MOST_PIXELS:
                raise UnreadablePicture(f"{taken.width} × {taken.height}")
            taken.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # a JPEG is read small at once
            picture = ImageOps.exif_transpose(taken).convert("RGBA")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Warning, Image.DecompressionBombError) as error:
        raise UnreadablePicture(str(error)) from error
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    paper = Image.new("RGB", picture.size, "white")
    paper.paste(picture, mask=picture.getchannel("A"))
    kept = io.BytesIO()
    paper.save(kept, "JPEG", quality=82)
    return kept, paper.width, paper.height
