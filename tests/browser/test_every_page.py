"""Every main page of the demo, wide and narrow, light and dark: nothing for axe to find, nothing sticks out sideways."""

from __future__ import annotations

import pytest

from tests.browser.demo import signed_in
from tests.browser.looking import look
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
    "/tasks/board",
    "/tasks/calendar",
    "/contacts",
    "/notifications",
    "/settings/deliveries",
    "/simulator",
    "/nowhere",
)


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
