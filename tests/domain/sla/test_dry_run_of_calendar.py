"""A calendar is tried on the last 30 days before it holds: what is shown is what then happens, and trying changes nothing."""

from __future__ import annotations

import html
from dataclasses import replace

import pytest
import sqlalchemy as sa

from app.core.ids import new_id
from app.domain.accounts.models import Team
from app.domain.sla.actions import (
    CalendarContent,
    ScopeTaken,
    StillNeeded,
    change_calendar,
    check_calendar,
    create_calendar,
)
from app.domain.sla.dry_run import Deadline, DryRun, dry_run_calendar
from app.domain.sla.models import CalendarVersion, SlaClock
from app.domain.sla.queries import CalendarRow, list_calendars
from app.domain.sla.rules import StoredCalendar, StoredDay
from app.domain.threads.models import Thread
from tests.domain.sla.conftest import Desk, local
from tests.web.sla.test_settings import WEEK, Settings, page  # noqa: F401  a fixture


@pytest.fixture
def asked(desk: Desk) -> tuple[Thread, Thread]:
    """An email and a chat, both asked on Wednesday at ten; the email is answered at noon."""
    mail, chat = desk.thread(), desk.thread(desk.chat, value="b@example.nl")
    desk.ask(mail)
    desk.ask(chat)
    desk.at("2026-03-04 12:00")
    desk.answer(mail)
    return mail, chat


def at(text: str) -> int:
    return int(local(text).timestamp())


def for_all(desk: Desk) -> CalendarRow:
    (row,) = list_calendars(desk.session)
    return row


def closed_on(rules: StoredCalendar, *days: str) -> StoredCalendar:
    own = [StoredDay.model_validate({"day": day, "name": "Dicht"}) for day in days]
    return rules.model_copy(update={"own_days": tuple(own)})


def tried(desk: Desk, content: CalendarContent, row: CalendarRow | None = None) -> DryRun:
    calendar_id = row.calendar.id if row else None
    return dry_run_calendar(desk.session, content, calendar_id=calendar_id, brand_ids=[desk.brand.id], now=desk.now)


def test_a_day_that_closes_moves_the_deadlines_of_that_day(desk: Desk, asked: tuple[Thread, Thread]) -> None:
    row = for_all(desk)
    run = tried(desk, CalendarContent("Alles", closed_on(row.rules, "2026-03-04")), row)
    assert (run.threads, run.changed_threads) == (2, 2)
    assert {found.thread_id for found in run.differences} == {thread.id for thread in asked}
    chat = next(found for found in run.differences if found.thread_id == asked[1].id)
    assert chat.before == Deadline(at("2026-03-04 11:00"), is_late=True)
    assert chat.after is not None
    assert chat.after.due is not None
    assert chat.after.due > at("2026-03-05 00:00")
    assert not chat.after.is_late
    assert chat.moved_seconds == chat.after.due - at("2026-03-04 11:00")
    assert run.late_after < run.late_before


def test_the_same_calendar_changes_nothing(desk: Desk, asked: tuple[Thread, Thread]) -> None:
    row = for_all(desk)
    assert tried(desk, CalendarContent("Alles", row.rules), row).differences == ()


def test_a_new_calendar_of_a_channel_is_for_its_threads_alone(desk: Desk, asked: tuple[Thread, Thread]) -> None:
    closed = closed_on(for_all(desk).rules, "2026-03-04")
    run = tried(desk, CalendarContent("Chat", closed, channel_id=desk.chat.id))
    assert {found.thread_id for found in run.differences} == {asked[1].id}
    assert tried(desk, CalendarContent("Reserve", closed, is_by_name_only=True)).differences == ()


