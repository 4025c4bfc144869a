"""Send one survey question or its reminder. The worker opens the transaction.

Each is sent exactly once: the row ends in the transaction that queues the message. Questions to one contact are sent one
after the other, so two threads of a contact do not both ask. All conditions are checked again before sending.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from app.contract.choices import LIST, Choice, Choices
from app.core.clock import utc_now
from app.core.db import advisory_xact_lock, table_of
from app.core.promises import Ended, Ending, Later, in_database
from app.core.runtime import runtime
from app.core.text import mark as N_
from app.core.work import Lease
from app.domain.accounts.models import Brand
from app.domain.connections.models import Channel, Medium
from app.domain.contacts.models import Contact
from app.domain.delivery.actions import Reply, ReplyContext, UnableToReply, queue_reply
from app.domain.delivery.first_mail import FirstMail, queue_mail_in_thread
from app.domain.delivery.recipient import find_recipient
from app.domain.events.actions import Actor, record
from app.domain.surveys.actions import OPEN_FOR
from app.domain.surveys.models import Survey, SurveyAnswer, SurveyInvitation, SurveyKind, SurveyOutcome
from app.domain.surveys.planning import GOES_ON, NOBODY, why_not
from app.domain.surveys.texts import (
    chat_text,
    choice_titles,
    mail_html,
    mail_text,
    question_of,
    subject_words,
    word,
)
from app.domain.surveys.times import within_hours
from app.domain.surveys.tokens import survey_token
from app.domain.threads.actions import lock_thread, subject_of
from app.domain.threads.models import Message, Thread
from app.mail.rich import clean_rich

OFF = N_("The brand no longer sends surveys.")
NO_CHANNEL = N_("The channel cannot send messages")
NO_ADDRESS = N_("The contact has no email address.")
ANSWERED = N_("Already answered.")
BY = {"kind": "survey", "name": "survey"}


@dataclass(frozen=True)
class _Letter:
    """The texts for the message with one question. `again` is True for a reminder."""

    language: str
    question: str
    name: str
    about: str
    brand: str
    url: str
    again: bool


def _carry_out(session: Session, lease: Lease) -> Ending:
    now = utc_now()
    planned = session.get_one(SurveyInvitation, lease.row_id)
    if planned.thread_id is None or planned.contact_id is None:
        return _ended(planned, SurveyOutcome.WITHHELD, NOBODY, now)
    thread = lock_thread(session, planned.thread_id)  # before the contact, as merges do
    advisory_xact_lock(session, f"surveys:{planned.brand_id}:{planned.contact_id}")
    row = session.get_one(SurveyInvitation, lease.row_id, populate_existing=True)
    survey = session.get_one(Survey, row.survey_id)
    is_again = row.sent_at is not None
    reason = _why_no_reminder(session, survey, row) if is_again else _why_not(session, survey, row, thread, now)
    if reason:
        return _ended(row, SurveyOutcome.WITHHELD, reason, now)
    at = within_hours(survey, now)
    if at > now:
        return Later((at - now).total_seconds(), is_try=False)
    try:
        with session.begin_nested():
            message = _queue(session, row, thread, survey, now, is_again=is_again)
    except UnableToReply as error:
        return _ended(row, SurveyOutcome.WITHHELD, str(error), now)
    subject = subject_of(thread, message)
    payload = {"invitation_id": str(row.id), "kind": row.kind.value, "again": is_again}
    record(session, "SurveySent", subject=subject, now=now, actor=Actor(by=BY), payload=payload)
    if is_again:
        return Ended({"outcome": SurveyOutcome.SENT, "reminded_at": now, "ended_at": now})
    sent: dict[str, Any] = {"sent_at": now, "expires_at": now + OPEN_FOR, "message_id": message.id}
    if row.medium == Medium.EMAIL and survey.reminder_days:
        return Later(timedelta(days=survey.reminder_days).total_seconds(), sent, is_try=False)
    return Ended({**sent, "outcome": SurveyOutcome.SENT, "ended_at": now})


PROMISE = in_database(
    table_of(SurveyInvitation),
    _carry_out,
    broken=lambda error: Ended({"outcome": SurveyOutcome.FAILED, "reason": type(error).__name__, "ended_at": utc_now()}),
    tries=5,
)


def _ended(row: SurveyInvitation, outcome: SurveyOutcome, reason: str, now: datetime) -> Ended:
    """Return how the row ends. A question that was sent keeps the outcome SENT, even if its reminder is not sent."""
    if row.sent_at is not None:
        return Ended({"outcome": SurveyOutcome.SENT, "ended_at": now})
    return Ended({"outcome": outcome, "reason": reason, "ended_at": now})


def _why_not(session: Session, survey: Survey, row: SurveyInvitation, thread: Thread, now: datetime) -> str:
    if not survey.is_on and survey.kind == SurveyKind.CSAT:
        return OFF
    if row.kind == SurveyKind.CSAT and thread.is_open:
        return GOES_ON
    return why_not(session, survey, thread, now=now)


def _why_no_reminder(session: Session, survey: Survey, row: SurveyInvitation) -> str:
    return ANSWERED if not survey.reminder_days or session.get(SurveyAnswer, row.id) is not None else ""


def _queue(session: Session, row: SurveyInvitation, thread: Thread, survey: Survey, now: datetime, *, is_again: bool) -> Message:
    channel = session.get(Channel, row.channel_id) if row.channel_id else None
    house = runtime()
    if channel is None or channel.adapter_key not in house.adapters.senders:
        raise UnableToReply("channel_id", NO_CHANNEL)
    context = ReplyContext(
        rules=house.adapters.rules[channel.channel_type.value],
        mail_keys=house.mail_keys,
        mail_domain=house.settings.mail_domain,
        now=now,
    )
    brand = session.get_one(Brand, row.brand_id)
    contact = session.get(Contact, row.contact_id)
    token = survey_token(row.id, house.settings.secret_key)
    letter = _Letter(
        language=row.language,
        question=question_of(row.kind, survey.questions, row.language),
        name=contact.name if contact is not None else "",
        about=thread.subject,
        brand=brand.name,
        url=f"{house.settings.public_url}/s/{token}",
        again=is_again,
    )
    queue = _mail if channel.medium == Medium.EMAIL else _chat
    message = queue(session, row, thread, channel, letter, context)
    message.meta = {**message.meta, "survey_invitation_id": str(row.id)}
    session.flush()
    return message


def _mail(
    session: Session, row: SurveyInvitation, thread: Thread, channel: Channel, letter: _Letter, context: ReplyContext
) -> Message:
    recipient = find_recipient(session, thread, channel, context.rules)
    if not recipient.address():
        raise UnableToReply("to", NO_ADDRESS)
    parts = {**vars(letter), "kind": row.kind}
    mail = FirstMail(
        to=recipient.address(),
        name=recipient.name,
        subject=subject_words(letter.language),
        text=mail_text(**parts),
        html=clean_rich(mail_html(**parts)),
        unsubscribe_url=f"{letter.url}/stop",
        is_bulk=True,
        meta={"survey_invitation_id": str(row.id)},
    )
    queue = partial(queue_mail_in_thread, session, mail, thread=thread, channel=channel)
    return queue(author=Actor(by=BY), author_name=letter.brand, context=context)


def _chat(
    session: Session, row: SurveyInvitation, thread: Thread, channel: Channel, letter: _Letter, context: ReplyContext
) -> Message:
    text = chat_text(language=letter.language, question=letter.question, url=letter.url)
    choices = None
    if channel.medium == Medium.WHATSAPP:
        options = tuple(Choice(title) for title in choice_titles(letter.language))
        choices = Choices(LIST, options, word(letter.language, "pick")).to_json()
    reply = Reply(thread_id=thread.id, text=text, channel_id=channel.id, is_automatic=True, choices=choices)
    author = Actor(by=BY)
    return queue_reply(session, reply, channel=channel, author=author, author_name=letter.brand, context=context)[0]
