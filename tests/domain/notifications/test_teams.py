"""Cards in Teams: what is on them, once, at the pace Teams allows, and what every answer leads to."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from app.contract.notice_outcome import Outcome
from app.core.ids import new_id
from app.core.runtime import runtime
from app.domain.accounts.models import Role, Team, TeamMember, User
from app.domain.events.actions import SYSTEM, Actor
from app.domain.notifications.actions import Wishes, set_preferences
from app.domain.notifications.dispatching import TABLE
from app.domain.notifications.models import NotificationKind, TeamsHook, Way
from app.domain.notifications.teams.hooks import NewHook, set_hook
from app.domain.notifications.teams.pace import LIMITS, wait_seconds, with_call
from app.providers.teams.card import MOST_BYTES, Card, Line, escape, render
from app.sandbox.simulators.notices.teams import read_card
from tests.domain.notifications.card_schema import faults_of
from tests.domain.notifications.conftest import House, text_of
from tests.domain.notifications.test_quiet import NIGHTS, local
from tests.factories import NOW
from tests.support.pages import PageClient
from tests.support.signing_in import csrf_token, sign_in

THROUGH = ("app", "teams")
PATH = "/powerautomate/"


class Channel:
    """A team with Alice in it, and its workflow."""

    def __init__(self, house: House, *, shows_content: bool = False) -> None:
        self.house = house
        self.team = Team(id=new_id(), name="Service")
        house.session.add(self.team)
        house.session.flush()
        house.session.add(TeamMember(team_id=self.team.id, user_id=house.alice.id))
        self.made: dict[str, str] = house.outside.call("POST", "/__sim/workflows")
        self.url = self.made["url"]
        new = NewHook(self.url, "127.0.0.1", shows_content)
        self.hook = set_hook(house.session, new, team_id=self.team.id, keyring=runtime().keyring, now=NOW, actor=SYSTEM)
        house.session.commit()

    def behave(self, mode: str) -> None:
        self.house.outside.call("POST", f"/__sim/workflows/{self.made['id']}", {"mode": mode})

    def kept(self) -> TeamsHook:
        return self.house.session.execute(sa.select(TeamsHook).execution_options(populate_existing=True)).scalar_one()


@pytest.fixture
def channel(house: House) -> Channel:
    return Channel(house)


def texts(card: dict[str, Any]) -> list[str]:
    return [part["text"] for part in card["card"]["body"] if part["type"] == "TextBlock"]


def test_a_step_is_one_card_for_all_it_is_for(house: House, channel: Channel) -> None:
    house.escalate(house.alice, house.bob, through=THROUGH)
    for _again in range(3):
        house.carry_out()
        house.let_time_pass()
    (card,) = house.outside.cards()
    assert texts(card)[0] == "A deadline is near or has passed"
    assert card["card"]["version"] == "1.5"
    assert {"title": "For", "value": "Alice, Bob"} in card["card"]["body"][-2]["facts"]
    (action,) = card["card"]["actions"]
    assert (action["type"], action["url"]) == ("Action.OpenUrl", f"http://localhost/threads/{house.thread.id}")
    assert all(part["wrap"] for part in card["card"]["body"] if part["type"] == "TextBlock")
    assert not {word for word in ("Pieter", "Laadpaal") if word in text_of(card)}
    assert house.outside.requests()[-1]["query"].count("%2F") == 3  # as it was pasted


def test_names_and_subjects_only_where_the_channel_may_see_them(house: House) -> None:
    Channel(house, shows_content=True)
    house.thread.subject = "[klik](http://boos.example) <at>Bob</at> **nu**"
    house.escalate(house.alice, through=THROUGH)
    house.carry_out()
    (card,) = house.outside.cards()
    assert "Pieter van Dam" in text_of(card)
    assert texts(card)[1] == r"\[klik\]\(http://boos.example\) ‹at\>Bob‹/at\> \*\*nu\*\*"


def test_the_team_of_the_thread_goes_before_those_of_the_people(house: House, channel: Channel) -> None:
    other = Team(id=new_id(), name="Aanvragen")
    house.session.add(other)
    house.session.flush()
    made = house.outside.call("POST", "/__sim/workflows")
    set_hook(
        house.session,
        NewHook(made["url"], "x", shows_content=False),
        team_id=other.id,
        keyring=runtime().keyring,
        now=NOW,
        actor=SYSTEM,
    )
    house.thread.team_id = other.id
    house.escalate(house.alice, through=THROUGH)
    house.carry_out()
    assert house.outside.cards()[0]["workflow"] == made["id"]


def test_without_a_channel_there_is_no_card_and_no_promise(house: House) -> None:
    house.escalate(house.alice, through=THROUGH)
    assert house.dispatches(way=Way.TEAMS) == []


def test_a_mention_is_a_card_only_for_whoever_chose_it(house: House, channel: Channel) -> None:
    house.mention()
    house.carry_out()
    assert house.outside.cards() == []
    wishes = Wishes({(NotificationKind.MENTION, Way.TEAMS)})
    set_preferences(house.session, wishes, user_id=house.alice.id, now=NOW, actor=Actor(house.alice.id))
    house.session.commit()
    house.mention()
    house.carry_out()
    assert [texts(card)[0] for card in house.outside.cards()] == ["Mention in a note"]
    house.mention()
    house.carry_out()  # the same conversation again within three minutes
    assert len(house.outside.cards()) == 1
    (waiting,) = house.dispatches(state="ready")
    assert timedelta(minutes=2) < waiting.run_at - datetime.now(UTC) <= timedelta(minutes=3)


def test_a_card_waits_only_while_it_is_quiet_for_all(house: House, channel: Channel) -> None:
    for user in (house.alice, house.bob):
        wishes = Wishes({(NotificationKind.ESCALATION, Way.TEAMS)}, NIGHTS)
        set_preferences(house.session, wishes, user_id=user.id, now=NOW, actor=Actor(user.id))
        house.now = local("2026-03-05 02:00")
        house.escalate(house.alice, house.bob, through=THROUGH)
        assert [d.is_held for d in house.dispatches(state="ready")] == [user is house.bob]
        house.carry_out()
    house.escalate(house.alice, through=THROUGH, quiet=True)
    assert not house.dispatches(state="ready")[0].is_held


def test_what_the_pace_does_not_allow_comes_later_as_one_card(house: House, channel: Channel) -> None:
    now = datetime.now(UTC)
    calls = [now - timedelta(seconds=30 * number) for number in range(100)]  # all that an hour allows
    house.session.execute(sa.update(TeamsHook).values(calls=calls))
    house.session.commit()
    for number in range(12):
        house.escalate(house.alice, through=THROUGH, step=f"{number}%")
        house.carry_out()
    assert house.outside.calls(PATH) == 0
    waiting = house.dispatches(state="ready")
    assert timedelta(minutes=9) < max(d.run_at for d in waiting) - now < timedelta(minutes=11)
    assert {d.attempts for d in house.dispatches()} == {0}  # waiting for one's turn is no failed try
    house.session.execute(sa.update(TeamsHook).values(calls=[]))
    house.let_time_pass()
    house.carry_out()
    (card,) = house.outside.cards()
    assert texts(card)[0] == "12 items to look at"
    assert sum(text.startswith("[A deadline") for text in texts(card)) == 10
    assert "The other notifications are in Switchyard." in texts(card)
    assert sorted({str(d.outcome) for d in house.dispatches()}) == ["accepted", "folded"]


@pytest.mark.parametrize(
    ("mode", "outcome", "problem"),
    [
        ("large", Outcome.REFUSED, "refused the card (413)"),
        ("late", Outcome.UNKNOWN, "We do not know if Teams has the card"),
    ],
)
def test_a_refusal_is_shown_at_the_address_and_nothing_is_sent_twice(
    house: House, channel: Channel, mode: str, outcome: Outcome, problem: str
) -> None:
    channel.behave(mode)
    house.escalate(house.alice, through=THROUGH)
    house.carry_out()
    house.let_time_pass()
    house.carry_out()
    assert [d.outcome for d in house.dispatches()] == [outcome]
    assert problem in channel.kept().problem
    assert house.outside.calls(PATH) == 1


@pytest.mark.parametrize(("mode", "seconds"), [("busy", 9), ("broken", 5), ("legacy", 5)])
def test_what_is_put_off_comes_later(house: House, channel: Channel, mode: str, seconds: int) -> None:
    channel.behave(mode)
    house.escalate(house.alice, through=THROUGH)
    house.carry_out()
    (waiting,) = house.dispatches()
    assert abs((waiting.run_at - datetime.now(UTC)).total_seconds() - seconds) < 4
    channel.behave("fine")
    house.let_time_pass()
    house.carry_out()
    assert len(house.outside.cards()) == 1
    assert channel.kept().problem == ""


def test_a_line_that_breaks_in_the_call_leaves_one_card(house: House, channel: Channel) -> None:
    order = {"match": {"path": "^/powerautomate/"}, "times": 1, "when": "after", "drop_connection": True}
    house.outside.call("POST", "/__sim/fault", order)
    house.escalate(house.alice, through=THROUGH)
    house.carry_out()
    house.let_time_pass()
    house.carry_out()
    assert len(house.outside.cards()) == 1
    assert [d.outcome for d in house.dispatches()] == [Outcome.UNKNOWN]


def test_a_worker_killed_in_the_call_leaves_it_unknown_and_the_next_card_comes(house: House, channel: Channel) -> None:
    house.escalate(house.alice, through=THROUGH)
    dead = {"state": "running", "lease_token": new_id(), "calling_at": NOW, "attempts": 1, "lease_until": NOW}
    house.session.execute(sa.update(TABLE).values(dead))
    house.session.commit()
    house.carry_out()
    assert house.outside.cards() == []
    assert [d.outcome for d in house.dispatches()] == [Outcome.UNKNOWN]
    house.escalate(house.alice, through=THROUGH, step="90%")
    house.carry_out()
    assert len(house.outside.cards()) == 1


def test_nothing_of_the_address_is_in_logs_pages_or_the_row(
    house: House, channel: Channel, page_client: PageClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        house.escalate(house.alice, through=THROUGH)
        house.carry_out()
    settings = Settings(house, page_client)
    signature = channel.url.rpartition("sig=")[2]
    seen = caplog.text + settings.get().text + repr(channel.kept()) + channel.kept().sealed_url.decode("latin-1")
    assert signature not in seen
    assert channel.made["id"] not in caplog.text


class Settings:
    """The administrator's page."""

    def __init__(self, house: House, client: PageClient) -> None:
        self.house, self.client = house, client
        self.noah = make_admin(house)
        sign_in(client.plain, house.session, self.noah)

    def get(self) -> Any:
        return self.client.get("/settings/teams-cards")

    def post(self, path: str, **data: str) -> Any:
        return self.client.post(f"/settings/teams-cards/{path}", data={**data, "csrf_token": csrf_token(self.client.plain)})


