"""Urgent orders, absent technicians and faults of the system: who is told, and into which channel of Teams the card goes."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from app.core.ids import new_id
from app.core.runtime import runtime
from app.domain.accounts.access import viewer_of
from app.domain.accounts.models import Role, Team, TeamMember, User
from app.domain.appointments.absences import note_absence
from app.domain.appointments.models import AppointmentState
from app.domain.contacts.models import Contact
from app.domain.events.actions import SYSTEM, Actor
from app.domain.notifications.models import TRIGGERS, NotificationKind
from app.domain.notifications.queries import count_unread
from app.domain.notifications.teams.hooks import NewHook, Wishes, set_hook
from app.domain.orders.actions import set_order_priority
from app.domain.orders.models import Order, OrderPriority
from app.domain.threads.actions import lock_thread
from app.domain.threads.models import Priority
from app.process.health.actions import note_troubles
from app.process.health.queries import Trouble
from tests.domain.appointments.factories import make_appointment
from tests.domain.notifications.card_schema import faults_of
from tests.domain.notifications.conftest import House
from tests.domain.orders.factories import make_order
from tests.factories import NOW, make_user

MOST_BYTES = 28_000


class Outside:
    """Leila leads; two teams have a channel, and Leila is in the second."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.leila = make_user(house.session, "Leila", role=Role.LEAD, brands=(house.brand,))
        self.root = make_user(house.session, "Root", role=Role.ADMIN)
        self.field = self.team("Buitendienst")
        self.service = self.team("Service", self.leila)
        house.session.commit()

    def team(self, name: str, *members: User, wishes: Wishes | None = None) -> Team:
        team = Team(id=new_id(), name=name)
        self.house.session.add(team)
        self.house.session.flush()
        self.house.session.add_all(TeamMember(team_id=team.id, user_id=member.id) for member in members)
        self.wish(team, wishes or Wishes())
        return team

    def wish(self, team: Team, wishes: Wishes) -> None:
        url = self.house.outside.call("POST", "/__sim/workflows")["url"]
        who = {"keyring": runtime().keyring, "now": NOW, "actor": SYSTEM}
        hook = set_hook(self.house.session, NewHook(url, "127.0.0.1", False, wishes), team_id=team.id, **who)  # type: ignore[arg-type]
        self.house.session.commit()
        self.targets = {**getattr(self, "targets", {}), hook.id: team.name}

    def order(self, **more: Any) -> Order:
        order = make_order(self.house.session, self.house.brand, self.contact(), **more)
        self.house.session.commit()
        return order

    def contact(self) -> Any:
        return self.house.session.get_one(Contact, self.house.thread.contact_id)

    def urge(self, order: Order, priority: OrderPriority = OrderPriority.URGENT) -> None:
        who = {"now": NOW, "actor": Actor(self.house.alice.id)}
        set_order_priority(self.house.session, order.id, priority, **who)  # type: ignore[arg-type]
        self.house.session.commit()

    def to(self) -> list[str]:
        """The teams whose channels have a card promised, in the order they were."""
        return [self.targets[one.target_id] for one in self.house.dispatches(way="teams")]

    def unread(self, user: User) -> int:
        return count_unread(self.house.session, viewer=viewer_of(self.house.session, user))


@pytest.fixture
def outside_teams(house: House) -> Outside:
    return Outside(house)


def request_of(card: dict[str, Any]) -> bytes:
    return json.dumps({"attachments": [{"content": card["card"]}]}).encode()


def said(card: dict[str, Any]) -> str:
    return str(next(part["text"] for part in card["card"]["body"] if part["type"] == "TextBlock"))


def test_an_order_that_becomes_urgent_is_a_card_once(outside_teams: Outside, house: House) -> None:
    order = outside_teams.order()
    for priority in (OrderPriority.HIGH, OrderPriority.URGENT, OrderPriority.URGENT, OrderPriority.NORMAL):
        outside_teams.urge(order, priority)
    for _again in range(2):
        house.carry_out()
        house.let_time_pass()
    (card,) = house.outside.cards()
    assert said(card).replace("\\", "") == f"Order {order.order_number} is urgent"
    assert card["card"]["actions"][0]["url"] == f"http://localhost/orders/{order.id}"
    assert faults_of(request_of(card)) == []
    assert [outside_teams.unread(user) for user in (outside_teams.leila, outside_teams.root, house.bob)] == [1, 1, 0]


