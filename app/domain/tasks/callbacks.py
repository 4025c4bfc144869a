"""Create and complete the task to call somebody back after a missed call."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from flask_babel import force_locale, gettext
from sqlalchemy.orm import Session

from app.domain.contacts.models import Contact
from app.domain.events.actions import SYSTEM
from app.domain.events.models import Event
from app.domain.tasks.actions import TaskContent, add_task, set_task_status
from app.domain.tasks.models import OPEN_STATUSES, Task, TaskStatus, TaskType
from app.domain.threads.models import Message, Thread

# What people speak where their number is from; elsewhere English.
LANGUAGE_OF = {"+31": "nl", "+32": "nl", "+597": "nl", "+33": "fr", "+352": "fr", "+377": "fr"}
LANGUAGES = ("nl", "fr", "en")


@dataclass(frozen=True)
class Due:
    """The time at which to call back. `at` is aware, or None if no time was promised. `zone` is the time zone of the task's
    date."""

    at: datetime | None
    zone: str


def make_task_of_missed_call(session: Session, message: Message, due: Due, *, now: datetime, caused_by: Event) -> Task | None:
    """Create the task to call back, for the thread's assignee.

    Return None if there is no number to call, if an open task for this caller exists, or if this call had a task before. The
    thread must be locked, so that a call never makes two tasks; the database also allows only one for each call.
    """
    number = number_of(message)
    if not number or _find_open(session, message) or _made_before(session, message.id):
        return None
    thread = session.get_one(Thread, message.thread_id)
    contact = session.get(Contact, message.sender_contact_id) if message.sender_contact_id else None
    name = contact.name if contact and contact.name else number
    local = due.at
    content = TaskContent(
        brand_id=message.brand_id,
        title=title_of(name, language_of(contact, number)),
        task_type=TaskType.CALLBACK,
        priority=thread.priority,
        assignee_user_id=thread.assignee_user_id,
        due_date=local.date() if local else None,
        due_time=local.time().replace(second=0, microsecond=0) if local else None,
        thread_id=thread.id,
        zone=due.zone,
    )
    return add_task(session, content, now=now, actor=SYSTEM, called_in_message_id=message.id, caused_by=caused_by)


def complete_callbacks(session: Session, message: Message, *, now: datetime) -> int:
    """Complete all open tasks to call back the person who was reached in this call. Return how many."""
    waiting = _find_open(session, message)
    for task_id in waiting:
        set_task_status(session, task_id, TaskStatus.COMPLETED, now=now, actor=SYSTEM)
    return len(waiting)


def language_of(contact: Contact | None, number: str) -> str:
    """Return the caller's language: the contact's language, or else the language of the number's country, or else "en" for
    English."""
    if contact is not None and contact.language in LANGUAGES:
        return str(contact.language)
    return next((language for code, language in LANGUAGE_OF.items() if number.startswith(code)), "en")


def title_of(name: str, language: str) -> str:
    with force_locale(language):
        return str(gettext("Call back %(name)s", name=name))[:300]


def number_of(message: Message) -> str:
    """Return the phone number of the other person in a call record. Return "" if there is none."""
    told = message.recipients.get("to") or [{}]
    address = str(told[0].get("address") or "")
    return address if address.startswith("+") else ""


def _find_open(session: Session, message: Message) -> list[uuid.UUID]:
    """List the ids of open tasks to call back the other person of this call, the oldest first."""
    number, contact_id = number_of(message), _contact_id(session, message)
    same = [Message.recipients["to"][0]["address"].astext == number] if number else []
    if contact_id is not None:
        same.append(Message.sender_contact_id == contact_id)
    if not same:
        return []
    query = (
        sa.select(Task.id)
        .join(Message, Message.id == Task.called_in_message_id)
        .where(Task.brand_id == message.brand_id, Task.status.in_(OPEN_STATUSES), sa.or_(*same))
        .order_by(Task.id)
    )
    return list(session.execute(query).scalars())


def _contact_id(session: Session, message: Message) -> uuid.UUID | None:
    if message.sender_contact_id is not None:
        return message.sender_contact_id
    return session.execute(sa.select(Thread.contact_id).where(Thread.id == message.thread_id)).scalar_one_or_none()


def _made_before(session: Session, message_id: uuid.UUID) -> bool:
    return session.execute(sa.select(Task.id).where(Task.called_in_message_id == message_id)).first() is not None