def make_admin(house: House) -> User:
    house.alice.role = Role.ADMIN
    house.session.commit()
    return house.alice


def test_an_address_is_entered_tried_and_removed(house: House, channel: Channel, page_client: PageClient) -> None:
    settings = Settings(house, page_client)
    made = house.outside.call("POST", "/__sim/workflows")
    assert settings.post(f"{channel.team.id}", url=made["url"]).status_code == 303
    assert "Teams accepted the card" in settings.post(f"{channel.team.id}/test").text
    assert house.outside.cards()[0]["workflow"] == made["id"]
    assert settings.post(f"{channel.team.id}", shows_content="yes").status_code == 303
    assert channel.kept().shows_content
    assert "127.0.0.1" in settings.get().text
    assert settings.post(f"{channel.team.id}/removal").status_code == 303
    assert settings.post(f"{channel.team.id}/test", csrf="x").status_code == 404
    assert settings.post(f"{new_id()}", url=made["url"]).status_code == 404
    assert "this team gets no cards" in settings.get().text


@pytest.mark.parametrize(
    ("mode", "problem"), [("not_anyone", "rejected the address (401)"), ("deleted", "no workflow at this address")]
)
@pytest.mark.parametrize("way", ["a test", "a new address"])
def test_cards_wait_for_an_address_that_works_and_come_once(
    house: House, channel: Channel, page_client: PageClient, mode: str, problem: str, way: str
) -> None:
    settings = Settings(house, page_client)
    channel.behave(mode)
    house.escalate(house.alice, through=THROUGH)
    house.carry_out()
    assert problem in settings.get().text
    house.carry_out()
    assert house.outside.calls(PATH) == 1  # it is not asked again at once
    if way == "a test":
        channel.behave("fine")
        settings.post(f"{channel.team.id}/test")
    else:
        settings.post(f"{channel.team.id}", url=house.outside.call("POST", "/__sim/workflows")["url"])
    before = len(house.outside.cards())
    house.carry_out()
    house.carry_out()
    assert len(house.outside.cards()) == before + 1
    assert [d.outcome for d in house.dispatches()] == [Outcome.ACCEPTED]


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "Paste the whole https:// address"),
        ("hello", "Paste the whole https:// address"),
        ("https://firma.webhook.office.com/webhookb2/x", "has retired connectors"),
        ("https://outlook.office.com/webhook/x", "has retired connectors"),
        ("https://evil.example/powerautomate?sig=x", "is not an allowed address for Teams workflows"),
        ("http://169.254.169.254/?sig=x", "is not an allowed address for Teams workflows"),
        ("http://127.0.0.1:1/powerautomate?sig=x", "is not an allowed address for Teams workflows"),
        ("https://[::1]/?sig=x", "is not an allowed address for Teams workflows"),
        ("SIM/powerautomate/automations/direct/workflows/x", "its signature (sig=…) is missing"),
    ],
)
def test_an_address_that_is_none_is_refused_with_the_reason(
    house: House, channel: Channel, page_client: PageClient, url: str, reason: str
) -> None:
    before = channel.kept().sealed_url
    settings = Settings(house, page_client)
    if not url:
        settings.post(f"{channel.team.id}/removal")
    answer = settings.post(f"{channel.team.id}", url=url.replace("SIM", house.outside.url))
    assert answer.status_code == 422
    assert reason in answer.text
    assert not url or channel.kept().sealed_url == before


