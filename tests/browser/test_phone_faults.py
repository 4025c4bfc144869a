"""A phone and an office with trouble between them, drawn by a seed: whatever the person was shown as kept is at the office once,
in order, with every byte, or they were told why not and chose. `PHONE_FAULTS=1000` is the long run, `PHONE_SEED` other dice."""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, BrowserContext, Page
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.db import transaction
from app.core.runtime import runtime
from app.domain.accounts.models import User
from app.domain.accounts.sessions import end_sessions
from app.domain.appointments.actions import change_appointment, content_of, set_appointment_state
from app.domain.appointments.models import Appointment, AppointmentState
from app.domain.connections.models import Channel
from app.domain.events.actions import SYSTEM
from app.domain.field.models import FieldFile, PhoneAction
from app.domain.threads.actions import lock_thread
from app.domain.threads.models import Message, MessageType
from tests.browser.conftest import Desk
from tests.domain.appointments.factories import make_appointment
from tests.factories import make_contact, make_message, make_thread
from tests.support.browsing import TIMEOUT_MS
from tests.support.cut_line import CutLine
from tests.support.full import amount
from tests.support.phone_faults import ERROR, PICTURES, PORTAL, WORDS, Arrived, Books, Case, Said, draw_cases, is_out_of_order
from tests.support.signing_in import sign_in_browser

pytestmark = pytest.mark.browser
COUNT, SEED = int(os.environ.get("PHONE_FAULTS", "0")) or amount(20, full=1000), int(os.environ.get("PHONE_SEED", "22"))
RESULTS = Path("test-results/phone-faults.json")
DAY_MS, DAY = 86_400_000, timedelta(days=1)
KEEP = """async ({ visit_id, kind, body, size, seed }) => {
  const { keep, update } = await import('/static/js/field/outbox.js');
  let bytes = null, sha256 = null;
  if (size) {
    const made = new Uint8Array(size);
    for (let at = 0, state = seed; at < size; at += 1) {
      state = (state * 1103515245 + 12345) % 2147483648;
      made[at] = state >> 16;
    }
    made.set([0xff, 0xd8, 0xff]);
    bytes = made.buffer;
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    sha256 = [...digest].map((one) => one.toString(16).padStart(2, '0')).join('');
  }
  try {
    const made = await keep({ visit_id, who: 'Sanne', kind, body, bytes });
    if (made.not_before) await update(made, { not_before: 0 });
    return { id: made.id, seq: made.seq, sha256 };
  } catch (error) { return { problem: error.name }; }
}"""
DRAIN = "async () => { await (await import('/static/js/field/actions.js')).hurry(); }"
DRAIN_BESIDE = "() => { import('/static/js/field/actions.js').then((actions) => actions.hurry()); }"
LIST = "async () => (await import('/static/js/field/outbox.js')).list()"
RIPEN = """async () => {
  const { isRipe, isWaiting, list } = await import('/static/js/field/outbox.js');
  const waits = (await list()).filter((one) => isWaiting(one) && !isRipe(one)).map((one) => one.not_before - Date.now());
  await new Promise((done) => setTimeout(done, Math.max(0, ...waits)));
}"""
DECIDED = """async (asked) => {
  const { list } = await import('/static/js/field/outbox.js');
  const isOpen = (one) => asked.includes(one.id) && ['held', 'refused'].includes(one.state);
  for (let tries = 0; tries < 2000; tries += 1) {
    if ((await list()).filter(isOpen).length < asked.length) return;
    await new Promise((done) => setTimeout(done, 20));
  }
}"""
OFF = "(ms) => { const real = Date.now.bind(Date); Date.now = () => real() + ms; }"
FULL = """(on) => {
  const put = window.putUnhindered ??= IDBObjectStore.prototype.put;
  IDBObjectStore.prototype.put = !on ? put : function (value) {
    if (this.name === 'bytes') throw new DOMException('full', 'QuotaExceededError');
    return put.call(this, value);
  };
}"""
NO_LOCK = "() => { navigator.locks.request = (name, options, work) => work({}); }"


