"""What axe and a ruler find wrong with a page: wide and narrow, light and dark."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

# Width, colours, and whether only colours are asked about: what axe says else does not depend on them.
LOOKS = ((1440, "light", True), (390, "light", False), (390, "dark", True), (1440, "dark", False))
COLOURS = {"runOnly": ["color-contrast", "link-in-text-block"]}
RUN = "options => axe.run({ resultTypes: ['violations'], ...options }).then((found) => found.violations)"
# What changed has been drawn, and nothing moves any more.
AT_REST = """async () => {
  for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame);
  await Promise.all(document.getAnimations().map((one) => one.finished.catch(() => null)));
}"""
STICKS_OUT = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


def look(page: Page) -> list[str]:
    """What is wrong with the page as it stands, of any severity."""
    wrong = []
    for width, scheme, only_colours in LOOKS:
        page.set_viewport_size({"width": width, "height": 900})
        _draw_in(page, scheme)
        if not page.evaluate("'axe' in window"):
            page.evaluate(AXE_SCRIPT)
        found = page.evaluate(RUN, COLOURS if only_colours else {})
        wrong += [f"{width} {scheme} {finding(item)}" for item in found]
        if page.evaluate(STICKS_OUT):
            wrong.append(f"{width}: wider than the window")
    return wrong


def _draw_in(page: Page, scheme: str) -> None:
    """Without motion, so that a colour is there at once, and loaded anew: changed under a page, some texts lag behind."""
    is_dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    if is_dark != (scheme == "dark"):
        page.reload()
    page.evaluate(AT_REST)


def finding(item: dict[str, Any]) -> str:
    """One violation as axe answers it, with its first element and why that fails."""
    node = item["nodes"][0]
    why = "; ".join(check["message"] for check in (*node["any"], *node["all"], *node["none"]))
    return f"{item['id']}: {node['html'][:160]} {why}"
