"""What a phone reports is applied once, in order, by its owner, or a person is asked."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.domain.accounts.access import viewer_of
from app.domain.appointments.actions import change_appointment, content_of
from app.domain.contacts.models import Contact
from app.domain.delivery.models import Delivery
from app.domain.events.actions import SYSTEM, Actor
from app.domain.field.actions import discard_action
from app.domain.field.models import Outcome
from app.domain.field.record import read_record
from app.domain.field.steps import VisitStep
from app.domain.tasks.actions import TaskContent, create_task
from app.domain.tasks.models import Task, TaskStatus, TaskType
from app.domain.threads.models import Attachment
from tests.domain.appointments.factories import make_appointment
from tests.domain.field.conftest import DEVICE, Round
from tests.factories import make_message


def test_an_action_that_arrives_twice_has_one_effect(day: Round) -> None:
    note = day.new()
    assert [day.take(note).outcome, day.take(note).outcome] == ["applied", "already"]
    assert [one.text for one in day.messages("internal_note")] == ["Klaar met boren"]
    assert [row.outcome for row in day.ledger()] == [Outcome.APPLIED]


def test_another_action_under_the_same_name_changes_nothing(day: Round) -> None:
    note = day.new()
    day.take(note)
    answer = day.take(replace(note, body={"text": "Iets anders"}))
    assert (answer.outcome, answer.code) == ("refused", "changed")
    assert len(day.messages("internal_note")) == 1


def test_one_that_overtook_the_one_before_it_waits_for_it(day: Round) -> None:
    first, second = day.step("on_the_way"), day.step("arrived")
    second = replace(second, after=first.id)
    assert day.take(second).outcome == "waiting"
    assert [day.take(first).outcome, day.take(second).outcome] == ["applied", "applied"]
    assert [row.body["to"] for row in day.ledger()] == ["on_the_way", "arrived"]


def test_a_visit_goes_from_step_to_step_and_the_reason_is_asked_for(day: Round) -> None:
    answers = day.send(*(day.step(to) for to in ("on_the_way", "arrived", "in_progress", "done")))
    assert {answer.outcome for answer in answers} == {"applied"}
    assert day.step_now() == VisitStep.DONE
    late = day.take(day.step("arrived"))
    assert (late.outcome, late.code, late.choices) == ("conflict", "not_allowed", ("hand_in", "discard"))
    assert "Done" in late.words
    assert "Arrived" in late.words


def test_whoever_sets_out_for_a_visit_that_was_moved_is_asked_first(day: Round) -> None:
    seen = {"seen_starts_at": day.visit.starts_at.isoformat()}
    later = {"starts_at": day.visit.starts_at + timedelta(days=1), "ends_at": day.visit.ends_at + timedelta(days=1)}
    change_appointment(day.session, day.visit.id, replace(content_of(day.visit), **later), now=day.now, actor=SYSTEM)
    held = day.take(first := day.step("on_the_way", body=seen))
    assert (held.outcome, held.code, held.choices) == ("conflict", "moved", ("do_anyway", "hand_in", "discard"))
    assert "moved this visit to" in held.words
    assert day.take(day.new("photo", body={"label": "before"}, file_id=day.file())).outcome == "applied"
    again = {"seen_starts_at": held.details["starts_at"]}
    assert day.take(day.step("on_the_way", body=again, replaces=first.id)).outcome == "applied"
    assert day.take(day.step("arrived", body=seen)).outcome == "applied"  # on the way already


def test_the_same_step_again_is_fine_and_nothing_goes_without_a_reason(day: Round) -> None:
    day.take(day.step("arrived"))
    assert day.take(day.step("arrived")).code == "same"
    refused = day.take(day.new("step", body={"to": "aborted"}))
    assert (refused.outcome, refused.details) == ("refused", {"field": "reason"})
    assert day.take(day.step("aborted")).outcome == "applied"
    assert day.step_now() == VisitStep.ABORTED


def test_a_cancelled_visit_is_told_with_a_choice_and_what_happened_there_can_be_handed_in(day: Round) -> None:
    from app.domain.appointments.actions import set_appointment_state
    from app.domain.appointments.models import AppointmentState

    set_appointment_state(day.session, day.visit.id, AppointmentState.CANCELLED, now=day.now, actor=SYSTEM)
    step = day.step("arrived")
    held = day.take(step)
    assert (held.outcome, held.code) == ("conflict", "cancelled")
    assert day.take(step).outcome == "conflict"  # and says the same again
    note = day.new(body={"text": "Ik was er al"}, replaces=step.id)
    assert day.take(note).outcome == "applied"


def test_a_visit_that_was_given_away_takes_nothing_until_its_owner_hands_it_in(day: Round) -> None:
    content = replace(content_of(day.visit), technician_user_id=day.carla.id)
    change_appointment(day.session, day.visit.id, content, now=day.now, actor=SYSTEM)
    photo = day.new("photo", body={"label": "before"}, file_id=day.file())
    held = day.take(photo)
    assert (held.code, held.words) == ("given", "This visit is now assigned to Carla.")
    again = replace(photo, id=uuid.uuid4(), replaces=photo.id)
    assert day.take(again).outcome == "applied"
    step = day.step("arrived")
    day.take(step)
    assert day.take(replace(day.step("arrived"), replaces=step.id)).outcome == "conflict"
    assert day.take(day.new("message", body={"text": "Ik kom"}, replaces=step.id)).outcome == "conflict"


def test_nobody_reports_on_a_visit_of_another_brand(day: Round) -> None:
    note = day.new()
    answer = day.take(note, viewer=viewer_of(day.session, day.mallory))
    assert (answer.outcome, answer.code) == ("refused", "gone")
    assert day.take(note).outcome == "applied"  # the same name under another person is another action


def test_a_message_goes_out_once_and_a_newer_one_is_shown_first(day: Round) -> None:
    body = {"text": "Ik ben er over 20 minuten", "last_seen_message_id": str(day.seen.id)}
    newer = make_message(day.session, day.thread, "Bel even aan de achterkant", at=day.now + timedelta(seconds=1))
    message = day.new("message", body=body)
    held = day.take(message)
    assert (held.outcome, held.code) == ("conflict", "newer_message")
    assert [one["text"] for one in held.details["newer"]] == ["Bel even aan de achterkant"]
    anyway = day.new("message", body={**body, "last_seen_message_id": str(newer.id)}, replaces=message.id)
    assert [day.take(anyway).outcome, day.take(anyway).outcome] == ["applied", "already"]
    assert [one.text for one in day.messages("outgoing")] == ["Ik ben er over 20 minuten"]
    day.session.refresh(day.thread)
    assert day.thread.assignee_user_id is None  # it stays the office's


def test_on_my_way_tells_the_customer_unless_it_comes_too_late(day: Round) -> None:
    late = day.step("on_the_way", body={"minutes": 20}, send_before=day.now - timedelta(minutes=1))
    answer = day.take(late)
    assert (answer.outcome, answer.code) == ("applied", "without_message")
    assert day.messages("outgoing") == []
    day.thread.last_inbound_at = day.now


def test_on_my_way_says_when(day: Round) -> None:
    answer = day.take(day.step("on_the_way", body={"minutes": 20}, send_before=day.now + timedelta(minutes=15)))
    assert answer.code == "with_message", answer
    (message,) = day.messages("outgoing")
    assert message.text.startswith("Tim")
    assert day.session.execute(sa.select(sa.func.count()).select_from(Delivery)).scalar_one() == 1


def test_whoever_was_not_at_home_is_told_in_their_language_unless_it_comes_too_late(day: Round) -> None:
    day.session.get_one(Contact, day.visit.contact_id).language = "fr"
    late = day.take(day.step("not_home", body={"tell": True}, send_before=day.now - timedelta(minutes=1)))
    assert (late.code, day.messages("outgoing")) == ("without_message", [])
    day.take(day.step("arrived"))
    assert day.take(day.step("not_home", body={"tell": True}, send_before=day.now + timedelta(hours=2))).code == "with_message"
    (message,) = day.messages("outgoing")
    assert message.text.startswith("Tim s’est présenté")


def test_a_visit_that_found_nobody_is_a_task_until_there_is_another(day: Round) -> None:
    def tasks() -> list[tuple[str, str, TaskStatus]]:
        query = sa.select(Task).where(Task.task_type == TaskType.SCHEDULE_VISIT).order_by(Task.id)
        return [(one.title, one.notes, one.status) for one in day.session.execute(query).scalars()]

    title = f"Plan again: {day.visit.title}"
    day.take(day.step("not_home"))
    assert tasks() == [(title, "Nobody opened the door", TaskStatus.OPEN)]
    day.take(day.step("arrived"))
    assert [status for _title, _notes, status in tasks()] == [TaskStatus.COMPLETED]
    day.take(day.step("aborted", body={"text": "Kast te klein"}))
    assert tasks()[1:] == [(title, "It is not safe to work there\nKast te klein", TaskStatus.OPEN)]
    content = TaskContent(day.brand.id, "Schouw", task_type=TaskType.SCHEDULE_VISIT, thread_id=day.thread.id)
    create_task(day.session, content, now=day.now, actor=Actor(day.carla.id))
    later = {"starts_at": day.now + timedelta(days=2), "ends_at": day.now + timedelta(days=2, hours=1)}
    make_appointment(day.session, day.thread, now=day.now, **later)
    assert [status for _title, _notes, status in tasks()] == [TaskStatus.COMPLETED, TaskStatus.COMPLETED, TaskStatus.OPEN]


def test_a_photo_waits_for_its_bytes_and_then_hangs_in_the_conversation(day: Round) -> None:
    missing = day.new("photo", body={"label": "fuse_box"}, file_id=uuid.uuid4())
    assert day.take(missing).code == "missing_upload"
    photo = day.new("photo", body={"label": "fuse_box"}, file_id=day.file())
    assert day.take(photo).outcome == "applied"
    (note,) = day.messages("internal_note")
    (file,) = day.session.execute(sa.select(Attachment).where(Attachment.message_id == note.id)).scalars()
    assert note.text == "Photo: Fuse box"
    assert file.filename.startswith("fuse_box")
    assert [one.body["label"] for one in read_record(day.session, day.visit.id).photos] == ["fuse_box"]


def test_what_was_thrown_away_does_nothing_when_it_comes_later(day: Round) -> None:
    note = day.new()
    away = discard_action(day.session, note.id, device_id=DEVICE, user_id=day.tim.id, now=day.now)
    assert (away.outcome, day.take(note).outcome) == ("discarded", "discarded")
    assert day.messages("internal_note") == []
    there = day.new()
    day.take(there)
    assert discard_action(day.session, there.id, device_id=DEVICE, user_id=day.tim.id, now=day.now).outcome == "already"


@pytest.mark.parametrize("hours", [3, -24])
def test_a_wrong_clock_puts_nothing_in_the_future_and_nothing_out_of_order(day: Round, hours: int) -> None:
    off = timedelta(hours=hours)
    first = day.step("arrived", occurred_at=day.now + off, clock_offset_ms=int(-off.total_seconds() * 1000))
    second = day.step("in_progress", occurred_at=day.now - timedelta(days=2))
    day.send(first, second)
    times = [row.occurred_at for row in day.ledger()]
    assert times == sorted(times)
    assert max(times) <= day.now


def test_the_record_has_the_newest_word_on_each_thing(day: Round) -> None:
    day.take(day.new("meter", body={"when": "before", "value": "48213.4"}))
    day.take(day.new("meter", body={"when": "before", "value": "48213.5"}))
    day.take(day.new("serial", body={"text": "ACE0412873"}))
    day.take(day.new("checklist", body={"item": "Aarde gemeten", "answer": "yes"}))
    day.take(day.new("signature", body={"name": "P. van Dam", "strokes": "", "statement": ""}))
    found = read_record(day.session, day.visit.id)
    assert found.meters["before"].body["value"] == "48213.5"
    assert [one.body["text"] for one in found.serials] == ["ACE0412873"]
    assert found.checks["Aarde gemeten"].body["answer"] == "yes"
    assert found.signature is not None


def test_a_serial_number_is_put_right_in_its_place_and_what_stood_there_is_known(day: Round) -> None:
    wrong, other = day.new("serial", body={"text": "ACE041287"}), day.new("serial", body={"text": "MID-7"})
    still_wrong = day.new("serial", body={"text": "ACE0412873", "corrects": str(wrong.id)})
    right = day.new("serial", body={"text": "ACE0412874", "corrects": str(wrong.id)})
    lost = day.new("serial", body={"text": "ACE9", "corrects": str(uuid.uuid4())})
    day.send(wrong, other, still_wrong, right, lost)
    found = read_record(day.session, day.visit.id)
    assert [one.body["text"] for one in found.serials] == ["ACE0412874", "MID-7", "ACE9"]
    assert found.typed == {right.id: ("ACE041287", "ACE0412873")}


@pytest.mark.parametrize(
    ("before", "after", "runs_back"), [("48213.4", "48213.3", True), ("9.5", "10.1", False), ("7", "7.000", False)]
)
def test_a_meter_that_shows_less_after_the_work_is_seen(day: Round, before: str, after: str, runs_back: bool) -> None:
    day.take(day.new("meter", body={"when": "after", "value": after}))
    assert not read_record(day.session, day.visit.id).meter_runs_back
    day.take(day.new("meter", body={"when": "before", "value": before}))
    assert read_record(day.session, day.visit.id).meter_runs_back is runs_back