@dataclass
class Office:
    """Visits of Bob's, a fresh one for each fault, and what lies in the books about them."""

    desk: Desk
    bob: uuid.UUID
    alice: uuid.UUID
    starts_at: datetime  # of every visit; far off, so that the pack stays as small as it is
    visits: list[tuple[uuid.UUID, uuid.UUID, uuid.UUID]] = field(default_factory=list)  # visit, thread, message they saw

    @contextmanager
    def books(self) -> Iterator[Session]:
        with self.desk.live.app.app_context(), transaction() as session:
            yield session

    def change(self, fault: str, visit_id: uuid.UUID, now: datetime) -> None:
        """What somebody at the office or the customer does meanwhile."""
        with self.books() as session:
            appointment = session.get_one(Appointment, visit_id)
            if fault == "given":
                content = replace(content_of(appointment), technician_user_id=self.alice)
                change_appointment(session, visit_id, content, now=now, actor=SYSTEM)
            elif fault == "moved":
                later = {"starts_at": appointment.starts_at + DAY, "ends_at": appointment.ends_at + DAY}
                change_appointment(session, visit_id, replace(content_of(appointment), **later), now=now, actor=SYSTEM)
            elif fault in ("cancelled", "ahead"):
                state = AppointmentState.CANCELLED if fault == "cancelled" else AppointmentState.DONE
                set_appointment_state(session, visit_id, state, now=now, actor=SYSTEM)
            elif thread_id := appointment.thread_id:
                make_message(session, lock_thread(session, thread_id), "Kunt u later komen?", at=now)


def make_office(desk: Desk, count: int) -> Office:
    now = utc_now()
    with desk.live.app.app_context(), transaction() as session:
        people = [
            session.execute(sa.select(User.id).where(User.email == desk.email(who))).scalar_one() for who in ("bob", "alice")
        ]
        office = Office(desk, *people, now + timedelta(days=60))
        channel, contact = session.get_one(Channel, desk.channel_id), make_contact(session, "Sanne", value=desk.number)
        for _ in range(count):
            thread = make_thread(session, channel, contact, at=now)
            seen = make_message(session, thread, "Tot straks", at=now)
            visit = make_appointment(session, thread, now=now, starts_at=office.starts_at, technician_user_id=office.bob)
            office.visits.append((visit.id, thread.id, seen.id))
    return office


@dataclass
class Phone:
    """Bob's browser, behind a line that fails."""

    office: Office
    context: BrowserContext
    line: CutLine
    page: Page = field(init=False)

    def __post_init__(self) -> None:
        self.sign_in("bob")
        self.page = self.open()

    def sign_in(self, who: str) -> None:
        self.context.clear_cookies()
        page = self.context.pages[0] if self.context.pages else self.context.new_page()
        sign_in_browser(page, self.office.desk.live.app, self.office.desk.email(who), url=self.line.url)

    def open(self) -> Page:
        page = self.context.new_page()
        page.set_default_timeout(TIMEOUT_MS)
        page.on("dialog", lambda dialog: dialog.accept())
        page.goto(f"{self.line.url}/visits/queue")
        page.wait_for_selector("body[data-ready=on]")
        return page

    def anew(self) -> None:
        """The page dies, another one is opened."""
        old, self.page = self.page, self.open()
        old.close()

    def drain(self) -> None:
        self.page.evaluate(DRAIN)

    def acts(self) -> list[dict[str, object]]:
        return list(self.page.evaluate(LIST))


