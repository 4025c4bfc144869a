"""Who is told of what: never of one's own doing, never of a brand one may not see, once per thread while unread."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.runtime import runtime
from app.domain.accounts.models import Brand, Role, User
from app.domain.connections.models import Channel
from app.domain.events.actions import SYSTEM, Actor, record
from app.domain.events.models import Event
from app.domain.notifications.actions import Wishes, mark_read, set_preferences
from app.domain.notifications.models import Notification, NotificationKind, Way
from app.domain.threads.actions import add_note, assign_thread, subject_of
from app.domain.threads.merge import merge_threads
from app.domain.threads.models import Thread
from app.domain.threads.people_models import ThreadWatcher
from app.domain.threads.watchers import set_watching
from tests.factories import NOW, make_brand, make_channel, make_contact, make_message, make_thread, make_user


@dataclass
class House:
    session: Session
    brand: Brand
    channel: Channel
    thread: Thread
    alice: User
    bob: User
    mallory: User

    def receive(self, *, at: datetime = NOW, thread: Thread | None = None, automatic: str | None = None) -> None:
        thread = thread or self.thread
        message = make_message(self.session, thread, "Nog een vraag", at=at)
        message.automatic = automatic
        self.session.flush()
        record(self.session, "MessageReceived", subject=subject_of(thread, message), now=at)

    def assign(self, user: User | None, *, by: Actor) -> None:
        assignee = user.id if user else None
        assign_thread(self.session, thread_id=self.thread.id, assignee_user_id=assignee, actor=by, now=NOW)

    def watch(self, user: User, thread: Thread | None = None) -> None:
        where = (thread or self.thread).id
        set_watching(self.session, thread_id=where, user_id=user.id, is_watching=True, actor=Actor(user.id), now=NOW)

    def told(self, user: User) -> list[tuple[str, int]]:
        query = sa.select(Notification.kind, Notification.count).where(
            Notification.user_id == user.id, Notification.read_at.is_(None)
        )
        return sorted((kind.value, count) for kind, count in self.session.execute(query))


@pytest.fixture
def house(app_context: Flask, db_session: Session) -> House:
    brand, other = make_brand(db_session), make_brand(db_session, "other")
    channel = make_channel(db_session, brand, keyring=runtime().keyring)
    people = (make_user(db_session, name, brands=(b,)) for name, b in (("Alice", brand), ("Bob", brand), ("Mallory", other)))
    return House(db_session, brand, channel, make_thread(db_session, channel, make_contact(db_session)), *people)


def test_an_assignment_by_somebody_else_is_told_and_ones_own_is_not(house: House) -> None:
    house.assign(house.alice, by=Actor(house.alice.id))
    assert house.told(house.alice) == []
    house.assign(house.bob, by=Actor(house.alice.id))
    assert house.told(house.bob) == [("assignment", 1)]
    house.assign(None, by=Actor(house.alice.id))
    assert house.told(house.alice) == []


def test_a_mention_is_told_but_not_to_oneself_or_another_brand(house: House) -> None:
    text = "@Alice @Bob @Mallory kijk"
    add_note(house.session, thread_id=house.thread.id, text=text, actor=Actor(house.alice.id), author_name="Alice", now=NOW)
    assert [house.told(user) for user in (house.alice, house.bob, house.mallory)] == [[], [("mention", 1)], []]


def test_messages_reach_assignee_and_watchers_as_one_per_thread_until_read(house: House) -> None:
    house.assign(house.alice, by=SYSTEM)
    mark_read(house.session, user_id=house.alice.id, now=NOW)
    house.watch(house.bob)
    house.receive()
    house.receive(at=NOW + timedelta(minutes=1))
    assert house.told(house.alice) == house.told(house.bob) == [("message", 2)]
    assert mark_read(house.session, user_id=house.alice.id, thread_id=house.thread.id, now=NOW) == 1
    house.receive(at=NOW + timedelta(minutes=2))
    assert house.told(house.alice) == [("message", 1)]
    assert house.told(house.bob) == [("message", 3)]


def test_machines_writing_and_threads_of_nobody_are_told_to_nobody(house: House) -> None:
    house.receive()
    house.watch(house.bob)
    house.receive(automatic="auto_reply", at=NOW + timedelta(minutes=1))
    assert house.session.execute(sa.select(sa.func.count()).select_from(Notification)).scalar_one() == 0


def test_who_lost_the_brand_or_left_is_told_no_more(house: House) -> None:
    house.watch(house.bob)
    house.session.add(ThreadWatcher(thread_id=house.thread.id, user_id=house.mallory.id, created_at=NOW))
    house.bob.disabled_at = NOW
    house.session.flush()
    house.receive()
    assert house.told(house.bob) == house.told(house.mallory) == []
    admin = make_user(house.session, "Noah", role=Role.ADMIN)
    house.watch(admin)
    house.receive(at=NOW + timedelta(minutes=1))
    assert house.told(admin) == [("message", 1)]


def test_a_kind_not_wanted_is_not_told_and_others_are(house: House) -> None:
    wishes = Wishes({(NotificationKind.MENTION, Way.APP)})
    set_preferences(house.session, wishes, user_id=house.bob.id, now=NOW, actor=Actor(house.bob.id))
    house.session.flush()
    house.assign(house.bob, by=Actor(house.alice.id))
    house.receive()
    add_note(house.session, thread_id=house.thread.id, text="@Bob", actor=Actor(house.alice.id), author_name="Alice", now=NOW)
    assert house.told(house.bob) == [("mention", 1)]


def test_the_push_names_whom_to_reach(house: House) -> None:
    house.watch(house.bob)
    house.receive()
    event = house.session.execute(sa.select(Event).where(Event.type == "NotificationAdded")).scalar_one()
    assert event.payload == {"user_ids": [str(house.bob.id)]}


def test_watchers_and_notifications_follow_a_merged_thread(house: House) -> None:
    gone = make_thread(house.session, house.channel, make_contact(house.session, value="31600000002"))
    house.watch(house.alice)
    for thread in (house.thread, gone):
        house.watch(house.bob, thread)
        house.receive(thread=thread)
    merge_threads(house.session, keep_id=house.thread.id, merge_id=gone.id, now=NOW)
    assert house.told(house.alice) == house.told(house.bob) == [("message", 1)]
    watching = sa.select(ThreadWatcher.user_id).where(ThreadWatcher.thread_id == house.thread.id)
    assert set(house.session.execute(watching).scalars()) == {house.alice.id, house.bob.id}
