"""Lists narrowed to the threads of one team."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.ids import new_id
from app.core.runtime import runtime
from app.domain.accounts.models import Team, TeamMember, User
from app.domain.threads.models import Thread
from app.domain.threads.triage_models import BulkTarget
from app.domain.threads.view_models import SavedView
from tests.factories import make_brand, make_channel, make_contact, make_message, make_thread, make_user
from tests.support.pages import PageClient
from tests.support.queries import counted_queries
from tests.support.signing_in import csrf_token, sign_in

MAX_QUERIES = 10


@dataclass
class Desk:
    """Alice of the team Service; Montage is another team. Two threads with Service, one with Montage, one with nobody; a last one
    with Service is of a brand Alice does not see."""

    app: Flask
    client: PageClient
    session: Session
    alice: User
    own: Team
    other: Team
    threads: list[Thread]

    def sees(self, path: str) -> list[int]:
        """The places in `threads` of the rows."""
        answer = self.client.get(path)
        assert answer.status_code == 200
        ids = [uuid.UUID(part.split('"')[0]) for part in answer.text.split('id="row-')[1:]]
        return [[thread.id for thread in self.threads].index(found) for found in ids]

    def post(self, path: str, **fields: object) -> str:
        answer = self.client.post(path, data={**fields, "csrf_token": csrf_token(self.client.plain)})
        assert answer.status_code in (200, 303), answer.text
        return answer.location or ""


@pytest.fixture
def desk(app: Flask, page_client: PageClient, db_session: Session) -> Desk:
    brand, hidden = make_brand(db_session), make_brand(db_session, "laderthuis")
    alice = make_user(db_session, "Alice", brands=(brand,))
    own, other = Team(id=new_id(), name="Service"), Team(id=new_id(), name="Montage")
    db_session.add_all([own, other])
    db_session.flush()
    db_session.add(TeamMember(team_id=own.id, user_id=alice.id))
    with app.app_context():
        channel = make_channel(db_session, brand, keyring=runtime().keyring)
        far = make_channel(db_session, hidden, keyring=runtime().keyring, address="106609")
    threads = []
    for number, team in enumerate((own, own, other, None, own)):
        at = utc_now() - timedelta(minutes=number)
        contact = make_contact(db_session, value=f"3160000{number}")
        thread = make_thread(db_session, far if number == 4 else channel, contact, at=at)
        make_message(db_session, thread, f"Vraag {number}", at=at)
        thread.team_id = team.id if team else None
        threads.append(thread)
    db_session.commit()
    sign_in(page_client.plain, db_session, alice)
    return Desk(app, page_client, db_session, alice, own, other, threads)


def test_a_list_shows_the_threads_of_one_team(desk: Desk) -> None:
    assert desk.sees(f"/inbox?team={desk.own.id}") == [1, 0]
    assert desk.sees(f"/inbox?team={desk.own.id}&sort=oldest") == [1, 0]
    assert desk.sees(f"/inbox/all?team={desk.other.id}&sort=priority") == [2]
    assert desk.sees(f"/inbox/mine?team={desk.own.id}") == []
    assert desk.sees("/inbox?team=nonsense") == [3, 2, 1, 0]
    assert desk.sees("/inbox?team=") == [3, 2, 1, 0]


def test_the_menu_has_own_teams_and_asks_for_the_others(desk: Desk) -> None:
    page = desk.client.get("/inbox?priority=normal").text
    assert f'href="/inbox?priority=normal&amp;team={desk.own.id}"' in page
    assert f"team={desk.other.id}" not in page
    asked = "/inbox/teams?priority=normal"
    assert f'hx-get="{asked}"' in page
    others = desk.client.plain.get(asked, headers={"HX-Request": "true"}).text
    assert f'href="/inbox?priority=normal&amp;team={desk.other.id}"' in others
    assert "Service" not in others
    whole = desk.client.get(asked).text
    assert "Service" in whole
    assert "Montage" in whole


def test_a_chip_names_the_team_and_takes_the_filter_away(desk: Desk) -> None:
    for team in (desk.own, desk.other):
        page = desk.client.get(f"/inbox?team={team.id}&status=open").text
        assert 'title="Remove the team filter"' in page
        assert f"/>{team.name}" in page.replace("</svg>", "/>").replace('<span class="chip__words">', "")
        assert f"?status=open&amp;team={team.id}" in page  # the threads remember it
    assert "Nothing for Montage" in desk.client.get(f"/inbox/mine?team={desk.other.id}").text


def test_a_team_that_is_gone_finds_nothing_and_says_so(desk: Desk) -> None:
    path = f"/inbox?team={uuid.UUID(int=7)}"
    assert desk.sees(path) == []
    assert "Deleted team" in desk.client.get(path).text


def test_a_view_keeps_its_team(desk: Desk) -> None:
    there = desk.post(f"/inbox/views?team={desk.other.id}", name="Montage", **{"for": "private"})
    assert desk.sees(there) == [2]
    assert desk.sees(f"{there}?team=") == [3, 2, 1, 0]
    assert f'href="{there}?team="' in desk.client.get(there).text
    assert "Inbox · Montage" in desk.client.get("/inbox/views").text
    view = desk.session.execute(sa.select(SavedView)).scalar_one()
    assert desk.client.plain.get("/inbox/views/counts").json == {str(view.id): "1"}


def test_a_change_to_all_that_match_is_one_to_the_team(desk: Desk) -> None:
    counted = desk.client.plain.get(f"/bulk/count?team={desk.own.id}").json
    assert counted is not None
    assert counted["count"] == 2
    desk.post(f"/bulk?team={desk.own.id}", all="1", set_priority="high")
    chosen = set(desk.session.execute(sa.select(BulkTarget.thread_id)).scalars())
    assert chosen == {desk.threads[0].id, desk.threads[1].id}


def test_handing_over_wins_over_the_filter_of_the_list(desk: Desk) -> None:
    form = {"team": str(desk.other.id), "rendering": str(uuid.UUID(int=9))}
    desk.post(f"/threads/{desk.threads[0].id}/team?team={desk.own.id}", **form)
    desk.session.refresh(desk.threads[0])
    assert desk.threads[0].team_id == desk.other.id


def test_a_team_costs_a_list_at_most_the_query_for_its_name(desk: Desk) -> None:
    desk.client.get("/inbox")
    taken = []
    for query in ("", f"?team={desk.own.id}", f"?team={desk.other.id}"):
        with counted_queries(desk.app) as queries:
            desk.client.get(f"/inbox{query}")
        taken.append(len(queries))
    assert taken == [taken[0], taken[0], taken[0] + 1]
    assert taken[2] <= MAX_QUERIES


def test_a_view_is_read_in_the_order_it_was_read_in_last(desk: Desk) -> None:
    assert desk.sees("/inbox?sort=newest") == [0, 1, 2, 3]
    assert desk.sees("/inbox") == [0, 1, 2, 3]
    assert "Due soonest first" in desk.client.get("/inbox/mine").text
    assert "Newest first" in desk.client.get("/inbox/all").text
    desk.client.get("/inbox?sort=due")
    assert desk.sees("/inbox") == [3, 2, 1, 0]
