"""A test client that holds every HTML answer to the rules of a good page.

Whole pages: valid HTML with a language, one h1 that the title starts with. Pages and fragments: unique ids, references that
lead somewhere, labelled fields, named buttons and links, forms with an action and (when they change something) a token,
pictures with a text, and nothing inline that the content security policy forbids.
"""

from __future__ import annotations

from collections import Counter
from typing import Any
from xml.etree import ElementTree

import html5lib
from flask import Flask
from html5lib.html5parser import ParseError
from werkzeug.test import TestResponse

from tests.support.quick_html import Unusual, quick_tree

Element = ElementTree.Element
UNLABELLED_INPUTS = frozenset({"hidden", "submit", "button", "image", "reset"})
REFERENCES = frozenset({"for", "aria-labelledby", "aria-describedby", "aria-controls", "aria-owns", "list", "form"})
DATA_SCRIPTS = frozenset({"application/json", "application/ld+json"})


class BadPage(AssertionError):
    """An HTML answer breaks a rule; the text says which and where."""


class PageClient:
    """Flask's test client with the check after every answer. `checked` counts the HTML answers seen."""

    def __init__(self, app: Flask) -> None:
        self.plain = app.test_client()
        self.checked = 0

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.open("GET", path, **options)

    def post(self, path: str, **options: Any) -> TestResponse:
        return self.open("POST", path, **options)

    def fragment(self, path: str, *, target: str, **options: Any) -> TestResponse:
        """Ask as htmx does for the block whose id is `target`."""
        headers = {**options.pop("headers", {}), "HX-Request": "true", "HX-Target": target}
        return self.open("GET", path, headers=headers, **options)

    def open(self, method: str, path: str, **options: Any) -> TestResponse:
        response = self.plain.open(path, method=method, **options)
        if response.mimetype == "text/html" and response.data:
            self.checked += 1
            check_html(response.text)
        return response

    def csrf_token(self, path: str) -> str:
        """Return the token of the first form on the page at `path`."""
        document = parse(self.get(path).text)
        field = document.find(".//input[@name='csrf_token']")
        if field is None:
            raise BadPage(f"no form with a token on {path}")
        return field.get("value", "")


def check_html(text: str) -> None:
    """Check a page, or a fragment if `text` is not a whole document. Raises BadPage."""
    root = parse(text)
    if is_whole(text):
        check_document(root)
    check_ids(root)
    check_fields(root)
    check_names(root)
    check_forms(root)
    check_nothing_inline(root)


def is_whole(text: str) -> bool:
    return text.lstrip()[:15].lower().startswith("<!doctype")


def parse(text: str) -> Element:
    """Parse strictly: a parse error of the HTML standard is a BadPage."""
    container = None if is_whole(text) else _container(text)
    try:
        return quick_tree(text, container)
    except (Unusual, ParseError):
        return thorough_tree(text, container)


def thorough_tree(text: str, container: str | None) -> Element:
    """What html5lib makes of any text, and what it finds wrong with it."""
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    try:
        root: Element = parser.parse(text) if container is None else parser.parseFragment(text, container=container)
    except ParseError as error:
        line, column = parser.errors[-1][0] if parser.errors else (0, 0)
        near = text.splitlines()[max(0, line - 1)].strip()[:200] if text else ""
        raise BadPage(f"not valid HTML (line {line}, column {column}): {error}; near: {near}") from error
    return root


def check_document(root: Element) -> None:
    if not root.get("lang"):
        raise BadPage("<html> has no lang")
    headings = [words(heading) for heading in root.iter("h1")]
    title = words(root.find("./head/title"))
    if len(headings) != 1:
        raise BadPage(f"a page has one h1, this one has {len(headings)}: {headings}")
    if not headings[0] or not title.startswith(headings[0]):
        raise BadPage(f"the title {title!r} does not start with the heading {headings[0]!r}")


def check_ids(root: Element) -> None:
    ids = [element.get("id", "") for element in root.iter() if element.get("id") is not None]
    twice = {name for name, count in Counter(ids).items() if count > 1 or not name or " " in name}
    if twice:
        raise BadPage(f"ids that are not unique or not usable: {sorted(twice)}")
    known = set(ids)
    # A fragment may refer to the page around it.
    for element in root.iter() if root.tag == "html" else ():
        for attribute in REFERENCES.intersection(element.keys()):
            missing = [name for name in (element.get(attribute) or "").split() if name not in known]
            if missing:
                raise BadPage(f"{describe(element)}: {attribute} leads nowhere: {missing}")


def check_fields(root: Element) -> None:
    labelled = {label.get("for") for label in root.iter("label")}
    inside = {id(field) for label in root.iter("label") for field in label.iter()}
    for field in root.iter():
        if field.tag not in {"input", "select", "textarea"} or field.get("type") in UNLABELLED_INPUTS:
            continue
        named = field.get("aria-label") or field.get("aria-labelledby") or field.get("id") in labelled or id(field) in inside
        if not named:
            raise BadPage(f"{describe(field)} has no label")


def check_names(root: Element) -> None:
    for picture in root.iter("img"):
        if picture.get("alt") is None:
            raise BadPage(f"{describe(picture)} has no alt")
    for element in root.iter():
        if element.tag == "button" or (element.tag == "a" and element.get("href") is not None):
            texts = [element.get("aria-label"), element.get("aria-labelledby"), words(element)]
            pictures = [picture.get("alt") for picture in element.iter("img")]
            if not any(texts) and not any(pictures):
                raise BadPage(f"{describe(element)} has no name")


def check_forms(root: Element) -> None:
    for form in root.iter("form"):
        if not form.get("action"):
            raise BadPage(f"{describe(form)} has no action")
        if (form.get("method") or "get").lower() == "post":
            tokens = [field.get("value") for field in form.iter("input") if field.get("name") == "csrf_token"]
            if not any(tokens):
                raise BadPage(f"{describe(form)} has no token")


def check_nothing_inline(root: Element) -> None:
    for element in root.iter():
        handlers = [name for name in element.keys() if isinstance(name, str) and name.startswith("on")]  # noqa: SIM118 an XML element
        if element.get("style") is not None or handlers:
            raise BadPage(f"{describe(element)} has inline {handlers or 'style'}")
        if (element.get("href") or "").strip().lower().startswith("javascript:"):
            raise BadPage(f"{describe(element)} has a javascript: address")
        if element.tag == "style" and not element.get("nonce"):
            raise BadPage("a <style> element without a nonce")
        if element.tag == "script" and not (element.get("src") or element.get("nonce") or element.get("type") in DATA_SCRIPTS):
            raise BadPage("an inline <script> without a nonce")


def words(element: Element | None) -> str:
    """Return the text of an element, white space folded."""
    return " ".join("".join(element.itertext()).split()) if element is not None else ""


def describe(element: Element) -> str:
    """Return an element's opening tag, short."""
    shown = " ".join(f'{name}="{value}"' for name, value in list(element.items())[:4])
    return f"<{element.tag} {shown}>"


def _container(text: str) -> str:
    """Rows and cells are only valid inside their table."""
    start = text.lstrip().lower()
    for tag, container in (("<tr", "tbody"), ("<td", "tr"), ("<th", "tr"), ("<option", "select"), ("<tbody", "table")):
        if start.startswith(tag):
            return container
    return "div"
