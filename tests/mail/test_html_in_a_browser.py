"""The attacks in a real browser: nothing runs, nothing is fetched, and without the sanitiser both happen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Page

from app.mail.html import render_frame, sanitise
from tests.mail.xss_vectors import VECTORS

pytestmark = pytest.mark.browser

SETTLE = """() => new Promise(done => {
    const last = new Image();
    last.onerror = () => requestAnimationFrame(() => requestAnimationFrame(done));
    last.src = "data:,x";
})"""
INSERT = """pieces => pieces.forEach(piece => {
    const place = document.createElement("div");
    place.innerHTML = piece;
    document.body.append(place);
})"""


@dataclass
class Attack:
    """A page that counts what must not happen."""

    page: Page
    dialogs: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def insert(self, pieces: list[str]) -> None:
        self.page.evaluate(INSERT, pieces)
        self.page.evaluate(SETTLE)


@pytest.fixture
def attack(browser: Browser) -> Iterator[Attack]:
    context = browser.new_context()
    attack = Attack(context.new_page())

    def fulfil(route: object) -> None:
        attack.requests.append(route.request.url)  # type: ignore[attr-defined]
        route.abort()  # type: ignore[attr-defined]

    context.route("**/*", fulfil)
    attack.page.on("dialog", lambda dialog: (attack.dialogs.append(dialog.message), dialog.dismiss()))
    attack.page.set_content("<!doctype html><title>x</title><body>")
    yield attack
    context.close()


def test_without_the_sanitiser_the_attacks_work(attack: Attack) -> None:
    attack.insert(["<img src=x onerror=alert(1)>", '<img src="https://evil.example/x">'])
    assert attack.dialogs
    assert attack.requests


def test_sanitised_html_runs_and_fetches_nothing_even_without_frame_and_policy(attack: Attack) -> None:
    attack.insert([sanitise(vector).html for vector in VECTORS])
    assert (attack.dialogs, attack.requests) == ([], [])


def test_the_frame_runs_and_fetches_nothing_and_opens_its_quotes_without_scripts(attack: Attack) -> None:
    quote = "<div>Prima.</div><blockquote type=cite>Schikt dinsdag?</blockquote>"
    page = render_frame("".join(sanitise(vector).html for vector in VECTORS[:60]) + quote, cid_urls={}, show_remote=None)
    attack.page.evaluate(
        """source => {
            const frame = document.createElement("iframe");
            frame.sandbox = "allow-popups allow-popups-to-escape-sandbox";
            frame.srcdoc = source;
            document.body.append(frame);
        }""",
        page,
    )
    inner = attack.page.frame_locator("iframe")
    quoted = inner.get_by_text("Schikt dinsdag?")
    assert not quoted.is_visible()
    inner.locator("summary").last.click()
    assert quoted.is_visible()
    attack.page.evaluate(SETTLE)
    assert (attack.dialogs, attack.requests) == ([], [])


def test_the_frames_policy_stops_what_a_sanitiser_might_miss(attack: Attack) -> None:
    page = render_frame("<p>x</p>", cid_urls={}, show_remote=None)
    evil = page.replace("<p>x</p>", '<img src="https://evil.example/x"><style>@import "https://evil.example/y";</style><p>x</p>')
    attack.page.set_content(evil)
    attack.page.evaluate(SETTLE)
    assert attack.requests == []
