"""A done visit: its customer has the report once, in their language; what lacks is a task until it is there; another visit is
planned on the spot; a voice note is a file of the conversation, a photo has a small one."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from PIL import Image
from pypdf import PdfReader

from app.core.clock import utc_now
from app.core.runtime import runtime
from app.domain.appointments.models import Absence, Appointment, AppointmentState
from app.domain.connections.models import ChannelType
from app.domain.contacts.models import Contact, ContactIdentity
from app.domain.delivery.models import Delivery
from app.domain.events.actions import SYSTEM
from app.domain.events.models import Event
from app.domain.field.checklists import set_checklist
from app.domain.field.handlers import make_thumbnail, send_visit_report
from app.domain.field.models import FieldFile, PhoneAction, ReportOutcome, VisitReport
from app.domain.field.report_paper import draw_report, read_facts
from app.domain.tasks.actions import TaskContent, create_task
from app.domain.tasks.models import Task, TaskStatus, TaskType
from app.domain.threads.models import Attachment, Message, MessageType
from tests.domain.field.conftest import Round
from tests.factories import make_channel


def jpeg(size: tuple[int, int] = (900, 600)) -> bytes:
    kept = io.BytesIO()
    Image.new("RGB", size, (180, 60, 20)).save(kept, "JPEG")
    return kept.getvalue()


@pytest.fixture
def mailbox(day: Round) -> Round:
    """The brand has a mailbox, and Pieter a mail address."""
    with day.app.app_context():
        make_channel(
            day.session, day.brand, keyring=runtime().keyring, channel_type=ChannelType.EMAIL_OUTLOOK, address="info@x.nl"
        )
    identity = {"kind": "email", "value": "pieter@example.nl", "is_primary": False, "created_at": day.now}
    day.session.add(ContactIdentity(id=uuid.uuid4(), contact_id=day.visit.contact_id, **identity))
    day.session.commit()
    return day


@pytest.fixture
def work(day: Round) -> Callable[[], None]:
    """Workers take up what phones reported, twice."""

    def run() -> None:
        day.session.commit()
        query = sa.select(Event).where(Event.type == "VisitReported").order_by(Event.id)
        for event in list(day.session.execute(query).scalars()) * 2:
            with day.app.app_context():
                send_visit_report(event)
                if event.payload["kind"] == "photo":
                    make_thumbnail(event)
        day.session.expire_all()

    return run


def whole(day: Round) -> None:
    """A visit of which nothing lacks, up to its end."""
    day.take(day.step("arrived"))
    day.take(day.new("photo", body={"label": "after"}, file_id=day.file(jpeg())))
    day.take(day.new("checklist", body={"item": "Aarde gemeten", "answer": "yes"}))
    day.take(day.new("signature", body={"name": "P. van Dam", "strokes": "10,10 900,300;30,30", "statement": "Klaar."}))
    day.take(day.step("done"))


def tasks(day: Round) -> list[Task]:
    day.session.expire_all()
    return list(day.session.execute(sa.select(Task).where(Task.task_type == TaskType.DOCUMENTATION)).scalars())


def mails(day: Round) -> list[Message]:
    query = sa.select(Message).where(Message.medium == "email", Message.message_type == MessageType.AUTO_RESPONSE)
    return list(day.session.execute(query).scalars())


def test_the_customer_has_the_report_once_in_their_language(mailbox: Round, work: Callable[[], None]) -> None:
    day = mailbox
    day.session.get_one(Contact, day.visit.contact_id).language = "fr"
    whole(day)
    work()
    day.take(day.step("in_progress"))
    work()
    (mail,) = mails(day)
    assert mail.recipients["to"] == [{"name": "Pieter van Dam", "address": "pieter@example.nl"}]
    (paper,) = day.session.execute(sa.select(Attachment).where(Attachment.message_id == mail.id)).scalars()
    assert (paper.content_type, paper.thread_id) == ("application/pdf", day.thread.id)
    with day.app.app_context(), runtime().storage.open(str(paper.storage_key)) as kept:
        assert kept.read(5) == b"%PDF-"
    assert day.session.execute(sa.select(sa.func.count()).where(Delivery.message_id == mail.id)).scalar_one() == 1
    report = day.session.get_one(VisitReport, day.visit.id)
    assert (report.outcome, report.message_id) == (ReportOutcome.SENT, mail.id)


def test_why_no_report_was_sent_is_written_down(day: Round, work: Callable[[], None]) -> None:
    whole(day)
    work()
    report = day.session.get_one(VisitReport, day.visit.id)
    assert (report.outcome, report.reason) == (ReportOutcome.STOPPED, "The brand has no mailbox to send the report from.")
    assert mails(day) == []


def test_a_brand_that_wants_none_sends_none(mailbox: Round, work: Callable[[], None]) -> None:
    mailbox.brand.sends_visit_reports = False
    whole(mailbox)
    work()
    assert mails(mailbox) == []


def test_it_says_what_was_done_but_not_the_notes_for_the_office(day: Round) -> None:
    day.take(day.new("note", body={"text": "Klant is lastig"}))
    day.take(day.new("serial", body={"text": "ACE0412873", "what": "Laadpaal"}))
    whole(day)
    with day.app.app_context():
        facts = read_facts(day.session, day.visit.id)
        content = draw_report(facts, storage=runtime().storage, now=utc_now())
    text = " ".join(" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(content)).pages)
    for words in ("Rapport", "Pieter van Dam", "ACE0412873", "Aarde gemeten", "P. van Dam"):
        assert words in text
    assert "lastig" not in text


def test_what_lacks_is_a_task_until_it_is_there(day: Round) -> None:
    set_checklist(day.session, brand_id=day.brand.id, order_type="", items=["Aarde gemeten"], now=day.now, actor=SYSTEM)
    day.take(day.step("arrived"))
    day.take(day.step("done"))
    (task,) = tasks(day)
    assert task.notes.splitlines() == [
        "Not ticked: Aarde gemeten",
        "A photo of the finished work is missing.",
        "The customer's signature is missing.",
    ]
    day.take(day.new("photo", body={"label": "after"}, file_id=day.file()))
    day.take(day.new("signature", body={"name": "P.", "strokes": "", "statement": ""}))
    assert tasks(day)[0].status == TaskStatus.OPEN
    day.take(day.new("checklist", body={"item": "Aarde gemeten", "answer": "na"}))
    assert [one.status for one in tasks(day)] == [TaskStatus.COMPLETED]


def test_a_task_somebody_wrote_for_it_is_closed_by_the_whole_report(day: Round) -> None:
    content = TaskContent(day.brand.id, "Opleverdocument", task_type=TaskType.DOCUMENTATION, thread_id=day.thread.id)
    create_task(day.session, content, now=day.now, actor=SYSTEM)
    whole(day)
    assert [one.status for one in tasks(day)] == [TaskStatus.COMPLETED]


def test_another_visit_is_planned_on_the_spot_once(day: Round) -> None:
    when = {"date": (day.now + timedelta(days=7)).date().isoformat(), "time": "09:30", "minutes": 60, "text": "Kabel ingraven"}
    new = day.new("follow_up", body=when)
    assert [day.take(new).outcome for _ in range(2)] == ["applied", "already"]
    made = day.session.get_one(Appointment, new.id)
    assert (made.title, made.technician_user_id, made.thread_id) == ("Kabel ingraven", day.tim.id, day.thread.id)
    assert (made.state, made.ends_at - made.starts_at) == (AppointmentState.PLANNED, timedelta(hours=1))
    assert "it overlaps your other visit at" in day.take(day.new("follow_up", body=when)).words


def test_no_visit_is_planned_in_the_past_or_while_away(day: Round) -> None:
    past = {"date": "2020-01-01", "time": "09:30", "text": "Kabel"}
    assert day.take(day.new("follow_up", body=past)).code == "time"
    away = (day.now + timedelta(days=7)).date()
    day.session.add(Absence(user_id=day.tim.id, absent_date=away, note="", created_at=day.now))
    day.session.flush()
    assert day.take(day.new("follow_up", body={**past, "date": away.isoformat()})).code == "absent"


def test_a_voice_note_is_a_file_of_the_conversation(day: Round) -> None:
    answer = day.take(
        day.new("voice", body={"sound": "audio/webm", "seconds": 12}, file_id=day.file(b"\x1a\x45\xdf\xa3" + bytes(40)))
    )
    assert answer.outcome == "applied"
    (file,) = day.session.execute(sa.select(Attachment)).scalars()
    assert (file.content_type, file.filename.endswith(".webm")) == ("audio/webm", True)


def test_where_a_photo_was_taken_is_kept_only_if_the_brand_wants_it(day: Round) -> None:
    for is_kept in (False, True):
        day.brand.keeps_photo_place = is_kept
        day.session.flush()
        new = day.new("photo", body={"label": "before", "lat": "52.090", "lon": "5.121"}, file_id=day.file())
        day.take(new)
        assert ("lat" in day.session.get_one(PhoneAction, (day.tim.id, new.id)).body) is is_kept


def test_a_photo_has_a_small_one_and_what_is_no_picture_has_none(day: Round, work: Callable[[], None]) -> None:
    shown, broken = day.file(jpeg((2048, 1536))), day.file(b"\xff\xd8\xff" + bytes(50))
    for file_id in (shown, broken):
        day.take(day.new("photo", body={"label": "before"}, file_id=file_id))
    work()
    keys = {one.id: one.thumbnail_key for one in day.session.execute(sa.select(FieldFile)).scalars()}
    assert keys[broken] is None
    small = day.client.get(f"/visits/{day.visit.id}/files/{shown}?size=small").data
    assert len(small) <= 25 * 1024
    assert max(Image.open(io.BytesIO(small)).size) == 320
    assert day.client.get("/field/pack").json["pictures"] == [f"/visits/{day.visit.id}/files/{shown}?size=small"]
