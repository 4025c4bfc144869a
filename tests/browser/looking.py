"""What axe and a ruler find wrong with a page, or with what is open on it: wide and narrow, light and dark.

A person looks at everything on two pages, one in each scheme, kept for all addresses: nothing is loaded twice in a scheme, nobody
signs in twice. (Another scheme under a page that is shown leaves some texts behind, so one page would have to be loaded anew.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

WIDE, NARROW = 1440, 390
SOON = 5_000  # milliseconds; what a page of the demo has not shown by then does not come
# All rules are asked once at either width, where other things are shown; colours in all four looks.
FULL = {"light": NARROW, "dark": WIDE}
COLOURS = {"runOnly": ["color-contrast", "link-in-text-block"]}
RUN = """([selector, options]) => axe
  .run(selector ? document.querySelector(selector) : document, { resultTypes: ['violations'], ...options })
  .then((found) => found.violations)"""
# What changed has been drawn, and nothing moves any more.
AT_REST = """async () => {
  for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame);
  await Promise.all(document.getAnimations().map((one) => one.finished.catch(() => null)));
}"""
# The page hears pushes, and what it asks for by itself once it is shown has come. A page without the application has none of it.
SETTLED = """() => document.readyState === 'complete' && (!document.querySelector('.app')
  || (document.body.dataset.live === 'on' && !document.querySelector('[hx-trigger=load], .htmx-request')))"""
STICKS_OUT = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@dataclass(frozen=True)
class Eyes:
    """Somebody's pages by scheme, `light` and `dark`."""

    pages: Mapping[str, Page]

    def look_at(self, path: str) -> list[str]:
        """What is wrong at an address, of any severity, in any look."""
        return [fault for scheme, page in self.pages.items() for fault in look_at(page, scheme, path)]

    def link(self, path: str, link: str) -> str:
        """Where the first of the links of a page leads."""
        page = self.pages["light"]
        show(page, path)
        return page.locator(link).first.get_attribute("href", timeout=SOON) or ""


def eyes(page: Page) -> Eyes:
    """Both schemes of a person whose `page` is signed in, or of nobody. Nothing moves, so that a colour is there at once."""
    pages = {"light": page, "dark": page.context.new_page()}
    for scheme, one in pages.items():
        one.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    return Eyes(pages)


def look_at(page: Page, scheme: str, path: str) -> list[str]:
    """What is wrong at an address in one scheme, wide and narrow."""
    page.set_viewport_size({"width": WIDE, "height": 900})
    show(page, path)
    return look(page, scheme)


def show(page: Page, path: str) -> None:
    """Go to an address and wait until the page is whole."""
    page.goto(path)
    page.wait_for_function(SETTLED)


def look(page: Page, scheme: str, part: str = "") -> list[str]:
    """What is wrong with the page as it stands, wide and narrow, or with the `part` a selector names where that is in sight."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    return [fault for width in (WIDE, NARROW) for fault in _look(page, scheme, width, part)]


def _look(page: Page, scheme: str, width: int, part: str) -> Iterator[str]:
    page.set_viewport_size({"width": width, "height": 900})
    page.evaluate(AT_REST)
    if part and not page.locator(part).first.is_visible():
        return
    for item in page.evaluate(RUN, [part, {} if FULL[scheme] == width else COLOURS]):
        yield f"{width} {scheme} {page.url} {part} {finding(item)}"
    if page.evaluate(STICKS_OUT):
        yield f"{width} {scheme} {page.url} {part}: wider than the window"


def finding(item: dict[str, Any]) -> str:
    """One violation as axe answers it, with its first element and why that fails."""
    node = item["nodes"][0]
    why = "; ".join(check["message"] for check in (*node["any"], *node["all"], *node["none"]))
    return f"{item['id']}: {node['html'][:160]} {why}"
