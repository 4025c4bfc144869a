"""A technician's day without a network in a real browser: pages and browser die five times, answers get lost, and at the office
everything is there once, in order, with every byte of every photo, of which after a cut only the rest was sent."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import uuid
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, BrowserContext, Error, Locator, Page, expect

from app.core.clock import utc_now
from app.core.db import transaction
from app.core.runtime import runtime
from app.domain.accounts.models import Brand, User
from app.domain.connections.models import Channel
from app.domain.field.models import FieldFile, PhoneAction
from app.domain.field.phones import phones_of
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
# What waits, in order, and the digest of the bytes of each as they are kept.
KEPT = """async () => {
  const { bytesOf, list } = await import('/static/js/field/outbox.js');
  const hex = (bytes) => [...new Uint8Array(bytes)].map((one) => one.toString(16).padStart(2, '0')).join('');
  return Promise.all((await list()).map(async ({ id, visit_id, kind, size, file_id }) => {
    const sha256 = file_id ? hex(await crypto.subtle.digest('SHA-256', await bytesOf({ file_id }))) : null;
    return { id, visit_id, kind, size, sha256 };
  }));
}"""
# Of everything that lies in the store, the kinds of what anybody could read: words of actions, bytes that begin like a JPEG.
READABLE = """async (words) => {
  const { all } = await import('/static/js/field/store.js');
  const isJpeg = (bytes) => [0xff, 0xd8, 0xff].every((one, at) => new Uint8Array(bytes)[at] === one);
  const said = (await all('actions')).filter((one) => JSON.stringify(one).includes(words) || one.body || !one.sealed);
  const shown = (await all('bytes')).filter(({ bytes }) => bytes.byteLength || isJpeg(bytes.data));
  return [...said.map((one) => one.kind), ...shown.map(() => 'bytes')];
}"""
PACKED = """async () => {
  while (!(await (await caches.open('field-pointer')).match('/field/current'))) await new Promise((done) => setTimeout(done, 50));
}"""
NOISE = """(shift) => {
  const canvas = document.createElement('canvas'); Object.assign(canvas, { width: 1600, height: 1200 });
  const paint = canvas.getContext('2d');
  for (let at = 0; at < 4000; at += 1) {
    paint.fillStyle = `hsl(${(at * 37 + shift * 50) % 360} 80% 50%)`; paint.fillRect((at * 71) % 1600, (at * 43) % 1200, 24, 24);
  }
  return canvas.toDataURL('image/jpeg', 0.95).split(',')[1];
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

    def waiting(self) -> int | None:
        """How much lies on the phone, as far as the office knows."""
        with self.desk.live.app.app_context(), transaction() as session:
            known = phones_of(session, [self.user_id]).get(self.user_id)
            return known.waiting if known else None

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


def write(page: Page, where: str, field: str, text: str) -> None:
    place = page.locator(f"[data-fold={where}]")
    if place.get_attribute("open") is None:
        place.locator("summary").click()
    form = place.locator(f"form:has([name={field}])").first
    form.locator(f"[name={field}]").fill(text)
    form.locator(".fieldwork__button:visible").last.click()
    expect(page.locator(f"[data-list={where}] [data-pending]", has_text=text)).to_have_count(1)


def photograph(page: Page, label: str, picture: bytes) -> None:
    place = page.locator("[data-fold=photos]")
    if place.get_attribute("open") is None:
        place.locator("summary").click()
    before = place.locator("[data-pending]").count()
    chosen = place.locator(f"input[value={label}]")
    chosen.evaluate("(one) => one.scrollIntoView({ block: 'center' })")  # above the bar
    chosen.check(force=True)
    place.locator("input[capture]").set_input_files({"name": "x.jpg", "mimeType": "image/jpeg", "buffer": picture})
    expect(place.locator("[data-pending]")).to_have_count(before + 1)


def ready(page: Page, path: str) -> None:
    page.goto(path)
    page.wait_for_selector("body[data-ready=on]")


def more_visits(day: Round, count: int) -> list[str]:
    """Bob's others of the day, each at somebody else's; their paths."""
    now, paths = utc_now(), []
    with day.desk.live.app.app_context(), transaction() as session:
        channel = session.get_one(Channel, day.desk.channel_id)
        for number in range(1, count + 1):
            contact = make_contact(session, f"Klant {number}", value=f"{day.desk.number[:-1]}{number}")
            thread = make_thread(session, channel, contact, at=now)
            make_message(session, thread, "Tot straks", at=now)
            begin = now + timedelta(minutes=number)
            visit = make_appointment(
                session, thread, now=now, starts_at=begin, ends_at=begin + timedelta(hours=1), technician_user_id=day.user_id
            )
            paths.append(f"/visits/{visit.id}")
    return paths


def waits(page: Page, count: int) -> None:
    """So many things wait on this phone, and it says so."""
    expect(page.locator("[data-waiting-count]")).to_have_text(str(count))


def fold(page: Page, name: str) -> Locator:
    place = page.locator(f"[data-fold={name}]")
    if place.get_attribute("open") is None:
        place.locator("summary").click()
    return place


def crash(page: Page) -> None:
    """The page dies as one that took too much memory does."""
    with suppress(Error):
        page.goto("chrome://crash", wait_until="commit")
    page.close()


def test_a_day_without_a_network_arrives_once_in_order_and_whole(
    browser: Browser, desk: Desk, day: Round, tmp_path: Path
) -> None:
    """Pages and browser are killed five times between the first visit and the last."""
    target = urlsplit(desk.live.url)
    line = CutLine((str(target.hostname), int(target.port or 80)))
    first, (second, third) = f"/visits/{day.visit_id}", more_visits(day, 2)
    with running_phone(browser, tmp_path / "phone", line) as phone:
        page = phone.start()
        sign_in_browser(page, desk.live.app, desk.email("bob"), url=line.url)
        ready(page, f"{line.url}/today")
        page.evaluate(PACKED)
        assert_accessible(page)
        pictures = [b64decode(page.evaluate(NOISE, shift)) for shift in range(4)]

        line.cut()  # the cellar, from the first visit on
        ready(page, f"{line.url}/today")
        expect(page.locator("main h2").first).to_be_visible()
        ready(page, line.url + first)
        assert_accessible(page)
        step(page, "On my way")
        step(page, "I have arrived")
        photograph(page, "before", pictures[0])
        waits(page, 3)
        page.close()  # one: the page is killed behind the camera

        page = phone.open()
        ready(page, line.url + first)
        expect(page.locator(".visit-steps [aria-current=step]")).to_have_text("Arrived")
        write(page, "serial", "text", "ACE0412873")
        step(page, "Start work")
        write(page, "meter", "value", "48213.4")
        waits(page, 6)
        phone.kill()  # two: the battery is empty

        page = phone.start()
        ready(page, line.url + first)
        expect(page.locator(".visit-steps [aria-current=step]")).to_have_text("In progress")
        photograph(page, "after", pictures[1])
        write(page, "note", "text", "Groepenkast vervangen")
        sign = fold(page, "signature")
        sign.locator("[name=name]").fill("S. Timmermans")
        sign.get_by_role("button", name="Save").click()
        waits(page, 9)
        step(page, "Done")
        waits(page, 10)
        ready(page, line.url + second)
        message = fold(page, "message")
        message.locator("[name=text]").fill("Ik kom zo")
        message.locator("[data-attach]").set_input_files({"name": "x.jpg", "mimeType": "image/jpeg", "buffer": pictures[2]})
        message.get_by_role("button", name="Send").click()
        waits(page, 11)
        crash(page)  # three

        page = phone.open()
        ready(page, line.url + second)
        step(page, "I have arrived" if page.get_by_role("button", name="I have arrived").is_visible() else "On my way")
        trouble = fold(page, "trouble")
        home = trouble.locator("form", has=page.locator("[value=not_home]"))
        home.locator("[value=nobody_answered]").check(force=True)
        home.locator("[data-attach]").set_input_files({"name": "x.jpg", "mimeType": "image/jpeg", "buffer": pictures[3]})
        home.get_by_role("button", name="Nobody at home").click()
        waits(page, 14)
        phone.kill()  # four

        page = phone.start()
        ready(page, line.url + third)
        write(page, "note", "text", "Morgen terug")
        double = phone.open()
        ready(double, f"{line.url}/today")  # a doubled tab
        kept = {one["id"]: one for one in page.evaluate(KEPT)}
        assert [one["kind"] for one in kept.values()] == [
            *("step", "step", "photo", "serial", "step", "meter", "photo", "note", "signature", "step"),
            *("message", "step", "photo", "step", "note"),
        ]
        assert len({one["sha256"] for one in kept.values()} - {None}) == 4
        assert page.evaluate(READABLE, "Groepenkast") == []

        line.faults += [("PATCH /field/uploads", 60_000)]
        line.mend()
        sign_in_browser(page, desk.live.app, desk.email("bob"), url=line.url)  # what was open ended with the battery
        ready(page, line.url + first)
        wait_until(lambda: line.happened, "the first photo to be cut off")
        phone.kill()  # five: while it sends

        page = phone.start()
        line.faults += [
            ("/field/actions", "lose"),
            ("PATCH /field/uploads", 90_000),
            ("PATCH /field/uploads", "lose"),
            ("/field/actions", "lose"),
        ]
        sign_in_browser(page, desk.live.app, desk.email("bob"), url=line.url)
        ready(page, line.url + first)
        double = phone.open()
        ready(double, f"{line.url}/today")
        double.evaluate("() => { window.dispatchEvent(new Event('online')); }")
        expect(page.locator("[data-sent]")).to_contain_text("All sent", timeout=TIMEOUT_MS)
        assert line.faults == []
        wait_until(lambda: day.waiting() == 0, "the office to know that nothing lies on the phone any more")
        ledger = day.ledger()
        assert [row.outcome.value for row in ledger] == ["applied"] * len(kept)
        assert Counter(str(row.id) for row in ledger) == Counter(dict.fromkeys(kept, 1))
        for path in (first, second, third):
            of_visit = [str(row.id) for row in ledger if path.endswith(str(row.appointment_id))]
            assert of_visit == [one["id"] for one in kept.values() if path.endswith(one["visit_id"])]
        assert day.digests() == {one["sha256"] for one in kept.values()} - {None}
        # Three cuts, and not one photo was sent anew: twice went the pieces that were cut, which browsers repeat by themselves.
        sizes = [one["size"] for one in kept.values() if one["size"]]
        assert line.passed("/field/uploads/") - sum(sizes) < min(sizes)
