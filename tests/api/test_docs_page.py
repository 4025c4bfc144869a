"""The page that shows the OpenAPI document, in a real browser."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Locator, Page, expect

from tests.browser.looking import NARROW, SOON, WIDE, dress, found
from tests.support.live import LiveServer

pytestmark = pytest.mark.browser


def test_the_docs_page_shows_the_operations_and_asks_no_other_host(page: Page, live_server: LiveServer) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    operation = open_operation(page)
    expect(operation.get_by_text("Idempotency-Key")).to_be_visible()
    hosts = {urlsplit(url).netloc for url in asked if not url.startswith(("data:", "blob:"))}
    assert hosts == {urlsplit(live_server.url).netloc}


def test_the_docs_page_is_accessible_and_fits_with_all_that_opens(page: Page) -> None:
    """Swagger UI keeps its light look in the dark too."""
    operation = open_operation(page)
    operation.locator(".try-out__btn").click()
    expect(operation.locator(".body-param__text")).to_be_visible(timeout=SOON)
    page.evaluate(AXE_SCRIPT)
    assert list(found(page)) == []
    dress(page, NARROW)
    assert list(found(page)) == []
    page.locator(".btn.authorize").first.click()
    expect(page.locator(".modal-ux")).to_be_visible(timeout=SOON)
    assert list(found(page)) == []
    dress(page, WIDE, "dark")
    assert list(found(page)) == []


def open_operation(page: Page) -> Locator:
    page.goto("/docs")
    expect(page.get_by_role("heading", name="Switchyard API")).to_be_visible(timeout=SOON)
    operation = page.locator("#operations-Messages-send_message")
    operation.get_by_role("button").first.click()
    return operation
