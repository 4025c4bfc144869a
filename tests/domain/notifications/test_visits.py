"""Technicians are told of what changes about their visits, and of customers who write on the day; nobody of their own changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sa

from app.domain.appointments.actions import change_appointment, content_of, set_appointment_state
from app.domain.appointments.models import AppointmentState
from app.domain.events.actions import SYSTEM, Actor, record
from app.domain.notifications.models import Notification, NotificationKind, Way, is_usual
from app.domain.threads.actions import subject_of
from tests.domain.appointments.factories import make_appointment, move_appointment
from tests.domain.field.conftest import Round
from tests.domain.field.conftest import day as day
from tests.factories import make_message


def told(day: Round, user_id: object) -> list[tuple[str, str]]:
    """What somebody was told of visits: words without day and time, and where it leads."""
    day.session.commit()
    query = sa.select(Notification).where(Notification.user_id == user_id, Notification.kind == NotificationKind.VISIT)
    rows = day.session.execute(query.order_by(Notification.id)).scalars()
    return [(" ".join(word for word in row.text.split() if not word[0].isdigit()), row.place) for row in rows]


def test_the_technician_hears_of_a_new_a_moved_and_a_cancelled_visit(day: Round) -> None:
    times = {"starts_at": day.now + timedelta(days=1), "ends_at": day.now + timedelta(days=1, hours=2)}
    move_appointment(day.session, day.visit.id, **times, now=day.now, actor=SYSTEM)
    set_appointment_state(day.session, day.visit.id, AppointmentState.CANCELLED, now=day.now, actor=SYSTEM)
    place = f"/visits/{day.visit.id}"
    assert told(day, day.tim.id) == [
        ("New visit for you: at", place),
        ("Your visit has moved to at", place),
        ("Your visit on at was cancelled", place),
    ]
    assert is_usual(NotificationKind.VISIT, Way.PUSH)


def test_a_visit_that_is_given_away_is_told_to_both(day: Round) -> None:
    content = replace(content_of(day.visit), technician_user_id=day.carla.id)
    change_appointment(day.session, day.visit.id, content, now=day.now, actor=SYSTEM)
    assert told(day, day.tim.id)[-1] == ("A colleague took over your visit on at", "/today")
    assert told(day, day.carla.id) == [("New visit for you: at", f"/visits/{day.visit.id}")]


def test_nobody_is_told_of_what_they_did_or_of_a_visit_far_off(day: Round) -> None:
    before = told(day, day.tim.id)
    later = {"starts_at": day.now + timedelta(days=2), "ends_at": day.now + timedelta(days=2, hours=2)}
    move_appointment(day.session, day.visit.id, **later, now=day.now, actor=Actor(day.tim.id))
    far = day.now + timedelta(days=40)
    make_appointment(day.session, day.thread, now=day.now, starts_at=far, technician_user_id=day.tim.id)
    assert told(day, day.tim.id) == before


def test_the_answer_of_a_customer_of_the_day_is_told(day: Round) -> None:
    message = make_message(day.session, day.thread, "Ik ben thuis", at=day.now)
    record(day.session, "MessageReceived", subject=subject_of(day.thread, message), now=day.now)
    assert told(day, day.tim.id)[-1] == ("The customer for your visit on at sent a message", f"/visits/{day.visit.id}#messages")
