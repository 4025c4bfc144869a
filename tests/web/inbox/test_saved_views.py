"""Saved views: made from a list, seen by those they are for, changed by those who may, and never a way to others' threads."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from pydantic import ValidationError
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.core.clock import utc_now
from app.core.db import Base
from app.core.ids import new_id
from app.core.runtime import runtime
from app.domain.accounts.models import Role, Team, TeamMember, User
from app.domain.events.actions import SYSTEM
from app.domain.events.models import AuditEntry, Event
from app.domain.threads.actions import change_priority
from app.domain.threads.columns import Column
from app.domain.threads.list_filters import ViewFilters
from app.domain.threads.models import Priority, Thread
from app.domain.threads.saved_view_actions import VIEWS_PER_USER
from app.domain.threads.sorting import ListSort
from app.domain.threads.tags import change_tags
from app.domain.threads.view_models import SavedView, ViewScope
from tests.factories import NOW, make_brand, make_channel, make_contact, make_message, make_thread, make_user
from tests.support.pages import PageClient
from tests.support.queries import counted_queries
from tests.support.signing_in import csrf_token, sign_in

MAX_QUERIES = 10


@dataclass
class Desk:
    """Alice and Bob of one brand and the team Service; Leila leads there; Mallory works for another brand."""

    app: Flask
    client: PageClient
    session: Session
    users: dict[str, User]
    team: Team
    brand_id: uuid.UUID
    threads: list[Thread]

    def be(self, who: str) -> None:
        sign_in(self.client.plain, self.session, self.users[who])

    def post(self, path: str, **fields: object) -> TestResponse:
        return self.client.post(path, data={**fields, "csrf_token": csrf_token(self.client.plain)})

    def save(self, query: str, name: str = "Klussen", audience: str = "private", **fields: object) -> TestResponse:
        return self.post(f"/inbox/views?{query}", name=name, **{"for": audience, **fields})

    def saved(self, query: str, **fields: str) -> SavedView:
        answer = self.save(query, **fields)
        assert answer.status_code == 303, answer.text
        return self.session.get_one(SavedView, uuid.UUID(answer.location.split("/")[-1]))

    def sees(self, path: str) -> list[str]:
        answer = self.client.get(path)
        assert answer.status_code == 200
        return [part.split('"')[0] for part in answer.text.split('id="row-')[1:]]


@pytest.fixture
def desk(app: Flask, page_client: PageClient, db_session: Session) -> Desk:
    brand, other = make_brand(db_session), make_brand(db_session, "laderthuis")
    users = {
        "alice": make_user(db_session, "Alice", brands=(brand,)),
        "bob": make_user(db_session, "Bob", brands=(brand,)),
        "leila": make_user(db_session, "Leila", role=Role.LEAD, brands=(brand,)),
        "mallory": make_user(db_session, "Mallory", brands=(other,)),
    }
    team = Team(id=new_id(), name="Service")
    db_session.add(team)
    db_session.flush()
    db_session.add_all(TeamMember(team_id=team.id, user_id=users[name].id) for name in ("alice", "bob"))
    with app.app_context():
        channel = make_channel(db_session, brand, keyring=runtime().keyring)
    threads = []
    for number in range(4):
        at = utc_now() - timedelta(minutes=number)
        thread = make_thread(db_session, channel, make_contact(db_session, value=f"3160000000{number}"), at=at)
        make_message(db_session, thread, f"Vraag {number}", at=at)
        threads.append(thread)
    db_session.flush()
    change_tags(db_session, thread_id=threads[1].id, add=("retour",), actor=SYSTEM, now=NOW)
    change_tags(db_session, thread_id=threads[2].id, add=("retour",), actor=SYSTEM, now=NOW)
    change_priority(db_session, thread_id=threads[2].id, priority=Priority.URGENT, actor=SYSTEM, now=NOW)
    db_session.commit()
    made = Desk(app, page_client, db_session, users, team, brand.id, threads)
    made.be("alice")
    return made


def test_a_list_is_saved_opened_and_shown_in_the_rail(desk: Desk) -> None:
    view = desk.saved("view=whatsapp&tag=retour&sort=priority", name="  Retouren   vandaag ")
    assert (view.name, view.scope, view.sort) == ("Retouren vandaag", ViewScope.PRIVATE, ListSort.PRIORITY)
    assert view.filters == {"view": "whatsapp", "tag": "retour"}
    assert desk.sees(f"/inbox/views/{view.id}") == [str(desk.threads[2].id), str(desk.threads[1].id)]
    page = desk.client.get("/inbox").text
    assert f'href="/inbox/views/{view.id}"' in page
    assert "Retouren vandaag" in page
    assert desk.client.get(f"/threads/{desk.threads[2].id}?view={view.id}").status_code == 200
    queries = (sa.select(Event.type).order_by(Event.id), sa.select(AuditEntry.action).order_by(AuditEntry.id))
    done = {desk.session.execute(query).scalars().all()[-1] for query in queries}
    assert done == {"SavedViewCreated"}


def test_what_stands_behind_the_address_goes_before_what_the_view_says(desk: Desk) -> None:
    view = desk.saved("tag=retour&priority=urgent&sort=oldest")
    here = f"/inbox/views/{view.id}"
    assert desk.sees(here) == [str(desk.threads[2].id)]
    assert desk.sees(f"{here}?priority=") == [str(desk.threads[2].id), str(desk.threads[1].id)]
    assert len(desk.sees(f"{here}?priority=&tag=")) == 4
    assert desk.sees(f"{here}?priority=&sort=newest") == [str(desk.threads[1].id), str(desk.threads[2].id)]
    assert "Save these filters" in desk.client.get(f"{here}?priority=").text
    assert desk.post(f"{here}/filters?priority=").status_code == 303
    assert len(desk.sees(here)) == 2


def test_mine_is_whoever_looks(desk: Desk) -> None:
    desk.threads[0].assignee_user_id = desk.users["bob"].id
    desk.session.commit()
    desk.be("leila")
    view = desk.saved("view=mine", audience="everyone")
    assert desk.sees(f"/inbox/views/{view.id}") == []
    desk.be("bob")
    assert desk.sees(f"/inbox/views/{view.id}") == [str(desk.threads[0].id)]


AUDIENCES = {"private": {"alice"}, "team": {"alice", "bob"}}


@pytest.mark.parametrize("audience", list(AUDIENCES))
def test_only_those_a_view_is_for_have_it(desk: Desk, audience: str) -> None:
    view = desk.saved("tag=retour", audience=f"team:{desk.team.id}" if audience == "team" else audience)
    for who in desk.users:
        desk.be(who)
        has = who in AUDIENCES[audience]
        assert (str(view.id) in desk.client.get("/inbox").text) == has
        assert (str(view.id) in desk.client.get("/inbox/views").text) == has
        expected = 200 if has else 404
        assert desk.client.get(f"/inbox/views/{view.id}").status_code == expected
        assert desk.client.plain.get(f"/bulk/count?view={view.id}").status_code == expected
        assert desk.client.get(f"/inbox/views/{view.id}/edit").status_code == (200 if who == "alice" else 403 if has else 404)


def test_only_leads_make_a_view_for_everyone(desk: Desk) -> None:
    refused = desk.save("tag=retour", audience="everyone")
    assert refused.status_code == 422
    assert "You cannot save views for this audience." in refused.text
    assert "Everyone" not in desk.client.get("/inbox").text
    foreign = desk.save("tag=retour", audience=f"team:{uuid.UUID(int=7)}")
    assert foreign.status_code == 422
    desk.be("leila")
    assert desk.save("tag=retour", audience=f"team:{desk.team.id}").status_code == 422  # not a team of hers
    view = desk.saved("tag=retour", audience="everyone")
    desk.be("bob")
    assert desk.post(f"/inbox/views/{view.id}", name="Bobs", **{"for": "private"}).status_code == 403
    assert desk.post(f"/inbox/views/{view.id}/filters").status_code == 403
    assert desk.post(f"/inbox/views/{view.id}/deletion").status_code == 403


def test_a_view_shows_nobody_another_brands_threads(desk: Desk) -> None:
    desk.be("leila")
    view = desk.saved(f"brand={desk.brand_id}", audience="everyone")
    assert len(desk.sees(f"/inbox/views/{view.id}")) == 4
    assert desk.client.plain.get("/inbox/views/counts").json == {str(view.id): "4"}
    desk.be("mallory")
    assert desk.sees(f"/inbox/views/{view.id}") == []
    assert desk.client.plain.get("/inbox/views/counts").json == {str(view.id): ""}
    assert desk.client.plain.get(f"/bulk/count?view={view.id}").json["count"] == 0  # type: ignore[index]


def test_a_view_is_renamed_copied_and_deleted(desk: Desk) -> None:
    view = desk.saved("tag=retour&sort=oldest", audience=f"team:{desk.team.id}")
    changed = desk.post(f"/inbox/views/{view.id}", name="Terug", **{"for": "private"})
    assert changed.status_code == 303
    desk.session.refresh(view)
    assert (view.name, view.scope, view.team_id, view.sort) == ("Terug", ViewScope.PRIVATE, None, ListSort.OLDEST)
    assert desk.post(f"/inbox/views/{view.id}/copy").status_code == 303
    copied = desk.session.execute(sa.select(SavedView).where(SavedView.id != view.id)).scalar_one()
    assert (copied.name, copied.filters, copied.sort) == ("Copy of Terug", {"view": "open", "tag": "retour"}, ListSort.OLDEST)
    assert desk.post(f"/inbox/views/{view.id}/deletion").status_code == 303
    assert desk.client.get(f"/inbox/views/{view.id}").status_code == 404
    # A thread opened from it stays readable, a bulk change of it does not turn into one of the whole inbox.
    assert desk.client.get(f"/threads/{desk.threads[0].id}?view={view.id}").status_code == 200
    assert desk.post(f"/bulk?view={view.id}", all="1", set_status="closed").status_code == 404


@pytest.mark.parametrize(
    ("fields", "said"),
    [({"name": " "}, "Enter a name."), ({"name": "x" * 61}, "Use at most 60"), ({"audience": "all"}, "Choose who")],
)
def test_a_wrong_form_says_where(desk: Desk, fields: dict[str, str], said: str) -> None:
    answer = desk.save("tag=retour", **fields)
    assert answer.status_code == 422
    assert said in answer.text
    assert 'action="/inbox/views?tag=retour"' in answer.text


def test_nobody_has_views_without_end(desk: Desk) -> None:
    rest = {"scope": ViewScope.PRIVATE, "filters": {}, "sort": ListSort.NEWEST, "created_at": NOW, "updated_at": NOW}
    desk.session.add_all(
        SavedView(id=new_id(), name=f"v{n}", owner_user_id=desk.users["alice"].id, position=n, **rest)
        for n in range(VIEWS_PER_USER)
    )
    desk.session.commit()
    assert desk.save("tag=retour").status_code == 422
    page = desk.client.get("/inbox").text
    assert page.count('class="nav__count" data-view-count') == 20
    assert len(desk.client.plain.get("/inbox/views/counts").json or {}) == 8


def test_views_cost_a_list_no_query_and_their_counts_one(desk: Desk) -> None:
    bare, there = "/inbox?tag=retour", ""
    desk.client.get(bare)
    with counted_queries(desk.app) as without:
        desk.client.get(bare)
    view = desk.saved("tag=retour")
    there = f"/inbox/views/{view.id}"
    desk.client.get(there)
    for path in (bare, there):
        with counted_queries(desk.app) as queries:
            desk.client.get(path)
        assert len(queries) <= min(len(without), MAX_QUERIES)
    with counted_queries(desk.app) as queries:
        desk.client.plain.get("/inbox/views/counts")
    assert len(queries) == 3  # who looks, the views, their counts


def test_filters_that_nobody_understands_leave_the_view_out(desk: Desk) -> None:
    view = desk.saved("tag=retour")
    view.filters = {"view": "open", "mood": "bad"}
    desk.session.commit()
    with pytest.raises(ValidationError):
        ViewFilters.model_validate(view.filters)
    assert str(view.id) not in desk.client.get("/inbox").text
    assert desk.client.get(f"/inbox/views/{view.id}").status_code == 404


def test_a_search_is_saved_and_opened_where_views_are(desk: Desk) -> None:
    page = desk.client.get("/search?q=vraag+status:open").text
    assert 'name="search" value="vraag status:open"' in page
    saved = desk.post("/inbox/views", search="  vraag  status:open ", name="Open vragen", **{"for": "private"})
    assert (saved.status_code, saved.location) == (303, "/search?q=vraag+status:open")
    view = desk.session.execute(sa.select(SavedView)).scalar_one()
    assert (view.name, view.search, view.filters) == ("Open vragen", "vraag status:open", {"view": "open"})
    for path in ("/inbox", "/inbox/views", saved.location):
        assert 'href="/search?q=vraag+status:open"' in desk.client.get(path).text
    found = desk.client.get(saved.location).text
    assert "Save search" not in found
    assert f'href="/inbox/views/{view.id}/edit"' in found
    rail = " ".join(found.split()).split('id="rail-views"')[1]
    assert 'aria-current="page"' in rail.split("Open vragen")[0].split("<li>")[-1]
    led = desk.client.plain.get(f"/inbox/views/{view.id}")
    assert (led.status_code, led.location) == (303, saved.location)


def test_a_search_is_changed_copied_and_deleted_as_views_are(desk: Desk) -> None:
    desk.post("/inbox/views", search="vraag", name="Vragen", **{"for": f"team:{desk.team.id}"})
    view = desk.session.execute(sa.select(SavedView)).scalar_one()
    here = f"/inbox/views/{view.id}"
    assert desk.post(f"{here}/copy").status_code == 303
    copied = desk.session.execute(sa.select(SavedView).where(SavedView.id != view.id)).scalar_one()
    assert (copied.search, copied.scope) == ("vraag", ViewScope.PRIVATE)
    refused = desk.post(here, search=" ", name="Vragen", **{"for": "private"})
    assert refused.status_code == 422
    assert 'href="#field-search">Enter what to look for.' in refused.text
    assert desk.post(here, search="tag:retour", name="Retour", **{"for": "private"}).location == "/search?q=tag:retour"
    desk.session.refresh(view)
    assert (view.name, view.search, view.team_id) == ("Retour", "tag:retour", None)
    assert desk.post(f"{here}/deletion").status_code == 303
    assert desk.client.get(here).status_code == 404


def test_a_list_does_not_become_a_search(desk: Desk) -> None:
    view = desk.saved("tag=retour")
    desk.post(f"/inbox/views/{view.id}", name="Terug", search="vraag", **{"for": "private"})
    desk.session.refresh(view)
    assert (view.name, view.search, view.filters) == ("Terug", None, {"view": "open", "tag": "retour"})


def test_a_search_is_no_list_to_change_at_once(desk: Desk) -> None:
    desk.post("/inbox/views", search="vraag", name="Vragen", **{"for": "private"})
    view = desk.session.execute(sa.select(SavedView)).scalar_one()
    assert desk.client.plain.get(f"/bulk/count?view={view.id}").status_code == 404
    assert desk.post(f"/bulk?view={view.id}", all="1", set_status="closed").status_code == 404
    assert desk.post(f"/inbox/views/{view.id}/filters?tag=retour").status_code == 404
    assert desk.client.plain.get("/inbox/views/counts").json == {}
    assert desk.client.get(f"/threads/{desk.threads[0].id}?view={view.id}").status_code == 200


def test_saved_searches_are_suggested_to_those_who_have_them(desk: Desk) -> None:
    desk.post("/inbox/views", search="tag:retour vraag", name="Retouren", **{"for": f"team:{desk.team.id}"})
    insert = 'data-insert="tag:retour vraag"'
    assert "data-saved" in desk.client.get("/inbox").text
    desk.be("bob")
    for typed in ("", "ret", "Retouren", "tag", "tag:ret"):
        offered = desk.client.plain.get("/search/suggestions", query_string={"q": typed}).text
        assert f'{insert} data-replaces="{len(typed)}"' in offered, typed
    for typed in ("vraag", "iets ret"):
        assert insert not in desk.client.plain.get("/search/suggestions", query_string={"q": typed}).text, typed
    desk.be("mallory")
    assert insert not in desk.client.plain.get("/search/suggestions?q=ret").text
    assert "data-saved" not in desk.client.get("/inbox").text


def test_a_view_shows_the_columns_it_was_given(desk: Desk) -> None:
    view = desk.saved("tag=retour")
    here = f"/inbox/views/{view.id}"
    assert 'data-hides="type channel"' in desk.client.get(here).text
    form = desk.client.get(f"{here}/edit").text
    assert form.count('name="column"') == len(Column) == form.count(" checked>") + 2
    fields = {"name": "Klussen", "for": "private", "columns": "1", "column": [c.value for c in Column if c != Column.TAGS]}
    with counted_queries(desk.app) as before:
        desk.client.get(here)
    assert desk.post(here, **{**fields, "column": ["brand", "status", "nonsense"]}).status_code == 303
    with counted_queries(desk.app) as after:
        page = desk.client.get(here).text
    assert 'data-hides="preview tags priority due snooze waiting assignee order type channel"' in page
    assert len(after) == len(before)
    assert desk.post(here, **fields).status_code == 303
    assert 'data-hides="tags"' in desk.client.get(f"{here}?sort=oldest").text
    assert 'data-hides="tags"' in desk.client.get(f"/threads/{desk.threads[1].id}?view={view.id}").text
    assert "data-hides" not in desk.client.get("/inbox").text
    assert desk.client.get(f"{here}/edit").text.count(" checked>") == len(Column) - 1


def test_columns_go_along_with_filters_copies_and_what_is_made_of_a_view(desk: Desk) -> None:
    view = desk.saved("tag=retour")
    here = f"/inbox/views/{view.id}"
    desk.post(here, name="Klussen", columns="1", column=["brand", "preview"], **{"for": "private"})
    hidden = ["tags", "priority", "status", "due", "snooze", "waiting", "assignee", "order", "type", "channel"]
    desk.post(f"{here}/filters?priority=urgent")
    desk.post(f"{here}/copy")
    desk.save(f"view={view.id}&sort=oldest", name="Oudste")
    assert desk.save("", name=" ", columns="1", column="tags").text.count(" checked>") == 1
    views = desk.session.execute(sa.select(SavedView).execution_options(populate_existing=True)).scalars().all()
    assert [found.hidden_columns for found in views] == [hidden] * 3
    for found in views:
        found.hidden_columns = ["tags", "mood"]
    desk.session.commit()
    assert 'data-hides="tags"' in desk.client.get(here).text


def test_the_tables_are_as_the_models_say(app: Flask, connection: sa.Connection) -> None:
    tables = {"saved_views", "threads", "thread_tags", "users"}

    def only(_item: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
        return kind != "table" or name in tables

    context = MigrationContext.configure(connection, opts={"compare_type": True, "include_object": only})
    assert compare_metadata(context, Base.metadata) == []
