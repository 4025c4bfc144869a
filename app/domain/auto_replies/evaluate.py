"""Work out the automatic answer to a message: the occasion, a reason against an answer, and the text. The database is only
read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.core.text import mark as N_
from app.domain.accounts.models import Brand
from app.domain.auto_replies.eligibility import Letter, why_not
from app.domain.auto_replies.models import AutoReply, AutoReplyKind
from app.domain.auto_replies.order_questions import OrderQuestion, find_order_question
from app.domain.auto_replies.order_states import state_sentence
from app.domain.auto_replies.queries import read_letter
from app.domain.auto_replies.texts import choose_language, deadline_words, fill_in, moment_words
from app.domain.contacts.models import Contact
from app.domain.reply_templates.queries import first_name
from app.domain.sla.active_policies import calendar_of_channel
from app.domain.sla.calendar import Calendar
from app.domain.threads.models import Message, Thread

NEVER_OPEN = N_("The calendar has no opening hours")
NO_TEXT = N_("There is no automatic answer in the language of the message")


@dataclass(frozen=True)
class Look:
    """The automatic answer to one message: `text` in `language`, or the `reason` why none is sent."""

    kind: AutoReplyKind
    reason: str = ""
    language: str = ""
    text: str = ""


def look_at(
    session: Session,
    message: Message,
    thread: Thread,
    *,
    rules: Mapping[AutoReplyKind, AutoReply],
    now: datetime,
    as_new: bool = False,
) -> Look | None:
    """Work out the automatic answer to a message. Return None if no occasion applies. `as_new`: treat the message as if it
    arrived at `now`."""
    assert message.channel_id is not None
    calendar = calendar_of_channel(session, channel_id=message.channel_id, brand_id=thread.brand_id)
    question = find_order_question(message.subject, message.text)
    kind = _occasion(rules, question, is_open=is_open(calendar, now))
    if kind is None:
        return None
    letter = read_letter(session, message, thread, now=now)
    reason = why_not(_renewed(letter) if as_new else letter)
    if reason:
        return Look(kind, reason)
    return _written(session, rules[kind], message, thread, question, calendar, now)


def is_open(calendar: Calendar, now: datetime) -> bool:
    at = int(now.timestamp())
    return calendar.seconds_between(at, at + 1) == 1


def next_opening(calendar: Calendar, now: datetime) -> datetime | None:
    """Return when the calendar opens next, in the calendar's time zone, or None if it never opens."""
    found = calendar.after(int(now.timestamp()), 1)
    return None if found is None else calendar.local(found - 1)


def _occasion(rules: Mapping[AutoReplyKind, AutoReply], question: OrderQuestion | None, *, is_open: bool) -> AutoReplyKind | None:
    """Return the occasion for an answer, or None. A question about an order comes first, whether the calendar is open or not."""
    on = {kind for kind, rule in rules.items() if rule.is_on}
    if AutoReplyKind.ORDER_STATUS in on and question is not None:
        return AutoReplyKind.ORDER_STATUS
    return AutoReplyKind.CLOSED if AutoReplyKind.CLOSED in on and not is_open else None


def _renewed(letter: Letter) -> Letter:
    return replace(letter, age=timedelta(0), is_newest=True, in_talks=False)


def _written(
    session: Session,
    rule: AutoReply,
    message: Message,
    thread: Thread,
    question: OrderQuestion | None,
    calendar: Calendar,
    now: datetime,
) -> Look:
    contact = session.get(Contact, message.sender_contact_id) if message.sender_contact_id else None
    usual = session.get_one(Brand, message.brand_id).languages[0]
    language = choose_language(f"{message.subject}\n{message.text}", contact.language if contact else None, usual)
    text = rule.texts.get(language, "")
    opening = next_opening(calendar, now)
    if not text.strip():
        return Look(rule.kind, NO_TEXT)
    if opening is None and rule.kind == AutoReplyKind.CLOSED:
        return Look(rule.kind, NEVER_OPEN)
    values = {
        "contact.first_name": first_name(contact.name) if contact else "",
        "brand.name": session.get_one(Brand, thread.brand_id).name,
        "opening.at": moment_words(opening, language) if opening else "",
        "order.number": question.number if question else "",
        "order.status": _state(session, thread, contact, question, language),
        "answer.by": _promised(thread, calendar, language, now),
    }
    return Look(rule.kind, language=language, text=fill_in(text, values))


def _state(session: Session, thread: Thread, contact: Contact | None, question: OrderQuestion | None, language: str) -> str:
    if question is None:
        return ""
    contact_id = contact.id if contact else None
    return state_sentence(session, brand_id=thread.brand_id, contact_id=contact_id, number=question.number, language=language)


def _promised(thread: Thread, calendar: Calendar, language: str, now: datetime) -> str:
    """Return the due time of the thread's SLA clock in words, or "" if no clock runs or the time is past."""
    due = thread.response_due_at
    if due is None or due <= now:
        return ""
    local, today = calendar.local(int(due.timestamp())), calendar.local(int(now.timestamp()))
    return deadline_words(local, language, now=today)
