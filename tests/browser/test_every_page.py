"""Every main page of the demo, wide and narrow, light and dark: nothing for axe to find, nothing sticks out sideways."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.demo import signed_in
from tests.support.browsing import Browsing

pytestmark = pytest.mark.browser

ADMIN = "noah@chargecars.example"
PAGES = (
    "/inbox",
    "/inbox/views",
    "/search?q=laadpaal",
    "/settings/profile",
    "/settings/people",
    "/settings/channels",
    "/settings/templates",
    "/settings/templates/new",
    "/tasks",
    "/contacts",
    "/notifications",
    "/simulator",
    "/nowhere",
)
# What changed has been drawn, and nothing moves any more.
AT_REST = """async () => {
  for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame);
  await Promise.all(document.getAnimations().map((one) => one.finished.catch(() => null)));
}"""
STICKS_OUT = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


def why(node: dict[str, Any]) -> str:
    return "; ".join(check["message"] for check in (*node["any"], *node["all"], *node["none"]))


def look(page: Page) -> list[str]:
    """What is wrong with the page, wide and dark, narrow and light; /dev/components has each component in all four."""
    wrong = []
    for width, scheme in ((1440, "dark"), (390, "light")):
        page.set_viewport_size({"width": width, "height": 900})
        # Without motion a colour is there at once, and not on its way from the other scheme.
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        page.evaluate(AT_REST)
        found = Axe().run(page).response["violations"]
        wrong += [f"{width} {scheme} {item['id']}: {item['nodes'][0]['html'][:160]} {why(item['nodes'][0])}" for item in found]
        if page.evaluate(STICKS_OUT):
            wrong.append(f"{width}: wider than the window")
    return wrong


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_accessible_and_fits(demo_browsing: Browsing, path: str) -> None:
    demo_browsing.expected_faults.append("404")
    page = signed_in(demo_browsing, ADMIN)
    page.goto(path)
    page.wait_for_selector("body[data-live=on]")
    assert look(page) == []


@pytest.mark.parametrize("view", ["email", "whatsapp"])
def test_a_thread_is_accessible_and_fits(demo_browsing: Browsing, view: str) -> None:
    page = signed_in(demo_browsing, ADMIN)
    page.goto(f"/inbox/{view}")
    page.goto(page.locator("a[data-row]").first.get_attribute("href") or "")
    page.wait_for_selector("body[data-live=on]")
    assert look(page) == []


def test_a_contact_is_accessible_and_fits(demo_browsing: Browsing) -> None:
    page = signed_in(demo_browsing, ADMIN)
    page.goto("/contacts")
    path = page.locator("a[data-row]").first.get_attribute("href") or ""
    for address in (path, f"{path}/edit"):
        page.goto(address)
        page.wait_for_selector("body[data-live=on]")
        assert look(page) == []


def test_the_sign_in_page_is_accessible_and_fits(demo_browsing: Browsing) -> None:
    page = demo_browsing.new_page()
    page.goto("/sign-in", wait_until="networkidle")
    assert look(page) == []
