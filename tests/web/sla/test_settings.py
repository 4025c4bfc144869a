"""The settings pages of calendars and policies, and how running clocks follow a change."""

from __future__ import annotations

import html
import uuid
from datetime import timedelta

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from app.core.ids import new_id
from app.core.promises import in_database, keep
from app.domain.sla.clock import ClockKind
from app.domain.sla.explain import explain_thread
from app.domain.sla.models import BusinessCalendar, SlaClock, SlaRecompute
from app.domain.sla.queries import list_calendars, list_policies
from app.domain.sla.recompute import TABLE, run_batch
from app.domain.sla.task_due import list_task_minutes
from app.domain.threads.models import Priority
from app.web.sla.hours import WrongHours, day_text, read_days, read_spans, span_text
from tests.domain.sla.conftest import Desk, local
from tests.support.pages import PageClient
from tests.support.signing_in import csrf_token, sign_in

WEEK = {f"day_{number}": "08:00-12:00, 13:00-17:00" for number in range(5)}
NEW = {"name": "Avonddienst", "scope": "named", "zone": "Europe/Amsterdam", "country": "NL", **WEEK}


class Settings:
    def __init__(self, desk: Desk, client: PageClient) -> None:
        self.desk, self.client = desk, client
        desk.session.commit()
        sign_in(client.plain, desk.session, desk.noah)

    def get(self, path: str) -> str:
        self.desk.session.commit()
        return self.client.get(path).text

    def post(self, path: str, **fields: object) -> TestResponse:
        self.desk.session.commit()
        self.desk.session.expire_all()
        return self.client.post(path, data={**fields, "csrf_token": csrf_token(self.client.plain)})

    def follow(self, *, most: int = 100) -> SlaRecompute:
        """Carry out every recompute that waits; the newest one."""
        for row in self.desk.session.query(SlaRecompute).filter_by(state="ready").order_by(SlaRecompute.created_at).all():
            keep(in_database(TABLE, lambda session, lease: run_batch(session, lease, now=self.desk.now, limit=most)), row.id)
        self.desk.session.expire_all()
        return self.desk.session.query(SlaRecompute).order_by(SlaRecompute.created_at.desc()).first()


@pytest.fixture
def page(desk: Desk, page_client: PageClient) -> Settings:
    return Settings(desk, page_client)


@pytest.mark.parametrize("text", ["", "09:00-12:00, 13:00-17:00", "22:00-06:00", "00:00-24:00"])
def test_hours_are_read_as_they_are_shown(text: str) -> None:
    assert span_text(read_spans(text)) == text


@pytest.mark.parametrize(
    "text", ["9-17", "09:00-25:00", "09:00-12:00, 11:00-13:00", "22:00-06:00, 23:00-23:30", "abc", "9:60-10:00"]
)
def test_what_are_no_hours_is_refused(desk: Desk, text: str) -> None:
    with pytest.raises(WrongHours):
        read_spans(text)


def test_own_days_are_read_as_they_are_shown(desk: Desk) -> None:
    text = "2026-12-24 10:00-15:00 Kerstavond\n2026-12-31 Inventaris\n2027-01-02 09:00-12:00, 13:00-15:00"
    assert day_text(read_days(text)) == text
    for wrong in ("24-12-2026 dicht", "2026-02-30", f"2026-02-03 {'x' * 81}"):
        with pytest.raises(WrongHours):
            read_days(wrong)


