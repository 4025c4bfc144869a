"""What axe and a ruler find wrong with a page, or with what is open on it: wide and narrow, light and dark.

It is slow. `make test` takes one look at a page, with all rules, in one width, scheme and language; over all pages each of them
occurs, and what stands around every page is looked at once in each of them. `make test-full` takes every look, and does nothing
twice: a page is loaded once per language. All rules are asked of what is in sight when wide, and of what comes into sight when
narrow, where the rules that depend on room are asked of all; in the other scheme, which changes nothing but colours, colours are
asked of what was not in sight in the look before, or had others there, and nothing at all where each kind of thing of the page,
in its colours and on its ground, was seen in both schemes on another page. Of a list that repeats the same parts the first dozen
stay, and every row with something that none before it has.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

from playwright.sync_api import Page

from tests.support.browsing import AXE, FRAME, put_axe_in, wait_until_bound
from tests.support.full import IS_FULL

WIDE, NARROW = 1440, 390
SOON = 120_000  # milliseconds; what a page of the demo has not shown by then does not come
LANGUAGES = ("en", "nl", "fr")
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")  # another one in every demo
LOOKS = ((WIDE, "light"), (WIDE, "dark"), (NARROW, "light"), (NARROW, "dark"))
COLOURS = ["color-contrast", "link-in-text-block"]
ROOM = ["target-size", "scrollable-region-focusable", "aria-hidden-focus"]
FRESH = "[data-fresh-look]"
# What changed has been drawn, and nothing moves any more; at most a second later, for a page nobody sees draws nothing.
AT_REST = """() => Promise.race([new Promise((resolve) => setTimeout(resolve, 1000)), (async () => {
  for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame);
  await Promise.all(document.getAnimations().map((one) => one.finished.catch(() => null)));
})()])"""
# Chromium leaves texts in their old colours under another scheme until something else touches them.
REDRAWN = """() => {
  document.documentElement.style.display = 'none';
  document.body.getBoundingClientRect();
  document.documentElement.style.display = '';
}"""
# The page hears pushes, and what it asks for by itself once it is shown has come. A page outside the application has none of it.
SETTLED = """() => document.readyState === 'complete' && (!document.querySelector('.app')
  || (document.body.dataset.live === 'on' && !document.querySelector('[hx-trigger=load], .htmx-request')))"""
SHORTEN = """() => document.querySelectorAll('ol, ul, tbody, select').forEach((list) => {
  const seen = new Set();
  [...list.children].forEach((one, place) => {
    const kinds = [one, ...one.querySelectorAll('*')].flatMap((part) => [part.localName, ...part.classList]);
    const isNew = kinds.some((kind) => !seen.has(kind)) || one.matches(':checked, :has([aria-current=true])');
    if (place < 12 || isNew || one.contains(document.activeElement)) kinds.forEach((kind) => seen.add(kind));
    else one.remove();
  });
})"""
# Marks what is in sight and was not in the last look in the same scheme, or in other colours; returns how many places that is.
COMPARE = """(scheme) => {
  const now = new Map(), fresh = [], before = (window.looked ??= {})[scheme];
  document.querySelectorAll('[data-fresh-look]').forEach((old) => old.removeAttribute('data-fresh-look'));
  for (const element of document.body.querySelectorAll('*')) {
    if (!element.checkVisibility({ visibilityProperty: true })) continue;
    const { color, backgroundColor, opacity } = getComputedStyle(element);
    now.set(element, [color, backgroundColor, opacity].join());
    if (before?.get(element) === now.get(element) || element.parentElement.closest('[data-fresh-look]')) continue;
    fresh.push(element);
    element.setAttribute('data-fresh-look', '');
  }
  window.looked[scheme] = now;
  return fresh.length;
}"""
# Each kind of element of the parts that a selector names, with its colours and what it stands on.
SHADES = """(parts) => [...new Set([...document.querySelectorAll(parts)].flatMap((part) => [part, ...part.querySelectorAll('*')])
  .filter((one) => one.checkVisibility({ visibilityProperty: true })).map((one) => {
    const { color, opacity, fontSize, fontWeight } = getComputedStyle(one), ground = (at) => getComputedStyle(at).backgroundColor;
    let on = one;
    while (on.parentElement && ground(on) === 'rgba(0, 0, 0, 0)') on = on.parentElement;
    const kinds = [one, on].flatMap((at) => [at.localName, ...at.classList]);
    return [...kinds, color, ground(on), opacity, fontSize, fontWeight].join(' ');
  }))]"""
# Of all that a selector names, what has a kind of part that none before it has stays in sight.
HIDE_REPEATED = """(parts) => {
  const seen = new Set();
  for (const one of document.querySelectorAll(parts)) {
    const kinds = [one, ...one.querySelectorAll('*')].flatMap((part) => [part.localName, ...part.classList]);
    if (kinds.every((kind) => seen.has(kind))) one.style.setProperty('display', 'none', 'important');
    kinds.forEach((kind) => seen.add(kind));
  }
}"""
SCHEME = "matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'"
STICKS_OUT = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


def look_for(path: str) -> tuple[int, str, str]:
    """The width, scheme and language in which `make test` looks at a page: always the same ones, picked by its address."""
    looks = list(itertools.product((WIDE, NARROW), ("light", "dark"), LANGUAGES))
    return looks[crc32(UUID.sub("", path).encode()) % len(looks)]


@dataclass(frozen=True)
class Eyes:
    """Somebody's page, in front of the one who looks, and the shades they know in both schemes. `speak` sets their language."""

    page: Page
    speak: Callable[[str], None] = lambda language: None
    languages: tuple[str, ...] = LANGUAGES
    known: set[str] = field(default_factory=set)
    framed: set[tuple[int, str, str]] = field(default_factory=set)

    def look_at(self, path: str, part: str = "") -> list[str]:
        """What is wrong at an address, or in the part of it that a selector names, of any severity."""
        if IS_FULL:
            return [fault for language in self.languages for fault in self._look_around(path, part, language)]
        width, scheme, language = look_for(path)
        language = language if language in self.languages else self.languages[0]
        look = (width, scheme, language)
        with self._shown(path, *look):
            without = FRAME if look in self.framed and not part else ()
            faults = [f"{path}: {language} {fault}" for fault in found(self.page, part, without=without)]
        if not part and self.page.locator(FRAME[0]).count():
            self.framed.add(look)
        return faults

    def _look_around(self, path: str, part: str, language: str) -> list[str]:
        faults, shades = list[str](), set[str]()
        with self._shown(path, *LOOKS[0], language):
            for width, scheme in LOOKS:
                if scheme == "light" or not shades <= self.known:
                    faults += self._look(width, scheme, part)
                    shades = set(self.page.evaluate(SHADES, part or "body")) | shades
                if scheme == "dark":
                    self.known.update(shades)
        return [f"{path}: {language} {fault}" for fault in faults]

    @contextmanager
    def _shown(self, path: str, width: int, scheme: str, language: str) -> Iterator[None]:
        """The page in a look and a language, ready for axe; whoever comes next finds it in English."""
        put_on(self.page, width, scheme)
        self.speak(language)
        show(self.page, path)
        assert self.page.evaluate("document.documentElement.lang") == language
        put_axe_in(self.page)
        self.page.evaluate(SHORTEN)
        yield
        self.speak(LANGUAGES[0])

    def _look(self, width: int, scheme: str, part: str) -> Iterator[str]:
        dress(self.page, width, scheme)
        fresh = self.page.evaluate(COMPARE, scheme)
        if part or (width, scheme) == LOOKS[0]:
            yield from found(self.page, part)
        elif scheme == "dark":
            yield from found(self.page, FRESH, COLOURS) if fresh else ()
        else:
            yield from found(self.page, rules=ROOM)
            yield from found(self.page, FRESH) if fresh else ()

    def link(self, path: str, link: str) -> str:
        """Where the first of the links of a page leads, without its query."""
        show(self.page, path)
        return (self.page.locator(link).first.get_attribute("href", timeout=SOON) or "").split("?")[0]


