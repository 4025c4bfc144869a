"""A technician's day without a network in a real browser: pages and browser die, answers get lost, and at the office everything
is there once, in order, with every byte of every photo."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, BrowserContext, Page, expect

from app.core.clock import utc_now
from app.core.db import transaction
from app.core.runtime import runtime
from app.domain.accounts.models import Brand, User
from app.domain.connections.models import Channel
from app.domain.field.models import FieldFile, PhoneAction
from app.process.launch.install import find_chromium
from tests.browser.conftest import Desk
from tests.domain.appointments.factories import make_appointment
from tests.factories import make_contact, make_message, make_thread
from tests.support.browsing import FLAGS, TIMEOUT_MS, assert_accessible
from tests.support.cut_line import CutLine
from tests.support.signing_in import sign_in_browser
from tests.support.waiting import wait_until

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}
KEPT_BYTES = """async () => {
  const { all } = await import('/static/js/field/store.js');
  const kept = await all('bytes');
  return Promise.all(kept.map(async ({ bytes }) =>
    [...new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))].map((one) => one.toString(16).padStart(2, '0')).join('')));
}"""
KEPT = "async () => (await (await import('/static/js/field/outbox.js')).list()).map((one) => [one.kind, one.state])"
PACKED = """async () => {
  while (!(await (await caches.open('field-pointer')).match('/field/current'))) await new Promise((done) => setTimeout(done, 50));
}"""
NOISE = """() => {
  const canvas = document.createElement('canvas'); Object.assign(canvas, { width: 1600, height: 1200 });
  const paint = canvas.getContext('2d');
  for (let at = 0; at < 4000; at += 1) {
    paint.fillStyle = `hsl(${(at * 37) % 360} 80% 50%)`; paint.fillRect((at * 71) % 1600, (at * 43) % 1200, 24, 24);
  }
  const read = async (blob) => [...new Uint8Array(await blob.arrayBuffer())];
  return new Promise((done) => canvas.toBlob((blob) => done(read(blob)), 'image/jpeg', 0.95));
}"""


@dataclass
class Phone:
    """A Chromium with a folder of its own, so that it can be killed and started again. Its pages go through `line`."""

    playwright_browser: Browser
    folder: Path
    line: CutLine
    process: subprocess.Popen[bytes] | None = None
    browser: Browser | None = None

    def start(self) -> Page:
        path = find_chromium()
        assert path is not None
        port_file = self.folder / "DevToolsActivePort"
        port_file.unlink(missing_ok=True)
        command = [path, "--headless", *FLAGS, "--remote-debugging-port=0", f"--user-data-dir={self.folder}", "about:blank"]
        self.process = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)
        wait_until(lambda: port_file.is_file() and len(port_file.read_text().splitlines()) == 2, "the browser of the phone")
        port = port_file.read_text().splitlines()[0]
        self.browser = self.playwright_browser.browser_type.connect_over_cdp(f"http://127.0.0.1:{port}")
        return self.open()

    @property
    def context(self) -> BrowserContext:
        assert self.browser is not None
        return self.browser.contexts[0]

    def open(self) -> Page:
        page = self.context.new_page()
        page.set_default_timeout(TIMEOUT_MS)
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        return page

    def kill(self) -> None:
        """As a phone that runs out of battery."""
        assert self.process is not None
        os.killpg(os.getpgid(self.process.pid), signal.SIGKILL)  # with its children
        self.process.wait()


@contextmanager
def running_phone(browser: Browser, folder: Path, line: CutLine) -> Iterator[Phone]:
    phone = Phone(browser, folder, line)
    try:
        yield phone
    finally:
        if phone.process is not None and phone.process.poll() is None:
            phone.kill()
        line.close()


@dataclass
class Round:
    """Bob's visit today at a customer of the desk."""

    desk: Desk
    visit_id: uuid.UUID
    user_id: uuid.UUID

    def ledger(self) -> list[PhoneAction]:
        with self.desk.live.app.app_context(), transaction() as session:
            query = sa.select(PhoneAction).where(PhoneAction.user_id == self.user_id).order_by(PhoneAction.number)
            return list(session.execute(query).scalars())

    def digests(self) -> set[str]:
        """Of the bytes as they lie at the office."""
        with self.desk.live.app.app_context(), transaction() as session:
            found = set()
            for file in session.execute(sa.select(FieldFile).where(FieldFile.user_id == self.user_id)).scalars():
                with runtime().storage.open(file.storage_key) as kept:
                    found.add(hashlib.sha256(kept.read()).hexdigest())
            return found


