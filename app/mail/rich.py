"""Clean formatted text from the composer, keeping only a few tags, and make plain text from it.

HTML from the form may be as hostile as that of any mail. Only what the allow-list permits is stored, sent and shown.
Pictures are files of the message itself, named by content id; nothing is loaded from elsewhere.
"""

from __future__ import annotations

import html
import re
import uuid
from collections.abc import Collection
from functools import cache
from typing import Final

import nh3

from app.core.text import storable
from app.mail.html_limits import is_unruly
from app.mail.html_text import DROPPED_WITH_CONTENT, html_to_text, text_to_html

MAX_CHARACTERS: Final = 400_000
_TAGS: Final = frozenset(["p", "br", "strong", "em", "ul", "ol", "li", "blockquote", "a", "code", "pre", "img"])
_OTHER_NAMES: Final = {"b": "strong", "i": "em", "div": "p"}
_OTHER: Final = re.compile(r"<(/?)(b|i|div)>")
_FORMATTED: Final = re.compile(r"<(?:strong|em|ul|ol|blockquote|a|code|pre|img)\b")
_LINK: Final = re.compile(r"(?:https?://[^/?#]|mailto:[^/?#]|tel:[+\d])", re.I)
_INSIDE_URL: Final = re.compile(r"[\x00-\x20\x7f]+")
_IMAGE: Final = re.compile(r"<img\b([^>]*)>")
_SOURCE: Final = re.compile(r'src="cid:([0-9a-f-]{36})@inline"')
_PARAGRAPH: Final = re.compile(r"\n{2,}")


def clean_rich(source: str, *, pictures: Collection[uuid.UUID] = ()) -> str:
    """Return the allowed part of `source`. Return "" if it has no formatting at all, so that plain text stays plain. Never
    raises; idempotent.

    `pictures` are the ids of files that it may show, as `cid:` with `content_id_of` the file. Other images are removed.
    """
    source = storable(source)
    if not source.strip() or len(source) > MAX_CHARACTERS or is_unruly(source):
        return ""
    known = {str(file_id) for file_id in pictures}
    clean = _cleaner().clean(_OTHER.sub(_renamed, _cleaner().clean(source)))
    kept = _IMAGE.sub(lambda match: match[0] if _file_of(match[1]) in known else "", clean).strip()
    return kept if _FORMATTED.search(kept) and (html_to_text(kept).strip() or "<img" in kept) else ""


def rich_to_text(rich: str) -> str:
    """Return the plain text of a formatted mail. It is also used for search, previews and the thread's summary."""
    return html_to_text(rich, with_links=True).strip()


def text_to_rich(text: str) -> str:
    """Return plain text as HTML paragraphs, to be joined with formatted ones."""
    parts = [part.strip("\n") for part in _PARAGRAPH.split(storable(text).strip())]
    return "".join(f"<p>{html.escape(part).replace(chr(10), '<br>')}</p>" for part in parts if part)


def with_signature(rich: str, signature: str) -> str:
    """Return the formatted text with the signature below it, as it is sent. If `signature` is "", the text is not changed."""
    below = text_to_html(f"-- \n{signature}")
    return f"{rich}\n<p>{below}</p>" if signature else rich


@cache
def _cleaner() -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=set(_TAGS | _OTHER_NAMES.keys()),
        clean_content_tags=set(DROPPED_WITH_CONTENT),
        attributes={"a": {"href"}, "img": {"src", "alt"}},
        attribute_filter=_allowed_value,
        url_schemes={"http", "https", "mailto", "tel", "cid"},
        url_relative="deny",
        link_rel=None,
    )


def _allowed_value(tag: str, name: str, value: str) -> str | None:
    if name == "href":
        address = _INSIDE_URL.sub("", value)
        return address if _LINK.match(address) else None
    if name == "src":
        return value if _SOURCE.fullmatch(f'src="{value}"') else None
    return value[:200] if (tag, name) == ("img", "alt") else None


def _renamed(match: re.Match[str]) -> str:
    return f"<{match[1]}{_OTHER_NAMES[match[2]]}>"


def _file_of(attributes: str) -> str:
    found = _SOURCE.search(attributes)
    return found[1] if found else ""
