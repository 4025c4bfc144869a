"""The way back from a macro that ran on one thread: what it changed, as far as nobody changed it since, and the reply it sent."""

from __future__ import annotations

import json

import sqlalchemy as sa
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.core.clock import utc_now
from app.core.db import table_of
from app.core.work import claim
from app.domain.automation.models import OutsideIntent
from app.domain.delivery.models import Delivery
from app.domain.events.actions import Actor
from app.domain.tasks.actions import TaskContent, create_task, edit_task
from app.domain.tasks.models import Task, TaskStatus
from app.domain.threads.actions import change_priority
from app.domain.threads.macros import MacroSteps, OutsideCall, TaskStep
from app.domain.threads.models import MessageType, Priority, Thread, ThreadStatus
from tests.domain.threads.test_macros import Desk, desk
from tests.support.signing_in import sign_in

__all__ = ["desk"]
ASKS = MacroSteps(
    task=TaskStep(title="Bel de klant"), calls=(OutsideCall(kind="make", target="A"), OutsideCall(kind="sync", target="B"))
)
SENT = "Beste klant, de monteur komt."


def undo(desk: Desk, ran: TestResponse) -> TestResponse:
    toast = json.loads(ran.headers["HX-Trigger"])["toast"]
    answer = desk.post(toast["undo_url"])
    desk.session.expire_all()
    return answer


def standing(session: Session, thread: Thread) -> tuple[object, ...]:
    found = session.get_one(Thread, thread.id, populate_existing=True)
    return found.status, found.priority, found.assignee_user_id, found.tags, found.snoozed_until


def changed_by_leila(desk: Desk, priority: Priority) -> None:
    leila = Actor(user_id=desk.leila.id)
    change_priority(desk.session, thread_id=desk.thread.id, priority=priority, actor=leila, now=utc_now())
    desk.session.commit()


def test_the_thread_is_as_it_was_and_the_note_stays(desk: Desk) -> None:
    before = standing(desk.session, desk.thread)
    ran = desk.run(desk.macro())
    assert standing(desk.session, desk.thread) != before
    answer = undo(desk, ran)
    assert desk.toast(answer) == "Macro undone: Storing. The macro’s note stays."
    assert standing(desk.session, desk.thread) == before
    assert desk.notes() == ["Monteur is gebeld"]
    assert "Alice undid the macro Storing" in desk.client.get(f"/threads/{desk.thread.id}").text


def test_what_somebody_changed_since_stays(desk: Desk) -> None:
    ran = desk.run(desk.macro())
    change_priority(
        desk.session, thread_id=desk.thread.id, priority=Priority.URGENT, actor=Actor(user_id=desk.leila.id), now=utc_now()
    )
    desk.session.commit()
    undo(desk, ran)
    thread = desk.session.get_one(Thread, desk.thread.id)
    assert (thread.priority, thread.status) == (Priority.URGENT, ThreadStatus.OPEN)


def test_it_is_undone_once_and_by_whoever_ran_it(desk: Desk) -> None:
    ran = desk.run(desk.macro())
    sign_in(desk.client.plain, desk.session, desk.leila)
    assert "nothing left to undo" in desk.toast(undo(desk, ran))
    sign_in(desk.client.plain, desk.session, desk.alice)
    undo(desk, ran)
    change_priority(
        desk.session, thread_id=desk.thread.id, priority=Priority.HIGH, actor=Actor(user_id=desk.leila.id), now=utc_now()
    )
    desk.session.commit()
    assert "nothing left to undo" in desk.toast(undo(desk, ran))
    assert desk.session.get_one(Thread, desk.thread.id).priority == Priority.HIGH


def test_a_macro_that_changed_nothing_offers_no_way_back(desk: Desk) -> None:
    ran = desk.run(desk.macro(MacroSteps(note="Gebeld")))
    assert "undo_url" not in json.loads(ran.headers["HX-Trigger"])["toast"]


