"""Every text a person sees exists in every language, and every text of a template is marked for translation."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages import Catalog, Message

from app.core.former_texts import FORMER
from tools.translations import KEYWORDS, LANGUAGES, ROOT, compiled, extract, is_translated, read, source

PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|\{\w+\}")
JINJA = re.compile(r"""\{#.*?#\}|\{%.*?%\}|\{\{(?:"[^"]*"|'[^']*'|[^"'}]|\}(?!\}))*\}\}""", re.DOTALL)
SPOKEN = ("aria-label", "title", "placeholder", "alt")
# Names, keys and samples: the same in every language. The gallery of components is for developers, who read English.
SAME_EVERYWHERE = {"Switchyard", "WhatsApp", "API", "openapi", "json", "Ctrl", "Esc", "Enter", "Shift"}
NOT_FOR_USERS = ("dev",)
MARKERS = {"gettext", "ngettext", "lazy_gettext", "lazy_ngettext", "mark", "known"}
# What shows a text to people, and where it takes it: places of the arguments, and names.
SPEAKERS = {
    "flash": ({0}, set()),
    "ValidationError": ({0}, set()),
    "DataRequired": ({0}, {"message"}),
    "Length": (set(), {"message"}),
    "UnableToReply": ({1}, set()),
    "ChannelOff": ({1}, set()),
    "WindowClosed": ({1}, set()),
    "Reason": ({1, 3}, {"title", "advice"}),
    "cannot_send": ({1, 2}, {"title", "advice"}),
    "Lookup": (set(), {"detail"}),
    "UnableToParse": ({0}, set()),
}


@pytest.fixture(scope="module")
def texts() -> Catalog:
    return extract()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated(texts: Catalog, language: str) -> None:
    catalogue = read(language)
    faults = [f"{message.locations[0][0]}: {message.id!r}: {why}" for message, why in _faults(texts, catalogue)]
    assert not faults, f"{language}: run `make translations` and translate:\n" + "\n".join(faults)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_left_over(texts: Catalog, language: str) -> None:
    catalogue = read(language)
    left = [message.id for message in catalogue if message.id and message.id not in texts] + list(catalogue.obsolete)
    assert not left, f"{language}: `make translations` drops what no page says any more: {left}"


def test_what_was_said_before_leads_to_what_is_said_now(texts: Catalog) -> None:
    marked = {str(message.id) for message in texts}
    assert not [text for text in FORMER.values() if not marked & {text, text + "."}]
    assert not marked & FORMER.keys(), "said again: drop it from former_texts.py"


@pytest.mark.parametrize("language", LANGUAGES)
def test_compiled_catalogue_is_the_one_people_edit(language: str) -> None:
    assert source(language).with_suffix(".mo").read_bytes() == compiled(read(language)), "run `make translations`"


def test_french_signs_stay_on_the_line_of_their_word() -> None:
    strings = [message.string for message in read("fr") if message.id]
    said = [text for string in strings for text in ([string] if isinstance(string, str) else string)]
    assert not [text for text in said if re.search(r"\S [:;?!»]|« ", text)], "put a no-break space (U+00A0) there"


def test_every_text_of_a_template_is_marked() -> None:
    templates = [path for path in (ROOT / "templates").rglob("*.html") if path.parent.name not in NOT_FOR_USERS]
    found = [f"{path.relative_to(ROOT)}: {text!r}" for path in sorted(templates) for text in _unmarked(path)]
    assert not found, "put these into {{ _(…) }}:\n" + "\n".join(found)


def test_every_name_of_a_marker_is_collected() -> None:
    """`from … import lazy_gettext as _l` marks nothing unless tools/translations.py knows `_l`."""
    unknown = {
        f"{path.relative_to(ROOT)}: {alias.asname or alias.name}"
        for path, tree in _sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name in MARKERS and (alias.asname or alias.name) not in KEYWORDS
    }
    assert not unknown, f"put these names into KEYWORDS of tools/translations.py: {unknown}"


def test_every_text_that_code_shows_or_stores_for_people_is_marked() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {ast.unparse(text)}"
        for path, tree in _sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for text in _spoken(node)
        if isinstance(text, ast.JoinedStr) or (isinstance(text, ast.Constant) and text.value)
    ]
    assert not found, "mark these (N_, or `known` where blanks are filled in):\n" + "\n".join(found)


@cache
def _sources() -> list[tuple[Path, ast.Module]]:
    paths = sorted((ROOT / "app").rglob("*.py"))
    return [(path, ast.parse(path.read_text())) for path in paths if not {"simulators", "demo", "dev"} & set(path.parts)]


def _spoken(call: ast.Call) -> Iterator[ast.expr]:
    places, names = SPEAKERS.get(getattr(call.func, "id", getattr(call.func, "attr", "")), (set(), set()))
    yield from (text for place, text in enumerate(call.args) if place in places)
    yield from (keyword.value for keyword in call.keywords if keyword.arg in names)


def _faults(texts: Catalog, catalogue: Catalog) -> Iterator[tuple[Message, str]]:
    for message in texts:
        if not message.id:
            continue
        translated = catalogue.get(message.id)
        if translated is None or not is_translated(translated):
            yield message, "not translated"
        elif translated.fuzzy:
            yield message, "fuzzy"
        elif _placeholders(message.id) != _placeholders(translated.string):
            yield message, f"other placeholders in {translated.string!r}"


def _placeholders(text: str | tuple[str, ...] | list[str]) -> set[str]:
    return set(PLACEHOLDER.findall(text if isinstance(text, str) else " ".join(text)))


def _unmarked(path: Path) -> list[str]:
    reader = _Reader()
    reader.feed(JINJA.sub(" ", path.read_text()))
    reader.close()
    return reader.found


class _Reader(HTMLParser):
    """Collects what a person would read or hear, with everything Jinja fills in taken out."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in ("script", "style", "kbd", "code")
        for name, value in attrs:
            if name in SPOKEN:
                self._look(value or "")

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in ("script", "style", "kbd", "code")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self._look(data)

    def _look(self, text: str) -> None:
        words = set(re.findall(r"[^\W\d_]{2,}", text)) - SAME_EVERYWHERE
        if words:
            self.found.append(" ".join(text.split()))
