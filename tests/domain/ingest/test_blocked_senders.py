"""What a blocked sender writes is kept like any other message, and goes to spam."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.runtime import runtime
from app.domain.accounts.models import Brand, User
from app.domain.connections.models import Channel, ChannelType
from app.domain.events.actions import Actor
from app.domain.events.models import Event
from app.domain.notifications.models import Notification
from app.domain.threads.actions import assign_thread
from app.domain.threads.models import Message, Thread, ThreadStatus
from app.domain.threads.people_models import ThreadWatcher
from app.domain.threads.spam import block_sender, mark_spam
from tests.domain.ingest.test_mail_intake import KEY, MAILBOX, Sender, mail
from tests.factories import make_brand, make_channel, make_user


@pytest.fixture
def channel(app_context: Flask, db_session: Session) -> Channel:
    brand = make_brand(db_session)
    secrets = {"url_key": KEY}
    made = make_channel(db_session, brand, ChannelType.EMAIL, keyring=runtime().keyring, address=MAILBOX, secrets=secrets)
    db_session.commit()
    return made


@pytest.fixture
def sender(client: FlaskClient, db_session: Session, channel: Channel) -> Sender:
    return Sender(client, db_session)


@pytest.fixture
def alice(db_session: Session, channel: Channel) -> User:
    user = make_user(db_session, "Alice", brands=(db_session.get_one(Brand, channel.brand_id),))
    db_session.commit()
    return user


def _thread_of(sender: Sender, n: int) -> Thread:
    found = sa.select(Thread).join(Message, Message.thread_id == Thread.id).where(Message.external_id == f"m{n}@example.nl")
    return sender.session.execute(found).scalar_one()


def _block(sender: Sender, thread: Thread, alice: User) -> None:
    block_sender(sender.session, thread_id=thread.id, actor=Actor(user_id=alice.id), now=utc_now())
    sender.session.commit()


def _because(sender: Sender, thread: Thread) -> list[object]:
    query = sa.select(Event.payload).where(Event.thread_id == thread.id, Event.type == "ThreadMarkedSpam")
    return [payload["because"] for payload in sender.session.execute(query).scalars()]


def test_new_mail_of_a_blocked_sender_is_kept_unassigned_in_spam_and_says_why(sender: Sender, alice: User) -> None:
    sender.post(mail(1))
    sender.work()
    _block(sender, _thread_of(sender, 1), alice)
    sender.post(mail(2, "Nog een aanbieding"))
    sender.post(mail(3, "Echte vraag", sender="els@example.nl"))
    sender.work()
    thread = _thread_of(sender, 2)
    assert (thread.spam_at is not None, thread.status, thread.assignee_user_id) == (True, ThreadStatus.CLOSED, None)
    assert _because(sender, thread) == ["sender"]
    assert _thread_of(sender, 1).spam_at is None
    assert _thread_of(sender, 3).spam_at is None


def test_an_answer_of_theirs_takes_their_own_thread_along_and_nobody_is_told(sender: Sender, alice: User) -> None:
    sender.post(mail(1))
    sender.work()
    thread = _thread_of(sender, 1)
    assign_thread(sender.session, thread_id=thread.id, assignee_user_id=alice.id, actor=Actor(user_id=alice.id), now=utc_now())
    sender.session.add(ThreadWatcher(thread_id=thread.id, user_id=alice.id, created_at=utc_now()))
    _block(sender, thread, alice)
    sender.post(mail(2, "Re: Offerte", refs=(1,)))
    sender.work()
    assert _thread_of(sender, 2).id == thread.id
    assert sender.session.get_one(Thread, thread.id).spam_at is not None
    assert sender.session.execute(sa.select(sa.func.count()).select_from(Notification)).scalar_one() == 0


def test_what_they_write_in_the_thread_of_somebody_else_stays_there(sender: Sender, alice: User) -> None:
    sender.post(mail(1))
    sender.post(mail(2, "Vraag van Els", sender="els@example.nl"))
    sender.work()
    _block(sender, _thread_of(sender, 1), alice)
    sender.post(mail(3, "Re: Vraag van Els", refs=(2,)))
    sender.work()
    assert _thread_of(sender, 3).id == _thread_of(sender, 2).id
    assert _thread_of(sender, 3).spam_at is None


def test_an_answer_in_a_thread_marked_by_hand_stays_in_spam_and_tells_nobody(sender: Sender, alice: User) -> None:
    sender.post(mail(1))
    sender.work()
    thread = _thread_of(sender, 1)
    sender.session.add(ThreadWatcher(thread_id=thread.id, user_id=alice.id, created_at=utc_now()))
    mark_spam(sender.session, thread_id=thread.id, now=utc_now(), actor=Actor(user_id=alice.id))
    sender.session.commit()
    sender.post(mail(2, "Re: Offerte", refs=(1,)))
    sender.work()
    assert _thread_of(sender, 2).id == thread.id
    assert sender.session.get_one(Thread, thread.id).status == ThreadStatus.CLOSED
    assert sender.session.execute(sa.select(sa.func.count()).select_from(Notification)).scalar_one() == 0