def test_a_calendar_is_made_previewed_changed_and_deleted(page: Settings) -> None:
    preview = page.post("/settings/calendars", **NEW, own_days="2026-12-24 10:00-15:00 Kerstavond", preview="yes")
    assert (preview.status_code, len(list_calendars(page.desk.session))) == (200, 1)
    assert preview.text.count('class="calendar-preview__day') - preview.text.count("calendar-preview__days") == 35
    assert "08:00–12:00, 13:00–17:00" in preview.text
    assert page.post("/settings/calendars", **NEW).status_code == 303
    made = next(row for row in list_calendars(page.desk.session) if row.calendar.name == "Avonddienst")
    address = f"/settings/calendars/{made.calendar.id}"
    assert 'value="08:00-12:00, 13:00-17:00"' in page.get(address)
    assert page.post(address, **{**NEW, "day_0": ""}).status_code == 303
    changed = next(row for row in list_calendars(page.desk.session) if row.calendar.name == "Avonddienst")
    assert (changed.calendar.version, changed.rules.week[0]) == (2, ())
    assert page.post(f"{address}/deletion").status_code == 303
    assert [row.calendar.name for row in list_calendars(page.desk.session)] == ["Office hours"]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", " ", "Enter a name."),
        ("zone", "Mars/Olympus", "Choose a time zone"),
        ("day_2", "9 to 5", "Write hours like"),
        ("day_2", "09:00-12:00, 11:00-13:00", "These hours overlap."),
        ("region", "XX", "no such region"),
        ("own_days", "tomorrow", "Line 1: begin with a date"),
        ("scope", "all", "Another calendar already applies to what you chose under “For”."),
        ("scope", "brand:nonsense", "Choose one from the list."),
    ],
)
def test_a_wrong_calendar_says_where(page: Settings, field: str, value: str, said: str) -> None:
    answer = page.post("/settings/calendars", **{**NEW, field: value})
    assert answer.status_code == 422
    assert said in html.unescape(answer.text)
    assert f'href="#field-{field}"' in answer.text


def test_the_calendar_for_everything_stays(page: Settings) -> None:
    first = page.desk.session.query(BusinessCalendar).one()
    answer = page.post(f"/settings/calendars/{first.id}/deletion")
    assert (answer.status_code, first.archived_at) == (422, None)
    assert page.post(f"/settings/calendars/{first.id}", **NEW).status_code == 422


def test_a_policy_is_made_changed_and_deleted(page: Settings) -> None:
    steps = {"step_0_when": "50%", "step_0_tell": "team_lead", "step_0_through": ["app", "teams"], "step_1_when": "+2 h"}
    content = {"name": "Storingen", "position": "1", "first_minutes": "45", "media": ["email", "phone"], "pauses": ["task"]}
    content |= {**steps, "step_1_tell": "executive", "step_1_task": "yes", "step_1_quiet": "yes"}
    assert page.post("/settings/policies", **content).status_code == 303
    made = list_policies(page.desk.session)[0]
    assert (made.rules.name, made.rules.first_minutes, made.rules.next_minutes) == ("Storingen", 45, None)
    assert (made.rules.match.media, made.rules.pauses) == (("email", "phone"), ("task",))
    assert [(step.key, step.tell, step.task) for step in made.rules.steps] == [
        ("50%", "team_lead", False),
        ("+120", "executive", True),
    ]
    address = f"/settings/policies/{made.policy.id}"
    assert 'value="+2 h"' in page.get(address)
    assert page.post(address, **{**content, "position": "3"}).status_code == 303
    assert [row.rules.name for row in list_policies(page.desk.session)][2] == "Storingen"
    assert page.post(f"{address}/deletion").status_code == 303
    assert "Storingen" not in [row.rules.name for row in list_policies(page.desk.session)]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", "", "Enter a name."),
        ("first_minutes", "-5", "Enter a whole number"),
        ("first_minutes", "1e9", "Enter a whole number"),
        ("media", "pigeon", "Choose one from the list."),
        ("calendar_id", str(uuid.UUID(int=7)), "Choose one from the list."),
        ("customers", "niemand@nergens.nl", "must match exactly one contact"),
        ("step_0_when", "soon", "Enter a percentage like"),
        ("step_0_when", "101%", "Enter a percentage like"),
        ("step_1_when", "75%", "Two escalation steps have the same time."),
    ],
)
def test_a_wrong_policy_says_where(page: Settings, field: str, value: str, said: str) -> None:
    content = {"name": "X", "position": "1", "step_0_when": "75%", "step_0_tell": "assignee", "step_1_tell": "manager"}
    answer = page.post("/settings/policies", **{**content, field: value})
    assert answer.status_code == 422
    assert said in html.unescape(answer.text)
    assert f'href="#field-{field}"' in answer.text


