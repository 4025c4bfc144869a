"""What a page does when it hears that something changed."""

from __future__ import annotations

from playwright.sync_api import Page

_ASKS = """(name) => {
  let asked = false;
  document.addEventListener("htmx:beforeSend", () => { asked = true; }, { once: true });
  document.body.dispatchEvent(new CustomEvent(name));
  return asked;
}"""


def asks_again(page: Page, name: str) -> bool:
    """Tell the page that something changed, such as "tasks-changed". Return whether a part of it fetches itself anew at once."""
    return bool(page.evaluate(_ASKS, name))