def test_one_that_comes_in_urgent_is_told_and_critical_is_more_than_urgent(outside_teams: Outside, house: House) -> None:
    order = outside_teams.order(priority=OrderPriority.URGENT)
    assert len(house.dispatches(way="teams")) == 1
    outside_teams.urge(order, OrderPriority.CRITICAL)
    outside_teams.urge(order, OrderPriority.URGENT)
    assert len(house.dispatches(way="teams")) == 2


def test_the_card_goes_to_the_team_of_the_conversation_else_of_who_is_told(outside_teams: Outside, house: House) -> None:
    outside_teams.urge(outside_teams.order())
    assert outside_teams.to() == ["Service"]
    lock_thread(house.session, house.thread.id).team_id = outside_teams.field.id
    outside_teams.urge(outside_teams.order(thread_id=house.thread.id))
    assert outside_teams.to() == ["Service", "Buitendienst"]


def test_a_team_gets_only_what_it_wants_from_the_priority_it_wants(outside_teams: Outside, house: House) -> None:
    outside_teams.wish(outside_teams.service, Wishes(triggers=(NotificationKind.SYSTEM_ERROR,)))
    outside_teams.wish(outside_teams.field, Wishes(least_priority=Priority.CRITICAL))
    order = outside_teams.order()
    outside_teams.urge(order)
    assert outside_teams.to() == []
    outside_teams.urge(order, OrderPriority.CRITICAL)
    assert outside_teams.to() == ["Buitendienst"]


def test_a_deadline_of_a_thread_that_is_not_urgent_enough_stays_away(outside_teams: Outside, house: House) -> None:
    outside_teams.wish(outside_teams.service, Wishes(least_priority=Priority.HIGH))
    house.escalate(outside_teams.leila, through=("app", "teams"))
    assert outside_teams.to() == []
    lock_thread(house.session, house.thread.id).priority = Priority.URGENT
    house.escalate(outside_teams.leila, through=("app", "teams"))
    assert outside_teams.to() == ["Service"]


def test_an_absent_technician_with_appointments_is_told_once_for_each_brand(outside_teams: Outside, house: House) -> None:
    visit = make_appointment(house.session, house.thread, technician_user_id=house.bob.id)
    off = make_appointment(house.session, house.thread, technician_user_id=house.bob.id)
    off.state = AppointmentState.CANCELLED
    house.session.flush()
    day, who = visit.starts_at.date(), {"now": NOW, "actor": SYSTEM, "note": ""}
    assert note_absence(house.session, user_id=house.bob.id, day=day + timedelta(days=1), **who)  # type: ignore[arg-type]
    assert house.dispatches(way="teams") == []
    assert note_absence(house.session, user_id=house.bob.id, day=day, **who)  # type: ignore[arg-type]
    assert not note_absence(house.session, user_id=house.bob.id, day=day, **who)  # type: ignore[arg-type]
    house.session.commit()
    house.carry_out()
    (card,) = house.outside.cards()
    assert said(card).replace("\\", "") == f"Bob is absent on {day}; appointments that day: 1."


def test_a_fault_is_told_to_administrators_when_it_begins_and_when_it_is_mended(outside_teams: Outside, house: House) -> None:
    trouble = Trouble("quarantine", "Incoming events that failed in the last hour: 2.", "/settings/events")
    more = Trouble("quarantine", "Incoming events that failed in the last hour: 3.", "/settings/events")
    for troubles in ([trouble], [more], [], []):
        note_troubles(house.session, troubles, now=NOW)
        house.session.commit()
        house.carry_out()
    assert sorted(said(card).replace("\\", "") for card in house.outside.cards()) == [
        f"Fixed: {trouble.text}",
        trouble.text,
    ]
    assert outside_teams.unread(outside_teams.root) == 2
    assert outside_teams.unread(outside_teams.leila) == 0


def test_many_faults_at_once_are_one_small_card(outside_teams: Outside, house: House) -> None:
    troubles = [Trouble(f"channel {n}", f"The channel Post {n} does not work: " + "x" * 900, "/settings") for n in range(30)]
    note_troubles(house.session, troubles, now=NOW)
    house.session.commit()
    house.carry_out()
    (card,) = house.outside.cards()
    assert said(card) == "30 items to look at"
    assert len(str(card["card"]).encode()) < MOST_BYTES
    assert faults_of(request_of(card)) == []


def test_every_trigger_is_offered_in_teams() -> None:
    assert {kind.value for kind in TRIGGERS} == {"order_urgent", "technician_absent", "system_error"}
