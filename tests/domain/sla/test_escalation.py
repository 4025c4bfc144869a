"""Steps: each once, at its time, to the right people, and none for what is paused, answered or closed."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from app.core.ids import new_id
from app.domain.accounts.models import Role, Team, TeamMember
from app.domain.events.models import OutboxEntry
from app.domain.notifications.models import Notification, NotificationChoice, NotificationKind, Way
from app.domain.realtime.handlers import push_sla_alert
from app.domain.realtime.models import PushSequence
from app.domain.tasks.actions import TaskContent, create_task
from app.domain.tasks.models import Task, TaskType
from app.domain.threads.actions import assign_thread, change_status
from app.domain.threads.models import Priority, ThreadStatus
from tests.domain.sla.conftest import Desk, local
from tests.factories import make_brand, make_user

DAY = timedelta(days=1)


def test_each_step_comes_at_its_time_and_once(desk: Desk) -> None:
    thread = desk.thread()
    desk.ask(thread)
    assign_thread(desk.session, thread_id=thread.id, assignee_user_id=desk.bob.id, actor=desk.actor, now=desk.now)
    for time, expected in (("12:59", []), ("13:00", ["75%"]), ("13:36", ["75%", "90%"]), ("14:00", ["75%", "90%", "100%"])):
        desk.at(f"2026-03-04 {time}")
        for _again in range(3):
            desk.tick()
        assert desk.steps(thread) == expected
    desk.at("2026-03-05 13:59")
    desk.tick()
    assert len(desk.steps(thread)) == 3
    desk.at("2026-03-05 14:00")
    desk.tick()
    assert desk.steps(thread) == ["75%", "90%", "100%", "+1440"]
    assert desk.tick(400 * DAY) == 0
    told = [(event.payload["tell"], event.payload["user_ids"]) for event in desk.told()]
    assert told == [
        ("assignee", [str(desk.bob.id)]),
        ("team_lead", [str(desk.lena.id)]),
        ("manager", [str(desk.noah.id)]),
        ("executive", [str(desk.noah.id)]),
    ]


def test_after_a_long_stop_every_step_comes_once_in_order(desk: Desk) -> None:
    thread = desk.thread()
    desk.ask(thread)
    desk.tick(10 * DAY)
    desk.tick()
    assert [event.payload["step"] for event in desk.told()] == ["75%", "90%", "100%", "+1440"]


def test_a_clock_that_jumps_back_and_forth_repeats_nothing(desk: Desk) -> None:
    thread = desk.thread()
    desk.ask(thread)
    for after in (timedelta(hours=3), -timedelta(hours=2), timedelta(hours=3), -timedelta(hours=3), timedelta(hours=3)):
        desk.tick(after)
    assert desk.steps(thread) == ["75%", "90%", "100%"]


def test_the_last_target_makes_a_task_for_who_is_told(desk: Desk) -> None:
    thread = desk.thread()
    desk.ask(thread)
    desk.tick(timedelta(hours=5))
    task = desk.session.execute(sa.select(Task)).scalar_one()
    assert (task.task_type, task.assignee_user_id, task.thread_id) == (TaskType.ESCALATE, desk.noah.id, thread.id)
    assert (task.priority, task.title) == (Priority.HIGH, "Overdue answer: Laadpaal doet niets")
    assert task.due_at == local("2026-03-05 15:00")  # 480 business minutes for one of high priority


def test_nothing_comes_for_what_is_answered_closed_or_waits(desk: Desk) -> None:
    answered, closed, waiting = (desk.thread(value=f"{letter}@example.nl") for letter in "abc")
    for thread in (answered, closed, waiting):
        desk.ask(thread)
    desk.now += timedelta(hours=1)
    desk.answer(answered)
    change_status(desk.session, thread_id=closed.id, status=ThreadStatus.RESOLVED, actor=desk.actor, now=desk.now)
    content = TaskContent(brand_id=desk.brand.id, title="Onderdeel", thread_id=waiting.id, waiting_for="part")
    create_task(desk.session, content, now=desk.now, actor=desk.actor)
    assert desk.tick(10 * DAY) == 0
    assert desk.told() == []


def test_a_deadline_that_moves_repeats_no_step(desk: Desk) -> None:
    thread = desk.thread()
    desk.ask(thread)
    desk.tick(timedelta(hours=3))
    change_status(desk.session, thread_id=thread.id, status=ThreadStatus.ESCALATED, actor=desk.actor, now=desk.now)
    assert desk.due(thread) == local("2026-03-04 13:30")
    change_status(desk.session, thread_id=thread.id, status=ThreadStatus.OPEN, actor=desk.actor, now=desk.now)
    desk.tick(timedelta(minutes=5))
    assert desk.steps(thread) == ["75%"]


def test_the_lead_of_the_team_is_told_before_those_of_the_brand(desk: Desk) -> None:
    other = make_user(desk.session, "Otto", role=Role.LEAD, brands=(desk.brand,))
    team = Team(id=new_id(), name="Techniek")
    desk.session.add(team)
    desk.session.flush()
    desk.session.add(TeamMember(team_id=team.id, user_id=other.id))
    thread = desk.thread()
    thread.team_id = team.id
    desk.session.flush()
    desk.ask(thread)
    desk.tick(timedelta(hours=3))  # nobody has it: the lead hears of it instead of the assignee
    assert desk.told()[0].payload["user_ids"] == [str(other.id)]


def test_a_sweep_with_nothing_due_reads_one_index(desk: Desk) -> None:
    thread = desk.thread()
    desk.ask(thread)
    assert desk.clock(thread).next_step_at == local("2026-03-04 13:00")
    desk.session.execute(sa.text("SET LOCAL enable_seqscan = off"))
    sweep = "EXPLAIN SELECT thread_id FROM sla_clocks WHERE next_step_at <= now() ORDER BY next_step_at LIMIT 50"
    assert "ix_sla_clocks_step" in "".join(desk.session.execute(sa.text(sweep)).scalars())


def test_those_a_step_is_for_are_told_in_the_app_and_in_their_browser_unless_they_want_none(desk: Desk) -> None:
    thread = desk.thread()
    desk.ask(thread)
    assign_thread(desk.session, thread_id=thread.id, assignee_user_id=desk.bob.id, actor=desk.actor, now=desk.now)
    desk.session.add_all(
        NotificationChoice(user_id=desk.lena.id, kind=NotificationKind.ESCALATION, way=way, wanted=False) for way in Way
    )
    desk.tick(timedelta(hours=3, minutes=40))
    told = sa.select(Notification.user_id).where(Notification.kind == NotificationKind.ESCALATION)
    assert list(desk.session.execute(told).scalars()) == [desk.bob.id]
    pushed = sa.select(sa.func.count()).where(OutboxEntry.handler == "push_sla_alert")
    assert desk.session.execute(pushed).scalar_one() == 2


def test_the_alert_is_pushed_to_those_named_who_see_the_brand_and_to_nobody_else(desk: Desk) -> None:
    thread = desk.thread()
    desk.ask(thread)
    mallory = make_user(desk.session, "Mallory", brands=(make_brand(desk.session, "other"),))
    assign_thread(desk.session, thread_id=thread.id, assignee_user_id=mallory.id, actor=desk.actor, now=desk.now)
    desk.tick(timedelta(hours=3, minutes=40))
    desk.session.commit()
    for event in desk.told():  # at 75 % to an assignee who may not see it any more, at 90 % to the lead
        push_sla_alert(event)
    assert list(desk.session.execute(sa.select(PushSequence.user_id)).scalars()) == [desk.lena.id]
