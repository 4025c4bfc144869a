"""A reply that promises something makes its task, once it has left."""

from __future__ import annotations

import uuid

import pytest
import sqlalchemy as sa

from app.contract.base import DeliveryStatus
from app.core.clock import utc_now
from app.domain.accounts.models import Brand, Role
from app.domain.connections.models import Channel
from app.domain.contacts.models import Contact
from app.domain.delivery.models import Delivery
from app.domain.delivery.reports import apply_status
from app.domain.events.actions import Actor
from app.domain.tasks.models import Task, TaskStatus, TaskType
from app.domain.threads.merge import merge_threads
from app.domain.threads.models import Message, MessageType
from tests.domain.tasks.conftest import Desk
from tests.factories import make_message, make_thread
from tests.support.desk import HTMX

PROMISE = "Dank voor uw bericht. Ik bel u morgen terug."


@pytest.fixture
def asked(desk: Desk) -> Message:
    """The customer wrote: free text may be answered."""
    message = make_message(desk.session, desk.thread, "Wanneer hoor ik iets?", at=utc_now())
    desk.session.commit()
    return message


def _send(desk: Desk, asked: Message, text: str = PROMISE) -> Message:
    desk.post(
        f"/threads/{desk.thread.id}/messages",
        text=text,
        client_token=uuid.uuid4(),
        last_seen_message_id=asked.id,
        channel_id=desk.thread.channel_id,
    )
    ours = sa.select(Message).where(Message.thread_id == desk.thread.id, Message.message_type == MessageType.OUTGOING)
    return desk.session.execute(ours).scalar_one()


def _report(desk: Desk, message: Message, *statuses: DeliveryStatus) -> None:
    delivery = desk.session.execute(sa.select(Delivery.id).where(Delivery.message_id == message.id)).scalar_one()
    for status in statuses:
        apply_status(desk.session, delivery, status, at=utc_now(), now=utc_now())
    desk.session.commit()


def _tasks(desk: Desk) -> list[Task]:
    return list(desk.session.execute(sa.select(Task).execution_options(populate_existing=True)).scalars())


def test_the_task_is_made_once_when_the_reply_has_left(desk: Desk, asked: Message) -> None:
    message = _send(desk, asked)
    assert _tasks(desk) == []
    _report(desk, message, DeliveryStatus.SENT, DeliveryStatus.DELIVERED, DeliveryStatus.READ)
    (task,) = _tasks(desk)
    assert (task.title, task.task_type, task.assignee_user_id) == ("Ik bel u morgen terug", TaskType.CALLBACK, desk.alice.id)
    assert (task.thread_id, task.promised_in_message_id, task.created_by_user_id) == (desk.thread.id, message.id, None)
    assert task.due_time is not None
    assert (task.due_time.hour, task.zone) == (9, desk.alice.timezone)
    page = desk.client.get(f"/threads/{desk.thread.id}").text
    assert "Task created because the reply promised “Ik bel u morgen terug”" in page
    assert desk.events() == ["TaskCreated"]


def test_what_is_no_call_is_followed_up(desk: Desk, asked: Message) -> None:
    _report(desk, _send(desk, asked, "Wij sturen u maandag de offerte."), DeliveryStatus.SENT)
    assert [task.task_type for task in _tasks(desk)] == [TaskType.FOLLOW_UP]


def test_a_reply_that_was_taken_back_or_failed_makes_none(desk: Desk, asked: Message) -> None:
    message = _send(desk, asked)
    _report(desk, message, DeliveryStatus.FAILED)
    assert _tasks(desk) == []


def test_a_reply_that_promises_nothing_makes_none(desk: Desk, asked: Message) -> None:
    _report(desk, _send(desk, asked, "Ik kan niets beloven voor morgen."), DeliveryStatus.SENT)
    assert _tasks(desk) == []


@pytest.mark.parametrize(
    "values",
    [{"automatic": "vacation"}, {"message_type": MessageType.AUTO_RESPONSE}, {"sender_user_id": None}],
    ids=["automatic", "answer of a machine", "sent from elsewhere"],
)
def test_what_no_person_here_wrote_makes_none(desk: Desk, asked: Message, values: dict[str, object]) -> None:
    message = _send(desk, asked)
    desk.session.execute(sa.update(Message).where(Message.id == message.id).values(values))
    _report(desk, message, DeliveryStatus.SENT)
    assert _tasks(desk) == []


def test_it_is_removed_with_one_click_and_never_made_again(desk: Desk, asked: Message) -> None:
    message = _send(desk, asked)
    _report(desk, message, DeliveryStatus.SENT)
    (task,) = _tasks(desk)
    remove = f"/tasks/{task.id}/status?status=cancelled&amp;back=timeline"
    assert remove in desk.client.get(f"/threads/{desk.thread.id}").text
    answer = desk.post(remove.replace("&amp;", "&"), headers=HTMX)
    assert answer.status_code == 204
    assert "thread-changed-here" in answer.headers["HX-Trigger"]
    _report(desk, message, DeliveryStatus.DELIVERED)
    (task,) = _tasks(desk)
    assert task.status == TaskStatus.CANCELLED
    page = desk.client.get(f"/threads/{desk.thread.id}").text
    assert "Alice removed the task “Ik bel u morgen terug”" in page
    assert remove not in page


def test_without_scripts_removing_leads_back_to_the_thread(desk: Desk, asked: Message) -> None:
    _report(desk, _send(desk, asked), DeliveryStatus.SENT)
    answer = desk.post(f"/tasks/{_tasks(desk)[0].id}/status?status=cancelled&back=timeline")
    assert answer.status_code == 303
    assert answer.location.endswith(f"/threads/{desk.thread.id}")


def test_a_brand_may_want_none(desk: Desk, asked: Message) -> None:
    desk.alice.role = Role.LEAD
    desk.session.commit()
    assert "A task is created" in desk.client.get(f"/settings/brands/{desk.brand.id}").text
    assert desk.post(f"/settings/brands/{desk.brand.id}/promises", tasks_of_promises="off").status_code == 303
    assert desk.session.get_one(Brand, desk.brand.id, populate_existing=True).tasks_of_promises is False
    assert "No task is created" in desk.client.get(f"/settings/brands/{desk.brand.id}").text
    _report(desk, _send(desk, asked), DeliveryStatus.SENT)
    assert _tasks(desk) == []


def test_the_task_goes_where_its_thread_goes(desk: Desk, asked: Message) -> None:
    _report(desk, _send(desk, asked), DeliveryStatus.SENT)
    channel = desk.session.get_one(Channel, desk.thread.channel_id)
    other = make_thread(desk.session, channel, desk.session.get_one(Contact, desk.thread.contact_id), at=utc_now())
    make_message(desk.session, other, "Nog iets", at=utc_now())
    merge_threads(desk.session, keep_id=other.id, merge_id=desk.thread.id, now=utc_now(), actor=Actor(desk.alice.id))
    desk.session.commit()
    assert _tasks(desk)[0].thread_id == other.id
    assert "Task created because the reply promised" in desk.client.get(f"/threads/{other.id}").text
