"""Saved views in an order of their own: whoever may change a view moves it, and nobody else's order is disturbed."""

from __future__ import annotations

import uuid

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from app.core.clock import utc_now
from app.core.ids import new_id
from app.domain.accounts.access import Viewer
from app.domain.accounts.models import Role
from app.domain.threads.saved_view_actions import ROOM, move_view
from app.domain.threads.saved_views import ViewMissing, list_views
from app.domain.threads.sorting import ListSort
from app.domain.threads.view_models import SavedView, ViewScope
from tests.factories import NOW
from tests.support.signing_in import csrf_token
from tests.web.inbox.test_saved_views import Desk, desk

__all__ = ["desk"]


def add(desk: Desk, name: str, owner: str = "alice", *, place: int, scope: ViewScope = ViewScope.PRIVATE) -> uuid.UUID:
    view = SavedView(id=new_id(), name=name, owner_user_id=desk.users[owner].id, scope=scope, filters={}, sort=ListSort.NEWEST)
    view.team_id = desk.team.id if scope == ViewScope.TEAM else None
    view.position, view.created_at, view.updated_at = place, NOW, NOW
    desk.session.add(view)
    desk.session.commit()
    return view.id


def order(desk: Desk, who: str = "alice") -> str:
    """The names of the views in the rail of somebody, whose page it is."""
    desk.be(who)
    rail = desk.client.get("/inbox").text.split('id="rail-views"')[1].split("</nav>")[0]
    page = desk.client.get("/inbox/views").text.split('id="views-list"')[1]
    names = [part.split("<")[0] for part in rail.split('class="nav__label">')[1:]]
    listed = [part.split(">", 1)[1].split("<")[0] for part in page.split('class="views-list__name"')[1:]]
    shown = [name for name in names if len(name) == 1]
    assert shown == listed
    return "".join(shown)


def move(desk: Desk, view_id: uuid.UUID, *, target: str = "", **fields: object) -> TestResponse:
    return desk.client.post(
        f"/inbox/views/{view_id}/place",
        data={**fields, "csrf_token": csrf_token(desk.client.plain)},
        headers={"HX-Request": "true", "HX-Target": target},
    )


def test_a_view_goes_before_another_to_the_end_and_by_steps(desk: Desk) -> None:
    a, b, c = (add(desk, name, place=place) for place, name in enumerate("abc"))
    assert order(desk) == "abc"
    assert move(desk, c, before=a).status_code == 204
    assert order(desk) == "cab"
    move(desk, c, before="")
    assert order(desk) == "abc"
    steps = [(b, "up", "bac"), (b, "up", "bac"), (b, "down", "abc"), (b, "down", "acb"), (b, "down", "acb")]
    for view_id, to, result in (*steps, (b, "first", "bac"), (a, "last", "bca")):
        assert move(desk, view_id, to=to).status_code == 204
        assert order(desk) == result, to


def test_it_says_where_it_stands_and_sends_the_list_to_whoever_asks_for_it(desk: Desk) -> None:
    a, _b = (add(desk, name, place=place) for place, name in enumerate("ab"))
    answer = move(desk, a, to="down", target="views-list")
    assert answer.status_code == 200
    assert "a is now in position 2 of 2." in answer.headers["HX-Trigger"]
    assert answer.text.index(">b</a>") < answer.text.index(">a</a>")
    plain = desk.post(f"/inbox/views/{a}/place", to="up")
    assert (plain.status_code, plain.location) == (303, "/inbox/views")


def test_places_that_are_equal_or_used_up_are_spread_without_changing_anybodys_order(desk: Desk) -> None:
    ids = {name: add(desk, name, place=7) for name in "dcba"}  # ids in another order than names
    ids |= {name: add(desk, name, "bob", place=7) for name in "xyz"}
    assert order(desk, "bob") == "xyz"
    assert order(desk) == "abcd"
    now = "abcd"
    for _step in range(30):  # always into the same gap
        move(desk, ids[now[2]], before=ids[now[1]])
        now = now[0] + now[2] + now[1] + now[3]
        assert order(desk) == now
    assert order(desk, "bob") == "xyz"


def test_the_end_of_all_numbers_is_no_end(desk: Desk) -> None:
    a, b = add(desk, "a", place=2**31 - 20), add(desk, "b", place=2**31 - 10)
    move(desk, a, before="")
    assert order(desk) == "ba"
    move(desk, b, to="last")
    assert order(desk) == "ab"


def test_what_others_see_too_is_moved_by_whoever_may_change_it_for_all(desk: Desk) -> None:
    team = add(desk, "t", "alice", place=10, scope=ViewScope.TEAM)
    everyone = add(desk, "e", "leila", place=12, scope=ViewScope.EVERYONE)
    mine, bobs = add(desk, "a", place=15), add(desk, "b", "bob", place=15)
    assert (order(desk, "alice"), order(desk, "bob"), order(desk, "leila")) == ("tea", "teb", "e")
    desk.be("bob")
    for view_id in (team, everyone):
        assert move(desk, view_id, to="last").status_code == 403
        assert f'data-place="/inbox/views/{view_id}/place"' not in desk.client.get("/inbox/views").text
    assert move(desk, mine, to="last").status_code == 404
    move(desk, bobs, before=team)
    assert (order(desk, "bob"), order(desk, "alice")) == ("bte", "tea")
    desk.be("leila")
    assert move(desk, everyone, to="last").status_code == 204  # the only one she sees
    assert (order(desk, "bob"), order(desk, "alice")) == ("bte", "tea")
    desk.be("alice")
    move(desk, team, to="last")
    assert (order(desk, "alice"), order(desk, "bob")) == ("eat", "bet")


def test_a_view_that_is_gone_leaves_things_as_they_are(desk: Desk) -> None:
    a, b = (add(desk, name, place=place) for place, name in enumerate("ab"))
    answer = move(desk, b, before=uuid.uuid4())
    assert answer.headers["HX-Refresh"] == "true"
    assert order(desk) == "ab"
    viewer = Viewer(desk.users["alice"].id, desk.users["alice"].contact_id, "Alice", "", Role.AGENT, (desk.brand_id,))
    with pytest.raises(ViewMissing):
        move_view(desk.session, a, before_id=uuid.uuid4(), viewer=viewer, now=utc_now())
    assert [view.id for view in list_views(desk.session, viewer=viewer)] == [a, b]


def test_a_new_view_comes_last(desk: Desk) -> None:
    add(desk, "b", place=3 * ROOM)
    desk.save("tag=retour", name="a")
    assert order(desk) == "ba"
    assert desk.session.execute(sa.select(sa.func.count()).select_from(SavedView)).scalar_one() == 2