@dataclass
class Play:
    """One case after the other, with the book of what Bob was shown."""

    office: Office
    phone: Phone
    books: Books = field(default_factory=Books)

    def run(self, case: Case, visit: tuple[uuid.UUID, uuid.UUID, uuid.UUID]) -> None:
        self.books.faults[case.fault] += 1
        if case.fault in ("clock", "lock_lies"):
            self.phone.page.evaluate(*((OFF, case.number * DAY_MS) if case.fault == "clock" else (NO_LOCK, None)))
        if case.fault == "full":
            self.phone.page.evaluate(FULL, True)
        self._keep(case, visit)
        if case.fault == "full":
            self.phone.page.evaluate(FULL, False)
        self._trouble(case, visit[0])
        self._come_to_rest()

    def _keep(self, case: Case, visit: tuple[uuid.UUID, uuid.UUID, uuid.UUID]) -> None:
        for number, one in enumerate(case.actions):
            body = {**one.body, **({"last_seen_message_id": str(visit[2])} if one.kind == "message" else {})}
            body |= {"seen_starts_at": self.office.starts_at.isoformat()} if one.kind == "step" else {}
            wanted = {"visit_id": str(visit[0]), "kind": one.kind, "body": body, "size": one.size, "seed": case.number + number}
            made = self.phone.page.evaluate(KEEP, wanted)
            if "problem" in made:
                self.books.not_kept += 1
            else:
                self.books.said.append(Said(visit[0], uuid.UUID(made["id"]), one.kind, made["seq"], made["sha256"]))

    def _trouble(self, case: Case, visit_id: uuid.UUID) -> None:
        phone, line, fault = self.phone, self.phone.line, case.fault
        at_line = {
            "cut_words": (WORDS, case.number % 1200),
            "cut_picture": (PICTURES, case.number * 20),
            "lose_words": (WORDS, "lose"),
            "lose_picture": (PICTURES, "lose"),
            "portal": (WORDS, PORTAL),
            "error": (WORDS, ERROR),
        }
        if fault in at_line:
            line.faults.append(at_line[fault])  # type: ignore[arg-type]
            phone.drain()
            line.faults.clear()
        elif fault == "no_network":
            line.cut()
            phone.drain()
            line.mend()
        elif fault in ("doubled_tabs", "lock_lies"):
            self._doubled(fault)
        elif fault in ("page_killed", "worker_killed"):
            self._killed(fault)
        elif fault in ("signed_out", "session_ended", "other_person"):
            self._somebody_else(fault)
        elif fault in ("given", "cancelled", "ahead", "moved", "newer_message"):
            self.office.change(fault, visit_id, utc_now())

    def _doubled(self, fault: str) -> None:
        beside = self.phone.open()
        if fault == "lock_lies":
            beside.evaluate(NO_LOCK)
        beside.evaluate(DRAIN_BESIDE)
        self.phone.drain()
        self.phone.drain()
        beside.close()
        self.phone.anew()

    def _killed(self, fault: str) -> None:
        self.phone.page.evaluate(DRAIN_BESIDE)
        if fault == "worker_killed":
            devtools = self.phone.context.new_cdp_session(self.phone.page)
            devtools.send("ServiceWorker.enable")
            devtools.send("ServiceWorker.stopAllWorkers")
            devtools.detach()
        else:
            self.phone.anew()

    def _somebody_else(self, fault: str) -> None:
        phone = self.phone
        if fault == "signed_out":
            phone.line.cut()  # nothing leaves before they are out
            phone.drain()
            phone.line.mend()
            with phone.page.expect_navigation(url="**/sign-in**"):
                phone.page.locator("[data-sign-out] button").click()
        elif fault == "session_ended":
            with self.office.books() as session:
                end_sessions(session, self.office.bob, now=utc_now())
            phone.drain()
        else:
            phone.sign_in("alice")
            phone.drain()  # a page of Bob's
            phone.anew()
            phone.drain()  # and one of hers
        phone.sign_in("bob")
        phone.anew()

    def _come_to_rest(self) -> None:
        """Until nothing waits: what asks is decided as the page offers it, the first choice of each."""
        for _ in range(30):
            self.phone.page.evaluate(RIPEN)  # a step waits for as long as it can be undone
            self.phone.drain()
            acts = self.phone.acts()
            if any(act["state"] in ("held", "refused") for act in acts):
                self._decide(acts)
            elif not any(act["state"] in ("saved", "sending") for act in acts):
                return
            elif (again := self.phone.page.get_by_role("button", name="Try again")).count():
                again.first.click()  # it waited for weeks, says the clock
        raise AssertionError(f"it does not come to rest: {acts}")

    def _decide(self, acts: list[dict[str, object]]) -> None:
        known = {act["id"] for act in acts}
        for act in acts:
            if act["state"] in ("held", "refused"):
                problem = act["problem"]
                assert isinstance(problem, dict)
                assert problem["words"]
                assert problem["choices"]
                self.books.told[uuid.UUID(str(act["id"]))] = str(problem["code"])
        asked = [act["id"] for act in acts if act["state"] in ("held", "refused")]
        self.phone.page.locator(".outbox__item--held").first.locator("button:not([disabled])").first.click()
        self.phone.page.evaluate(DECIDED, asked)
        for act in self.phone.acts():
            if act["id"] not in known:
                first = next(one for one in self.books.said if str(one.id) == act["replaces"])
                made = Said(
                    first.visit_id, uuid.UUID(str(act["id"])), str(act["kind"]), int(str(act["seq"])), first.sha256, first.id
                )
                self.books.said.append(made)


