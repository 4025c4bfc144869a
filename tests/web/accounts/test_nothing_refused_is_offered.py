"""No page offers its reader a form, a button or a link that would be refused: each page walked as people who may not all."""

from __future__ import annotations

from collections.abc import Iterator

import html5lib
import pytest
from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter, RequestRedirect

from tests.web.accounts.audiences import IN, Entry
from tests.web.accounts.every_url import TABLE
from tests.web.accounts.narrow_roles import expected_of
from tests.web.accounts.test_every_url import World, call
from tests.web.accounts.test_every_url import built as built
from tests.web.accounts.test_every_url import connection as connection

KNOWN = {(entry.method, entry.rule): entry for entry in TABLE}
PAGES = [entry for entry in TABLE if entry.method == "GET" and not entry.rule.startswith(("/api", "/static", "/openapi"))]
OFFERS = (("form", "action"), ("*", "formaction"), ("*", "hx-post"), ("a", "href"))


@pytest.mark.parametrize("name", ["rita", "mia", "theo"])
def test_nothing_that_would_be_refused_is_offered(app: Flask, built: World, name: str) -> None:
    routes, refused = app.url_map.bind("localhost"), set()
    pages = [entry for entry in PAGES if expected_of(entry, name) == IN]
    for entry in pages:
        answer = call(app, built, entry, name)
        if answer.mimetype != "text/html" or not answer.text.strip():
            continue
        for method, url in offers(answer.text):
            other = entry_of(routes, method, url)
            if other is not None and expected_of(other, name) == 403:
                refused.add(f"{entry.rule} offers {method} {other.rule}")
    assert len(pages) > 10
    assert not refused, "\n".join(sorted(refused))


def offers(text: str) -> Iterator[tuple[str, str]]:
    """(method, path) of each form, button and link of a page."""
    tree = html5lib.parse(text, namespaceHTMLElements=False)
    for tag, attribute in OFFERS:
        for element in tree.iterfind(f".//{tag}[@{attribute}]"):
            is_form = element.tag == "form" and (element.get("method") or "get").lower() == "post"
            is_post = is_form or attribute in ("hx-post", "formaction")
            yield "POST" if is_post else "GET", str(element.get(attribute)).partition("?")[0].partition("#")[0]


def entry_of(routes: MapAdapter, method: str, url: str) -> Entry | None:
    """What the table says of an address of ours; None for one of somebody else, and for a place on the page."""
    if not url.startswith("/") or url.startswith("//"):
        return None
    try:
        rule, _values = routes.match(url, method=method, return_rule=True)
    except (HTTPException, RequestRedirect):
        return None
    return KNOWN.get((method, rule.rule))