def test_the_reply_it_sent_is_taken_back_too(desk: Desk) -> None:
    desk.alice.undo_send_seconds = 10
    desk.session.commit()
    before = standing(desk.session, desk.thread)
    steps = MacroSteps(template_id=desk.template(SENT), sends=True, priority=Priority.HIGH, status=ThreadStatus.RESOLVED)
    ran = desk.run(desk.macro(steps))
    assert json.loads(ran.headers["HX-Trigger"])["toast"]["undo_target"] == "#composer"
    answer = undo(desk, ran)
    assert desk.messages(MessageType.OUTGOING) == []
    assert SENT in answer.text
    assert standing(desk.session, desk.thread) == before


def test_a_reply_that_left_stays_and_is_said_to(desk: Desk) -> None:
    desk.alice.undo_send_seconds = 10
    desk.session.commit()
    ran = desk.run(desk.macro(MacroSteps(template_id=desk.template(SENT), sends=True, priority=Priority.HIGH)))
    delivery = desk.session.execute(sa.select(Delivery)).scalar_one()
    desk.session.execute(sa.update(Delivery).values(run_at=sa.func.now()))
    assert claim(desk.session, table_of(Delivery), delivery.id) is not None
    desk.session.commit()
    assert "already sent" in desk.toast(undo(desk, ran))
    assert len(desk.messages(MessageType.OUTGOING)) == 1
    assert desk.session.get_one(Thread, desk.thread.id).priority == Priority.NORMAL


def the_task(desk: Desk) -> Task:
    return desk.session.execute(sa.select(Task).where(Task.title == "Bel de klant")).scalar_one()


def intents(desk: Desk) -> list[str]:
    return list(desk.session.execute(sa.select(OutsideIntent.target).order_by(OutsideIntent.target)).scalars())


def test_the_task_and_the_calls_it_asked_for_are_taken_back(desk: Desk) -> None:
    other = TaskContent(desk.brand.id, "Van een ander", thread_id=desk.thread.id)
    kept = create_task(desk.session, other, now=utc_now(), actor=Actor(desk.alice.id))
    desk.session.commit()
    macro = desk.macro(ASKS)
    desk.run(macro, token="018f0000-0000-7000-8000-000000000002")
    desk.session.execute(sa.update(Task).where(Task.title == "Bel de klant").values(title="Van de vorige keer"))
    desk.session.commit()
    ran = desk.run(macro)
    assert intents(desk) == ["A", "A", "B", "B"]
    assert desk.toast(undo(desk, ran)) == "Macro undone: Storing"
    assert the_task(desk).status == TaskStatus.CANCELLED
    assert intents(desk) == ["A", "B"], "those of the other run"
    assert set(desk.session.execute(sa.select(Task.status).where(Task.title != "Bel de klant")).scalars()) == {TaskStatus.OPEN}
    assert desk.session.get_one(Task, kept.id).version == 1


def test_a_task_somebody_changed_and_a_call_that_was_made_stay_and_are_named(desk: Desk) -> None:
    ran = desk.run(desk.macro(ASKS))
    task, leila = the_task(desk), Actor(desk.leila.id)
    content = TaskContent(task.brand_id, task.title, notes="Na tweeën", thread_id=task.thread_id)
    edit_task(desk.session, task.id, content, now=utc_now(), actor=leila)
    desk.session.execute(sa.update(OutsideIntent).where(OutsideIntent.target == "A").values(state="done"))
    desk.session.commit()
    said = desk.toast(undo(desk, ran))
    stays = "The macro’s task stays: a colleague changed it. 1 external message has already been sent."
    assert said == f"Macro undone: Storing. {stays}"
    assert the_task(desk).status == TaskStatus.OPEN
    assert intents(desk) == ["A"]


def test_a_task_another_one_waits_for_stays(desk: Desk) -> None:
    ran = desk.run(desk.macro(ASKS))
    later = TaskContent(desk.brand.id, "Daarna", depends_on_id=the_task(desk).id)
    create_task(desk.session, later, now=utc_now(), actor=Actor(desk.leila.id))
    desk.session.commit()
    assert "The macro’s task stays" in desk.toast(undo(desk, ran))
    assert the_task(desk).status == TaskStatus.OPEN
