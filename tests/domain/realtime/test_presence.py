"""Who has a thread open: told to those who may see it, forgotten when they go, renewed while they stay."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
import redis
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.ids import new_id
from app.core.runtime import runtime
from app.domain.accounts.access import visible_brand_ids
from app.domain.accounts.models import BrandMember, UserSession
from app.domain.accounts.sessions import open_session
from app.domain.realtime.presence import STALE_SECONDS, TYPING_SECONDS, Person, leave, list_people, may_see, renew, thread_room
from app.domain.realtime.sessions import OpenSockets, follow
from app.domain.realtime.socket import socketio
from app.web.realtime.routes import leave_thread, shown_threads
from tests.factories import NOW, make_brand, make_channel, make_contact, make_thread, make_user, make_viewer


@pytest.fixture
def client_of_redis(app_context: Flask) -> redis.Redis:
    return runtime().redis


def alice(typing: str | None = None) -> Person:
    return Person(uuid.UUID(int=1), "Alice", typing)


def test_somebody_new_is_news_and_a_renewal_is_not(client_of_redis: redis.Redis) -> None:
    thread_id = new_id()
    say = {"thread_id": thread_id, "socket_id": "one"}
    assert renew(client_of_redis, **say, person=alice(), now=NOW)
    assert not renew(client_of_redis, **say, person=alice(), now=NOW + timedelta(seconds=12))
    assert renew(client_of_redis, **say, person=alice("reply"), now=NOW + timedelta(seconds=13))


def test_who_says_nothing_stops_typing_and_is_then_forgotten(client_of_redis: redis.Redis) -> None:
    thread_id = new_id()
    renew(client_of_redis, thread_id=thread_id, socket_id="one", person=alice("note"), now=NOW)
    assert list_people(client_of_redis, thread_id=thread_id, now=NOW).people == [alice("note")]
    assert list_people(client_of_redis, thread_id=thread_id, now=NOW + timedelta(seconds=TYPING_SECONDS + 1)).people == [alice()]
    assert list_people(client_of_redis, thread_id=thread_id, now=NOW + timedelta(seconds=STALE_SECONDS + 1)).people == []
    assert 0 < client_of_redis.ttl(f"presence:{thread_id}") <= STALE_SECONDS or not client_of_redis.exists(
        f"presence:{thread_id}"
    )


def test_two_tabs_are_one_person_who_types_if_either_does(client_of_redis: redis.Redis) -> None:
    thread_id = new_id()
    renew(client_of_redis, thread_id=thread_id, socket_id="one", person=alice("reply"), now=NOW)
    renew(client_of_redis, thread_id=thread_id, socket_id="two", person=alice(), now=NOW)
    assert list_people(client_of_redis, thread_id=thread_id, now=NOW).people == [alice("reply")]
    leave(client_of_redis, thread_id=thread_id, socket_id="one")
    assert list_people(client_of_redis, thread_id=thread_id, now=NOW).people == [alice()]


def test_only_who_may_see_the_brand_may_see_who_is_there(app_context: Flask, db_session: Session) -> None:
    brand, other = make_brand(db_session), make_brand(db_session, "other")
    thread = make_thread(db_session, make_channel(db_session, brand, keyring=runtime().keyring), make_contact(db_session))
    viewer, stranger = make_viewer(db_session, brands=(brand,)), make_viewer(db_session, "Mallory", brands=(other,))
    assert may_see(db_session, viewer=viewer, thread_id=thread.id)
    assert not may_see(db_session, viewer=stranger, thread_id=thread.id)
    assert not may_see(db_session, viewer=viewer, thread_id=new_id())


def test_a_socket_leaves_the_thread_when_its_person_loses_a_brand(app_context: Flask, db_session: Session) -> None:
    brand, other = make_brand(db_session), make_brand(db_session, "other")
    thread = make_thread(db_session, make_channel(db_session, brand, keyring=runtime().keyring), make_contact(db_session))
    julia, noah = make_user(db_session, "Julia", brands=(brand, other)), make_user(db_session, "Noah", brands=(brand,))
    manager, sockets, sids = socketio.server.manager, OpenSockets(), []
    for user in (julia, noah):
        open_session(db_session, user, ip=None, user_agent="", now=utc_now())
        session_id = db_session.execute(sa.select(UserSession.id).where(UserSession.user_id == user.id)).scalar_one()
        sids.append(manager.connect(new_id().hex, "/"))
        sockets.add(sids[-1], session_id, visible_brand_ids(db_session, user))
        manager.enter_room(sids[-1], "/", thread_room(thread.id))
        shown_threads[sids[-1]] = thread.id
    db_session.execute(sa.delete(BrandMember).where(BrandMember.user_id == julia.id, BrandMember.brand_id == brand.id))
    db_session.commit()
    try:
        for move in sockets.look(db_session, now=utc_now())[1]:
            follow(socketio, move, leave_thread)
        assert [sid for sid, _eio in manager.get_participants("/", thread_room(thread.id))] == [sids[1]]
        assert list(shown_threads) == [sids[1]]
    finally:
        for sid in sids:
            leave_thread(sid)
            manager.disconnect(sid, "/")
