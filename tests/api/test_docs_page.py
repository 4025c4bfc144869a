"""The page that shows the OpenAPI document, in a real browser."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, expect

from tests.browser.looking import HIDE_REPEATED, NARROW, SOON, STICKS_OUT, WIDE, dress, found
from tests.support.full import IS_FULL
from tests.support.live import LiveServer

pytestmark = pytest.mark.browser


def test_the_docs_page_asks_no_other_host_is_accessible_and_fits_with_all_that_opens(page: Page, live_server: LiveServer) -> None:
    """Swagger UI keeps its light look in the dark too. It is a long page: in `make test` axe is asked once about the operations
    that have something none before them has, and about the dialog when narrow."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/docs")
    expect(page.get_by_role("heading", name="Switchyard API")).to_be_visible(timeout=SOON)
    operation = page.locator("#operations-Messages-send_message")
    operation.get_by_role("button").first.click()
    expect(operation.get_by_text("Idempotency-Key")).to_be_visible(timeout=SOON)
    operation.locator(".try-out__btn").click()
    expect(operation.locator(".body-param__text")).to_be_visible(timeout=SOON)
    if not IS_FULL:
        page.evaluate(HIDE_REPEATED, ".opblock")
    expect(operation.locator(".body-param__text")).to_be_visible(timeout=SOON)
    page.evaluate(AXE_SCRIPT)
    assert list(found(page)) == []
    dress(page, NARROW)
    assert not page.evaluate(STICKS_OUT)
    if IS_FULL:
        assert list(found(page)) == []
    page.locator(".btn.authorize").first.click()
    expect(page.locator(".modal-ux")).to_be_visible(timeout=SOON)
    assert list(found(page, "" if IS_FULL else ".modal-ux")) == []
    if IS_FULL:
        dress(page, WIDE, "dark")
        assert list(found(page)) == []
    hosts = {urlsplit(url).netloc for url in asked if not url.startswith(("data:", "blob:"))}
    assert hosts == {urlsplit(live_server.url).netloc}
