"""What ChargeCars shows from the start: a thread on every channel, a photo, calls, a long thread, and saved views."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask
from pydantic import ValidationError
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.db import db
from app.core.runtime import runtime
from app.domain.accounts.access import Viewer, viewer_of
from app.domain.accounts.models import Brand, User
from app.domain.contacts.models import Contact
from app.domain.events.models import Event, OutboxEntry
from app.domain.tasks.models import Task, TaskStatus, TaskType
from app.domain.threads.list_filters import thread_filter
from app.domain.threads.models import Attachment, Message, MessageType, Thread
from app.domain.threads.queries import list_threads
from app.domain.threads.saved_views import list_views
from app.sandbox.demo.people import CHARGECARS
from app.sandbox.demo.read_stories import STORIES


@pytest.fixture
def session(demo_app: Flask, loadings: list[Result]) -> Iterator[Session]:
    with demo_app.app_context():
        yield db.session()


def threads(session: Session, medium: str) -> list[Thread]:
    brand = sa.select(Brand.id).where(Brand.key == "chargecars")
    query = sa.select(Thread).where(Thread.brand_id.in_(brand), Thread.medium == medium)
    return list(session.execute(query.order_by(Thread.created_at)).scalars())


def messages(session: Session, thread: Thread) -> list[Message]:
    return list(session.execute(sa.select(Message).where(Message.thread_id == thread.id).order_by(Message.seq)).scalars())


def viewer(session: Session, email: str) -> Viewer:
    return viewer_of(session, session.execute(sa.select(User).where(User.email == email)).scalar_one())


def test_an_sms_thread_goes_both_ways(session: Session) -> None:
    told, *_others = threads(session, "sms")
    kinds = {MessageType.INCOMING, MessageType.OUTGOING}
    assert {message.message_type for message in messages(session, told)} == kinds


def test_calls_were_missed_answered_recorded_and_met_by_voicemail_and_one_waits_to_be_called_back(session: Session) -> None:
    told, *_others = threads(session, "phone")
    calls = [one.meta["call"] for one in messages(session, told) if one.message_type == MessageType.PHONE_CALL]
    assert Counter((call["direction"], call["outcome"]) for call in calls) == {
        ("incoming", "no_answer"): 2,
        ("outgoing", "voicemail"): 1,
        ("outgoing", "reached"): 1,
        ("incoming", "reached"): 1,
    }
    assert all(call["recording"]["id"].startswith("RE") for call in calls if call["outcome"] == "reached")
    tasks = session.execute(sa.select(Task).where(Task.thread_id == told.id, Task.task_type == TaskType.CALLBACK)).scalars()
    done = Counter(task.status for task in tasks if task.called_in_message_id)
    assert done == {TaskStatus.COMPLETED: 1, TaskStatus.OPEN: 1}
    assert told.response_due_at is None or told.is_open


def test_nobody_is_told_of_calls_and_tags_that_are_history(session: Session) -> None:
    of_history = sa.and_(Event.thread_id.is_not(None), Event.type.in_(("CallLogged", "ThreadTagged")))
    assert session.execute(sa.select(sa.func.count()).where(of_history)).scalar_one() > 0
    promised = sa.select(OutboxEntry.handler).join(Event, Event.id == OutboxEntry.event_id)
    tasks = session.execute(sa.select(Task.id).where(Task.called_in_message_id.is_not(None))).scalars()
    about = sa.or_(of_history, Event.payload["task_id"].astext.in_([str(task_id) for task_id in tasks]))
    assert session.execute(promised.where(about)).scalars().all() == []


def test_a_whatsapp_thread_has_a_photo_that_opens(session: Session) -> None:
    ids = {thread.id for thread in threads(session, "whatsapp")}
    [photo] = session.execute(sa.select(Attachment).where(Attachment.thread_id.in_(ids))).scalars().all()
    assert photo.filename == "laadpaal.jpg"
    with runtime().storage.open(photo.storage_key or "") as file:
        assert file.read(3) == b"\xff\xd8\xff"


def test_a_long_thread_goes_on_for_weeks_up_to_today(session: Session) -> None:
    told = max(threads(session, "email"), key=lambda thread: thread.message_count)
    said = messages(session, told)
    assert len(said) >= 25
    assert said[-1].occurred_at - said[0].occurred_at > timedelta(days=14)
    assert timedelta() < utc_now() - said[-1].occurred_at < timedelta(days=1)
    moments = [one.occurred_at for one in said]
    assert moments == sorted(moments)


def test_a_view_is_ones_own_or_the_teams_and_finds_threads(session: Session) -> None:
    sarah, emma, lucas = (viewer(session, f"{name}@chargecars.example") for name in ("sarah", "emma", "lucas"))
    own, shared = (view.name for view in CHARGECARS.views)
    names = {one.user_id: {view.name for view in list_views(session, viewer=one)} for one in (sarah, emma, lucas)}
    assert names == {sarah.user_id: {own, shared}, emma.user_id: {shared}, lucas.user_id: set()}
    for view in list_views(session, viewer=sarah):
        found = list_threads(session, viewer=sarah, filter=thread_filter(view.filters, sarah, utc_now()), sort=view.sort)
        assert found.items, view.name


def test_nobody_of_the_other_company_has_these_views(session: Session) -> None:
    camille = viewer(session, "camille@laurier.example")
    assert {view.name for view in list_views(session, viewer=camille)} == {"Mes urgences", "Plaintes à rappeler"}


def test_every_caller_is_a_contact_by_name(session: Session) -> None:
    callers = {thread.contact_id for thread in threads(session, "phone")}
    assert all(session.execute(sa.select(Contact.name).where(Contact.id.in_(callers))).scalars())


@pytest.mark.parametrize("wrong", [{"priorty": "high"}, {"medium": "fax"}, {"lines": "< Hallo"}])
def test_a_story_that_names_what_there_is_not_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        STORIES.validate_python([{"subject": "", "lines": ["< Hallo"], **wrong}])
