"""Sanitise the HTML of messages, and build the document (frame) in which it is shown.

There are three protections, and each of them would be enough alone: a sanitiser with an allow-list, which runs when HTML
comes in and again when it is shown; a sandboxed frame without scripts or origin; and a Content-Security-Policy in the frame
that loads nothing but the images named here. Remote images become placeholders (`data-remote-src`), so that opening a mail
tells its sender nothing.
"""

from __future__ import annotations

import html as escaping
import re
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import nh3

from app.core.text import storable
from app.mail.html_fold import MARKS, fold_quotes, mark_of
from app.mail.html_limits import is_unruly, without_tags
from app.mail.html_style import clean_style, is_plain_colour
from app.mail.html_text import DROPPED_WITH_CONTENT, html_to_text, text_to_html

__all__ = ["SanitisedHtml", "html_to_text", "render_frame", "sanitise", "text_to_html"]

_TAG_NAMES: Final = """
    a abbr acronym address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del dfn div dl
    dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark nav ol p pre q s samp section
    small span strike strong sub sup table tbody td tfoot th thead time tr tt u ul var wbr
"""
_CELL: Final = {"width", "height", "bgcolor", "valign", "colspan", "rowspan", "nowrap"}
_ATTRIBUTES: Final = {
    "*": {"style", "dir", "lang", "align"},
    "a": {"href"},
    "div": {"id", "class", "data-quote"},  # all three kept only as the mark of a quote
    "blockquote": {"class", "type", "data-quote"},
    "img": {"src", "data-remote-src", "alt", "width", "height", "border"},
    "font": {"color", "size", "face"},
    "table": {"width", "height", "bgcolor", "border", "cellpadding", "cellspacing"},
    "tr": {"bgcolor", "valign", "height"},
    "td": _CELL,
    "th": _CELL,
    "col": {"width", "span"},
    "ol": {"start", "type"},
    "ul": {"type"},
    "hr": {"width", "size", "color", "noshade"},
}
_NUMBERS: Final = frozenset(["width", "height", "border", "cellpadding", "cellspacing", "colspan", "rowspan", "span", "start"])
_NUMBER: Final = re.compile(r"\s*\d{1,4}(?:\.\d{1,2})?(?:px|%)?\s*")
_WORD: Final = re.compile(r"[\w ,.+-]{0,100}")
_LINK: Final = re.compile(r"(?:https?://[^/?#]|mailto:|tel:)", re.I)
_REMOTE: Final = re.compile(r"https?://[^/?#]", re.I)
_PICTURE: Final = re.compile(r"data:image/(?:png|jpe?g|gif|webp);base64,[A-Za-z0-9+/=\s]*", re.I)
_CONTENT_ID: Final = re.compile(r"cid:[^\s\"'<>]{1,500}", re.I)
_INSIDE_URL: Final = re.compile(r"[\x00-\x20\x7f]+")
_TAG: Final = re.compile(r"<(img|a|div|blockquote)((?:\s[^>]*)?)>")
_ATTRIBUTE: Final = re.compile(r'(?<![a-z-])([a-z-]++)="([^"]*+)"')
_MAX_TEXT: Final = 1_000_000
_NO_SIZE: Final = frozenset(["0", "1", "0px", "1px"])
_MARKED: Final = re.compile(r' (?:id|class|type|data-quote)="(this|rest)"')
_STYLE: Final = (
    "html{color-scheme:light}body{margin:0;padding:.25rem;background:#fff;color:#1a1a1a;font:15px/1.5 system-ui,sans-serif;"
    "overflow-wrap:anywhere}img{max-width:100%;height:auto}table{max-width:100%}pre{white-space:pre-wrap}"
    "blockquote{margin-inline:.5rem 0;padding-inline-start:.75rem;border-inline-start:2px solid #ccc}"
    "summary{cursor:pointer;color:#666;font-size:.85em}"
    "img[data-remote-src]{min-width:1.5rem;min-height:1.5rem;border:1px dashed #999}"
)
_FIXED_POLICY: Final = "style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'"


@dataclass(frozen=True)
class SanitisedHtml:
    """Sanitised HTML. `html` is safe to show inside the frame. `cid_refs` are the content ids that occur in it, without <>."""

    html: str
    has_remote_images: bool
    cid_refs: tuple[str, ...]


def sanitise(source: str) -> SanitisedHtml:
    """Return `source` without anything that runs, loads, submits, overlays or sets ids. Never raises; idempotent.

    Simple layout (tables, colours, fonts) stays; remote images become placeholders, 1×1 images are removed.
    """
    source = storable(source).replace("\ufeff", "")  # a byte order mark in front would go in the second pass only
    if is_unruly(source):
        return SanitisedHtml(_as_text(source), False, ())
    clean = _clean(source)
    clean = clean if (again := _clean(clean)) == clean else again
    images = [_attributes(match[2]) for match in _TAG.finditer(clean) if match[1] == "img"]
    refs = [_content_id(image["src"]) for image in images if image.get("src", "").lower().startswith("cid:")]
    return SanitisedHtml(clean, any("data-remote-src" in image for image in images), tuple(dict.fromkeys(refs)))


