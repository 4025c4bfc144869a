"""Every component in every state, in a real browser: nothing for axe to find, nothing sticks out, nothing the policy refuses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from threading import Thread

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page
from werkzeug.serving import make_server

from app import create_app
from app.config import Settings
from tests.browser.looking import dress, found
from tests.support.browsing import Browsing
from tests.support.contexts import Contexts
from tests.support.database import close_connections

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def gallery_url(settings: Settings) -> Iterator[str]:
    """The application with its demo pages, which the shared one does not have, on a port of its own."""
    app = create_app(replace(settings, demo=True))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()
    close_connections(app)


@pytest.fixture
def gallery(contexts: Contexts, gallery_url: str) -> Iterator[Browsing]:
    browsing = Browsing(contexts, gallery_url)
    yield browsing
    faults = browsing.unexpected_faults()
    browsing.close()
    assert faults == []


def open_gallery(gallery: Browsing, width: int = 1280, scheme: str = "light") -> Page:
    page = gallery.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    # Modules are fetched after the page has loaded; leaving it earlier would break off a file the server still holds open.
    page.goto("/dev/components", wait_until="networkidle")
    return page


@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (1280, "light"),
        (390, "dark"),
        pytest.param(1280, "dark", marks=pytest.mark.full),
        pytest.param(390, "light", marks=pytest.mark.full),
    ],
)
def test_axe_finds_nothing_at_all(gallery: Browsing, width: int, scheme: str) -> None:
    page = open_gallery(gallery, width, scheme)
    page.evaluate(AXE_SCRIPT)
    assert list(found(page)) == []


def test_nothing_sticks_out_sideways(gallery: Browsing) -> None:
    page = open_gallery(gallery)
    for width in (1280, 800, 390, 320):
        dress(page, width)
        fits = "document.querySelector('.page').scrollWidth <= document.querySelector('.page').clientWidth"
        assert page.evaluate(fits), f"wider than {width}"


def test_a_menu_opens_walks_and_closes_by_keyboard(gallery: Browsing) -> None:
    page = open_gallery(gallery)
    menu = page.locator("details.menu")
    menu.locator("summary").focus()
    page.keyboard.press("Enter")
    menu.get_by_role("button", name="Waiting for reply").wait_for()
    page.keyboard.press("Escape")
    assert menu.evaluate("menu => !menu.open && menu.querySelector('summary') === document.activeElement")


def test_a_dialog_gives_the_focus_back(gallery: Browsing) -> None:
    page = open_gallery(gallery)
    opener = page.get_by_role("button", name="Open a dialog")
    opener.click()
    page.get_by_role("button", name="Keep it").click()
    assert opener.evaluate("opener => opener === document.activeElement && !document.querySelector('dialog[open]')")


def test_a_theme_can_be_chosen_against_the_device(gallery: Browsing) -> None:
    page = open_gallery(gallery, scheme="light")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_text("Dark", exact=True).click()
    page.wait_for_function("light => getComputedStyle(document.body).backgroundColor !== light", arg=light)
