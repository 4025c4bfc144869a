"""html5lib with a tokenizer for markup as templates write it, in less than half the time.

Tags, texts and entities of the usual forms become the tokens that html5lib's own tokenizer makes of them; the tree, with every
rule about what may stand where, is built by html5lib. Whatever is written in another form is `Unusual`: html5lib has to read it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from html import unescape
from html.entities import html5
from typing import Any
from xml.etree import ElementTree

import html5lib
from html5lib.constants import tokenTypes

SPACE = "\t\n "
ATTRIBUTE = r"""[\t\n ]+([a-zA-Z_:@][a-zA-Z0-9_:@.\-]*)(?:="([^"]*)"|='([^']*)'|=([a-z0-9]+))?"""
UNNAMED = re.sub(r"\((?!\?)", "(?:", ATTRIBUTE)
PIECE = re.compile(
    rf"(?P<text>[^<]+)|(?P<tag></?[a-zA-Z][a-zA-Z0-9\-]*(?:{UNNAMED})*[\t\n ]*/?>)"
    r"|<!--(?P<comment>(?!-?>)(?:[^\-]|-(?!-))*)-->|(?P<doctype><!(?i:doctype) html>)"
)
TAG = re.compile(rf"<(/?)([a-zA-Z][a-zA-Z0-9\-]*)((?:{UNNAMED})*)[\t\n ]*(/?)>")
ATTRIBUTES = re.compile(ATTRIBUTE)
# Characters that no page may have, and an ampersand that begins no entity of the usual forms.
NAMES = "|".join(name.removesuffix(";") for name in html5 if name.endswith(";"))
ODD = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]|[\U0001fffe-\U0001ffff]"
    rf"|&(?!(?:#(?:3[2-9]|[4-9]\d|1[01]\d|1[6-9]\d|[2-9]\d\d)|{NAMES});)"
)


class Unusual(Exception):
    """Markup that only html5lib's own tokenizer can judge."""


class QuickParser(html5lib.HTMLParser):
    """Raises Unusual or html5lib's ParseError where html5lib itself should be asked."""

    def _parse(self, text: str, innerHTML: bool = False, container: str = "div", **_options: Any) -> None:
        self.innerHTMLMode, self.container, self.scripting = innerHTML, container, False
        self.tokenizer = Tokens(text)
        self.reset()
        self.mainLoop()


class Tokens:
    """What html5lib's parser asks of its tokenizer: tokens, and a place to say how the text in an element is read."""

    charEncoding = ("utf-8", "certain")
    dataState, rcdataState, rawtextState, scriptDataState, plaintextState = "", "rcdata", "rawtext", "script", "plaintext"

    def __init__(self, text: str) -> None:
        self.text = text.replace("\r\n", "\n").replace("\r", "\n")
        if ODD.search(self.text):
            raise Unusual
        self.state, self.stream = self.dataState, self

    def position(self) -> tuple[int, int]:
        return 1, 0  # html5lib itself says where something is wrong

    def __iter__(self) -> Iterator[dict[str, Any]]:
        place = 0
        while place < len(self.text):
            found = PIECE.match(self.text, place)
            if found is None:
                raise Unusual
            place = found.end()
            if found["text"]:
                yield from characters(found["text"])
            elif found["tag"]:
                token = tag(found["tag"])
                yield token
                if self.state:
                    place = yield from self._raw(token["name"], place)
            elif found["doctype"]:
                yield {"type": tokenTypes["Doctype"], "name": "html", "publicId": None, "systemId": None, "correct": True}
            else:
                yield {"type": tokenTypes["Comment"], "data": found["comment"]}

    def _raw(self, name: str, place: int) -> Iterator[dict[str, Any]]:
        """The text up to the end of an element in which no tags are read; returns the place of that end."""
        end = self.text.find(f"</{name}>", place)
        raw = self.text[place:end]
        if end < 0 or "<!--" in raw or self.state not in (self.rcdataState, self.rawtextState, self.scriptDataState):
            raise Unusual
        yield from characters(raw, has_entities=self.state == self.rcdataState)
        self.state = self.dataState
        return end


def characters(raw: str, has_entities: bool = True) -> Iterator[dict[str, Any]]:
    rest = raw.lstrip(SPACE)
    if len(rest) < len(raw):
        yield {"type": tokenTypes["SpaceCharacters"], "data": raw[: len(raw) - len(rest)]}
    if rest:
        yield {"type": tokenTypes["Characters"], "data": unescape(rest) if has_entities else rest}


def tag(written: str) -> dict[str, Any]:
    is_end, name, attributes, is_closed = read_tag(written)
    kind = tokenTypes["EndTag" if is_end else "StartTag"]
    return {
        "type": kind, "name": name, "data": dict(attributes), "selfClosing": is_closed, "selfClosingAcknowledged": False
    }  # fmt: skip


@lru_cache(maxsize=20_000)
def read_tag(written: str) -> tuple[bool, str, dict[str, str], bool]:
    """A tag of the usual form; the same ones stand on every page."""
    found = TAG.fullmatch(written)
    if found is None:
        raise Unusual
    ended, name, listed, closed = found.groups()
    values = [(key.lower(), unescape("".join(value))) for key, *value in ATTRIBUTES.findall(listed)]
    if len(dict(values)) < len(values) or (ended and (values or closed)):
        raise Unusual
    return bool(ended), name.lower(), dict(values), bool(closed)


def quick_tree(text: str, container: str | None) -> ElementTree.Element:
    """The tree of a document, or of a fragment in its container. Raises Unusual or ParseError where html5lib should be asked."""
    parser = QuickParser(strict=True, namespaceHTMLElements=False)
    tree: ElementTree.Element = parser.parse(text) if container is None else parser.parseFragment(text, container=container)
    return tree
