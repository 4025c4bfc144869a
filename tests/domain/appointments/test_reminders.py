"""A contact is reminded of a visit once, a day before, by a mail through the provider that sends for programs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.db import table_of
from app.core.runtime import EXTENSION, runtime
from app.domain.accounts.models import Brand
from app.domain.appointments.actions import set_appointment_state
from app.domain.appointments.jobs import send_reminder
from app.domain.appointments.models import Appointment, AppointmentReminder, AppointmentState, ReminderOutcome
from app.domain.connections.models import Channel, ChannelType
from app.domain.contacts.details import set_consent
from app.domain.contacts.models import ConsentPurpose, Contact
from app.domain.delivery.jobs import deliver
from app.domain.delivery.models import Delivery
from app.domain.events.actions import SYSTEM, record
from app.domain.sla.models import FactKind, SlaFact
from app.domain.suppressions.models import Suppression
from app.domain.threads.actions import NewMessage, add_message, check_nothing_newer, lock_thread, subject_of
from app.domain.threads.automatic import is_automatic_answer
from app.domain.threads.merge import merge_threads
from app.domain.threads.models import Message, MessageType, Thread
from app.domain.threads.spam import mark_spam
from app.mail.addressing import read_plus_token
from app.providers.sendgrid import KEY as EMAIL_SENDGRID
from app.providers.sendgrid.adapter import SendGridMail
from app.sandbox.simulators.common import serve
from app.sandbox.simulators.sendgrid import create_sendgrid_app
from app.sandbox.simulators.sendgrid.store import Account
from tests.domain.appointments.factories import make_appointment, move_appointment
from tests.factories import make_brand, make_channel, make_contact, make_thread

REMINDERS = table_of(AppointmentReminder)
CUSTOMER = "pieter@example.nl"


@dataclass
class House:
    session: Session
    provider: Account
    channel: Channel
    pieter: Contact
    thread: Thread
    now: datetime

    def visit(self, hours: float = 72, **more: Any) -> Appointment:
        """One that begins so many hours from now."""
        one = make_appointment(self.session, self.thread, now=self.now, starts_at=self.now + timedelta(hours=hours), **more)
        self.session.commit()
        return one

    def move(self, one: Appointment, hours: float) -> None:
        starts_at = self.now + timedelta(hours=hours)
        times = {"starts_at": starts_at, "ends_at": starts_at + timedelta(hours=2)}
        move_appointment(self.session, one.id, **times, now=self.now, actor=SYSTEM)
        self.session.commit()

    def let_pass(self, hours: float) -> None:
        """So many hours go by: everything that was planned lies so much earlier."""
        by = sa.func.make_interval(0, 0, 0, 0, 0, 0, hours * 3600)
        for table, names in ((REMINDERS, ("run_at", "starts_at")), (table_of(Appointment), ("starts_at", "ends_at"))):
            self.session.execute(sa.update(table).values({name: table.c[name] - by for name in names}))
        self.session.commit()
        self.session.expire_all()

    def work(self) -> None:
        """Workers are told of every reminder, twice, and deliver what was queued."""
        for row_id in [one.id for one in self.rows()] * 2:
            send_reminder(row_id=str(row_id))
        for delivery_id in self.session.execute(sa.select(Delivery.id)).scalars().all():
            deliver(row_id=str(delivery_id))
        self.session.expire_all()

    def rows(self) -> list[AppointmentReminder]:
        query = sa.select(AppointmentReminder).order_by(AppointmentReminder.created_at, AppointmentReminder.id)
        return list(self.session.execute(query.execution_options(populate_existing=True)).scalars())

    def outcomes(self) -> list[tuple[str | None, str]]:
        return [(one.outcome.value if one.outcome else None, one.reason) for one in self.rows()]

    def mails(self) -> list[dict[str, Any]]:
        return list(self.provider.bodies)


@pytest.fixture
def house(app: Flask, app_context: Flask, db_session: Session) -> Iterator[House]:
    simulated = create_sendgrid_app()
    server, usual = serve(simulated), runtime()
    senders = {**usual.adapters.senders, EMAIL_SENDGRID: _sendgrid(server.url)}
    app.extensions[EXTENSION] = replace(usual, adapters=replace(usual.adapters, senders=senders))
    brand = make_brand(db_session, name="ChargeCars")
    settings = {"transport": "sendgrid", "reminder_template_nl": "d-nl", "reminder_template_fr": "d-fr"}
    account = {"address": "service@chargecars.example", "settings": settings, "secrets": {"api_key": "SG.simulated-key"}}
    channel = make_channel(db_session, brand, ChannelType.EMAIL, keyring=runtime().keyring, **account)  # type: ignore[arg-type]
    pieter = make_contact(db_session, "Pieter", kind="email", value=CUSTOMER)
    thread = make_thread(db_session, channel, pieter, subject="Nieuwe laadpaal")
    db_session.commit()
    yield House(db_session, simulated.config["ACCOUNT"], channel, pieter, thread, utc_now())
    app.extensions[EXTENSION] = usual
    server.stop()


def _sendgrid(url: str) -> Any:
    return SendGridMail(runtime().http, url)


def test_a_reminder_goes_out_a_day_before_once_with_the_template_of_the_language(house: House) -> None:
    one = house.visit(72)
    assert [row.run_at for row in house.rows()] == [one.starts_at - timedelta(hours=24)]
    house.work()
    assert house.mails() == []
    house.let_pass(48.5)
    house.work()
    (body,) = house.mails()
    assert body["template_id"] == "d-nl"
    facts = body["personalizations"][0]["dynamic_template_data"]
    assert (body["personalizations"][0]["to"][0]["email"], facts["title"]) == (CUSTOMER, "Schouw")
    assert house.outcomes() == [("sent", "")]
    house.work()
    assert len(house.mails()) == 1


def test_it_speaks_the_customers_language_on_the_clock_of_the_place(house: House) -> None:
    house.pieter.language = "fr"
    tomorrow = (house.now + timedelta(hours=20)).replace(minute=0, second=0, microsecond=0)
    one = make_appointment(house.session, house.thread, now=house.now, starts_at=tomorrow, zone="America/New_York")
    house.session.commit()
    house.work()
    body = house.mails()[0]
    facts = body["personalizations"][0]["dynamic_template_data"]
    assert (body["template_id"], facts["language"]) == ("d-fr", "fr")
    assert facts["time"] == f"{one.starts_at.astimezone(ZoneInfo('America/New_York')):%H:%M}"


def test_without_a_template_the_mail_is_ours(house: House) -> None:
    house.channel.settings = {"transport": "sendgrid"}
    house.visit(20, place="Kerkstraat 12")
    house.work()
    (body,) = house.mails()
    assert "template_id" not in body
    text = body["content"][0]["value"]
    assert "Kerkstraat 12" in text
    assert text.startswith("Hallo Pieter,")


def test_a_visit_that_moves_stops_the_old_reminder_and_promises_one_for_the_new_time(house: House) -> None:
    one = house.visit(72)
    house.move(one, 96)
    first, second = house.rows()
    assert (first.outcome, second.outcome, second.run_at) == (
        ReminderOutcome.STOPPED,
        None,
        house.now + timedelta(hours=72),
    )
    house.let_pass(80)
    house.work()
    assert len(house.mails()) == 1
    assert house.outcomes() == [("stopped", "The visit was moved."), ("sent", "")]


def test_a_move_after_the_reminder_went_reminds_of_the_new_time_and_the_way_back_says_nothing_twice(house: House) -> None:
    one = house.visit(20)
    house.work()
    house.move(one, 23)
    house.work()
    house.move(one, 20)
    house.work()
    assert len(house.mails()) == 2
    assert [outcome for outcome, _why in house.outcomes()] == ["sent", "sent"]


def test_a_cancelled_visit_is_not_reminded_of_until_it_is_planned_again(house: House) -> None:
    one = house.visit(20)
    set_appointment_state(house.session, one.id, AppointmentState.CANCELLED, now=house.now, actor=SYSTEM)
    house.session.commit()
    house.work()
    assert (house.mails(), house.outcomes()) == ([], [("stopped", "The visit was cancelled.")])
    set_appointment_state(house.session, one.id, AppointmentState.PLANNED, now=house.now, actor=SYSTEM)
    house.session.commit()
    house.work()
    assert len(house.mails()) == 1


@pytest.mark.parametrize(("hours", "outcome", "mails"), [(0.9, "too_late", 0), (1.5, "sent", 1), (23, "sent", 1)])
def test_what_is_planned_late_is_reminded_of_at_once_or_not_at_all(house: House, hours: float, outcome: str, mails: int) -> None:
    house.visit(hours)
    house.work()
    assert [one for one, _why in house.outcomes()] == [outcome]
    assert len(house.mails()) == mails


def test_a_worker_that_wakes_too_late_sends_nothing(house: House) -> None:
    house.visit(72)
    house.let_pass(71.5)
    house.work()
    assert (house.mails(), house.outcomes()) == ([], [("too_late", "Less than an hour was left before the visit.")])


def test_only_visits_are_reminded_of(house: House) -> None:
    house.visit(20, kind="call")
    assert house.rows() == []


def test_nothing_goes_to_a_stopped_address_nor_against_their_word(house: House) -> None:
    stopped = Suppression(brand_id=house.channel.brand_id, address=CUSTOMER, reason="bounced", source="user", detail="")
    stopped.occurred_at = stopped.created_at = house.now
    house.session.add(stopped)
    house.visit(20)
    house.work()
    assert house.mails() == []
    assert house.outcomes()[0][0] == "stopped"
    assert CUSTOMER in house.outcomes()[0][1]
    house.session.delete(stopped)
    who = {"basis": "telefoon", "actor": SYSTEM, "now": house.now}
    set_consent(house.session, house.pieter, ConsentPurpose.VISIT_REMINDER, is_given=False, **who)  # type: ignore[arg-type]
    house.visit(21)
    house.work()
    assert house.mails() == []
    assert house.outcomes()[1] == ("stopped", "The contact declined reminders.")


def test_without_an_address_or_a_channel_it_says_so(house: House) -> None:
    house.channel.settings = {**house.channel.settings, "visit_reminders": "off"}
    house.visit(20)
    house.work()
    assert house.outcomes() == [("stopped", "No channel of the brand sends reminders.")]


def test_a_worker_that_was_overtaken_by_a_move_sends_nothing(house: House) -> None:
    """The row was ended while the worker wrote: its lease is gone, and so is everything it wrote."""
    one = house.visit(20)
    (row,) = house.rows()
    held = {"state": "running", "lease_token": None, "attempts": 1}
    house.session.execute(sa.update(REMINDERS).where(REMINDERS.c.id == row.id).values(**held))
    house.session.commit()
    house.move(one, 200)
    house.work()
    assert house.mails() == []
    assert house.outcomes() == [("stopped", "The visit was moved."), (None, "")]
    assert datetime.now(UTC) < house.rows()[1].run_at


def reminder_in(house: House, thread: Thread) -> tuple[Message, Delivery]:
    query = sa.select(Message, Delivery).join(Delivery, Delivery.message_id == Message.id)
    (found,) = house.session.execute(query.where(Message.thread_id == thread.id)).all()
    return found[0], found[1]


def hear(house: House, thread: Thread, text: str = "Kan het dinsdag?", **values: Any) -> Message:
    """Pieter writes in the thread, by mail unless told otherwise."""
    said = {"external_id": "vraag-1@example.nl", "sender": {"name": "Pieter", "address": CUSTOMER}, **values}
    new = NewMessage(MessageType.INCOMING, thread.medium, occurred_at=house.now, text=text, subject="Laadpaal", values=said)
    message = add_message(house.session, lock_thread(house.session, thread.id), new, now=house.now)
    record(house.session, "MessageReceived", subject=subject_of(thread, message), now=house.now)
    house.session.commit()
    return message


def test_it_stands_in_the_thread_of_the_visit_below_their_last_mail(house: House) -> None:
    hear(house, house.thread, meta={"references": ["eerste@example.nl"]})
    house.visit(20)
    house.work()
    message, delivery = reminder_in(house, house.thread)
    (body,) = house.mails()
    assert body["headers"]["In-Reply-To"] == "<vraag-1@example.nl>"
    assert body["headers"]["References"] == "<eerste@example.nl> <vraag-1@example.nl>"
    assert body["headers"]["Message-ID"] == f"<{delivery.rfc822_message_id}>"
    assert body["headers"]["Auto-Submitted"].startswith("auto-")
    assert body["reply_to"]["email"] == delivery.outgoing["reply_address"]
    token = delivery.outgoing["reply_address"].partition("+")[2].partition("@")[0]
    assert read_plus_token(token, keys=runtime().mail_keys, today=house.now.date()) == house.thread.number
    assert (message.medium, message.subject.startswith("Ons bezoek"), message.channel_id) == ("email", True, house.channel.id)
    assert house.session.execute(sa.select(sa.func.count()).select_from(Thread)).scalar_one() == 1


def test_it_answers_nobody_and_leaves_the_thread_as_it_is(house: House) -> None:
    """Their question still waits, its clock runs, and whoever is writing an answer is not stopped."""
    question = hear(house, house.thread)
    house.session.refresh(house.thread)
    before = (house.thread.status, house.thread.preview, house.thread.last_message_at)
    house.visit(20)
    house.work()
    house.session.refresh(house.thread)
    assert (house.thread.status, house.thread.preview, house.thread.last_message_at) == before
    answered = sa.select(SlaFact.id).where(SlaFact.thread_id == house.thread.id, SlaFact.kind == FactKind.ANSWERED)
    assert house.session.execute(answered).first() is None
    check_nothing_newer(house.session, house.thread, last_seen_message_id=question.id, user_id=None)


def test_of_a_visit_planned_in_a_chat_it_is_a_mail_in_that_thread(house: House) -> None:
    number = make_channel(house.session, house.session.get_one(Brand, house.channel.brand_id), keyring=runtime().keyring)
    chat = make_thread(house.session, number, house.pieter)
    make_appointment(house.session, chat, now=house.now, starts_at=house.now + timedelta(hours=20))
    house.session.commit()
    house.work()
    message, _delivery = reminder_in(house, chat)
    assert (message.medium, "In-Reply-To" in house.mails()[0]["headers"]) == ("email", False)


def test_it_follows_a_merge_of_its_thread(house: House) -> None:
    kept = make_thread(house.session, house.channel, house.pieter, subject="Ook over de laadpaal")
    house.visit(20)
    merge_threads(house.session, keep_id=kept.id, merge_id=house.thread.id, now=house.now)
    house.session.commit()
    house.work()
    assert reminder_in(house, kept)[0].text.startswith("Hallo Pieter")


@pytest.mark.parametrize("why", ["spam", "somebody else's", "none"])
def test_where_the_thread_is_not_theirs_it_begins_one_of_its_own(house: House, why: str) -> None:
    one = house.visit(20)
    if why == "spam":
        mark_spam(house.session, thread_id=house.thread.id, now=house.now, because="user")
    elif why == "none":
        one.thread_id = None
    else:
        one.contact_id = make_contact(house.session, "Anna", kind="email", value="anna@example.nl").id
    house.session.commit()
    house.work()
    assert len(house.mails()) == 1
    query = sa.select(Message.thread_id, Message.message_type).where(Message.message_type != MessageType.INCOMING)
    ((thread_id, what),) = house.session.execute(query).all()
    assert (thread_id != house.thread.id, what) == (True, MessageType.OUTGOING)


def test_a_reminder_does_not_use_up_the_automatic_answer_of_the_day(house: House) -> None:
    house.visit(20)
    house.work()
    message, _delivery = reminder_in(house, house.thread)
    query = sa.select(Message.id).where(Message.thread_id == house.thread.id)
    assert message.message_type == MessageType.AUTO_RESPONSE
    assert house.session.execute(query.where(is_automatic_answer())).all() == []
    message.meta = {}
    house.session.commit()
    assert len(house.session.execute(query.where(is_automatic_answer())).all()) == 1
