"""Decide which parts of a mail are its text, its HTML and its files.

No part is left out: one that is not shown becomes a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from app.mail.flowed import unflow
from app.mail.html_limits import MAX_LENGTH as MAX_HTML
from app.mail.html_text import html_to_text, text_to_html
from app.mail.source import Part

MAX_TEXT: Final = 1_000_000
_SHOWN_TYPES: Final = frozenset(["text/plain", "text/html", "text/x-amp-html", "text/watch-html"])
_WATCH_TYPES: Final = frozenset(["text/x-amp-html", "text/watch-html"])
_REPORT_FIELDS: Final = frozenset(
    ["message/delivery-status", "message/global-delivery-status", "message/disposition-notification", "message/feedback-report"]
)
_STUB: Final = re.compile(
    r"browser|webversi|web version|online version|view (?:this|it) |html[- ]?(?:e-?mail|mail|format|version|versie|compatible)"
    r"|support(?:s|ing)? html|ondersteunt geen html|HTML-fähig",
    re.I,
)
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SHORT_STUB: Final = 400


@dataclass(frozen=True)
class Body:
    """The body of a mail. `html` is as sent; `text` is the text for people to read. `files` are the other parts, in their
    order."""

    text: str = ""
    html: str = ""
    files: tuple[Part, ...] = ()


def read_body(root: Part) -> Body:
    """Return the body of `root`. A text longer than MAX_TEXT is cut, and its part added to the files."""
    body = _read_single(root) if not root.children else _read(root)
    text, html = _CONTROLS.sub("", body.text), body.html
    if len(text) <= MAX_TEXT and len(html) <= MAX_HTML:
        return Body(text, html, body.files)
    too_long = tuple(part for part in root.walk() if _is_text(part) and len(part.body) > MAX_TEXT)
    cut = text[:MAX_TEXT] + ("\n[…]" if len(text) > MAX_TEXT else "")
    return Body(cut, html if len(html) <= MAX_HTML else "", (*body.files, *too_long))


def _read_single(root: Part) -> Body:
    """Return the body of a mail without parts. Its text counts as text even if it has a file name."""
    is_text = root.content_type in ("text/plain", "text/html") and root.disposition != "attachment"
    return _read_text(root) if is_text else _read(root)


def _read(part: Part) -> Body:
    if part.content_type == "multipart/alternative" and part.children:
        return _read_alternative(part)
    if part.content_type == "multipart/related" and part.children:
        return _read_related(part)
    if part.content_type == "multipart/encrypted":
        return Body(files=(part,))
    if part.children:
        return _append([_read(child) for child in part.children])
    if part.content_type in _REPORT_FIELDS:
        return Body()
    return _read_text(part) if _is_text(part) else Body(files=(part,))


def _is_text(part: Part) -> bool:
    return part.content_type in _SHOWN_TYPES and part.disposition != "attachment" and not part.filename


def _read_text(part: Part) -> Body:
    if part.content_type in _WATCH_TYPES:
        return Body()
    text = part.text
    if part.content_type == "text/html":
        return Body(html_to_text(text), text)
    if part.params.get("format", "").lower() == "flowed":
        text = unflow(text, delete_space=part.params.get("delsp", "").lower() == "yes")
    return Body(text)


def _read_alternative(part: Part) -> Body:
    """Return the last alternative with HTML. Its text is the plain alternative, unless that is empty or a stub; then it is made
    from the HTML."""
    bodies = [_read(child) for child in part.children]
    html = next((body for body in reversed(bodies) if body.html), None)
    plain = next((body for body in reversed(bodies) if body.text.strip() and not body.html), None)
    files = tuple(file for body in bodies for file in body.files)
    if html is None:
        return Body(plain.text if plain else "", "", files)
    text = html.text if plain is None or _is_stub(plain.text, html.text) else plain.text
    return Body(text, html.html, files)


def _is_stub(plain: str, from_html: str) -> bool:
    short = plain.strip()
    return len(short) < _SHORT_STUB and len(from_html) > 2 * len(short) and _STUB.search(short) is not None


def _read_related(part: Part) -> Body:
    wanted = part.params.get("start", "").strip("<> ")
    start = next((child for child in part.children if wanted and child.content_id == wanted), part.children[0])
    others = [_read(child) if child.children else Body(files=(child,)) for child in part.children if child is not start]
    return _append([_read(start), *others])


def _append(bodies: list[Body]) -> Body:
    text = "\n\n".join(body.text.strip("\n") for body in bodies if body.text.strip())
    html = "\n".join(_html_pieces(bodies)) if any(body.html for body in bodies) else ""
    return Body(text, html, tuple(file for body in bodies for file in body.files))


def _html_pieces(bodies: list[Body]) -> Iterator[str]:
    for body in bodies:
        if body.html:
            yield body.html
        elif body.text.strip():
            yield f"<div>{text_to_html(body.text)}</div>"
