"""Each chart as somebody hears it: what it is called, what it says in a sentence, and a table with the same numbers."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from tests.web.analytics.conftest import Office

VOID = {"input", "br", "img", "meta", "link", "hr", "line", "rect", "path", "circle", "use", "col"}


class Heard(HTMLParser):
    """What a screen reader comes by: names of groups and images, and text that is not hidden from it."""

    def __init__(self) -> None:
        super().__init__()
        self.stack: list[tuple[str, bool]] = []
        self.images: list[str] = []
        self.labels: set[str] = set()
        self.ids: set[str] = set()
        self.text: list[str] = []
        self.unnamed: list[str] = []

    @property
    def is_hidden(self) -> bool:
        return any(hidden for _tag, hidden in self.stack)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        hidden = found.get("aria-hidden") == "true"
        if found.get("id"):
            self.ids.add(str(found["id"]))
        if found.get("aria-labelledby"):
            self.labels.update(str(found["aria-labelledby"]).split())
        if tag == "svg" and "an-" in str(found.get("class")) and not hidden and not self.is_hidden:
            self.images.append(str(found.get("aria-label") or ""))
            self.unnamed += [] if found.get("role") == "img" and found.get("aria-label") else [str(found)]
        if tag not in VOID:
            self.stack.append((tag, hidden))

    def handle_endtag(self, tag: str) -> None:
        while self.stack and self.stack.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not self.is_hidden and data.strip():
            self.text.append(" ".join(data.split()))


def heard(text: str) -> Heard:
    found = Heard()
    found.feed(text)
    return found


@pytest.mark.parametrize("chart", ["received", "first_response", "first_promise", "resolution", "satisfaction"])
def test_each_chart_says_what_it_shows(office: Office, chart: str) -> None:
    page = office.get(f"/analytics?chart={chart}")
    found = heard(page)
    assert found.unnamed == []
    assert found.labels <= found.ids
    assert len(found.images) == 2  # the chart of the figure and what came in; the rest are tables
    name, _colon, finding = found.images[0].partition(": ")
    assert name in found.text
    assert finding in found.text  # whoever sees reads the same sentence
    (table,) = re.findall(r'id="chart-title".*?<table.*?</table>', page, re.S)
    days = re.findall(r'<th scope="row">', table)
    assert len(days) == 28  # a row for each day of the picture


def test_a_chart_without_figures_says_so(office: Office) -> None:
    found = heard(office.get("/analytics?chart=satisfaction"))
    assert found.images[0].endswith("No data for these days.")
    assert "No figure for these days" in heard(office.get("/analytics/orders")).text
