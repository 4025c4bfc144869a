"""The step of a rule or macro that tells a team is a card in its channel: once, in words of the rule, paced as all cards are."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass

import pytest
import sqlalchemy as sa

from app.core.ids import new_id
from app.core.runtime import runtime
from app.domain.accounts.models import Team, TeamMember
from app.domain.automation.models import OutsideIntent
from app.domain.events.actions import SYSTEM, Actor
from app.domain.events.models import Event
from app.domain.notifications.teams.hooks import NewHook, Wishes, set_hook
from app.domain.threads.actions import subject_of
from app.domain.threads.macro_run import Run, ask_outside
from app.domain.threads.macros import WORDS_CHARACTERS, OutsideCall
from app.domain.threads.models import Priority
from tests.domain.notifications.card_schema import faults_of
from tests.domain.notifications.conftest import House
from tests.factories import NOW

MOST_BYTES = 28_000


@dataclass
class Desk:
    """Alice and Mallory, who may not see the brand, are in the team "Storingen", which has a channel."""

    house: House
    team: Team

    def channel(self, *, wishes: Wishes | None = None, shows_content: bool = False) -> None:
        url = self.house.outside.call("POST", "/__sim/workflows")["url"]
        new = NewHook(url, "127.0.0.1", shows_content, wishes or Wishes())
        set_hook(self.house.session, new, team_id=self.team.id, keyring=runtime().keyring, now=NOW, actor=SYSTEM)
        self.house.session.commit()

    def ask(self, target: str = "storingen", *, words: str = "", rule: str = "Laadpaal") -> uuid.UUID:
        """A rule runs with this step, or Alice her macro where `rule` is ""; returns the event."""
        session, thread = self.house.session, self.house.thread
        actor = Actor(by={"kind": "automation", "rule_id": str(new_id()), "name": rule}) if rule else Actor(self.house.alice.id)
        run = Run(actor=actor, author_name=rule or "Alice", now=self.house.now, token=new_id())
        step = OutsideCall(kind="teams", target=target, words=words)
        ask_outside(session, (step,), subject=subject_of(thread), run=run)
        session.commit()
        newest = sa.select(Event.id).where(Event.type == "OutsideCallAsked").order_by(Event.id.desc()).limit(1)
        return session.execute(newest).scalar_one()

    def states(self) -> list[str]:
        return list(self.house.session.execute(sa.select(OutsideIntent.state).order_by(OutsideIntent.id)).scalars())

    def carry_out(self) -> None:
        for _again in range(2):
            self.house.let_time_pass()
            self.house.carry_out()


@pytest.fixture
def desk(house: House) -> Desk:
    team = Team(id=new_id(), name="Storingen")
    house.session.add(team)
    house.session.flush()
    house.session.add_all(TeamMember(team_id=team.id, user_id=user.id) for user in (house.alice, house.mallory))
    made = Desk(house, team)
    made.channel()
    return made


def said(desk: Desk) -> list[str]:
    """The titles of the cards that arrived, newest first, each of them valid and small enough."""
    titles = []
    for card in desk.house.outside.cards():
        body = json.dumps({"attachments": [{"content": card["card"]}]}).encode()
        assert faults_of(body) == []
        assert len(body) < MOST_BYTES
        titles.append(next(part["text"] for part in card["card"]["body"] if part["type"] == "TextBlock").replace("\\", ""))
    return titles


def test_the_team_gets_one_card_in_the_words_of_the_rule(desk: Desk) -> None:
    event_id = desk.ask(words="Bel deze *klant* vandaag")
    desk.carry_out()
    assert said(desk) == ["Bel deze *klant* vandaag"]
    (card,) = desk.house.outside.cards()
    assert card["card"]["actions"][0]["url"] == f"http://localhost/threads/{desk.house.thread.id}"
    assert "Laadpaal defect" not in json.dumps(card["card"])
    assert desk.states() == ["done"]
    assert desk.house.session.get_one(Event, event_id, populate_existing=True).payload["is_told"]


def test_the_longest_words_in_the_widest_letters_still_fit(desk: Desk) -> None:
    desk.ask(words="🔌" * WORDS_CHARACTERS)
    desk.carry_out()
    assert len(said(desk)) == 1


def test_without_words_the_card_names_the_rule_and_somebody_who_asks_is_told_as_well(desk: Desk) -> None:
    desk.ask()
    desk.carry_out()
    assert said(desk) == ["The rule “Laadpaal” sent this to the team."]
    desk.ask(rule="")
    assert [one.told_user_ids for one in desk.house.dispatches(way="teams")][-1] == [str(desk.house.alice.id)]


def test_a_rule_that_fits_often_is_paced(desk: Desk) -> None:
    for _time in range(4):
        desk.ask()
        desk.carry_out()
    assert len(desk.house.outside.cards()) == 1


def test_several_that_wait_are_one_card(desk: Desk) -> None:
    for words in ("Een", "Twee", "Drie"):
        desk.ask(words=words)
    desk.carry_out()
    assert said(desk) == ["3 items to look at"]


def test_nobody_is_told_in_another_way(desk: Desk) -> None:
    desk.house.device(desk.house.alice)
    desk.ask()
    assert [one.way.value for one in desk.house.dispatches()] == ["teams"]


@pytest.mark.parametrize("why", ["no such team", "wants nothing this little urgent", "nobody sees the brand"])
def test_what_reaches_nobody_stays_noted(desk: Desk, why: str) -> None:
    if why == "wants nothing this little urgent":
        desk.channel(wishes=Wishes(least_priority=Priority.URGENT))
    if why == "nobody sees the brand":
        desk.house.session.execute(sa.delete(TeamMember).where(TeamMember.user_id == desk.house.alice.id))
        desk.house.session.commit()
    event_id = desk.ask("Iets anders" if why == "no such team" else "Storingen")
    desk.carry_out()
    assert (desk.states(), desk.house.outside.cards()) == (["noted"], [])
    assert "is_told" not in desk.house.session.get_one(Event, event_id, populate_existing=True).payload
