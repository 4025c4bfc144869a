"""The conversations of a technician's visits, with photos; and why a visit could not go on, with a photo of it."""

from __future__ import annotations

import io
import uuid
from datetime import timedelta

import sqlalchemy as sa

from app.domain.connections.models import Channel
from app.domain.field.models import PhoneAction
from app.domain.field.record import read_record
from app.domain.field.steps import VisitStep
from app.domain.field.visit_threads import list_visit_threads
from app.domain.threads.models import Attachment
from tests.domain.appointments.factories import make_appointment
from tests.domain.field.conftest import PNG, Round
from tests.factories import make_contact, make_message, make_thread
from tests.web.field.test_pages import action, form, send


def test_a_photo_goes_to_the_customer_with_words_or_without(day: Round) -> None:
    kept = day.file()
    body = {"text": "", "last_seen_message_id": str(day.seen.id)}
    one = action(day, "message", body=body, file_id=str(kept))
    assert [send(day, one).json["answers"][0]["outcome"] for _ in range(2)] == ["applied", "already"]
    assert form(day, "message", text="Zo ziet het eruit", file=(io.BytesIO(PNG), "x.png")).status_code == 303
    sent = day.messages("outgoing")
    assert [message.text for message in sent] == ["", "Zo ziet het eruit"]
    hanging = sa.select(Attachment.message_id).where(Attachment.message_id.in_([message.id for message in sent]))
    assert set(day.session.execute(hanging).scalars()) == {message.id for message in sent}
    assert "/attachments/" in day.get(f"/visits/{day.visit.id}")
    assert form(day, "message", text=" ").status_code == 422


def test_why_a_visit_could_not_go_on_is_kept_with_its_photo(day: Round) -> None:
    answer = form(day, "step", to="aborted", reason="not_possible", file=(io.BytesIO(PNG), "x.png"))
    assert answer.status_code == 303
    assert day.step_now() == VisitStep.ABORTED
    record = read_record(day.session, day.visit.id)
    assert record.labels == {"obstacle"}
    assert "Obstacle" in day.get(f"/visits/{day.visit.id}/report")


def test_conversations_are_those_of_ones_own_visits_and_unanswered_ones_come_first(day: Round) -> None:
    later = {"starts_at": day.now + timedelta(days=2), "ends_at": day.now + timedelta(days=2, hours=1)}
    channel, others = day.session.get_one(Channel, day.thread.channel_id), []
    for name, who in (("Sanne", day.tim), ("Nina", day.carla)):
        contact = make_contact(day.session, name, value=f"316{len(name)}{uuid.uuid4().int % 10**7:07}")
        thread = make_thread(day.session, channel, contact, at=day.now)
        make_message(day.session, thread, f"Bericht van {name}", at=day.now - timedelta(hours=1))
        others.append(make_appointment(day.session, thread, now=day.now, technician_user_id=who.id, **later))
    day.take(day.new("message", body={"text": "Ben er zo", "last_seen_message_id": str(day.seen.id)}))
    day.session.commit()
    found = list_visit_threads(day.session, viewer=day.viewer, now=day.now)
    assert [(one.visit.id, one.is_unanswered) for one in found] == [(others[0].id, True), (day.visit.id, False)]
    page = day.get("/visits/messages")
    assert "Bericht van Sanne" in page
    assert "Bericht van Nina" not in page
    assert day.session.execute(sa.select(sa.func.count()).select_from(PhoneAction)).scalar_one() == 1
