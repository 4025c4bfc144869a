"""The pages of routing: rules, people, one's own availability, the queue."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.core.clock import utc_now
from app.domain.accounts.models import Role, User, UserSession
from app.domain.events.models import Event, OutboxEntry
from app.domain.routing.assign_waiting import give_away
from app.domain.routing.models import Availability, AvailabilityState, RoutingProfile, RoutingRule
from app.domain.threads.models import Thread
from tests.domain.routing.conftest import Desk
from tests.factories import make_user
from tests.support.pages import PageClient
from tests.support.signing_in import csrf_token, post, sign_in


@dataclass
class Office:
    client: PageClient
    desk: Desk
    leila: User

    def post(self, path: str, **fields: object) -> TestResponse:
        return self.client.post(path, data={**fields, "csrf_token": csrf_token(self.client.plain)})

    def become(self, user: User) -> None:
        sign_in(self.client.plain, self.desk.session, user)


@pytest.fixture
def office(desk: Desk, app: Flask, page_client: PageClient) -> Office:
    leila = make_user(desk.session, "Leila", role=Role.LEAD, brands=(desk.brand,))
    office = Office(page_client, desk, leila)
    office.become(leila)
    return office


def only_rule(session: Session, *, but: RoutingRule) -> RoutingRule:
    session.expire_all()
    return session.execute(sa.select(RoutingRule).where(RoutingRule.id != but.id)).scalar_one()


def test_a_new_rule_is_off_and_is_tried_before_it_is_on(office: Office) -> None:
    desk = office.desk
    desk.rule.is_on = False
    thread = desk.thread()
    desk.session.commit()
    answer = office.post("/settings/routing", name="Balie", channel=str(desk.channel.id), team_1="all", strategy="least_loaded")
    rule = only_rule(desk.session, but=desk.rule)
    assert (answer.status_code, answer.location, rule.is_on) == (303, f"/settings/routing/{rule.id}/trial", False)
    tried = office.client.get(answer.location or "").text
    assert "assigned this thread to Alice: had the fewest threads" in tried
    desk.session.expire_all()
    assert desk.session.get_one(Thread, thread.id).assignee_user_id is None, "trying changes nothing"
    assert (
        desk.session.execute(sa.select(sa.func.count()).select_from(Event).where(Event.type == "ThreadAssigned")).scalar_one()
        == 0
    )
    office.post(f"/settings/routing/{rule.id}/switch", on="1")
    assert give_away() == 1
    assert "Rule Balie assigned this thread to Alice: had the fewest threads" in office.client.get(f"/threads/{thread.id}").text


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"name": ""}, "Enter a name."),
        ({"channel": "x"}, "Choose a channel."),
        ({"team_1": ""}, "Choose a group under “First group”."),
        ({"team_2": "018f0000-0000-7000-8000-000000000001"}, "Choose one from the list."),
        ({"sticky_days": "91"}, "Enter a whole number from 0 to 90."),
        ({"minutes_2": "soon"}, "Enter a whole number from 0 to 10080."),
        ({"skills": "x" * 51}, "Separate entries with commas; use one to fifty characters for each."),
    ],
)
def test_what_is_wrong_with_a_rule_is_said_at_its_field(office: Office, fields: dict[str, str], complaint: str) -> None:
    right = {"name": "Balie", "channel": str(office.desk.channel.id), "team_1": "all", "strategy": "round_robin"}
    answer = office.post("/settings/routing", **{**right, **fields})
    assert answer.status_code == 422
    assert complaint in answer.text
    assert f"#field-{next(iter(fields))}" in answer.text


def test_rules_are_asked_in_the_order_people_give_them(office: Office) -> None:
    content = {"name": "Eerst", "channel": str(office.desk.channel.id), "team_1": "all", "strategy": "round_robin"}
    office.post("/settings/routing", **content)
    second = only_rule(office.desk.session, but=office.desk.rule)
    office.post(f"/settings/routing/{second.id}/up")
    listed = office.client.get("/settings/routing").text
    assert listed.index("Eerst") < listed.index(">Service<")
    office.post(f"/settings/routing/{second.id}", **{**content, "name": "Balie"})
    assert only_rule(office.desk.session, but=office.desk.rule).name == "Balie"
    office.post(f"/settings/routing/{second.id}/deletion")
    assert "Balie is deleted" in office.client.get("/settings/routing").text


def test_what_a_person_takes_is_read_with_its_nights_and_breaks(office: Office) -> None:
    url = f"/settings/routing/people/{office.desk.alice.id}"
    fields = {
        "capacity": "12",
        "skills": "Power, roof",
        "languages": "nl, FR",
        "day_0": "9:00-12:30, 13.00–17:30",
        "day_6": "22:00-06:00",
    }
    assert office.post(url, **fields).status_code == 303
    profile = office.desk.session.get_one(RoutingProfile, office.desk.alice.id)
    assert (profile.capacity, profile.skills, profile.languages) == (12, ["power", "roof"], ["nl", "fr"])
    assert profile.hours == [[0, 0, 360], [0, 540, 750], [0, 780, 1050], [6, 1320, 1440]]
    shown = office.client.get(url).text
    assert 'value="00:00-06:00, 09:00-12:30, 13:00-17:30"' in shown
    assert 'value="22:00-24:00"' in shown


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"capacity": "many"}, "Enter a whole number from 0 to 200."),
        ({"day_3": "from nine"}, "Write times like 09:00-12:30, 13:00-17:30."),
        ({"day_3": "09:00-25:00"}, "Write times like 09:00-12:30, 13:00-17:30."),
        ({"languages": "Dutch"}, "Write each language as two letters: nl, en, fr."),
    ],
)
def test_what_is_wrong_with_a_person_is_said_at_its_field(office: Office, fields: dict[str, str], complaint: str) -> None:
    answer = office.post(f"/settings/routing/people/{office.desk.alice.id}", **fields)
    assert answer.status_code == 422
    assert complaint in answer.text
    assert f"#field-{next(iter(fields))}" in answer.text


def test_whoever_says_they_are_away_gets_nothing_and_whoever_comes_back_is_given_work_at_once(office: Office, app: Flask) -> None:
    desk = office.desk
    desk.session.commit()
    office.become(desk.alice)
    office.post("/availability", state="away", back="/inbox")
    desk.thread()
    desk.session.commit()
    assert give_away() == 0
    assert "All suitable agents are away or offline: Alice" in office.client.get("/queue").text
    answer = office.post("/availability", state="available", back="/inbox")
    assert answer.location == "/inbox"
    promised = (
        sa.select(Event.type).join(OutboxEntry, OutboxEntry.event_id == Event.id).where(OutboxEntry.handler == "route_after")
    )
    assert "AvailabilityChanged" in desk.session.execute(promised).scalars().all()
    assert give_away() == 1
    assert office.post("/availability", state="offline").status_code == 422
    assert office.post("/availability", state="away", back="//evil.example").location == "/availability"


def test_without_a_rule_that_is_on_events_promise_nothing(office: Office) -> None:
    office.desk.rule.is_on = False
    office.desk.session.commit()
    office.become(office.desk.alice)
    office.post("/availability", state="away")
    promised = sa.select(sa.func.count()).select_from(OutboxEntry).where(OutboxEntry.handler == "route_after")
    assert office.desk.session.execute(promised.where(OutboxEntry.state == "ready")).scalar_one() == 0
    assert "No rule is on" in office.client.get("/queue").text


def test_a_request_is_a_sign_of_life_and_a_phone_counts_for_longer(office: Office) -> None:
    session, bob = office.desk.session, make_user(office.desk.session, "Bob", brands=(office.desk.brand,))
    office.become(bob)
    _forget_sessions(session)
    office.client.plain.get("/inbox", headers={"User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0) Mobile/15E148"})
    session.expire_all()
    row = session.get_one(Availability, bob.id)
    assert row.state == AvailabilityState.AVAILABLE
    assert row.present_until - row.last_seen_at == timedelta(minutes=30)
    post(office.client.plain, "/sign-out")
    session.expire_all()
    assert session.get_one(Availability, bob.id).state == AvailabilityState.OFFLINE


def test_a_lead_can_say_that_somebody_is_away(office: Office) -> None:
    office.desk.session.commit()
    assert "Set to away" in office.client.get("/settings/routing/people").text
    office.post(f"/settings/routing/people/{office.desk.alice.id}/away")
    office.desk.session.expire_all()
    assert office.desk.session.get_one(Availability, office.desk.alice.id).state == AvailabilityState.AWAY


def _forget_sessions(session: Session) -> None:
    """Every browser was last used two minutes ago."""
    session.execute(sa.update(UserSession).values(last_seen_at=utc_now() - timedelta(minutes=2)))
    session.commit()