def test_what_is_shown_is_what_the_next_question_gets(desk: Desk, asked: tuple[Thread, Thread]) -> None:
    row = for_all(desk)
    rules = closed_on(row.rules, "2026-03-04", "2026-03-11")
    shown = next(
        found for found in tried(desk, CalendarContent("Alles", rules), row).differences if found.thread_id == asked[1].id
    )
    assert shown.after is not None
    change_calendar(desk.session, row.calendar.id, CalendarContent("Alles", rules), now=desk.now, actor=desk.actor)
    desk.at("2026-03-11 10:00")  # the same hour of the week
    again = desk.thread(desk.chat, value="c@example.nl")
    desk.ask(again)
    due = desk.due(again)
    assert due is not None
    assert int(due.timestamp()) - at("2026-03-11 10:00") == (shown.after.due or 0) - at("2026-03-04 10:00")


@pytest.mark.parametrize("scope", ["channel_id", "brand_id", "team_id"])
def test_a_calendar_of_its_own_goes_before_the_one_for_all(desk: Desk, scope: str) -> None:
    team = Team(id=new_id(), name="Planning")
    desk.session.add(team)
    desk.session.flush()
    of = {"channel_id": desk.chat.id, "brand_id": desk.brand.id, "team_id": team.id}[scope]
    content = CalendarContent("Eigen", closed_on(for_all(desk).rules, "2026-03-04"), **{scope: of})
    create_calendar(desk.session, content, now=desk.now, actor=desk.actor)
    thread = desk.thread(desk.chat)
    thread.team_id = team.id if scope == "team_id" else None
    desk.session.flush()
    desk.ask(thread)
    due = desk.due(thread)
    assert due is not None
    assert due > local("2026-03-05 00:00")


def test_trying_writes_nothing(desk: Desk, asked: tuple[Thread, Thread]) -> None:
    def state() -> list[object]:
        clocks = sa.select(SlaClock.id, SlaClock.due_at, SlaClock.calendar_version_id).order_by(SlaClock.id)
        return [*desk.session.execute(clocks).all(), desk.session.query(CalendarVersion).count()]

    row, before = for_all(desk), state()
    tried(desk, CalendarContent("Alles", closed_on(row.rules, "2026-03-04")), row)
    assert not [*desk.session.dirty, *desk.session.new]
    assert state() == before


def test_what_could_not_be_saved_is_not_tried(desk: Desk) -> None:
    row = for_all(desk)
    content = CalendarContent("Chat", row.rules, channel_id=desk.chat.id)
    create_calendar(desk.session, content, now=desk.now, actor=desk.actor)
    with pytest.raises(ScopeTaken):
        check_calendar(desk.session, content)
    with pytest.raises(StillNeeded):
        check_calendar(desk.session, replace(content, channel_id=None, is_by_name_only=True), row.calendar)


def test_the_page_shows_it_and_keeps_the_form(desk: Desk, page: Settings) -> None:  # noqa: F811
    desk.now = desk.session.execute(sa.select(sa.func.now())).scalar_one()
    desk.ask(desk.thread(desk.chat, subject="Paal 7 <b>stuk</b>"))
    row = for_all(desk)
    # Open around the clock from here on, or closed for good: whatever the hour of this test, one of the two moves the deadline.
    open_all_day = {f"day_{number}": "00:00-24:00" for number in range(7)}
    fields = {"name": "Altijd", "scope": "all", "zone": "Europe/Amsterdam"}
    address = f"/settings/calendars/{row.calendar.id}/dry-run"
    seen = [html.unescape(page.post(address, **fields, **days).text) for days in ({}, open_all_day)]
    assert any("1 thread checked; 1 would have a different deadline" in " ".join(text.split()) for text in seen)
    assert all('value="Altijd"' in text for text in seen), "nothing of the form is lost"
    assert for_all(desk).rules == row.rules
    taken = page.post("/settings/calendars/dry-run", **fields, **WEEK)
    assert taken.status_code == 422
    assert "Another calendar already applies to what you chose under “For”." in taken.text
    assert page.post("/settings/calendars/dry-run", **{**fields, "zone": "Mars"}).status_code == 422
    fine = page.post("/settings/calendars/dry-run", **{**fields, "scope": "named"}, **WEEK)
    assert "Nothing would change." in fine.text
