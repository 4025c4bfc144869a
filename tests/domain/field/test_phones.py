"""The office sees what lies on a phone since when, and its owner is told once of what lies there for hours."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.domain.field.day_plan import read_day_plan
from app.domain.field.models import PhoneKey
from app.domain.field.phones import LATE, PhoneState, note_late, phones_of
from app.domain.notifications.models import Notification
from app.web.field.today import today_of
from tests.domain.field.conftest import DEVICE, Round


def ask(day: Round, waiting: str = "", device: uuid.UUID = DEVICE) -> PhoneState | None:
    """A phone asks for what to keep; what the office knows of Tim's then."""
    headers = {"X-Field-Device": str(device), **({"X-Field-Waiting": waiting} if waiting else {})}
    assert day.client.get("/field/pack", headers=headers).status_code == 200
    day.session.expire_all()
    return phones_of(day.session, [day.tim.id]).get(day.tim.id)


def test_what_lies_on_a_phone_is_known_until_it_is_sent(day: Round) -> None:
    since = (day.now - timedelta(minutes=20)).replace(microsecond=0)
    known = ask(day, f"4;{since.isoformat()}")
    assert known is not None
    assert (known.waiting, known.waiting_since) == (4, since)
    other = ask(day, f"1;{(since - timedelta(minutes=5)).isoformat()}", device=uuid.uuid4())
    assert other is not None
    assert (other.waiting, other.waiting_since) == (5, since - timedelta(minutes=5))
    later = ask(day)
    assert later is not None
    assert later.waiting == 1
    plan = read_day_plan(day.session, viewer=day.viewer, day=today_of(day.viewer, day.now), now=day.now)
    assert next(person.phone for person in plan.people if person.user_id == day.tim.id) == later


@pytest.mark.parametrize("said", ["4", "x;y", "-1;2026-11-25T10:00:00Z", "0;2026-11-25T10:00:00Z", "3;2026-11-25T10:00:00"])
def test_what_a_phone_says_wrongly_of_itself_is_nothing(day: Round, said: str) -> None:
    known = ask(day, said)
    assert known is not None
    assert (known.waiting, known.waiting_since) == (0, None)


def test_a_clock_that_is_ahead_puts_nothing_into_the_future(day: Round) -> None:
    known = ask(day, f"2;{(day.now + timedelta(days=3)).isoformat()}")
    assert known is not None
    assert known.waiting_since is not None
    assert known.waiting_since <= known.seen_at


def test_its_owner_is_told_once_of_what_waits_for_hours(day: Round) -> None:
    since = day.now - LATE - timedelta(minutes=1)
    ask(day, f"4;{since.isoformat()}")
    ask(day, f"1;{(day.now - LATE + timedelta(minutes=5)).isoformat()}", device=uuid.uuid4())
    assert [note_late(day.session, now=day.now) for _ in range(2)] == [1, 0]
    news = day.session.execute(sa.select(Notification).where(Notification.user_id == day.tim.id)).scalars().all()
    told = [one.text for one in news if one.place == "/visits/queue"]
    assert [text.startswith("Items waiting on your phone to be sent: ") for text in told] == [True]
    ask(day)
    ask(day, f"2;{(since - timedelta(minutes=3)).isoformat()}")
    assert note_late(day.session, now=day.now) == 1  # another oldest
    assert day.session.execute(sa.select(sa.func.count()).select_from(PhoneKey)).scalar_one() == 2
