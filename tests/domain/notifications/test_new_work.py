"""New work nobody has: who is told, once for all of it until they look, not while routing has its chance, not in quiet hours."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.core.clock import utc_now
from app.core.ids import new_id
from app.domain.accounts.models import Team, TeamMember, User
from app.domain.events.actions import Actor, record
from app.domain.events.jobs import NotYet, run_outbox_entries_at_once
from app.domain.events.models import Event, OutboxEntry
from app.domain.notifications.actions import Wishes, mark_read, set_preferences
from app.domain.notifications.models import Notification, NotificationKind, Way
from app.domain.notifications.new_work import ROUTED_WITHIN, tell_of_new_work
from app.domain.routing.models import RoutingRule, Strategy
from app.domain.threads.actions import lock_thread, subject_of
from app.domain.threads.models import Thread, ThreadType
from tests.domain.notifications.conftest import House
from tests.domain.notifications.test_quiet import NIGHTS, local
from tests.factories import make_message


def entries_of_new_work() -> sa.Select[OutboxEntry]:
    """In the order of their making."""
    return sa.select(OutboxEntry).where(OutboxEntry.handler == "tell_of_new_work").order_by(OutboxEntry.id)


def write(house: House, thread: Thread | None = None, *, text: str = "Hallo") -> Event:
    """The customer writes, `house.now`, and what reacts to new work does."""
    thread = lock_thread(house.session, (thread or house.thread).id)
    message = make_message(house.session, thread, text, at=house.now)
    event = record(house.session, "MessageReceived", subject=subject_of(thread, message), now=house.now)
    house.session.commit()
    if house.session.execute(entries_of_new_work().where(OutboxEntry.event_id == event.id)).first() is not None:
        tell_of_new_work(event)
    house.session.expire_all()
    return event


def told(house: House) -> dict[str, int]:
    """How many messages the unread notice of each person stands for."""
    query = sa.select(User.name, Notification.count).join(Notification, Notification.user_id == User.id)
    query = query.where(Notification.kind == NotificationKind.NEW_WORK, Notification.read_at.is_(None))
    return {row[0]: row[1] for row in house.session.execute(query)}


def test_the_brand_is_told_once_for_all_of_it_until_they_look(house: House) -> None:
    house.device(house.alice)
    event = write(house)
    assert told(house) == {"Alice": 1, "Bob": 1}, "and nobody of another brand"
    tell_of_new_work(event)  # a worker that comes twice
    assert told(house) == {"Alice": 1, "Bob": 1}
    house.now += timedelta(minutes=10)
    write(house, house.other_thread())
    assert told(house) == {"Alice": 2, "Bob": 2}
    assert len(house.dispatches(way=Way.PUSH)) == 1, "outside the app once an hour"
    mark_read(house.session, user_id=house.alice.id, now=house.now)
    house.now += timedelta(hours=2)
    write(house)
    assert told(house) == {"Alice": 1, "Bob": 3}
    assert len(house.dispatches(way=Way.PUSH)) == 2


def test_what_somebody_has_is_no_new_work(house: House) -> None:
    house.assign(house.alice)
    write(house)
    assert told(house) == {}


def make_team(house: House, user: User) -> Team:
    team = Team(id=new_id(), name="Techniek")
    house.session.add(team)
    house.session.flush()
    house.session.add(TeamMember(team_id=team.id, user_id=user.id))
    return team


def test_a_team_that_got_it_is_told_alone(house: House) -> None:
    house.thread.team_id = make_team(house, house.bob).id
    house.session.commit()
    write(house)
    assert told(house) == {"Bob": 1}


def test_routing_has_its_chance_first_then_the_team_of_its_rule_is_told(house: House) -> None:
    team = make_team(house, house.alice)
    times = {"created_at": house.now, "updated_at": house.now}
    rule = RoutingRule(id=new_id(), channel_id=house.channel.id, name="Techniek", position=1, is_on=True, **times)
    rule.strategy, rule.tiers = Strategy.ROUND_ROBIN, [{"team_id": str(team.id), "after_minutes": 0}]
    house.session.add(rule)
    house.now = utc_now()
    with pytest.raises(NotYet):
        write(house)
    assert told(house) == {}
    event = house.session.execute(sa.select(Event).where(Event.type == "MessageReceived")).scalar_one()
    event.occurred_at = utc_now() - ROUTED_WITHIN
    tell_of_new_work(event)
    assert told(house) == {"Alice": 1}


def test_quiet_hours_and_choices_hold_for_it_too(house: House) -> None:
    house.device(house.alice)
    every = [(kind, way) for kind in NotificationKind for way in Way]
    who = {"now": house.now, "actor": Actor(house.bob.id)}
    set_preferences(house.session, Wishes(every, quiet=NIGHTS), user_id=house.alice.id, **who)  # type: ignore[arg-type]
    none = [pair for pair in every if pair[0] != NotificationKind.NEW_WORK]
    set_preferences(house.session, Wishes(none), user_id=house.bob.id, **who)  # type: ignore[arg-type]
    house.now = local("2026-11-20 23:30")
    write(house)
    assert told(house) == {"Alice": 1}
    (dispatch,) = house.dispatches(way=Way.PUSH)
    assert dispatch.is_held


def test_many_at_once_are_told_once_and_what_routing_may_take_comes_again(house: House) -> None:
    times = {"created_at": house.now, "updated_at": house.now}
    rule = RoutingRule(id=new_id(), channel_id=house.channel.id, name="Verkoop", position=1, is_on=True, **times)
    rule.strategy, rule.tiers, rule.thread_type = Strategy.ROUND_ROBIN, [{"after_minutes": 0}], ThreadType.SALES_INQUIRY
    house.session.add(rule)
    routed = house.other_thread()
    routed.thread_type = ThreadType.SALES_INQUIRY
    house.now = utc_now()
    for thread in (house.thread, house.thread, routed):
        message = make_message(house.session, lock_thread(house.session, thread.id), "Hallo", at=house.now)
        record(house.session, "MessageReceived", subject=subject_of(thread, message), now=house.now)
    house.session.commit()
    entries = list(house.session.execute(entries_of_new_work()).scalars())
    run_outbox_entries_at_once(row_ids=[str(entry.id) for entry in entries])
    house.session.expire_all()
    assert told(house) == {"Alice": 2, "Bob": 2}
    assert [entry.state for entry in entries] == ["done", "done", "ready"]
    assert entries[2].attempts == 0, "waiting is no try"
    assert timedelta(0) < entries[2].run_at - utc_now() <= ROUTED_WITHIN
    run_outbox_entries_at_once(row_ids=[str(entry.id) for entry in entries])
    assert told(house) == {"Alice": 2, "Bob": 2}, "what is done is not done again"
