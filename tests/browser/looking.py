"""What axe and a ruler find wrong with a page: wide and narrow, light and dark."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

# Width, colours, and whether only colours are asked about: what axe says else does not depend on them.
LOOKS = ((1440, "dark", False), (390, "dark", True), (390, "light", False), (1440, "light", True))
COLOURS = {"runOnly": ["color-contrast", "link-in-text-block"]}
RUN = """([inside, options]) => axe.run((inside && document.querySelector(inside)) || document,
  { resultTypes: ["violations"], ...options }).then((found) => found.violations)"""
# What changed has been drawn, and nothing moves any more.
AT_REST = """async () => {
  for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame);
  await Promise.all(document.getAnimations().map((one) => one.finished.catch(() => null)));
}"""
STICKS_OUT = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


def look(page: Page, what: str = "", inside: str = "") -> list[str]:
    """What is wrong with the page as it stands, or with one part of it, of any severity; each line begins with `what`."""
    wrong = []
    for width, scheme, only_colours in LOOKS:
        page.set_viewport_size({"width": width, "height": 900})
        # Without motion a colour is there at once, and not on its way from the other scheme.
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        page.evaluate(AT_REST)
        if not page.evaluate("'axe' in window"):
            page.evaluate(AXE_SCRIPT)
        found = page.evaluate(RUN, [inside, COLOURS if only_colours else {}])
        wrong += [f"{what} {width} {scheme} {finding(item)}" for item in found]
        if page.evaluate(STICKS_OUT):
            wrong.append(f"{what} {width}: wider than the window")
    return wrong


def finding(item: dict[str, Any]) -> str:
    """One violation as axe answers it, with its first element and why that fails."""
    node = item["nodes"][0]
    why = "; ".join(check["message"] for check in (*node["any"], *node["all"], *node["none"]))
    return f"{item['id']}: {node['html'][:160]} {why}"
