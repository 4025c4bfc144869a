"""The page that shows the OpenAPI document, in a real browser."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.support.live import LiveServer

pytestmark = pytest.mark.browser


def test_the_docs_page_shows_the_operations_and_asks_no_other_host(page: Page, live_server: LiveServer) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/docs")
    expect(page.get_by_role("heading", name="Switchyard API")).to_be_visible(timeout=30_000)
    operation = page.locator("#operations-Messages-send_message")
    expect(operation).to_be_visible()
    operation.get_by_role("button").first.click()
    expect(operation.get_by_text("Idempotency-Key")).to_be_visible()
    hosts = {urlsplit(url).netloc for url in asked if not url.startswith(("data:", "blob:"))}
    assert hosts == {urlsplit(live_server.url).netloc}
