"""A technician's phone without this or that: each row of docs/field-platform.md with the feature switched off. And the pages in
narrow and wide phones, light and dark, in three languages, for axe and by keyboard."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, BrowserContext, Dialog, Page, expect

from app.core.clock import utc_now
from app.core.db import transaction
from app.domain.accounts.access import viewer_of
from app.domain.accounts.models import Brand, User
from app.domain.appointments.actions import change_appointment, content_of
from app.domain.appointments.models import Appointment
from app.domain.events.actions import SYSTEM
from app.domain.field.actions import NewAction, take_action
from app.domain.field.models import ActionKind
from tests.browser.conftest import Desk
from tests.browser.test_technician import Round, photograph, write
from tests.browser.test_technician import day as day
from tests.domain.field.factories import make_photo
from tests.support.browsing import AXE, TIMEOUT_MS, assert_accessible
from tests.support.cut_line import CutLine
from tests.support.full import IS_FULL, amount
from tests.support.signing_in import sign_in_browser

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs/field-platform.md"
OPENED = "() => { for (const one of document.querySelectorAll('details')) one.open = true; }"
WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
# Something that waits, something a person is asked about, and the bar to undo a step.
BUSY = """async (visit_id) => {
  const { keep, settle } = await import('/static/js/field/outbox.js'), who = 'Sanne Timmermans-van den Berg';
  await keep({ visit_id, who, kind: 'note', body: { text: 'Aardlekschakelaarcombinatie besteld' } });
  const newer = [{ name: 'Sanne', text: 'Kan het later?' }], choices = ['do_anyway', 'hand_in', 'discard'];
  const held = await keep({ visit_id, who, kind: 'step', body: { to: 'on_the_way' } });
  await settle(held, 'held', { code: 'moved', words: 'Verplaatst naar 2026-11-27', choices, details: { newer } });
}"""
UNDO = "() => { const bar = document.querySelector('[data-undo]'); bar.hidden = false; bar.firstChild.textContent = 'Done'; }"
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
# What is not in every browser: parts of `navigator`, what is looked for before it is used, what has a capital on `window`.
ASKED_FOR = re.compile(
    r"""navigator\.(\w+)|"(\w+)" in |window\.([A-Z]\w+)|window\.(visualViewport)|crypto\.(subtle)|new ([A-Z]\w+Recorder)"""
    r"""|\b(localStorage|createImageBitmap|caches|indexedDB)\b|Listener\("(beforeinstallprompt)"|registration\.(pushManager)"""
)
NAMED_IN_A_ROW = {"pushManager", "pushed"}  # PushManager's; and what a message of ours says
TO_FRONT_LATER = """() => {
  const now = Date.now() + 150_000;
  Date.now = () => now;
  window.dispatchEvent(new Event('focus'));
}"""
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
    "subtle": "delete Crypto.prototype.subtle;",
    "localStorage": "delete window.localStorage;",
    "locks": "delete Navigator.prototype.locks;",
    "BroadcastChannel": "delete window.BroadcastChannel;",
    "storage": "delete Navigator.prototype.storage;",
    "vibrate": "delete Navigator.prototype.vibrate;",
    "createImageBitmap": "delete window.createImageBitmap;",
    "MediaRecorder": "delete window.MediaRecorder;",
    "mediaDevices": "delete Navigator.prototype.mediaDevices;",
    "SpeechRecognition": "delete window.SpeechRecognition; delete window.webkitSpeechRecognition;",
    "BarcodeDetector": "delete window.BarcodeDetector;",
    "beforeinstallprompt": "addEventListener('beforeinstallprompt', (event) => event.stopImmediatePropagation(), true);",
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


def _sends(page: Page, _day: Round) -> None:
    page.wait_for_selector("body[data-ready=on]")
    write(page, "note", "text", "Groepenkast vol")
    expect(page.locator("[data-sent]")).to_contain_text("All sent")


def _posts_plainly(page: Page, _day: Round) -> None:
    place = page.locator("[data-fold=note]")
    place.locator("summary").click()
    place.locator("textarea").fill("Groepenkast vol")
    with page.expect_navigation():
        place.locator("form").first.locator("button:not([type=button])").click()
    expect(page.locator(".fieldwork__told")).to_contain_text("Sent to the office")


def _says_and_posts(page: Page, day: Round) -> None:
    expect(page.locator(".fieldwork__problem")).to_contain_text("This browser cannot save data")
    _posts_plainly(page, day)


def _keeps_the_photo(page: Page, _day: Round) -> None:
    page.wait_for_selector("body[data-ready=on]")
    photograph(page, "before", JPEG)
    expect(page.locator("[data-sent]")).to_contain_text("All sent")


def _offers_a_sound(page: Page, _day: Round) -> None:
    page.wait_for_selector("body[data-ready=on]")
    place = page.locator("[data-fold=note]")
    place.locator("summary").click()
    expect(place.locator("[data-record]")).to_be_hidden()
    place.locator("[data-sound]").set_input_files({"name": "x.ogg", "mimeType": "audio/ogg", "buffer": b"OggS" + bytes(90)})
    expect(page.locator("[data-list=voice] [data-pending]")).to_have_count(1)
    expect(page.locator("[data-sent]")).to_contain_text("All sent")


def _hides(what: str) -> Callable[[Page, Round], None]:
    def check(page: Page, _day: Round) -> None:
        page.wait_for_selector("body[data-ready=on]")
        page.evaluate(OPENED)
        expect(page.locator(f"[data-{what}]")).to_be_hidden()

    return check


def _holds_for_the_page(page: Page, _day: Round) -> None:
    """What is set on this phone alone."""
    page.goto("/visits/queue")
    page.wait_for_selector("body[data-ready=on]")
    page.locator("[data-sun] input").check(force=True)
    assert page.evaluate("document.documentElement.dataset.theme") == "sun"
    page.locator("[data-maps] [value=waze]").check(force=True)
    page.locator("[data-sun] input").uncheck(force=True)
    assert page.evaluate("document.documentElement.dataset.theme") == "system"
    expect(page.locator(".fieldwork__problem")).to_have_count(0)


def _offers_no_button(page: Page, _day: Round) -> None:
    page.goto("/visits/queue")
    page.wait_for_selector("body[data-ready=on]")
    expect(page.locator("[data-install-now]")).to_be_hidden()
    expect(page.locator("main")).to_contain_text("Add to Home Screen")


def _offers_what_changed(page: Page, day: Round) -> None:
    """Nobody tells it; it comes to the front later."""
    page.wait_for_selector("body[data-ready=on]")
    expect(page.locator("[data-sent]")).to_contain_text("All sent")
    with page.expect_response("**/field/pack*"):
        page.evaluate(TO_FRONT_LATER)
    expect(page.locator("[data-changed]")).to_have_count(0)
    with day.desk.live.app.app_context(), transaction() as session:
        visit = session.get_one(Appointment, day.visit_id)
        content = replace(content_of(visit), notes="Let op de hond")
        change_appointment(session, visit.id, content, now=utc_now(), actor=SYSTEM)
    page.evaluate(TO_FRONT_LATER)
    page.locator("[data-changed]").click()
    expect(page.locator("main")).to_contain_text("Let op de hond")


CHECKS: dict[str, Callable[[Page, Round], None]] = {
    "indexedDB": _says_and_posts,
    "createImageBitmap": _keeps_the_photo,
    "MediaRecorder": _offers_a_sound,
    "SpeechRecognition": _hides("dictate"),
    "BarcodeDetector": _hides("scan"),
    "mediaDevices": _offers_a_sound,
    "subtle": _says_and_posts,
    "localStorage": _holds_for_the_page,
    "beforeinstallprompt": _offers_no_button,
    "PushManager": _offers_what_changed,
    "script": _posts_plainly,
}


def test_the_table_has_every_feature_that_is_tried_and_no_other() -> None:
    assert re.findall(r"^\| `(\w+)` \|", TABLE.read_text(), flags=re.M) == list(OFF)


def test_every_feature_the_code_asks_the_browser_for_has_a_row() -> None:
    code = "".join(path.read_text() for path in [*(ROOT / "static/js/field").glob("*.js"), ROOT / "static/sw.js"])
    used = {next(filter(None, names)) for names in ASKED_FOR.findall(code)}
    assert {"vibrate", "subtle", "SpeechRecognition", "localStorage", "createImageBitmap"} <= used
    assert used <= {*OFF, *NAMED_IN_A_ROW}


def test_without_a_feature_what_stands_in_for_it_works(phone: Callable[..., Page], desk: Desk, day: Round) -> None:
    with desk.live.app.app_context(), transaction() as session:
        session.execute(sa.update(Brand).where(Brand.id == desk.brand_id).values(recognises_speech=True))
    first = ["indexedDB", "locks", "MediaRecorder", "script"]
    for name in first if amount(0, full=1) == 0 else OFF:
        page = phone(OFF[name], java_script_enabled=name != "script")
        CHECKS.get(name, _sends)(page, day)
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


def test_a_meter_that_would_run_backwards_is_asked_about_and_kept_if_confirmed(phone: Callable[..., Page], day: Round) -> None:
    page, asked = phone(), list[Dialog]()
    page.wait_for_selector("body[data-ready=on]")
    page.on("dialog", lambda dialog: (asked.append(dialog), dialog.dismiss() if len(asked) == 1 else dialog.accept()))
    write(page, "meter", "value", "48213.4")
    place = page.locator("[data-fold=meter]")
    place.locator("[value=after]").check(force=True)
    place.locator("[name=value]").fill("213,4")
    keep = place.get_by_role("button", name="Save")
    with page.expect_event("dialog"):
        keep.click()
    question = "The meter reading after the work is lower than the one before the work (48213.4 kWh). Save this reading anyway?"
    assert [one.message for one in asked] == [question]
    expect(place.locator("[name=value]")).to_have_value("213,4")
    expect(place.locator("[data-pending]")).to_have_count(1)
    keep.click()
    expect(place.locator("[data-pending]")).to_have_count(2)
    expect(page.locator("[data-sent]")).to_contain_text("All sent")
    assert [(row.body["when"], row.body["value"]) for row in day.ledger()] == [("before", "48213.4"), ("after", "213.4")]
    write(page, "serial", "text", "ACE041287")
    expect(page.locator("[data-sent]")).to_contain_text("All sent")
    page.reload()
    page.wait_for_selector("body[data-ready=on]")
    place = page.locator("[data-fold=serial]")
    place.locator("summary").first.click()
    place.get_by_text("Correct the number", exact=True).click()
    place.get_by_label("Serial number").first.fill("ACE0412873")
    place.get_by_role("button", name="Save").first.click()
    expect(place.locator(".is-corrected")).to_contain_text("ACE041287")
    expect(page.locator("[data-sent]")).to_contain_text("All sent")
    page.reload()
    expect(place.locator("[data-serial] > span")).to_have_text("ACE0412873")


def report_everything(day: Round) -> None:
    """One of each kind, so that each list of the visit has something in it."""
    said = (
        ("note", {"text": "Groepenkast vervangen, aardlekschakelaarcombinatie besteld"}),
        ("serial", {"text": "ACE0412873-2026-0000001-NL", "what": "Laadpaal"}),
        ("meter", {"when": "before", "value": "482130.455"}),
        ("meter", {"when": "after", "value": "213.4"}),
        ("follow_up", {"text": "Kabelgoot afwerken", "date": str((utc_now() + timedelta(days=3)).date()), "time": "09:00"}),
        ("signature", {"name": "S. Timmermans-van den Berg", "strokes": "100,100 900,200", "statement": "Klaar"}),
    )
    with day.desk.live.app.app_context(), transaction() as session:
        user, visit, now = session.get_one(User, day.user_id), session.get_one(Appointment, day.visit_id), utc_now()
        make_photo(session, visit, user, now=now)
        for kind, body in said:
            usual = {"id": uuid.uuid4(), "device_id": uuid.uuid4(), "visit_id": visit.id, "occurred_at": now}
            answer = take_action(
                session, NewAction(kind=ActionKind(kind), body=body, **usual), viewer=viewer_of(session, user), now=now
            )  # type: ignore[arg-type]
            assert answer.outcome == "applied"


LOOKS = (
    (320, "light", "nl"),
    (430, "dark", "fr"),
    (320, "dark", "en"),
    (430, "light", "nl"),
    (320, "light", "fr"),
    (430, "dark", "en"),
)


def test_nothing_sticks_out_and_axe_finds_nothing_in_any_look(phone: Callable[..., Page], desk: Desk, day: Round) -> None:
    report_everything(day)
    pages = (
        "/today",
        f"/visits/{day.visit_id}",
        "/visits/queue",
        "/visits/messages",
        f"/visits/{day.visit_id}/report",
        "/field/offline",
    )
    for number, (width, scheme, language) in enumerate(LOOKS[: amount(2, full=len(LOOKS))]):
        with desk.live.app.app_context(), transaction() as session:
            session.execute(sa.update(User).where(User.id == day.user_id).values(locale=language))
        page = phone(viewport={"width": width, "height": 700}, color_scheme=scheme, reduced_motion="reduce")
        page.route("**/field/actions", lambda route: route.abort())
        page.wait_for_selector("body[data-ready=on]")
        page.evaluate(BUSY, str(day.visit_id))
        for path in pages if IS_FULL else pages[number::2]:
            page.goto(path)
            page.wait_for_selector("body[data-ready=on]")
            page.evaluate(OPENED)
            page.evaluate(UNDO)
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
        page.wait_for_function("() => navigator.serviceWorker.controller")
        page.goto(f"{line.url}/visits/{day.visit_id}/report")
        expect(page.locator("h1")).to_be_visible()
    finally:
        context.close()
        line.close()
    assert line.happened