def compare(office: Office, books: Books) -> dict[str, object]:
    """What is lost, doubled, out of order, under somebody else, or neither applied nor told."""
    threads = [thread_id for _visit, thread_id, _seen in office.visits]
    with office.books() as session:
        rows = {row.id: row for row in session.execute(sa.select(PhoneAction).where(PhoneAction.user_id == office.bob)).scalars()}
        foreign = session.execute(sa.select(sa.func.count()).where(PhoneAction.user_id == office.alice)).scalar_one()
        ours = Message.thread_id.in_(threads), Message.message_type.in_((MessageType.OUTGOING, MessageType.INTERNAL_NOTE))
        messages = Counter(session.execute(sa.select(Message.client_token).where(*ours)).scalars())
        files = dict(session.execute(sa.select(FieldFile.id, FieldFile.storage_key).where(FieldFile.user_id == office.bob)).all())  # type: ignore[arg-type]
        digests = {file_id: _digest(key) for file_id, key in files.items()}
    applied = {one.id for one in books.said if one.id in rows and rows[one.id].outcome.value == "applied"}
    speaking = {one.id for one in books.said if one.id in applied and one.kind in ("note", "message", "photo")}
    lost = [one for one in books.said if one.id not in applied and one.id not in books.told]
    lost += [one for one in books.said if one.id in applied and one.sha256 and digests.get(rows[one.id].file_id) != one.sha256]  # type: ignore[arg-type]
    lost += [one for one in books.said if one.id in speaking and not messages[one.id]]
    seqs = {one.id: one for one in books.said}
    lanes: dict[uuid.UUID, list[Arrived]] = {}
    for one in books.said:
        if row := rows.get(one.id):
            is_asked = row.outcome.value != "applied"
            lanes.setdefault(one.visit_id, []).append(Arrived(row.number, one.kind, one.seq, is_asked))
    return {
        "lost": [asdict(one) for one in lost],
        "doubled": [str(token) for token, count in messages.items() if count > 1 or token not in speaking],
        "unasked": [str(one) for one in rows if one not in seqs],
        "out_of_order": {
            str(visit): [str(one) for one in sorted(lane, key=lambda one: one.number)]
            for visit, lane in lanes.items()
            if is_out_of_order(lane)
        },
        "foreign": foreign,
        "untold": [
            str(row.id) for row in rows.values() if row.outcome.value in ("conflict", "refused") and row.id not in books.told
        ],
    }


def _digest(storage_key: str) -> str:
    with runtime().storage.open(storage_key) as kept:
        return hashlib.sha256(kept.read()).hexdigest()


@pytest.mark.timeout(max(1800, 10 * COUNT))  # a fault takes two to four seconds
def test_whatever_goes_wrong_nothing_is_lost_or_doubled_and_conflicts_are_told(browser: Browser, desk: Desk) -> None:
    target = urlsplit(desk.live.url)
    line = CutLine((str(target.hostname), int(target.port or 80)))
    office, context = make_office(desk, COUNT), browser.new_context(viewport={"width": 390, "height": 844}, locale="en-GB")
    try:
        play = Play(office, Phone(office, context, line))
        for case, visit in zip(draw_cases(COUNT, SEED), office.visits, strict=True):
            play.run(case, visit)
        found = compare(office, play.books)
    finally:
        context.close()
        line.close()
    told = Counter(play.books.told.values())
    figures = {"faults": COUNT, "seed": SEED, "by_fault": play.books.faults, "kept": len(play.books.said)}
    figures |= {"photos": sum(one.sha256 is not None for one in play.books.said), "not_kept_and_said": play.books.not_kept}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({**figures, "conflicts_told": told, **found}, indent=1, default=str))
    assert not any(found.values()), found
