"""Convert HTML to readable text, and text to safe HTML."""

from __future__ import annotations

import html
import re
from functools import cache
from itertools import pairwise
from typing import Final

import nh3

from app.core.text import storable
from app.mail.html_limits import is_unruly, without_tags

DROPPED_WITH_CONTENT: Final = frozenset(
    ["script", "style", "title", "template", "noscript", "iframe", "object", "embed", "svg", "math", "xmp", "noembed", "noframes"]
)
_PARAGRAPHS: Final = frozenset(["p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "table", "blockquote", "pre"])
_LINES: Final = frozenset(["div", "tr", "li", "dt", "dd", "address", "section", "article", "header", "footer", "center", "hr"])
_CELLS: Final = frozenset(["td", "th"])
_KEPT: Final = _PARAGRAPHS | _LINES | _CELLS | {"br", "img", "a"}
_ATTRIBUTES: Final = {"a": {"href"}, "img": {"alt"}, "p": {"class"}}
_TOKEN: Final = re.compile(r"<(/?)([a-z0-9]++)([^>]*+)>|([^<]+)")
_ATTRIBUTE: Final = re.compile(r'(?<![a-z-])([a-z-]++)="([^"]*+)"')
_BLANKS: Final = re.compile(r"[ \t\n\r\f]+")
# Newsletters pad their preview line with these, hundreds of them.
_PADDING: Final = re.compile("(?:[\u034f\u200b-\u200f\u2007\ufeff\u00ad][\\s\u00a0]*){3,}")
_MANY_BREAKS: Final = re.compile(r"\n{3,}")
_RULE: Final = "_" * 32
_COLUMNS: Final = 3
_MAX_QUOTE_DEPTH: Final = 20
_LINK: Final = re.compile(r"\b(https?://|www\.)[^\s<>\"']{1,2000}|\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}\b", re.I)
_AFTER_LINK: Final = ".,;:!?)]}'\u00bb"


def html_to_text(source: str, *, with_links: bool = False) -> str:
    """Return the HTML `source` as readable text: lines, lists, quotes with "> ", and the alt text of images. Never raises.

    With `with_links`, the URL of a link follows its text.
    """
    source = storable(source)
    if is_unruly(source):
        return _MANY_BREAKS.sub("\n\n", without_tags(source)).strip()
    writer = _Writer(with_links=with_links)
    for match in _TOKEN.finditer(_cleaner().clean(source)):
        if match[4] is not None:
            writer.text(html.unescape(match[4]))
        elif match[1]:
            writer.close(match[2])
        else:
            writer.open(match[2], {name: html.unescape(value) for name, value in _ATTRIBUTE.findall(match[3])})
    return writer.result()


@cache
def _cleaner() -> nh3.Cleaner:
    dropped = set(DROPPED_WITH_CONTENT)
    return nh3.Cleaner(tags=set(_KEPT), clean_content_tags=dropped, attributes=_ATTRIBUTES, link_rel=None)


class _Writer:
    """Collector of the lines of a text. It keeps track of quote depth, list numbers and preformatted text."""

    def __init__(self, *, with_links: bool) -> None:
        self._with_links = with_links
        self._lines: list[str] = []
        self._current: list[str] = []
        self._cells: list[int] = []  # where cells of a table's row end in `_current`
        self._indent = ""
        self._is_blank_due = False
        self._quotes = self._last_quotes = 0
        self._lists: list[int | None] = []
        self._is_preformatted = False
        self._links: list[tuple[str, int]] = []
        self._tight = False

    def text(self, text: str) -> None:
        text = _PADDING.sub(" ", text).replace("\u00a0", " ").replace("\u00ad", "")
        if not self._is_preformatted:
            text = _BLANKS.sub(" ", text)
            self._current.append(text.lstrip(" ") if self._at_blank() else text)
            return
        first, *others = text.split("\n")
        self._current.append(first)
        for line in others:
            self._break(keep_empty=True)
            self._current.append(line)

    def open(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "br":
            self._break(keep_empty=True)
        elif tag == "a":
            self._links.append((attributes.get("href", ""), len(self._current)))
        elif tag == "img":
            self.text(f"[{alt}]" if (alt := attributes.get("alt", "").strip()) else "")
        elif tag in _PARAGRAPHS:
            self._tight = attributes.get("class", "").lower().startswith("mso")
            self._open_paragraph(tag)
        elif tag in _LINES:
            self._open_line(tag)

    def close(self, tag: str) -> None:
        if tag == "a" and self._links:
            self._close_link(*self._links.pop())
        elif tag in _CELLS:
            self.text(" ")
            self._cells.append(len(self._current))
        elif tag in _PARAGRAPHS:
            self._paragraph_break()
            self._quotes -= tag == "blockquote" and self._quotes > 0
            self._is_preformatted = self._is_preformatted and tag != "pre"
            if tag in ("ul", "ol") and self._lists:
                self._lists.pop()
        elif tag in _LINES:
            self._break()

    def result(self) -> str:
        self._break()
        return _MANY_BREAKS.sub("\n\n", "\n".join(self._lines)).strip("\n")

    def _open_paragraph(self, tag: str) -> None:
        self._paragraph_break()
        if tag == "blockquote":
            self._quotes += 1
        elif tag in ("ul", "ol"):
            self._lists.append(0 if tag == "ol" else None)
        self._is_preformatted = self._is_preformatted or tag == "pre"

    def _open_line(self, tag: str) -> None:
        self._break()
        if tag == "hr":
            self._current.append(_RULE)
            self._break()
        elif tag == "li":
            self._indent = "  " * max(0, len(self._lists) - 1)
            self._current.append(self._bullet())

    def _bullet(self) -> str:
        if not self._lists or (number := self._lists[-1]) is None:
            return "- "
        self._lists[-1] = number + 1
        return f"{number + 1}. "

    def _close_link(self, href: str, start: int) -> None:
        label = "".join(self._current[start:]).strip()
        bare = href.removeprefix("mailto:")
        if self._with_links and label and href.startswith(("http", "mailto:")) and bare.rstrip("/") not in label:
            self._current.append(f" <{bare}>")

    def _at_blank(self) -> bool:
        last = next((piece for piece in reversed(self._current) if piece), "")
        return not last or last[-1] in " \n"

    def _break(self, *, keep_empty: bool = False) -> None:
        line = self._row() or "".join(self._current)
        line = line.rstrip() if self._is_preformatted else line.strip()
        if line or keep_empty:
            self._add(self._indent + line if line else "")
        self._current, self._indent, self._cells = [], "", []

    def _row(self) -> str:
        """Return the cells of this line joined by " | " if they are columns of a table, or "" otherwise.

        They are columns if at least three have a text, since two cells are a label and its value, or layout. An empty cell
        keeps its place.
        """
        ends = [0, *self._cells, len(self._current)]
        cells = ["".join(self._current[begin:end]).strip() for begin, end in pairwise(ends)]
        if len(self._cells) < _COLUMNS or sum(map(bool, cells)) < _COLUMNS:
            return ""
        return " | ".join(cells).rstrip(" |")

    def _add(self, line: str) -> None:
        if self._is_blank_due and self._lines:
            self._lines.append(_quoted("", min(self._quotes, self._last_quotes)))
        self._lines.append(_quoted(line, self._quotes))
        self._is_blank_due, self._last_quotes = False, self._quotes

    def _paragraph_break(self) -> None:
        self._break()
        self._is_blank_due = self._is_blank_due or not self._tight


def _quoted(line: str, depth: int) -> str:
    return ("> " * min(depth, _MAX_QUOTE_DEPTH) + line).rstrip()


def text_to_html(text: str) -> str:
    """Return `text` as an HTML fragment: escaped, line breaks kept, web and mail addresses linked."""
    text = storable(text)
    out, position = [], 0
    for match in _LINK.finditer(text):
        target = match[0].rstrip(_AFTER_LINK)
        out += [html.escape(text[position : match.start()]), _link(target)]
        position = match.start() + len(target)
    out.append(html.escape(text[position:]))
    return "".join(out).replace("\r\n", "\n").replace("\n", "<br>\n").replace("  ", " &nbsp;")


def _link(target: str) -> str:
    scheme = "" if "://" in target else "https://" if target.lower().startswith("www.") else "mailto:"
    href = html.escape(scheme + target)
    return f'<a href="{href}" rel="noopener noreferrer nofollow" target="_blank">{html.escape(target)}</a>'
