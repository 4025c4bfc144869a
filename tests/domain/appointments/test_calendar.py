"""An appointment stands in the calendar of its mailbox as it is here, and what is changed there comes back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.calendars import CalendarEvent
from app.core.clock import utc_now
from app.domain.appointments.actions import change_appointment, content_of, set_appointment_state
from app.domain.appointments.calendar_pull import follow_own_event
from app.domain.appointments.jobs import keep_entry
from app.domain.appointments.models import Appointment, AppointmentState, CalendarEntry
from app.domain.connections.models import Channel
from app.domain.events.actions import SYSTEM
from app.domain.ingest.calendars import read_calendars
from app.domain.tasks.models import Task
from app.domain.threads.models import Thread
from tests.domain.appointments.factories import make_appointment, move_appointment
from tests.domain.ingest.mailbox_world import MAILBOX, MailboxWorld
from tests.factories import make_contact, make_thread


@pytest.fixture
def world(db_session: Session, followed: MailboxWorld) -> MailboxWorld:
    db_session.execute(sa.update(Channel).values(settings=Channel.settings.concat({"calendar": "on"})))
    db_session.commit()
    db_session.expire_all()
    return followed


@pytest.fixture
def thread(world: MailboxWorld) -> Thread:
    pieter = make_contact(world.session, "Pieter", kind="email", value="pieter@example.nl")
    return make_thread(world.session, world.channel, pieter)


@pytest.fixture
def one(world: MailboxWorld, thread: Thread) -> Appointment:
    now = utc_now().replace(minute=0, second=0, microsecond=0)
    made = make_appointment(world.session, thread, now=now, place="Kerkstraat 12")
    world.session.commit()
    return made


def work(world: MailboxWorld) -> None:
    """Workers take up every promise that is due."""
    for row_id in world.session.execute(sa.select(CalendarEntry.id)).scalars().all():
        keep_entry(row_id=str(row_id))
    world.session.expire_all()


def there(world: MailboxWorld) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = world.simulator.control("GET", "calendar", mailbox=MAILBOX)["events"]
    return events


def times(event: dict[str, Any]) -> tuple[str, str]:
    return event["start"]["dateTime"][:16], event["end"]["dateTime"][:16]


def expected(one: Appointment) -> tuple[str, str]:
    return f"{one.starts_at:%Y-%m-%dT%H:%M}", f"{one.ends_at:%Y-%m-%dT%H:%M}"


def read(world: MailboxWorld, one: Appointment) -> Appointment:
    read_calendars()
    return again(world, one)


def again(world: MailboxWorld, one: Appointment) -> Appointment:
    world.session.expire_all()
    return world.session.get_one(Appointment, one.id)


def move(world: MailboxWorld, one: Appointment, days: int) -> None:
    by = timedelta(days=days)
    values = {"starts_at": one.starts_at + by, "ends_at": one.ends_at + by}
    move_appointment(world.session, one.id, **values, now=utc_now(), actor=SYSTEM)
    world.session.commit()


def in_outlook(world: MailboxWorld, start: datetime, **more: Any) -> None:
    """A colleague changes the event there."""
    key = there(world)[0]["id"]
    order = {"mailbox": MAILBOX, "id": key, "subject": "Schouw", "start": f"{start:%Y-%m-%dT%H:%M:%S}", **more}
    world.simulator.control("POST", "calendar", order)


def test_it_is_written_changed_and_taken_out_and_is_no_task(world: MailboxWorld, one: Appointment) -> None:
    work(world)
    (event,) = there(world)
    assert (event["subject"], event["location"]["displayName"], times(event)) == (
        "Schouw · Pieter",
        "Kerkstraat 12",
        expected(one),
    )
    move(world, one, 1)
    work(world)
    (moved,) = there(world)
    assert (moved["id"], times(moved)) == (event["id"], expected(again(world, one)))
    read(world, one)
    assert world.session.execute(sa.select(Task)).first() is None
    set_appointment_state(world.session, one.id, AppointmentState.CANCELLED, now=utc_now(), actor=SYSTEM)
    world.session.commit()
    work(world)
    assert there(world) == []


def test_a_try_whose_answer_was_lost_makes_no_second_event(world: MailboxWorld, one: Appointment) -> None:
    work(world)
    lost = {"event_id": None, "state": "ready", "changed_at": None}
    world.session.execute(sa.update(CalendarEntry).values(lost))
    world.session.commit()
    read(world, one)
    assert world.session.execute(sa.select(Task)).first() is None
    move(world, one, 1)
    work(world)
    assert [times(event) for event in there(world)] == [expected(again(world, one))]
    world.session.execute(sa.update(CalendarEntry).values(lost))
    set_appointment_state(world.session, one.id, AppointmentState.CANCELLED, now=utc_now(), actor=SYSTEM)
    world.session.commit()
    work(world)
    assert there(world) == []


def test_what_a_colleague_moves_there_moves_here_and_is_not_written_back(world: MailboxWorld, one: Appointment) -> None:
    work(world)
    start = one.starts_at + timedelta(days=2)
    in_outlook(world, start, end=f"{start + timedelta(hours=3):%Y-%m-%dT%H:%M:%S}", place="Dorpsplein 1")
    moved = read(world, one)
    assert (moved.starts_at, moved.ends_at - moved.starts_at, moved.place) == (start, timedelta(hours=3), "Dorpsplein 1")
    assert world.session.execute(sa.select(CalendarEntry.state)).scalar_one() == "done"
    assert world.session.execute(sa.select(Task)).first() is None


def test_what_we_are_about_to_write_wins_and_older_news_is_none(world: MailboxWorld, one: Appointment) -> None:
    work(world)
    in_outlook(world, one.starts_at + timedelta(days=2))
    move(world, one, 1)
    wanted = again(world, one).starts_at
    assert read(world, one).starts_at == wanted
    work(world)
    assert times(there(world)[0]) == expected(again(world, one))


def test_a_page_that_was_read_before_we_wrote_is_no_news(world: MailboxWorld, one: Appointment) -> None:
    work(world)
    entry = world.session.execute(sa.select(CalendarEntry)).scalar_one()
    assert entry.event_id is not None
    assert entry.changed_at is not None
    for seconds, moves in ((-1, False), (1, True)):
        start, changed_at = one.starts_at + timedelta(days=2), entry.changed_at + timedelta(seconds=seconds)
        stale = CalendarEvent(entry.event_id, "Schouw", start, changed_at=changed_at)
        assert follow_own_event(world.session, world.channel.id, stale, now=utc_now())
        assert (world.session.get_one(Appointment, one.id).starts_at == start) is moves


def test_what_is_deleted_there_is_cancelled_here_and_comes_back_as_another_event(world: MailboxWorld, one: Appointment) -> None:
    work(world)
    first = there(world)[0]["id"]
    world.simulator.control("POST", "calendar", {"mailbox": MAILBOX, "id": first, "remove": True})
    assert read(world, one).state == AppointmentState.CANCELLED
    set_appointment_state(world.session, one.id, AppointmentState.PLANNED, now=utc_now(), actor=SYSTEM)
    world.session.commit()
    work(world)
    (event,) = there(world)
    assert event["id"] != first


def test_one_that_was_deleted_there_and_changed_here_since_is_written_anew(world: MailboxWorld, one: Appointment) -> None:
    work(world)
    world.simulator.control("POST", "calendar", {"mailbox": MAILBOX, "id": there(world)[0]["id"], "remove": True})
    move(world, one, 1)
    work(world)
    work(world)
    assert [times(event) for event in there(world)] == [expected(again(world, one))]
    assert read(world, one).state == AppointmentState.PLANNED


def test_a_mailbox_that_shares_no_calendar_is_left_alone(world: MailboxWorld, thread: Thread) -> None:
    world.session.execute(sa.update(Channel).values(settings=Channel.settings.concat({"calendar": "off"})))
    make_appointment(world.session, thread, now=utc_now())
    world.session.commit()
    assert world.session.execute(sa.select(CalendarEntry)).first() is None


def test_a_refusal_says_why_and_the_next_change_tries_again(world: MailboxWorld, one: Appointment) -> None:
    refusal = {"error": {"code": "ErrorAccessDenied", "message": "Access is denied."}}
    world.simulator.fault("POST", "/events$", times=1, status=403, body=refusal)
    work(world)
    entry = world.session.execute(sa.select(CalendarEntry)).scalar_one()
    assert (entry.state, entry.event_id) == ("ready", None)
    assert entry.problem.startswith("We cannot open the calendar")
    change_appointment(world.session, one.id, replace(content_of(one), notes="Bel aan"), now=utc_now(), actor=SYSTEM)
    world.session.commit()
    work(world)
    assert len(there(world)) == 1