CALLS = st.lists(st.integers(0, 90_000), max_size=300)


@given(CALLS)
def test_the_pace_never_breaks_a_limit(gaps: list[int]) -> None:
    now = NOW
    calls: list[datetime] = []
    for gap in gaps[:60]:
        now += timedelta(milliseconds=gap)
        now += timedelta(seconds=wait_seconds(calls, now))
        assert wait_seconds(calls, now) == 0
        calls = with_call(calls, now)
        for seconds, most in LIMITS:
            assert sum(call > now - timedelta(seconds=seconds) for call in calls) <= most


def test_a_hundred_in_an_hour_and_then_a_pause() -> None:
    calls = [NOW + timedelta(seconds=10 * number) for number in range(100)]
    assert wait_seconds(calls, calls[-1] + timedelta(seconds=10)) == 3600 - 1000


@given(st.lists(st.text(max_size=2_000), max_size=30))
def test_a_card_always_fits_and_is_one(texts: list[str]) -> None:
    lines = tuple(Line(text, text, "https://inbox.example/threads/1") for text in texts)
    facts = tuple(("Voor", text) for text in texts[:2] if text.strip())
    card = Card("Titel", lines, facts, "Open", "https://inbox.example", "Meer", "Switchyard 1")
    body = render(card)
    assert len(body) <= MOST_BYTES
    assert faults_of(body) == []
    assert read_card(body)["actions"][0]["type"] == "Action.OpenUrl"
    assert json.loads(body)["attachments"][0]["content"]["version"] == "1.5"


@pytest.mark.parametrize(
    "wrong", [{"msteams": {"width": "Full"}}, {"actions": [{"type": "Action.Submit"}]}, {"body": [{"type": "TextBlock"}]}]
)
def test_what_the_schema_does_not_know_is_seen(wrong: dict[str, Any]) -> None:
    request = json.loads(
        render(Card("Titel", (Line("a", "", "https://inbox.example"),), (), "Open", "https://inbox.example", "", "1"))
    )
    request["attachments"][0]["content"] |= wrong
    assert faults_of(json.dumps(request).encode())


def test_escaping_leaves_no_markdown_and_one_line() -> None:
    assert escape("a\n\n# b & <c>") == r"a \# b ＆ ‹c\>"
    assert len(escape("x" * 500)) == 300