def test_due_times_of_tasks_are_shown_changed_and_taken_away(page: Settings) -> None:
    assert page.post("/settings/policies/task-times", normal="960", critical="60").status_code == 303
    assert 'value="960"' in page.get("/settings/policies")
    for wrong in ("0", "soon", "-5", "9" * 12):
        answer = page.post("/settings/policies/task-times", normal=wrong)
        assert (answer.status_code, "Enter a whole number" in answer.text) == (422, True)
    assert page.post("/settings/policies/task-times", normal="480").status_code == 303
    assert list_task_minutes(page.desk.session) == {Priority.NORMAL: 480}


def test_running_clocks_follow_a_calendar_in_the_background_and_are_right_meanwhile(page: Settings) -> None:
    desk = page.desk
    threads = [desk.thread(value=f"{number}@example.nl") for number in range(5)]
    for thread in threads:
        desk.ask(thread)
    before = desk.due(threads[0])
    first = desk.session.query(BusinessCalendar).one()
    page.post(f"/settings/calendars/{first.id}", **{**NEW, "scope": "all", "day_2": "08:00-12:00"})  # Wednesday afternoon off
    assert [desk.due(thread) for thread in threads] == [before] * 5
    assert explain_thread(desk.session, threads[0], now=desk.now)[0].row.due_at == before
    desk.session.query(SlaRecompute).update({"changed_at": desk.now})
    assert "0 of 5" in page.get("/settings/calendars")
    row = page.follow(most=2)
    assert (row.done, row.total, row.changed, row.state) == (5, 5, 5, "done")
    assert [desk.due(thread) for thread in threads] == [local("2026-03-05 10:00")] * 5
    story = explain_thread(desk.session, threads[0], now=desk.now)[0]
    assert (story.row.due_at, story.calendar_name) == (local("2026-03-05 10:00"), "Avonddienst")
    assert " of 5" not in page.get("/settings/calendars")


def test_a_thread_that_moves_meanwhile_is_in_step_at_once(page: Settings) -> None:
    desk = page.desk
    thread = desk.thread()
    desk.ask(thread)
    policy = next(row for row in list_policies(desk.session) if row.rules.name == "E-mail")
    content = {"name": "E-mail", "position": "3", "media": ["email"], "first_minutes": "60", "next_minutes": "60"}
    page.post(f"/settings/policies/{policy.policy.id}", **content)
    desk.now += timedelta(minutes=30)
    desk.ask(thread)
    assert desk.due(thread) == local("2026-03-04 11:30")  # shorter: from the change on
    assert page.follow().changed == 0


def test_threads_of_before_get_their_clocks(page: Settings) -> None:
    from app.core.clock import utc_now
    from tests.factories import make_message

    desk = page.desk
    desk.now = utc_now() - timedelta(hours=30)
    asked, old = desk.thread(), desk.thread(value="b@example.nl")
    make_message(desk.session, asked, at=desk.now)
    make_message(desk.session, old, at=desk.now - timedelta(days=30))
    row = SlaRecompute(id=new_id(), changed_at=desk.now, what="Everything", is_backfill=True, created_at=desk.now, state="ready")
    row.total = row.done = row.changed = row.attempts = 0
    desk.session.add(row)
    desk.session.flush()
    page.follow()
    found = desk.session.execute(sa.select(SlaClock.thread_id).where(SlaClock.kind == ClockKind.FIRST_RESPONSE)).scalars().all()
    assert found == [asked.id]