def render_frame(
    html: str,
    *,
    cid_urls: Mapping[str, str],
    show_remote: Callable[[str], str] | None,
    image_sources: Sequence[str] = ("'self'",),
    quote_label: str = "Show quoted text",
) -> str:
    """Return the whole document for the sandboxed frame (no allow-scripts, no allow-same-origin).

    `cid_urls` maps a content id without <> to our URL of that image. `show_remote` returns our proxy's URL for a remote URL;
    if None, the placeholders stay. `image_sources` are the CSP sources of both. A sandboxed `srcdoc` has no origin, so only
    a frame that is served from its own URL can use 'self' alone. Quoted parts are folded behind `quote_label`.
    """
    shown = _TAG.sub(lambda match: _shown_tag(match, cid_urls, show_remote), sanitise(html).html)
    body = fold_quotes(shown, label=quote_label)
    policy = f"default-src 'none'; img-src data: {' '.join(image_sources)}; {_FIXED_POLICY}"
    return (
        '<!doctype html><html><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{escaping.escape(policy)}">'
        '<meta name="referrer" content="no-referrer"><meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>Message</title><style>{_STYLE}</style></head><body>{body}</body></html>"
    )


def _clean(source: str) -> str:
    return _TAG.sub(_kept_tag, _cleaner().clean(source))


@cache
def _cleaner() -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=set(_TAG_NAMES.split()),
        clean_content_tags=set(DROPPED_WITH_CONTENT),
        attributes=_ATTRIBUTES,
        attribute_filter=_allowed_value,
        url_schemes={"http", "https", "mailto", "tel", "cid", "data"},
        url_relative="deny",
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )


def _as_text(unruly: str) -> str:
    text = without_tags(unruly).strip()
    cut = text[:_MAX_TEXT] + ("\n[…]" if len(text) > _MAX_TEXT else "")
    return _clean(escaping.escape(cut).replace("\n", "<br>\n"))


def _allowed_value(tag: str, name: str, value: str) -> str | None:
    if name == "style":
        return clean_style(value) or None
    if name in ("id", "class") or (tag, name) == ("blockquote", "type"):
        return mark_of(tag, name, value)
    if name == "data-quote":
        return value if value in MARKS else None
    if name == "href":
        return _matching(_LINK.match, _INSIDE_URL.sub("", value))
    if name == "src":
        return _image_source(value)
    if name == "data-remote-src":
        return _matching(_REMOTE.match, _INSIDE_URL.sub("", value))
    if name in ("bgcolor", "color"):
        return value if is_plain_colour(value) else None
    if name in _NUMBERS:
        return _matching(_NUMBER.fullmatch, value)
    return value if name == "alt" else _matching(_WORD.fullmatch, value)


def _matching(test: Callable[[str], object], value: str) -> str | None:
    return value if test(value) else None


def _image_source(value: str) -> str | None:
    if _PICTURE.fullmatch(value):
        return value
    value = _INSIDE_URL.sub("", value)
    return value if _REMOTE.match(value) or _CONTENT_ID.fullmatch(value) else None


def _kept_tag(match: re.Match[str]) -> str:
    """Return one tag of the sanitiser's output. A remote image becomes a placeholder, and a link gets its real URL as title."""
    if match[1] in ("div", "blockquote"):
        return _kept_block(match[0])
    attributes = _attributes(match[2])
    if match[1] == "a":
        return _write_tag("a", {**attributes, **_real_address(attributes.get("href", ""))})
    if _REMOTE.match(source := attributes.get("src", "")):
        attributes["data-remote-src"] = attributes.pop("src")
    elif source:
        attributes.pop("data-remote-src", None)
    if not source and not attributes.keys() & {"alt", "data-remote-src"}:
        return ""
    is_tracker = "data-remote-src" in attributes and _NO_SIZE & {attributes.get("width"), attributes.get("height")}
    return "" if is_tracker else _write_tag("img", attributes)


def _kept_block(tag: str) -> str:
    """Return `tag` with one attribute `data-quote` in place of all attributes that mark it as a quote."""
    marks = _MARKED.findall(tag)
    if not marks:
        return tag
    return f'{_MARKED.sub("", tag)[:-1]} data-quote="{"rest" if "rest" in marks else "this"}">'


def _shown_tag(match: re.Match[str], cid_urls: Mapping[str, str], show_remote: Callable[[str], str] | None) -> str:
    if match[1] != "img":
        return match[0]
    attributes = _attributes(match[2])
    if attributes.get("src", "").lower().startswith("cid:"):
        url = cid_urls.get(_content_id(attributes.pop("src")))
        attributes |= {"src": url} if url else {}
    elif show_remote and "data-remote-src" in attributes:
        attributes["src"] = show_remote(attributes.pop("data-remote-src"))
    return _write_tag("img", attributes)


def _attributes(text: str) -> dict[str, str]:
    return {name: escaping.unescape(value) for name, value in _ATTRIBUTE.findall(text)}


def _write_tag(name: str, attributes: Mapping[str, str]) -> str:
    return "".join([f"<{name}", *(f' {key}="{escaping.escape(attributes[key])}"' for key in sorted(attributes)), ">"])


def _content_id(source: str) -> str:
    return urllib.parse.unquote(source[4:]).strip("<>")


def _real_address(href: str) -> dict[str, str]:
    """Return a title with the URL to which a link really leads, or {} for a link that is not to the web.

    Its host is in ASCII, so that look-alike letters are visible.
    """
    try:
        parts = urllib.parse.urlsplit(href)
        host = (parts.hostname or "").encode("idna").decode("ascii") if parts.scheme.startswith("http") else ""
    except (UnicodeError, ValueError):
        host = ""
    return {"title": f"{parts.scheme}://{host}{parts.path}"[:300]} if host else {}
