"""The pages of notifications, without a browser: what they show, to whom, and what reading does."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.core.runtime import runtime
from app.domain.accounts.models import User
from app.domain.notifications.models import Notification, NotificationKind
from app.domain.threads.models import Thread
from tests.factories import NOW, make_brand, make_channel, make_contact, make_message, make_thread, make_user
from tests.support.pages import PageClient
from tests.support.queries import counted_queries
from tests.support.signing_in import post, sign_in

MAX_QUERIES = 10


@dataclass
class Desk:
    client: PageClient
    session: Session
    alice: User
    bob: User
    thread: Thread

    def tell(self, kind: NotificationKind, *, user: User | None = None, count: int = 1) -> Notification:
        message = make_message(self.session, self.thread, "Is de monteur al onderweg?")
        values = {"user_id": (user or self.alice).id, "thread_id": self.thread.id, "message_id": message.id, "count": count}
        actor = None if kind == NotificationKind.MESSAGE else self.bob.id
        told = Notification(id=new_id(), kind=kind, created_at=NOW, actor_user_id=actor, **values)
        self.session.add(told)
        self.session.commit()
        return told

    def unread(self) -> int:
        query = sa.select(sa.func.count()).where(Notification.user_id == self.alice.id, Notification.read_at.is_(None))
        return int(self.session.execute(query).scalar_one())


@pytest.fixture
def desk(app: Flask, db_session: Session, page_client: PageClient) -> Desk:
    brand = make_brand(db_session)
    with app.app_context():
        channel = make_channel(db_session, brand, keyring=runtime().keyring)
    thread = make_thread(db_session, channel, make_contact(db_session), subject="Laadpaal defect")
    alice, bob = make_user(db_session, brands=(brand,)), make_user(db_session, "Bob", brands=(brand,))
    sign_in(page_client.plain, db_session, alice)
    return Desk(page_client, db_session, alice, bob, thread)


def test_nothing_yet_says_what_will_be_here(desk: Desk) -> None:
    text = desk.client.get("/notifications").text
    assert "No notifications yet" in text
    assert "Mark all as read" not in text


def test_each_kind_says_what_happened_and_how_many(desk: Desk, app: Flask) -> None:
    for kind, count in ((NotificationKind.MENTION, 1), (NotificationKind.ASSIGNMENT, 1), (NotificationKind.MESSAGE, 3)):
        desk.tell(kind, count=count)
    desk.tell(NotificationKind.MENTION, user=desk.bob)
    with counted_queries(app) as queries:
        text = desk.client.get("/notifications").text
    assert len(queries) <= MAX_QUERIES
    assert text.count('<li><a class="notification ') == 3
    for words in (
        "Bob mentioned you",
        "Bob assigned this thread to you",
        "3 new messages from Pieter van Dam",
        "Laadpaal defect",
    ):
        assert words in text
    assert desk.client.plain.get("/notifications/count").json["shown"] == "3"


def test_opening_one_leads_to_its_message_and_reads_those_of_its_thread(desk: Desk) -> None:
    told = desk.tell(NotificationKind.MENTION)
    desk.tell(NotificationKind.MESSAGE)
    answer = desk.client.get(f"/notifications/{told.id}")
    assert answer.status_code == 303
    assert answer.location == f"/threads/{desk.thread.id}#item-{told.message_id}"
    assert desk.unread() == 0
    assert desk.client.plain.get("/notifications/count").json == {"unread": 0, "shown": "", "words": ""}


def test_somebody_elses_is_not_there(desk: Desk) -> None:
    told = desk.tell(NotificationKind.MENTION, user=desk.bob)
    assert desk.client.get(f"/notifications/{told.id}").status_code == 404


def test_all_are_read_at_once_or_those_of_a_thread(desk: Desk) -> None:
    desk.tell(NotificationKind.MENTION)
    other = {"thread_id": str(new_id())}
    assert post(desk.client.plain, "/notifications/reading", other).json["unread"] == 1
    assert post(desk.client.plain, "/notifications/reading", {"thread_id": "x"}).status_code == 400
    assert post(desk.client.plain, "/notifications/reading", {"thread_id": str(desk.thread.id)}).json["unread"] == 0
    desk.tell(NotificationKind.MENTION)
    assert post(desk.client.plain, "/notifications/reading").status_code == 303
    assert desk.unread() == 0


def test_a_notification_is_gone_with_the_right_to_see_its_thread(desk: Desk) -> None:
    told = desk.tell(NotificationKind.MENTION)
    desk.thread.brand_id = make_brand(desk.session, "other").id
    desk.session.commit()
    assert "No notifications yet" in desk.client.get("/notifications").text
    assert desk.client.plain.get("/notifications/count").json["unread"] == 0
    assert desk.client.get(f"/notifications/{told.id}").status_code == 404


def test_older_ones_follow_on_a_page_of_their_own(desk: Desk) -> None:
    for _number in range(31):
        desk.tell(NotificationKind.MENTION)
    first = desk.client.get("/notifications").text
    assert first.count('<li><a class="notification ') == 30
    href = first.split('notifications__older" href="')[1].split('"')[0]
    assert desk.client.get(href.replace("&amp;", "&")).text.count('<li><a class="notification ') == 1
    assert desk.client.get("/notifications?before=nonsense").text.count('<li><a class="notification ') == 30