@pytest.fixture
def day(desk: Desk) -> Round:
    now = utc_now()
    with desk.live.app.app_context(), transaction() as session:
        user = session.execute(sa.select(User).where(User.email == desk.email("bob"))).scalar_one()
        contact = make_contact(session, "Sanne Timmermans", value=desk.number)
        channel = session.get_one(Channel, desk.channel_id)
        assert session.get_one(Brand, desk.brand_id).id == channel.brand_id
        thread = make_thread(session, channel, contact, at=now)
        make_message(session, thread, "Tot straks", at=now)
        visit = make_appointment(
            session, thread, now=now, starts_at=now, ends_at=now + timedelta(hours=2), technician_user_id=user.id,
            place="Utrechtseweg 118, Amersfoort", title="Installatie",
        )  # fmt: skip
        return Round(desk, visit.id, user.id)


def step(page: Page, name: str) -> None:
    page.locator(".fieldwork__foot").get_by_role("button", name=name).click()


def write(page: Page, fold: str, field: str, text: str) -> None:
    place = page.locator(f"[data-fold={fold}]")
    if place.get_attribute("open") is None:
        place.locator("summary").click()
    form = place.locator(f"form:has([name={field}])").first
    form.locator(f"[name={field}]").fill(text)
    form.locator(".fieldwork__button:visible").last.click()
    expect(page.locator(f"[data-list={fold}] [data-pending]", has_text=text)).to_have_count(1)


def photograph(page: Page, label: str, picture: bytes) -> None:
    place = page.locator("[data-fold=photos]")
    if place.get_attribute("open") is None:
        place.locator("summary").click()
    before = place.locator("[data-pending]").count()
    place.locator(f"input[value={label}]").check(force=True)
    place.locator("input[capture]").set_input_files({"name": "x.jpg", "mimeType": "image/jpeg", "buffer": picture})
    expect(place.locator("[data-pending]")).to_have_count(before + 1)


def ready(page: Page, path: str) -> None:
    page.goto(path)
    page.wait_for_selector("body[data-ready=on]")


def test_a_day_without_a_network_arrives_once_in_order_and_whole(
    browser: Browser, desk: Desk, day: Round, tmp_path: Path
) -> None:
    target = urlsplit(desk.live.url)
    line = CutLine((str(target.hostname), int(target.port or 80)))
    today, visit = f"{line.url}/today", f"{line.url}/visits/{day.visit_id}"
    with running_phone(browser, tmp_path / "phone", line) as phone:
        page = phone.start()
        sign_in_browser(page, desk.live.app, desk.email("bob"), url=line.url)
        ready(page, today)
        page.evaluate(PACKED)
        assert_accessible(page)
        picture = bytes(page.evaluate(NOISE))

        line.cut()  # the cellar
        ready(page, today)
        expect(page.locator("main h2").first).to_be_visible()
        ready(page, visit)
        assert_accessible(page)
        step(page, "On my way")
        step(page, "I have arrived")
        photograph(page, "before", picture)
        page.close()  # the page is killed behind the camera

        page = phone.open()
        ready(page, visit)
        expect(page.locator(".visit-steps [aria-current=step]")).to_have_text("Arrived")
        write(page, "serial", "text", "ACE0412873")
        step(page, "Start work")
        write(page, "meter", "value", "48213.4")
        phone.kill()  # the battery is empty

        page = phone.start()
        ready(page, visit)
        expect(page.locator(".visit-steps [aria-current=step]")).to_have_text("In progress")
        photograph(page, "after", picture)
        write(page, "note", "text", "Groepenkast vervangen")
        double = phone.open()
        ready(double, today)  # a doubled tab
        step(page, "Done")
        kept = set(page.evaluate(KEPT_BYTES))
        assert kept
        waiting = [kind for kind, state in page.evaluate(KEPT) if state == "saved"]
        assert waiting == ["step", "step", "photo", "serial", "step", "meter", "photo", "note", "step"]

        line.faults += [
            ("/field/actions", "lose"),
            ("/field/uploads", 4000),
            ("/field/uploads", "lose"),
            ("/field/actions", "lose"),
        ]
        line.mend()
        sign_in_browser(page, desk.live.app, desk.email("bob"), url=line.url)  # what was open ended with the battery
        ready(page, visit)
        double.evaluate("() => { window.dispatchEvent(new Event('online')); }")
        expect(page.locator("[data-sent]")).to_contain_text("All sent", timeout=TIMEOUT_MS)
        assert line.faults == []
        ledger = day.ledger()
        assert [row.outcome.value for row in ledger] == ["applied"] * len(waiting)
        assert [row.kind.value for row in ledger if row.kind] == waiting
        assert [row.body["to"] for row in ledger if "to" in row.body] == ["on_the_way", "arrived", "in_progress", "done"]
        assert day.digests() == kept
