"""Pages of lists: everything once, in order, in either direction; and cursors of another list."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.domain.accounts.models import Team
from app.domain.events.actions import SYSTEM
from app.domain.tasks.actions import TaskContent, create_task
from tests.api.conftest import Caller, World, make_world
from tests.api.test_lists import everything
from tests.domain.orders.factories import make_order
from tests.factories import NOW, make_contact, make_message, make_thread
from tests.support.database import ground_session

SORTS = [
    ("/communication/threads", "created_at"),
    ("/communication/threads", "last_message_at"),
    ("/communication/messages", "created_at"),
    ("/contacts", "created_at"),
    ("/tasks", "created_at"),
    ("/orders", "created_at"),
    ("/templates", "created_at"),
    ("/channels", "channel_name"),
    ("/channels", "created_at"),
    ("/users", "name"),
    ("/users", "created_at"),
    ("/teams", "name"),
]


@pytest.fixture(scope="module")
def built(shared_app: Flask, ground: sa.Connection) -> World:
    """Seven more threads, two of them of one instant, with two messages each, and some teams."""
    with shared_app.app_context(), ground_session(ground) as session:
        world = make_world(session)
        make_more(session, world)
        session.commit()
        return world


def make_more(session: Session, world: World) -> None:
    for number in range(7):
        at = NOW + timedelta(minutes=number // 2)
        contact = make_contact(session, f"Person {number}", value=f"3160000000{number}")
        thread = make_thread(session, world.channel, contact, at=at)
        for turn in range(2):
            make_message(session, thread, f"message {turn}", at=at + timedelta(seconds=turn))
        create_task(session, TaskContent(world.brand.id, f"task {number}"), now=at, actor=SYSTEM)
        make_order(session, world.brand, contact)
    session.add_all(Team(id=new_id(), name=f"Team {number}") for number in range(4))


@pytest.mark.parametrize(("path", "field"), SORTS)
def test_pages_hold_everything_once_in_order_in_either_direction(alice: Caller, path: str, field: str) -> None:
    for limit in (1, 3, 200):
        up = everything(alice, path, sort=field, limit=limit)
        down = everything(alice, path, sort=f"-{field}", limit=limit)
        assert len(up) > 1 or path in ("/channels", "/templates")
        assert [i["id"] for i in down] == [i["id"] for i in reversed(up)]
        assert len({i["id"] for i in up}) == len(up)
        if field != "name":
            assert [i[field] for i in up] == sorted(i[field] for i in up)


def test_a_cursor_belongs_to_its_sort(alice: Caller) -> None:
    first = alice.get("/communication/threads?limit=1&sort=created_at").json
    assert first is not None
    cursor = first["next_cursor"]
    assert alice.get(f"/communication/threads?limit=1&sort=-created_at&cursor={cursor}").status_code == 422
    assert alice.get(f"/contacts?cursor={cursor}&sort=-created_at").status_code == 422


def test_search_pages_hold_every_thread_once(alice: Caller) -> None:
    for limit in (1, 2, 50):
        ids = [hit["thread"]["id"] for hit in everything(alice, "/search", q="message", limit=limit)]
        assert len(ids) == len(set(ids)) == 7
    people = everything(alice, "/search", q="person", limit=2)
    assert len({hit["thread"]["id"] for hit in people}) == 7
    for bad in ("q=", "", "q=%00", "q=" + "x" * 201, "q=a&cursor=zzz", "q=a&limit=0"):
        assert alice.get(f"/search?{bad}").status_code == 422, bad
    assert alice.get("/search?q='%3B+drop+table+threads+--").json == {"items": [], "next_cursor": None}
