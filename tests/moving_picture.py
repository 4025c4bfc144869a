"""The picture of README.md that moves: a thread opened, answered, closed and the next one there, by keys alone."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

from tests.browser.looking import AT_REST

SIZE = (960, 600)
COLOURS = 96
ANSWER = ("Dank voor uw bericht. ", "Wij komen er vandaag ", "op terug.")


class Reel:
    """Frames of a page, each for some milliseconds."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._frames: list[Image.Image] = []
        self._lasts: list[int] = []

    def keep(self, ms: int) -> None:
        self._page.evaluate(AT_REST)
        shot = Image.open(io.BytesIO(self._page.screenshot())).convert("RGB").resize(SIZE, Image.Resampling.LANCZOS)
        self._frames.append(shot)
        self._lasts.append(ms)

    def write(self, path: Path) -> None:
        """As a GIF with one palette, so that what stands still costs nothing from frame to frame."""
        palette = self._frames[2].quantize(COLOURS, dither=Image.Dither.NONE)
        plain = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in self._frames]
        plain[0].save(path, save_all=True, append_images=plain[1:], duration=self._lasts, loop=0, optimize=False)


def take_moving(page: Page, path: Path) -> None:
    """From the list of the inbox of somebody signed in."""
    reel = Reel(page)
    page.goto("/inbox")
    page.wait_for_selector("body[data-live=on]")
    page.wait_for_load_state("networkidle")
    reel.keep(1400)
    page.keyboard.press("j")
    page.wait_for_selector("#thread-pane [data-thread-id]")
    page.wait_for_load_state("networkidle")
    reel.keep(1800)
    page.keyboard.press("r")
    text = page.locator("#composer-text")
    text.focus()
    reel.keep(700)
    for words in ANSWER:
        text.press_sequentially(words)
        reel.keep(500)
    text.press("Control+Enter")
    page.locator(".message--outgoing", has_text=ANSWER[0].strip()).first.wait_for()
    page.wait_for_load_state("networkidle")
    reel.keep(1800)
    page.locator("#main").focus()
    shown = page.locator("[data-thread-id]").first.get_attribute("data-thread-id")
    page.keyboard.press("e")
    page.wait_for_function("shown => document.querySelector('[data-thread-id]')?.dataset.threadId !== shown", arg=shown)
    page.wait_for_load_state("networkidle")
    reel.keep(2000)
    page.keyboard.press("Control+k")
    page.locator("#palette-field").fill("overdue")
    page.locator("#palette-list [role=option]").first.wait_for()
    reel.keep(1600)
    reel.write(path)
