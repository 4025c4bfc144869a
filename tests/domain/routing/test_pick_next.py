"""Who gets which thread, and why nobody does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.events.actions import SYSTEM, Actor
from app.domain.events.models import Event
from app.domain.notifications.models import Notification, NotificationKind
from app.domain.routing.actions import end_presence, note_seen, set_availability
from app.domain.routing.explain import Hindrance
from app.domain.routing.models import Availability, AvailabilityState, RoutingRule, Strategy
from app.domain.threads.actions import assign_thread
from app.domain.threads.models import Priority, Thread, ThreadStatus, ThreadType
from tests.domain.routing.conftest import Desk
from tests.domain.routing.factories import make_rule, make_there
from tests.factories import make_brand, make_user

HOUR = timedelta(hours=1)


def test_an_assignment_says_why_and_is_told_like_any_other(desk: Desk, db_session: Session) -> None:
    thread = desk.thread()
    claim = desk.give()
    assert claim is not None
    assert db_session.get_one(Thread, thread.id, populate_existing=True).assignee_user_id == desk.alice.id
    event = db_session.execute(sa.select(Event).where(Event.type == "ThreadAssigned")).scalar_one()
    by = event.payload["by"]
    assert (by["kind"], by["name"], by["how"], by["able"]) == ("routing", "Service", "round_robin", 1)
    assert event.actor_user_id is None
    told = db_session.execute(sa.select(Notification.kind).where(Notification.user_id == desk.alice.id)).scalars().all()
    assert told == [NotificationKind.ASSIGNMENT]
    assert desk.give() is None


@pytest.mark.parametrize(
    "values",
    [
        {"status": ThreadStatus.WAITING_CUSTOMER},
        {"status": ThreadStatus.RESOLVED, "resolved_at": datetime(2026, 11, 20, tzinfo=UTC)},
        {"snoozed_until": datetime(2030, 1, 1, tzinfo=UTC)},
        {"thread_type": ThreadType.TECHNICAL_ISSUE},
        {"medium": "email", "last_inbound_at": None},
    ],
)
def test_what_waits_for_nobody_is_left_alone(desk: Desk, values: dict[str, object]) -> None:
    desk.rule.thread_type = ThreadType.CUSTOMER_SUPPORT
    desk.thread(**values)
    assert desk.give() is None


def test_a_rule_that_is_off_gives_nothing_away(desk: Desk) -> None:
    desk.rule.is_on = False
    desk.thread()
    assert desk.give() is None


def test_the_first_rule_that_fits_the_type_decides(desk: Desk, db_session: Session) -> None:
    first = make_rule(
        db_session, desk.channel, name="Technique", position=0, thread_type=ThreadType.TECHNICAL_ISSUE, skills=["power"]
    )
    thread = desk.thread(thread_type=ThreadType.TECHNICAL_ISSUE)
    assert desk.give() is None, "Alice lacks the skill, and the rule behind is not asked"
    assert desk.reason(thread).hindrance == Hindrance.NO_SKILL
    first.thread_type = ThreadType.COMPLAINT
    assert desk.give() is not None


def test_who_may_not_see_the_brand_gets_nothing(desk: Desk, db_session: Session) -> None:
    set_availability(db_session, desk.alice.id, AvailabilityState.AWAY, now=desk.now, actor=SYSTEM)
    make_there(db_session, make_user(db_session, "Mallory", brands=(make_brand(db_session, "other"),)), now=desk.now)
    thread = desk.thread()
    assert desk.give() is None
    assert (desk.reason(thread).hindrance, desk.reason(thread).names) == (Hindrance.NOBODY_THERE, ("Alice",))


def test_skills_and_language_of_the_contact_are_asked_for(desk: Desk) -> None:
    desk.rule.skills, desk.rule.speaks_language = ["power"], True
    thread = desk.thread(language="fr")
    assert desk.reason(thread).hindrance == Hindrance.NO_SKILL
    desk.there("Bob", skills=["power"], languages=["nl"])
    assert desk.reason(thread).hindrance == Hindrance.NO_LANGUAGE
    carla = desk.there("Carla", skills=["power", "roof"], languages=["nl", "fr"])
    claim = desk.give()
    assert claim is not None
    assert (claim.user_id, claim.because["language"], claim.because["skills"]) == (carla.id, "fr", ["power"])


def test_heavy_threads_take_more_of_what_one_can_do(desk: Desk) -> None:
    bob = desk.there("Bob", capacity=3)
    set_availability(desk.session, desk.alice.id, AvailabilityState.OFFLINE, now=desk.now, actor=SYSTEM)
    heavy = desk.thread(priority=Priority.URGENT)
    assert desk.give().user_id == bob.id  # type: ignore[union-attr]
    light = desk.thread()
    assert desk.give() is None
    assert desk.reason(light).hindrance == Hindrance.ALL_FULL
    heavy.status = ThreadStatus.WAITING_CUSTOMER
    assert desk.give() is not None, "what waits for the customer is no work now"


def test_a_thread_heavier_than_all_one_can_do_still_finds_somebody_idle(desk: Desk) -> None:
    desk.there("Bob", capacity=1)
    set_availability(desk.session, desk.alice.id, AvailabilityState.OFFLINE, now=desk.now, actor=SYSTEM)
    desk.thread(priority=Priority.CRITICAL)
    assert desk.give() is not None


def test_whoever_has_the_least_to_do_for_what_they_can_do_is_next(desk: Desk) -> None:
    desk.rule.strategy = Strategy.LEAST_LOADED
    bob = desk.there("Bob", capacity=40)
    given = []
    for _number in range(10):
        desk.thread()
        given.append(desk.give().user_id)  # type: ignore[union-attr]
    assert (given.count(bob.id), given.count(desk.alice.id)) == (8, 2)


def test_working_hours_are_in_the_persons_own_time_zone(desk: Desk) -> None:
    monday_evening = datetime(2026, 11, 23, 22, 30, tzinfo=UTC)  # 17:30 in Montreal, 23:30 in Amsterdam
    make_there(desk.session, desk.alice, now=desk.now, capacity=0)
    bob = desk.there("Bob", hours=[[0, 9 * 60, 18 * 60]])
    note_seen(desk.session, bob.id, now=monday_evening)
    thread = desk.thread(at=monday_evening)
    assert desk.give(now=monday_evening) is None
    assert desk.reason(thread, now=monday_evening).hindrance == Hindrance.OUTSIDE_HOURS
    bob.timezone = "America/Montreal"
    assert desk.give(now=monday_evening) is not None


def test_a_contact_goes_back_to_whom_they_were_with_until_that_is_too_long_ago(desk: Desk) -> None:
    desk.rule.sticky_days = 14
    bob = desk.there("Bob")
    desk.thread(wa_id="31600000001", assignee_user_id=bob.id, status=ThreadStatus.RESOLVED, resolved_at=desk.now)
    for _number in range(3):
        desk.thread(wa_id="31600000001")
        claim = desk.give()
        assert claim is not None
        assert (claim.user_id, claim.because["how"]) == (bob.id, "sticky")
    late = desk.now + timedelta(days=15)
    note_seen(desk.session, desk.alice.id, now=late)
    desk.thread(wa_id="31600000001", at=late)
    assert desk.give(now=late).user_id == desk.alice.id  # type: ignore[union-attr]


def test_a_second_tier_is_asked_when_nobody_of_the_first_is_there(desk: Desk) -> None:
    bob = desk.there("Bob", capacity=1)
    first, second = desk.team("First", bob), desk.team("Second", desk.alice)
    desk.rule.tiers = [{"team_id": str(first.id), "after_minutes": 0}, {"team_id": str(second.id), "after_minutes": 30}]
    desk.thread()
    assert desk.give().user_id == bob.id  # type: ignore[union-attr]
    waits = desk.thread()
    assert desk.give() is None, "Bob is there and full: the second team is asked later"
    assert desk.reason(waits).hindrance == Hindrance.TIER_WAITS
    assert desk.reason(waits).until == desk.now + timedelta(minutes=30)
    later = desk.now + timedelta(minutes=30)
    note_seen(desk.session, desk.alice.id, now=later)
    note_seen(desk.session, bob.id, now=later)
    claim = desk.give(now=later)
    assert claim is not None
    assert (claim.user_id, claim.because["tier"]) == (desk.alice.id, 2)
    desk.thread()
    set_availability(desk.session, bob.id, AvailabilityState.AWAY, now=desk.now, actor=SYSTEM)
    assert desk.give().user_id == desk.alice.id, "at once where nobody of the first is there"  # type: ignore[union-attr]


def test_a_thread_handed_to_a_team_goes_to_one_of_it(desk: Desk) -> None:
    bob = desk.there("Bob")
    team = desk.team("Planning", bob)
    desk.thread(team_id=team.id)
    assert desk.give().user_id == bob.id  # type: ignore[union-attr]


def test_what_somebody_gave_back_does_not_come_to_them_again(desk: Desk) -> None:
    thread = desk.thread()
    assert desk.give() is not None
    assign_thread(desk.session, thread_id=thread.id, assignee_user_id=None, actor=Actor(desk.alice.id), now=desk.now)
    assert desk.give() is None
    assert desk.reason(thread).hindrance == Hindrance.GIVEN_BACK
    assert desk.give() is None
    bob = desk.there("Bob")
    assert desk.give().user_id == bob.id  # type: ignore[union-attr]


def test_a_phone_counts_for_longer_than_a_desk(desk: Desk) -> None:
    bob = desk.there("Bob")
    note_seen(desk.session, bob.id, now=desk.now, on_phone=True)
    later = desk.now + timedelta(minutes=20)
    assert end_presence(desk.session, now=later) == 1
    states = {row.user_id: row.state for row in desk.session.execute(sa.select(Availability.user_id, Availability.state))}
    assert (states[desk.alice.id], states[bob.id]) == (AvailabilityState.OFFLINE, AvailabilityState.AVAILABLE)
    desk.thread(at=later)
    assert desk.give(now=later).user_id == bob.id  # type: ignore[union-attr]
    note_seen(desk.session, desk.alice.id, now=later)
    events = desk.session.execute(sa.select(Event.payload).where(Event.type == "AvailabilityChanged").order_by(Event.id.desc()))
    assert events.scalars().first() == {"user_id": str(desk.alice.id), "state": "available"}


def test_whoever_said_they_are_away_stays_away_however_often_they_are_seen(desk: Desk) -> None:
    set_availability(desk.session, desk.alice.id, AvailabilityState.AWAY, now=desk.now, actor=Actor(desk.alice.id))
    note_seen(desk.session, desk.alice.id, now=desk.now + HOUR)
    desk.thread()
    assert desk.give(now=desk.now + HOUR) is None


def test_what_is_due_first_goes_first_then_what_is_urgent_then_what_is_old(desk: Desk) -> None:
    old = desk.thread(at=desk.now - HOUR)
    urgent = desk.thread(priority=Priority.URGENT)
    due_later = desk.thread(response_due_at=desk.now + 2 * HOUR)
    due = desk.thread(response_due_at=desk.now + HOUR)
    given = [claim.thread_id for claim in iter(desk.give, None) if claim]
    assert given == [due.id, due_later.id, urgent.id, old.id]


def test_turns_go_on_where_they_were(desk: Desk, db_session: Session) -> None:
    bob = desk.there("Bob")
    for _number in range(4):
        desk.thread()
    given = [claim.user_id for claim in iter(desk.give, None) if claim]
    assert given in ([desk.alice.id, bob.id] * 2, [bob.id, desk.alice.id] * 2)
    assert db_session.execute(sa.select(sa.func.count()).select_from(RoutingRule)).scalar_one() == 1
