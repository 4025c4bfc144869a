"""Pushes are counted per room, told together where they wait together, and go to nobody who may not see the thread."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.runtime import EXTENSION, runtime
from app.domain.accounts.access import user_ids_who_see
from app.domain.accounts.models import Brand, BrandMember, Role, User, UserSession
from app.domain.accounts.sessions import open_session
from app.domain.events.models import Event
from app.domain.realtime.handlers import next_brand_sequences, next_user_sequences, push_task_change, push_thread_changes
from app.domain.realtime.sessions import OpenSockets
from app.domain.realtime.socket import brand_room, user_room
from app.domain.threads.models import Thread
from tests.factories import NOW, make_brand, make_channel, make_contact, make_thread, make_user
from tests.support.signing_in import sign_in

Pushed = list[tuple[str, dict[str, Any], str]]


class Emitter:
    """Keeps what is pushed instead of sending it."""

    def __init__(self) -> None:
        self.pushed: Pushed = []

    def emit(self, name: str, body: dict[str, Any], *, to: str) -> None:
        self.pushed.append((name, body, to))


@pytest.fixture
def pushed(app_context: Flask) -> Iterator[Pushed]:
    before, emitter = app_context.extensions[EXTENSION], Emitter()
    app_context.extensions[EXTENSION] = replace(before, write_only_socketio=emitter)
    yield emitter.pushed
    app_context.extensions[EXTENSION] = before


def threads_of(session: Session, brand: Brand, count: int) -> list[Thread]:
    channel, contact = (
        make_channel(session, brand, keyring=runtime().keyring, address=brand.key),
        make_contact(session, value=brand.key),
    )
    return [make_thread(session, channel, contact) for _ in range(count)]


def happened(session: Session, kind: str, thread: Thread, **payload: Any) -> Event:
    event = Event(type=kind, occurred_at=NOW, brand_id=thread.brand_id, thread_id=thread.id, depth=0, payload=payload)
    session.add(event)
    session.flush()
    return event


def test_each_room_counts_alone(app_context: Flask, db_session: Session) -> None:
    brand, other = make_brand(db_session), make_brand(db_session, "other")
    alice, bob = make_user(db_session, brands=(brand,)), make_user(db_session, "Bob", brands=(brand,))
    assert next_user_sequences(db_session, [alice.id, bob.id]) == {alice.id: 1, bob.id: 1}
    assert next_user_sequences(db_session, [alice.id]) == {alice.id: 2}
    assert next_user_sequences(db_session, []) == {}
    assert next_brand_sequences(db_session, {brand.id: 3, other.id: 1}) == {brand.id: 3, other.id: 1}
    assert next_brand_sequences(db_session, {brand.id: 2}) == {brand.id: 5}


def test_changes_that_wait_together_are_one_push_for_each_brand(db_session: Session, pushed: Pushed) -> None:
    brand, other = make_brand(db_session), make_brand(db_session, "other")
    make_user(db_session, brands=(brand, other))
    (one, two), (three,) = threads_of(db_session, brand, 2), threads_of(db_session, other, 1)
    push_thread_changes([happened(db_session, "ThreadTagged", thread) for thread in (one, two, three)])
    assert [(name, to) for name, _body, to in pushed] == [
        ("thread:changed", brand_room(brand.id)),
        ("thread:changed", brand_room(other.id)),
    ]
    both, alone = (body for _name, body, _to in pushed)
    assert (both["thread_id"], [change["thread_id"] for change in both["others"]]) == (str(two.id), [str(one.id)])
    assert alone["thread_id"] == str(three.id)
    assert (both["sequence"], alone["sequence"]) == (2, 1)  # who reads the first change alone takes the second for a gap
    assert both["room"] == brand_room(brand.id)


def test_of_one_thread_the_newest_version_is_told_once(db_session: Session, pushed: Pushed) -> None:
    (thread,) = threads_of(db_session, make_brand(db_session), 1)
    push_thread_changes([happened(db_session, kind, thread) for kind in ("MessageReceived", "MessageReceived", "ThreadTagged")])
    (_, change, _), (_, news, _) = pushed
    assert (change["kind"], change["version"], change["sequence"]) == ("ThreadTagged", thread.version, 1)
    assert "others" not in change
    assert [item["kind"] for item in (*news["others"], news)] == ["MessageReceived", "MessageReceived"]  # each is announced


def test_a_merge_is_not_folded_away(db_session: Session, pushed: Pushed) -> None:
    (thread,) = threads_of(db_session, make_brand(db_session), 1)
    gone = str(thread.id)
    merged = happened(db_session, "ThreadsMerged", thread, merged_thread_id=gone)
    push_thread_changes([merged, happened(db_session, "ThreadTagged", thread)])
    ((_, change, _),) = pushed
    assert [item.get("merged_thread_id") for item in (*change["others"], change)] == [gone, None]


def test_a_push_costs_the_same_however_many_see_the_brand(db_session: Session, pushed: Pushed) -> None:
    brand = make_brand(db_session)
    for name in ("Alice", "Bob", "Lena"):
        make_user(db_session, name, brands=(brand,))
    (thread,) = threads_of(db_session, brand, 1)
    push_thread_changes([happened(db_session, "ThreadTagged", thread)])
    assert len(pushed) == 1


def test_a_reminder_goes_to_its_assignee_alone_and_only_if_they_see_the_brand(db_session: Session, pushed: Pushed) -> None:
    brand = make_brand(db_session)
    alice, mallory = make_user(db_session, brands=(brand,)), make_user(db_session, "Mallory")
    (thread,) = threads_of(db_session, brand, 1)
    for user in (alice, mallory):
        push_task_change(happened(db_session, "TaskReminded", thread, task_id="7", assignee=str(user.id)))
    assert [to for _name, _body, to in pushed] == [user_room(alice.id)]


def test_a_push_reaches_those_who_may_see_the_brand_and_admins(app_context: Flask, db_session: Session) -> None:
    brand, other = make_brand(db_session), make_brand(db_session, "other")
    alice = make_user(db_session, brands=(brand,))
    admin = make_user(db_session, "Noah", role=Role.ADMIN)
    make_user(db_session, "Mallory", brands=(other,))
    gone = make_user(db_session, "Left", brands=(brand,))
    gone.disabled_at = NOW
    db_session.flush()
    assert set(user_ids_who_see(db_session, brand.id)) == {alice.id, admin.id}


def test_an_open_socket_leaves_the_room_of_a_brand_that_is_taken_from_its_user(app_context: Flask, db_session: Session) -> None:
    brand, other = make_brand(db_session), make_brand(db_session, "other")
    alice = make_user(db_session, brands=(brand,))
    sockets, now = OpenSockets(), utc_now()
    sockets.add("one", _session_id(db_session, alice), [brand.id])
    assert sockets.look(db_session, now=now) == ([], [])
    db_session.execute(sa.delete(BrandMember).where(BrandMember.user_id == alice.id))
    db_session.add(BrandMember(brand_id=other.id, user_id=alice.id))
    db_session.flush()
    _ended, (move,) = sockets.look(db_session, now=now)
    assert (move.sid, move.left, move.entered) == ("one", {brand_room(brand.id)}, {brand_room(other.id)})
    assert sockets.look(db_session, now=now) == ([], [])


def _session_id(session: Session, user: User) -> Any:
    open_session(session, user, ip=None, user_agent="test", now=utc_now())
    return session.execute(sa.select(UserSession.id).where(UserSession.user_id == user.id)).scalar_one()


def test_a_page_learns_the_numbers_of_its_rooms_and_of_no_other(app_context: Flask, db_session: Session) -> None:
    brand, other = make_brand(db_session), make_brand(db_session, "other")
    alice = make_user(db_session, brands=(brand,))
    next_brand_sequences(db_session, {brand.id: 3, other.id: 4})
    next_user_sequences(db_session, [alice.id, make_user(db_session, "Bob", brands=(brand,)).id])
    client = sign_in(app_context.test_client(), db_session, alice)
    numbers = client.get("/live/sequence").get_json()["sequences"]
    assert numbers == {brand_room(brand.id): 3, user_room(alice.id): 1}
