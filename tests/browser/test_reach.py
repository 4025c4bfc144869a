"""What a hand can press, keys reach: Tab goes round through everything in sight and is held nowhere."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.looking import WIDE, Eyes, dress, show
from tests.browser.scenes import ANSWERED

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1800)]  # a busy machine takes many times as long

ROUND = 400  # presses; no page has that much in sight
CONTROLS = "a[href], button, input, select, textarea, summary, [contenteditable]"
# A control is known by its place in what has an id: a push may bring a newer rendering of it while Tab is elsewhere. What comes
# on the way is not asked for: a list whose end was in sight as Tab left it has further rows by then.
WATCH = """(controls) => {
  let first = null;
  const reached = new Set();
  const partOf = (one) => one.closest('[id]') ?? document.body;
  const placeOf = (one) => {
    const part = partOf(one);
    return `${part.id} ${[...part.querySelectorAll(controls)].filter((other) => partOf(other) === part).indexOf(one)}`;
  };
  // Among the choices of a list arrows walk, and what is typed narrows it.
  const inSight = () => [...document.querySelectorAll(controls)]
    .filter((one) => !one.matches(':disabled, [role=option], [type=hidden]'))
    .filter((one) => one.checkVisibility({ visibilityProperty: true }));
  const atFirst = new Set(inSight().map(placeOf));
  document.addEventListener('focusin', ({ target }) => {
    first ??= target;
    window.isRound ||= target === first && reached.size > 1;
    reached.add(placeOf(target));
  });
  window.missed = () => inSight().filter((one) => atFirst.has(placeOf(one)) && !reached.has(placeOf(one)))
    .map((one) => one.outerHTML.slice(0, 160));
}"""


def test_tab_reaches_the_list_the_thread_the_composer_and_the_contact(admin_eyes: Eyes) -> None:
    assert missed(admin_eyes.page, admin_eyes.link("/inbox/email", ANSWERED)) == []


def test_tab_reaches_the_board(admin_eyes: Eyes) -> None:
    assert missed(admin_eyes.page, "/tasks/board?who=all") == []


def missed(page: Page, path: str) -> list[str]:
    """What of a page Tab does not come to before it is back where it began."""
    dress(page, WIDE, "light")
    show(page, path)
    page.evaluate(WATCH, CONTROLS)
    for _ten in range(ROUND // 10):
        for _press in range(10):
            page.keyboard.press("Tab")
        if page.evaluate("window.isRound"):
            return [str(one) for one in page.evaluate("missed()")]
    at = page.evaluate("document.activeElement.outerHTML.slice(0, 160)")
    return [f"Tab does not come back to the start, but is at {at}"]
