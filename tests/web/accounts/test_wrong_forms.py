"""Whatever is wrong with a form is said in the reader's language: every form is sent empty, and filled with nonsense."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from babel.messages import Catalog
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from tests.support.database import again
from tests.support.signing_in import csrf_token, sign_in
from tests.web.accounts.audiences import Entry
from tests.web.accounts.every_url import PAGES, SETTINGS
from tests.web.accounts.test_every_url import World, fill
from tests.web.accounts.test_every_url import built as built  # these are fixtures
from tests.web.accounts.test_every_url import connection as connection
from tools.translations import ROOT, read

LANGUAGE = "nl"
NONSENSE = "☃ 99-99"
FORMS = [entry for entry in (*PAGES, *SETTINGS) if entry.method == "POST"]
FIELDS = re.compile(r"""\bname="([a-z_]+)"|^    ([a-z_]+) = \w+Field\(""", re.MULTILINE)
SPOKEN = {"field__error", "banner--error", "toast", "page--message"}  # what says that something is wrong, or done
VOID = {"br", "hr", "img", "input", "link", "meta", "use", "wbr"}
BLANK = re.compile(r"%\\\(\w+\\\)[a-z]")


class Said(HTMLParser):
    """The texts in the parts of a page that say how it went."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._open: list[bool] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            values = dict(attrs)
            says = bool(SPOKEN & set((values.get("class") or "").split())) or values.get("role") == "alert"
            self._open.append(says or bool(self._open and self._open[-1]))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID and self._open:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] and data.strip():
            self.texts.append(" ".join(data.split()))


@pytest.fixture(scope="module")
def words() -> list[re.Pattern[str]]:
    return list(patterns(read(LANGUAGE)))


def test_every_refusal_is_in_the_readers_language(
    app: Flask, db_session: Session, built: World, words: list[re.Pattern[str]]
) -> None:
    root = again(db_session, built.users["root"])
    root.locale = LANGUAGE
    client = sign_in(app.test_client(), db_session, root)
    names = {name for pair in FIELDS.findall(sources()) for name in pair if name} - {"csrf_token"}
    foreign = {
        f"{entry.rule}: {text}"
        for entry in FORMS
        for data in ({}, dict.fromkeys(names, NONSENSE))
        for text in said(client, entry, built, data)
        if not any(pattern.fullmatch(text) for pattern in words)
    }
    assert not foreign, "\n".join(sorted(foreign))


def said(client: FlaskClient, entry: Entry, world: World, data: dict[str, str]) -> list[str]:
    answer = client.post(fill(entry, world), data={**data, "csrf_token": csrf_token(client)}, follow_redirects=True)
    page = Said()
    page.feed(answer.text)
    return page.texts


def sources() -> str:
    paths = [*(ROOT / "templates").rglob("*.html"), *(ROOT / "app").rglob("forms.py")]
    return "\n".join(path.read_text() for path in sorted(paths))


def patterns(catalogue: Catalog) -> Iterator[re.Pattern[str]]:
    """What a text of the catalogue looks like once its blanks are filled in."""
    for message in catalogue:
        for text in message.string if isinstance(message.string, tuple) else (message.string,):
            if text:
                yield re.compile(BLANK.sub(".+", re.escape(text)), re.DOTALL)
