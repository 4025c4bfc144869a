"""From a customer's webhook to the agent's eyes: every process running, a real Chromium on the inbox."""
# ruff: noqa: E501  the script of the page stays as it is

from __future__ import annotations

import statistics
import time
from urllib.request import Request, urlopen

from playwright.sync_api import Page

from bench.doors import Target, signed
from tests.support.browsing import running_browser

WATCH = """() => {
  window.seen = {};
  const note = () => { for (const row of document.querySelectorAll('a[data-row]')) if (!(row.textContent in window.seen)) window.seen[row.textContent] = Date.now(); };
  note();
  new MutationObserver(note).observe(document.body, {subtree: true, childList: true, characterData: true});
}"""
FOUND = (
    "name => { const key = Object.keys(window.seen).find(text => text.includes(name)); return key ? window.seen[key] : null; }"
)


def measure_live(base_url: str, target: Target, *, rounds: int, email: str, password: str) -> list[float]:
    """Milliseconds from just before each post until the row with its sender stands in the list."""
    with running_browser() as browser:
        page = browser.new_page()
        sign_in(page, base_url, email, password)
        page.goto(f"{base_url}/inbox?sort=newest")
        page.wait_for_selector("body[data-live=on]")
        page.mouse.move(1200, 600)
        page.evaluate(WATCH)
        return sorted(_one(page, target, n) for n in range(rounds))


def sign_in(page: Page, base_url: str, email: str, password: str) -> None:
    page.goto(f"{base_url}/sign-in")
    page.fill("#field-email", email)
    page.fill("#field-password", password)
    page.click("form:has(#field-email) button[type=submit]")
    page.wait_for_selector("body[data-live=on]")


def _one(page: Page, target: Target, number: int) -> float:
    name = f"Bench {number}x{time.time_ns()}"
    body, headers = signed(target, name=name)
    began = time.time()
    urlopen(Request(target.url, data=body, headers=headers, method="POST"), timeout=20).close()
    page.wait_for_function(FOUND, arg=name, timeout=20_000, polling=20)
    return float(page.evaluate(FOUND, name)) - began * 1000


def percentile(values: list[float], share: float) -> float:
    return round(statistics.quantiles(values, n=100)[int(share * 100) - 1], 1)
