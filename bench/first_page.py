"""The first page of the inbox in a browser that has nothing yet: what it asks for, what that weighs, and when it hears keys."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, StorageState

from bench.live import sign_in

MOST_REQUESTS, MOST_BYTES = 12, 90_000
SLOWER = 4
WINDOW: Any = {"width": 1440, "height": 900}
OURS = ("/inbox", "/styles/", "/scripts/", "/static/css/", "/static/js/")
HEARS_KEYS = "() => performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"
ALL_IS_THERE = "() => document.body.dataset.live === 'on' && !document.querySelector('.htmx-request')"
QUIET_MS = 1_500


@dataclass(frozen=True)
class FirstPage:
    """`own_bytes`: the page, styles and modules; `bytes`: with libraries, font and icons, heads of answers included, as sent."""

    requests: int
    own_bytes: int
    bytes: int
    interactive_ms: float

    def rows(self) -> list[tuple[str, str, str, bool]]:
        """As the table of `make bench` shows them, beside what they were (November 2026, before anything was put together)."""
        weight = f"{self.bytes / 1000:.1f} kB; {self.own_bytes / 1000:.0f} of it page, styles and modules, which were 367 before"
        return [
            ("first inbox page, requests", f"{self.requests}; 88 before", f"≤ {MOST_REQUESTS}", self.requests <= MOST_REQUESTS),
            ("first inbox page, everything", weight, f"≤ {MOST_BYTES // 1000} kB", self.bytes <= MOST_BYTES),
            (f"first inbox page hears keys, {SLOWER} × slower", f"{self.interactive_ms:.0f} ms", "", True),
        ]


def measure_first_page(browser: Browser, base_url: str, *, email: str, password: str, rounds: int) -> FirstPage:
    """Each round is a browser context with a cookie and nothing else, the processor `SLOWER` times as slow."""
    with _context(browser) as context:
        sign_in(context.new_page(), base_url, email, password)
        cookies = context.storage_state()
    pages = [_round(browser, base_url, cookies) for _ in range(rounds)]
    return FirstPage(
        requests=max(len(sizes) for sizes, _ms in pages),
        own_bytes=round(statistics.median(sum(size for path, size in sizes if path.startswith(OURS)) for sizes, _ms in pages)),
        bytes=round(statistics.median(sum(size for _path, size in sizes) for sizes, _ms in pages)),
        interactive_ms=round(statistics.median(ms for _sizes, ms in pages)),
    )


def _round(browser: Browser, base_url: str, cookies: StorageState) -> tuple[list[tuple[str, int]], float]:
    with _context(browser, storage_state=cookies) as context:
        page = context.new_page()
        sizes = _watch(page)
        page.goto(f"{base_url}/inbox")
        page.wait_for_function(ALL_IS_THERE)
        page.wait_for_timeout(QUIET_MS)
        return [(path, size) for path, size in sizes.values()], float(page.evaluate(HEARS_KEYS))


def _watch(page: Page) -> dict[str, tuple[str, int]]:
    """Path and bytes of each request, by its id, as they come."""
    sizes: dict[str, tuple[str, int]] = {}
    devtools = page.context.new_cdp_session(page)
    devtools.send("Network.enable")
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})

    def begun(event: dict[str, Any]) -> None:
        url = urlsplit(event["request"]["url"])
        if url.scheme != "data":
            sizes[event["requestId"]] = (url.path, 0)

    def ended(event: dict[str, Any]) -> None:
        if event["requestId"] in sizes:
            sizes[event["requestId"]] = (sizes[event["requestId"]][0], round(event["encodedDataLength"]))

    devtools.on("Network.requestWillBeSent", begun)
    devtools.on("Network.loadingFinished", ended)
    return sizes


@contextmanager
def _context(browser: Browser, **options: Any) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport=WINDOW, **options)
    yield context
    context.close()
