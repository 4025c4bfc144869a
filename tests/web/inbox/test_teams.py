"""Handing a thread to a team."""

from __future__ import annotations

import uuid

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.ids import new_id
from app.core.runtime import runtime
from app.domain.accounts.models import Team, TeamMember
from app.domain.notifications.models import Notification
from app.domain.threads.models import Message, MessageType, Thread
from tests.factories import make_brand, make_channel, make_contact, make_message, make_thread, make_user
from tests.support.pages import PageClient
from tests.support.signing_in import post, sign_in

FORM = {"note": "Graag vandaag nog bellen", "rendering": str(uuid.UUID(int=9))}


class Desk:
    """Alice, who hands a thread to Service; Bob and Carl are of that team, Carl does not see the brand."""

    def __init__(self, session: Session, client: PageClient, app: Flask) -> None:
        brand, other = make_brand(session), make_brand(session, "laderthuis")
        with app.app_context():
            channel = make_channel(session, brand, keyring=runtime().keyring)
        self.session, self.client = session, client
        self.thread = make_thread(session, channel, make_contact(session), at=utc_now())
        make_message(session, self.thread, "Hoe laat komt u?", at=utc_now())
        self.alice, self.bob = make_user(session, brands=(brand,)), make_user(session, "Bob", brands=(brand,))
        self.carl = make_user(session, "Carl", brands=(other,))
        self.team = Team(id=new_id(), name="Service")
        session.add(self.team)
        session.flush()
        session.add_all(TeamMember(team_id=self.team.id, user_id=user.id) for user in (self.alice, self.bob, self.carl))
        session.commit()
        self.url = f"/threads/{self.thread.id}"
        sign_in(client.plain, session, self.alice)

    def has(self) -> tuple[uuid.UUID | None, uuid.UUID | None]:
        query = sa.select(Thread.team_id, Thread.assignee_user_id).where(Thread.id == self.thread.id)
        team, assignee = self.session.execute(query).one()
        return team, assignee

    def hand(self, team: object, **form: str) -> int:
        return post(self.client.plain, f"{self.url}/team", {"team": str(team), **form}).status_code


@pytest.fixture
def desk(app: Flask, db_session: Session, page_client: PageClient) -> Desk:
    return Desk(db_session, page_client, app)


def test_a_team_gets_a_thread_with_a_note_and_hears_of_it(desk: Desk) -> None:
    post(desk.client.plain, f"{desk.url}/assignment", {"assignee": str(desk.alice.id)})
    for _click in range(2):
        assert desk.hand(desk.team.id, **FORM) == 303
    assert desk.has() == (desk.team.id, None)
    page = desk.client.get(desk.url).text
    assert "Graag vandaag nog bellen" in page
    notes = sa.select(sa.func.count()).where(Message.message_type == MessageType.INTERNAL_NOTE)
    assert desk.session.execute(notes).scalar_one() == 1
    assert "Alice handed this to the team Service" in page
    told = desk.session.execute(sa.select(Notification.user_id, Notification.kind).order_by(Notification.id)).all()
    assert [(row.user_id, row.kind.value) for row in told] == [(desk.bob.id, "team")]
    sign_in(desk.client.plain, desk.session, desk.bob)
    assert "Alice handed this thread to your team" in desk.client.get("/notifications").text


def test_the_team_is_named_where_nobody_has_the_thread(desk: Desk) -> None:
    desk.hand(desk.team.id)
    head = desk.client.get(desk.url).text.split('name="rendering"')[0]
    assert "Service" in head
    assert "Service" in desk.client.get(f"{desk.url}/teams").text
    menu = desk.client.get(f"{desk.url}/teams", headers={"HX-Request": "true"}).text
    assert "No team" in menu
    assert "<html" not in menu


def test_undo_gives_it_back(desk: Desk) -> None:
    post(desk.client.plain, f"{desk.url}/assignment", {"assignee": str(desk.bob.id)})
    desk.hand(desk.team.id)
    undo = post(desk.client.plain, f"{desk.url}/team?team=&assignee={desk.bob.id}", {})
    assert undo.status_code == 303
    assert desk.has() == (None, desk.bob.id)


@pytest.mark.parametrize("team", ["nonsense", str(uuid.UUID(int=3))], ids=["no id", "unknown"])
def test_a_team_that_is_none_is_refused_or_ignored(desk: Desk, team: str) -> None:
    assert desk.hand(team) in (303, 422)
    assert desk.has() == (None, None)


def test_a_person_of_another_brand_does_not_get_it_by_an_undo(desk: Desk) -> None:
    post(desk.client.plain, f"{desk.url}/team?team=&assignee={desk.carl.id}", {})
    assert desk.has() == (None, None)
