"""Clean templates with formatting (HTML), and fill in their variables."""

from __future__ import annotations

import html as escaping
import re
from collections.abc import Mapping
from typing import Final

from app.core.text import storable
from app.domain.reply_templates.variables import TEXT, fill
from app.mail.html_text import html_to_text
from app.mail.rich import clean_rich, rich_to_text

HTML_CHARACTERS: Final = 100_000
# Private signs around what was filled in, on the way through the cleaning; one that came along with a value or a text is dropped.
_OPEN, _BETWEEN, _CLOSE = "\ue100", "\ue101", "\ue102"
_SIGNS: Final = re.compile(f"[{_OPEN}{_BETWEEN}{_CLOSE}]")
_TAG: Final = re.compile(r"<[^>]*>")
_MARKED: Final = re.compile(f"{_OPEN}([a-z]+){_BETWEEN}([^{_OPEN}{_CLOSE}]*){_CLOSE}")


def cleaned(source: str) -> str:
    """Return the cleaned HTML of a template. Return "" if it has no formatting."""
    return clean_rich(_SIGNS.sub("", source))


def plain_of(source: str) -> str:
    """Return the plain text of an HTML source."""
    return html_to_text(storable(source), with_links=True).strip()


def own_plain(text: str, html: str) -> str:
    """Return `text` if somebody wrote it separately from the HTML. Return "" if it is derived from the HTML, or if there is no
    HTML."""
    return text if html and text != rich_to_text(html) else ""


def fill_html(source: str, values: Mapping[str, str]) -> str:
    """Fill values into the variables of an HTML text. Markup inside a value is shown as text.

    The result is cleaned again, so that no value or fallback becomes markup.
    """
    return clean_rich(fill(source, _as_html(values)).text)


def marked_html(source: str, values: Mapping[str, str]) -> str:
    """Fill in the HTML for a preview, with each value inside `<mark>`. The result is cleaned and safe to show."""
    filled = fill(source, _as_html(values))
    with_signs = "".join(_signed(segment.kind, segment.text) for segment in filled.segments)
    clean = _TAG.sub(lambda tag: _unsigned(tag[0]), clean_rich(with_signs))
    return _SIGNS.sub("", _MARKED.sub(r'<mark class="filled filled--\1">\2</mark>', clean))


def _as_html(values: Mapping[str, str]) -> dict[str, str]:
    return {name: escaping.escape(_SIGNS.sub("", value)) for name, value in values.items()}


def _signed(kind: str, text: str) -> str:
    return text if kind == TEXT else f"{_OPEN}{kind}{_BETWEEN}{text}{_CLOSE}"


def _unsigned(tag: str) -> str:
    return re.sub(f"{_OPEN}[a-z]+{_BETWEEN}|{_CLOSE}", "", tag)