def show(page: Page, path: str) -> None:
    """Go to an address and wait until the page is whole."""
    page.goto(path)
    page.wait_for_function(SETTLED, timeout=3 * SOON)
    wait_until_bound(page)


def dress(page: Page, width: int, scheme: str = "") -> None:
    """Another look for the page as it stands, in its scheme unless another is named. Nothing moves in it, so that a colour is
    there at once."""
    before = page.evaluate(SCHEME)
    scheme = scheme or before
    put_on(page, width, scheme)
    if before != scheme:
        page.evaluate(REDRAWN)
    page.evaluate(AT_REST)


def put_on(page: Page, width: int, scheme: str) -> None:
    """The look of what is loaded next."""
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]


def in_the_other_scheme(page: Page, part: str, shades: set[str]) -> Iterator[str]:
    """What is wrong with the colours of the parts that a selector names in the scheme that is not on; it stays on. Nothing is
    asked where all `shades` of the parts are known in both schemes; they are known then."""
    here = set(page.evaluate(SHADES, part))
    if here <= shades:
        return
    dress(page, page.evaluate("innerWidth"), "light" if page.evaluate(SCHEME) == "dark" else "dark")
    yield from found(page, part, COLOURS)
    shades |= here | set(page.evaluate(SHADES, part))


def found(page: Page, part: str = "", rules: list[str] | None = None, without: Sequence[str] = ()) -> Iterator[str]:
    """What is wrong with the page, or the parts that a selector names, in the look it has; `without` those that others name."""
    look = f"{page.evaluate('innerWidth')} {page.evaluate(SCHEME)}"
    for item in page.evaluate(AXE, [[[part]] if part else None, rules, [[one] for one in without] or None]):
        yield f"{look} {finding(item)}"
    if page.evaluate(STICKS_OUT):
        yield f"{look}: wider than the window"


def finding(item: dict[str, Any]) -> str:
    """One violation as axe answers it, with its first element and why that fails."""
    node = item["nodes"][0]
    why = "; ".join(check["message"] for check in (*node["any"], *node["all"], *node["none"]))
    return f"{item['id']}: {node['html'][:160]} {why}"
