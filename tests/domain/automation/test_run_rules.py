"""Rules as they run: once, in order, all steps or none, never in a circle, never to a machine."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.core.clock import utc_now
from app.core.ids import new_id
from app.domain.automation.conditions import Part
from app.domain.automation.models import AutomationRun, OutsideIntent
from app.domain.automation.run_rules import run_by_time
from app.domain.events.actions import Subject, record
from app.domain.reply_templates.actions import TemplateContent, create_template
from app.domain.reply_templates.models import TemplateCategory
from app.domain.tasks.models import Task
from app.domain.threads.macros import MacroSteps, OutsideCall, TaskStep
from app.domain.threads.models import Priority, ThreadStatus
from tests.domain.automation.conftest import Desk
from tests.domain.automation.factories import condition
from tests.domain.orders.factories import make_order
from tests.factories import make_contact

HIGH = MacroSteps(priority=Priority.HIGH, note="Let op.")


def test_a_rule_runs_once_per_event_and_says_so_on_the_thread(desk: Desk) -> None:
    desk.rule(HIGH, condition("words", "has", "KNIPPERT"), name="Storing")
    event = desk.message()
    desk.react()
    desk.again(event)
    assert (desk.now_of().priority, desk.runs()) == (Priority.HIGH, [("Storing", "changed")])
    assert [note.text for note in desk.messages("internal_note")] == ["Let op."]
    changed = desk.events("ThreadPriorityChanged")[0]
    assert (changed.caused_by_id, changed.depth, changed.payload["by"]["name"]) == (event.id, 1, "Storing")


def test_nothing_is_promised_while_no_rule_waits(desk: Desk) -> None:
    rule = desk.rule(HIGH, is_on=False)
    desk.message()
    desk.react()
    assert desk.runs() == []
    rule.trigger, rule.is_on = "NoteAdded", True
    desk.session.commit()
    event = desk.message()
    entries = desk.session.execute(sa.text("SELECT handler FROM outbox_entries WHERE event_id = :id"), {"id": event.id})
    assert "run_rules" not in entries.scalars().all()


def test_rules_are_asked_in_order_and_one_can_stop_the_rest(desk: Desk) -> None:
    desk.rule(MacroSteps(add_tags=("een",)), name="Een")
    desk.rule(MacroSteps(add_tags=("twee",)), condition("tag", "has", "een"), name="Twee", stops=True)
    desk.rule(MacroSteps(add_tags=("drie",)), name="Drie")
    desk.message()
    desk.react()
    assert (desk.now_of().tags, desk.runs()) == (["een", "twee"], [("Een", "changed"), ("Twee", "changed")])
    desk.message()
    desk.react()
    assert desk.runs()[2:] == [("Een", "unchanged"), ("Twee", "unchanged")], "a rule that fits stops the rest, changed or not"


def test_a_rule_does_not_react_to_itself_however_long_the_way(desk: Desk) -> None:
    up = MacroSteps(priority=Priority.HIGH)
    desk.rule(up, condition("value", "is", "low"), name="Op", trigger="ThreadPriorityChanged")
    desk.rule(MacroSteps(priority=Priority.LOW), condition("value", "is", "high"), name="Neer", trigger="ThreadPriorityChanged")
    desk.rule(MacroSteps(priority=Priority.LOW), name="Begin")
    desk.message()
    desk.react()
    assert desk.runs() == [("Begin", "changed"), ("Op", "changed"), ("Neer", "changed"), ("Op", "loop")]


def test_what_happens_by_itself_ends_at_a_small_depth(desk: Desk) -> None:
    for number in range(6):
        tags = MacroSteps(add_tags=(f"t{number + 1}",))
        desk.rule(tags, condition("value", "is", f"t{number}"), name=f"R{number}", trigger="ThreadTagged")
    desk.rule(MacroSteps(add_tags=("t0",)), name="Begin")
    desk.message()
    desk.react()
    assert desk.runs() == [("Begin", "changed"), ("R0", "changed"), ("R1", "changed"), ("R2", "loop")]


def test_all_steps_are_taken_or_none_and_the_log_says_why(desk: Desk) -> None:
    desk.rule(MacroSteps(priority=Priority.HIGH, note="Hallo", assignee=str(new_id())), name="Weg")
    desk.rule(MacroSteps(assignee=str(desk.alice.id)), name="Alice")
    desk.message()
    desk.react()
    assert desk.runs() == [("Weg", "failed"), ("Alice", "changed")]
    run = desk.session.execute(sa.select(AutomationRun).where(AutomationRun.outcome == "failed")).scalar_one()
    assert run.detail == {"why": "This person no longer has an account, or cannot see the thread"}
    assert (desk.now_of().priority, desk.messages("internal_note")) == (Priority.NORMAL, [])
    assert desk.now_of().assignee_user_id == desk.alice.id


def test_a_task_and_what_is_to_be_told_outside_are_rows(desk: Desk) -> None:
    calls = OutsideCall(kind="teams", target="storingen"), OutsideCall(kind="webhook", target="https://example.com/hook")
    desk.rule(MacroSteps(assignee=str(desk.alice.id), task=TaskStep(title="Bellen", kind="callback", due_days=1), calls=calls))
    event = desk.message()
    desk.react()
    desk.again(event)
    task = desk.session.execute(sa.select(Task)).scalar_one()
    assert (task.title, task.assignee_user_id, task.thread_id) == ("Bellen", desk.alice.id, desk.thread.id)
    assert task.due_date is not None
    intents = desk.session.execute(sa.select(OutsideIntent).order_by(OutsideIntent.kind)).scalars().all()
    assert [(i.kind, i.target, i.state, i.asked_by["name"]) for i in intents] == [
        ("teams", "storingen", "noted", "Regel"),
        ("webhook", "https://example.com/hook", "noted", "Regel"),
    ]


def test_the_flow_of_the_documents_can_be_said(desk: Desk) -> None:
    """Order status changed: the CRM is updated; where it is completed, a WhatsApp template goes out and an invoice is made."""
    always = MacroSteps(calls=(OutsideCall(kind="sync", target="external_crm"),))
    completed = MacroSteps(
        calls=(
            OutsideCall(kind="whatsapp_template", target="order_completion_notification"),
            OutsideCall(kind="sync", target="accounting_system"),
        )
    )
    part = Part(conditions=(condition("value", "is", "completed"),), steps=completed)
    desk.rule(always, trigger="OrderStatusChanged", parts=(part,), name="Order")
    order = make_order(desk.session, desk.brand, make_contact(desk.session))
    for status in ("planned", "completed"):
        subject = Subject(brand_id=desk.brand.id)
        payload = {"status": status, "order_id": str(order.id)}
        record(desk.session, "OrderStatusChanged", subject=subject, now=utc_now(), payload=payload)
        desk.session.commit()
        desk.react()
    targets = desk.session.execute(sa.select(OutsideIntent.target).order_by(OutsideIntent.id)).scalars().all()
    assert targets == ["external_crm", "external_crm", "order_completion_notification", "accounting_system"]
    assert desk.runs() == [("Order", "changed")] * 2


def make_answer(desk: Desk, **content: object) -> None:
    made = TemplateContent("Ontvangen", TemplateCategory.FOLLOW_UP, "nl", "Dag {{contact.first_name|klant}}, wij zijn bezig.")
    template = create_template(desk.session, made, now=utc_now())
    desk.rule(MacroSteps(template_id=template.id, sends=True), name="Antwoord", **content)


def test_an_automatic_answer_goes_out_once_an_hour_and_is_no_answer_of_ours(desk: Desk) -> None:
    make_answer(desk)
    desk.message()
    desk.react()
    answer = desk.messages("auto_response")[0]
    assert (answer.text, answer.sender_user_id, desk.now_of().status) == ("Dag Pieter, wij zijn bezig.", None, ThreadStatus.OPEN)
    desk.message("Hallo?")
    desk.react()
    assert desk.runs() == [("Antwoord", "changed"), ("Antwoord", "failed")]
    assert len(desk.messages("auto_response")) == 1


@pytest.mark.parametrize("kind", ["auto_reply", "bounce"])
def test_no_rule_looks_at_automatic_mail_and_nothing_answers_it(desk: Desk, kind: str) -> None:
    make_answer(desk)
    desk.message(automatic=kind)
    desk.react()
    assert (desk.runs(), desk.messages("auto_response")) == ([], [])
    make_answer(desk, trigger="ThreadTagged")
    desk.message("Goedemorgen")
    desk.react()
    desk.message(automatic=kind)
    desk.react()
    record(desk.session, "ThreadTagged", subject=Subject(desk.brand.id, desk.thread.id), now=utc_now(), payload={"added": ["a"]})
    desk.session.execute(
        sa.text("UPDATE messages SET created_at = created_at - interval '2 hours' WHERE message_type = 'auto_response'")
    )
    desk.session.commit()
    desk.react()
    assert desk.runs() == [("Antwoord", "changed"), ("Antwoord", "failed")]
    why = desk.session.execute(sa.select(AutomationRun.detail).where(AutomationRun.outcome == "failed")).scalar_one()
    assert why == {"why": "The last message was sent automatically, so we do not answer it"}


def test_spam_is_nobodys_business(desk: Desk) -> None:
    desk.rule(HIGH)
    thread = desk.now_of()
    thread.status, thread.resolved_at, thread.spam_at = ThreadStatus.CLOSED, utc_now(), utc_now()
    thread.spam_former = {"status": "open"}
    desk.session.commit()
    desk.message()
    desk.react()
    assert desk.runs() == []


def test_three_days_without_an_answer_runs_once_for_each_silence(desk: Desk) -> None:
    desk.rule(MacroSteps(add_tags=("wacht",)), name="Wacht", trigger="unanswered", after_hours=72)
    desk.message()
    now = utc_now()
    assert run_by_time(now + timedelta(hours=71)) == 0
    assert run_by_time(now + timedelta(hours=73)) == 1
    assert (desk.now_of().tags, desk.runs()) == (["wacht"], [("Wacht", "changed")])
    answered = desk.now_of()
    answered.last_inbound_at = now + timedelta(hours=80)
    desk.session.commit()
    assert run_by_time(now + timedelta(hours=153)) == 1, "another message of the contact is another silence"


def test_a_rule_of_the_clock_runs_once_a_day_for_each_thread(desk: Desk) -> None:
    desk.rule(MacroSteps(note="Goedemorgen"), trigger="clock", at_minute=0, weekdays=tuple(range(7)))
    now = utc_now()
    assert run_by_time(now) + run_by_time(now) == 1
    assert run_by_time(now + timedelta(days=1)) == 1
