"""A technician's phone without this or that: each row of docs/field-platform.md with the feature switched off. And the pages in
narrow and wide phones, light and dark, in three languages, for axe and by keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, BrowserContext, Page, expect

from app.core.db import transaction
from app.domain.accounts.models import Brand, User
from tests.browser.conftest import Desk
from tests.browser.test_technician import Round, photograph, write
from tests.browser.test_technician import day as day
from tests.support.browsing import AXE, TIMEOUT_MS, assert_accessible
from tests.support.cut_line import CutLine
from tests.support.full import amount
from tests.support.signing_in import sign_in_browser

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs/field-platform.md"
OPENED = "() => { for (const one of document.querySelectorAll('details')) one.open = true; }"
WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
# Letters of twice the size, as a phone's own setting makes them.
BIG = """() => {
  const all = [document.body, ...document.querySelectorAll('body *')];
  const sizes = all.map((one) => [one, parseFloat(getComputedStyle(one).fontSize)]);
  for (const [one, size] of sizes) one.style.fontSize = `${2 * size}px`;
}"""
# Words that are broken in the middle, of what is tapped or read at a glance.
BROKEN = """(places) => [...document.querySelectorAll(places)].flatMap((place) => {
  const walk = document.createTreeWalker(place, NodeFilter.SHOW_TEXT), found = [];
  for (let text = walk.nextNode(); text; text = walk.nextNode()) {
    for (const { 0: word, index } of text.data.matchAll(/\\p{L}+/gu)) {
      const range = document.createRange();
      range.setStart(text, index); range.setEnd(text, index + word.length);
      if (new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size > 1) found.push(word);
    }
  }
  return found;
})"""
GLANCED_AT = ".fieldwork__tabs a, .visit-steps li, .fieldwork__main-button, .fieldwork__chip span"
# What is tapped and smaller than a gloved finger.
SMALL = """() => [...document.querySelectorAll('a, button, summary, input, textarea, .fieldwork__way')]
  .map((one) => [one, one.getBoundingClientRect()])
  .filter(([, { width, height, right }]) => width && right > 0 && (width < 48 || height < 48))
  .map(([one, { width, height }]) => `${one.outerHTML.slice(0, 90)} ${Math.round(width)}x${Math.round(height)}`)"""
RECOGNISER = "window.SpeechRecognition = class { start() {} abort() {} };"  # one in name alone, as on iPhones
READER = "window.BarcodeDetector = class { async detect() { return [{ rawValue: 'ACE0412873' }]; } };"
JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffdb004300") + b"\x08" * 64 + bytes.fromhex("ffd9")
OFF = {
    "serviceWorker": "delete Navigator.prototype.serviceWorker;",
    "caches": "delete window.caches;",
    "indexedDB": "delete window.indexedDB;",
    "locks": "delete Navigator.prototype.locks;",
    "BroadcastChannel": "delete window.BroadcastChannel;",
    "storage": "delete Navigator.prototype.storage;",
    "vibrate": "delete Navigator.prototype.vibrate;",
    "createImageBitmap": "delete window.createImageBitmap;",
    "MediaRecorder": "delete window.MediaRecorder;",
    "SpeechRecognition": "delete window.SpeechRecognition; delete window.webkitSpeechRecognition;",
    "BarcodeDetector": "delete window.BarcodeDetector;",
    "PushManager": "delete window.PushManager;",
    "visualViewport": "delete window.visualViewport;",
    "wakeLock": "delete Navigator.prototype.wakeLock;",
    "SyncManager": "delete window.SyncManager;",
    "script": "",
}


@pytest.fixture
def phone(browser: Browser, desk: Desk, day: Round) -> Iterator[Callable[..., Page]]:
    """A phone of Bob's at his visit, with this script run before any of ours; `look` are Playwright's options of a context."""
    opened: list[BrowserContext] = []

    def start(script: str = "", **look: object) -> Page:
        context = browser.new_context(**{"viewport": {"width": 390, "height": 844}, "base_url": desk.live.url, **look})  # type: ignore[arg-type]
        opened.append(context)
        context.set_default_timeout(TIMEOUT_MS)
        page = context.new_page()
        page.add_init_script(script or ";")
        sign_in_browser(page, desk.live.app, desk.email("bob"))
        page.goto(f"/visits/{day.visit_id}")
        return page

    yield start
    for context in opened:
        context.close()


def _sends(page: Page) -> None:
    page.wait_for_selector("body[data-ready=on]")
    write(page, "note", "text", "Groepenkast vol")
    expect(page.locator("[data-sent]")).to_contain_text("All sent")


def _posts_plainly(page: Page) -> None:
    place = page.locator("[data-fold=note]")
    place.locator("summary").click()
    place.locator("textarea").fill("Groepenkast vol")
    with page.expect_navigation():
        place.locator("form").first.locator("button:not([type=button])").click()
    expect(page.locator(".fieldwork__told")).to_contain_text("Sent to the office")


def _says_and_posts(page: Page) -> None:
    expect(page.locator(".fieldwork__problem")).to_contain_text("This browser cannot save data")
    _posts_plainly(page)


def _keeps_the_photo(page: Page) -> None:
    page.wait_for_selector("body[data-ready=on]")
    photograph(page, "before", JPEG)
    expect(page.locator("[data-sent]")).to_contain_text("All sent")


def _offers_a_sound(page: Page) -> None:
    page.wait_for_selector("body[data-ready=on]")
    place = page.locator("[data-fold=note]")
    place.locator("summary").click()
    expect(place.locator("[data-record]")).to_be_hidden()
    place.locator("[data-sound]").set_input_files({"name": "x.ogg", "mimeType": "audio/ogg", "buffer": b"OggS" + bytes(90)})
    expect(page.locator("[data-list=voice] [data-pending]")).to_have_count(1)
    expect(page.locator("[data-sent]")).to_contain_text("All sent")


def _hides(what: str) -> Callable[[Page], None]:
    def check(page: Page) -> None:
        page.wait_for_selector("body[data-ready=on]")
        page.evaluate(OPENED)
        expect(page.locator(f"[data-{what}]")).to_be_hidden()

    return check


CHECKS: dict[str, Callable[[Page], None]] = {
    "indexedDB": _says_and_posts,
    "createImageBitmap": _keeps_the_photo,
    "MediaRecorder": _offers_a_sound,
    "SpeechRecognition": _hides("dictate"),
    "BarcodeDetector": _hides("scan"),
    "script": _posts_plainly,
}


def test_the_table_has_every_feature_that_is_tried_and_no_other() -> None:
    assert re.findall(r"^\| `(\w+)` \|", TABLE.read_text(), flags=re.M) == list(OFF)


def test_without_a_feature_what_stands_in_for_it_works(phone: Callable[..., Page], desk: Desk) -> None:
    with desk.live.app.app_context(), transaction() as session:
        session.execute(sa.update(Brand).where(Brand.id == desk.brand_id).values(recognises_speech=True))
    first = ["indexedDB", "locks", "MediaRecorder", "script"]
    for name in first if amount(0, full=1) == 0 else OFF:
        page = phone(OFF[name], java_script_enabled=name != "script")
        CHECKS.get(name, _sends)(page)
        page.context.close()


@pytest.mark.full
def test_a_recogniser_in_name_alone_goes_and_a_reader_of_codes_fills_the_number_in(
    phone: Callable[..., Page], desk: Desk
) -> None:
    with desk.live.app.app_context(), transaction() as session:
        session.execute(sa.update(Brand).where(Brand.id == desk.brand_id).values(recognises_speech=True))
    page = phone(RECOGNISER + READER)
    page.wait_for_selector("body[data-ready=on]")
    page.evaluate(OPENED)
    page.locator("[data-dictate]").click()
    expect(page.locator("[data-dictate]")).to_be_hidden()
    picture = page.evaluate("""async () => {
      const canvas = Object.assign(document.createElement('canvas'), { width: 9, height: 9 });
      canvas.getContext('2d').fillRect(0, 0, 9, 9);
      return [...new Uint8Array(await (await new Promise((done) => canvas.toBlob(done, 'image/png'))).arrayBuffer())];
    }""")
    photo = {"name": "x.png", "mimeType": "image/png", "buffer": bytes(picture)}
    page.locator("[data-scan] input").set_input_files(photo)  # type: ignore[arg-type]
    expect(page.locator("#serial-text")).to_have_value("ACE0412873")


LOOKS = (
    (320, "light", "nl"),
    (430, "dark", "fr"),
    (320, "dark", "en"),
    (430, "light", "nl"),
    (320, "light", "fr"),
    (430, "dark", "en"),
)


def test_nothing_sticks_out_and_axe_finds_nothing_in_any_look(phone: Callable[..., Page], desk: Desk, day: Round) -> None:
    pages = ("/today", f"/visits/{day.visit_id}", "/visits/queue", "/visits/messages", f"/visits/{day.visit_id}/report")
    for width, scheme, language in LOOKS[: amount(2, full=len(LOOKS))]:
        with desk.live.app.app_context(), transaction() as session:
            session.execute(sa.update(User).where(User.id == day.user_id).values(locale=language))
        page = phone(viewport={"width": width, "height": 700}, color_scheme=scheme, reduced_motion="reduce")
        for path in pages:
            page.goto(path)
            page.wait_for_selector("body[data-ready=on]")
            page.evaluate(OPENED)
            assert page.evaluate(WIDER) <= 0, (path, width)
            assert_accessible(page)
            assert page.evaluate(SMALL) == [], (path, width)
            assert page.evaluate(AXE, [None, ["color-contrast-enhanced"]]) == [], (path, scheme)
            page.evaluate(BIG)
            assert page.evaluate(WIDER) <= 0, (path, width, "twice the size")
            assert page.evaluate(BROKEN, GLANCED_AT) == [], (path, width, language)
        page.context.close()


@pytest.mark.full
def test_the_day_is_done_by_keyboard_alone(phone: Callable[..., Page], day: Round) -> None:
    page = phone()
    page.wait_for_selector("body[data-ready=on]")
    for name in ("On my way", "I have arrived", "Start work", "Done"):
        page.locator(".fieldwork__foot").get_by_role("button", name=name).focus()
        page.keyboard.press("Enter")
    expect(page.locator(".visit-steps [aria-current=step]")).to_have_text("Done")
    page.goto("/visits/queue")
    expect(page.locator("[data-sent]")).to_contain_text("All sent")
    assert [row.body["to"] for row in day.ledger()] == ["on_the_way", "arrived", "in_progress", "done"]


def test_a_page_that_is_not_kept_is_waited_for_however_slow_the_line(browser: Browser, desk: Desk, day: Round) -> None:
    """A phone whose every line is too slow: nothing is kept of the report, so the office is waited for."""
    hasty = (ROOT / "static/sw.js").read_text().replace("LIMIT_MS = 2500", "LIMIT_MS = 0").encode()
    assert b"LIMIT_MS = 0" in hasty
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/javascript\r\nContent-Length: {len(hasty)}\r\nConnection: close\r\n\r\n"
    target = urlsplit(desk.live.url)
    line = CutLine((str(target.hostname), int(target.port or 80)), faults=[("GET /sw.js", head.encode() + hasty)])
    context = browser.new_context(viewport={"width": 390, "height": 844})
    try:
        page = context.new_page()
        page.set_default_timeout(TIMEOUT_MS)
        sign_in_browser(page, desk.live.app, desk.email("bob"), url=line.url)
        page.goto(f"{line.url}/today")
        page.evaluate("navigator.serviceWorker.ready")
        page.wait_for_function("navigator.serviceWorker.controller")
        page.goto(f"{line.url}/visits/{day.visit_id}/report")
        expect(page.locator("h1")).to_be_visible()
    finally:
        context.close()
        line.close()
    assert line.happened
