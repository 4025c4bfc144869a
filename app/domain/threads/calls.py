"""Log phone calls that colleagues made or took themselves. Nothing is sent."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.events.actions import Actor, record
from app.domain.threads.actions import (
    NewMessage,
    add_message,
    after_reply,
    discard_draft,
    find_by_client_token,
    lock_thread,
    subject_of,
)
from app.domain.threads.models import Message, MessageType, Thread

CALL_META = "call"
MORNING = time(9)
SATURDAY = 5


class CallDirection(StrEnum):
    INCOMING = "incoming"
    OUTGOING = "outgoing"


class CallOutcome(StrEnum):
    REACHED = "reached"
    NO_ANSWER = "no_answer"
    VOICEMAIL = "voicemail"
    BUSY = "busy"
    FAILED = "failed"  # these two only a provider knows
    ONGOING = "ongoing"


UNANSWERED = frozenset({CallOutcome.NO_ANSWER, CallOutcome.VOICEMAIL})


@dataclass(frozen=True)
class Call:
    """One call as a person entered it. `at` is in UTC (aware), `minutes` its length, `number` the number of the other party."""

    direction: CallDirection
    outcome: CallOutcome
    at: datetime
    minutes: int | None = None
    number: str = ""
    notes: str = ""


@dataclass(frozen=True)
class Callback:
    """A task to call back. It is due on `due_date` at the time MORNING in the time zone `zone`."""

    title: str
    due_date: date
    zone: str


def log_call(
    session: Session,
    *,
    thread_id: uuid.UUID,
    call: Call,
    callback: Callback | None,
    actor: Actor,
    author_name: str,
    now: datetime,
    client_token: uuid.UUID | None = None,
) -> Message:
    """Add the record of a call to the thread, with the task to call back if one is wanted.

    If `client_token` was used before, return the existing record and create nothing. An outgoing call that reached the
    customer counts as an answer. Raises ThreadMissing.
    """
    thread = lock_thread(session, thread_id)
    repeat = find_by_client_token(session, actor.user_id, client_token)
    if repeat is not None:
        return repeat
    message = add_message(session, thread, _message(call, actor, author_name, client_token), now=now)
    _preview(thread, message, call)
    discard_draft(session, user_id=actor.user_id, thread_id=thread.id, kind="call")
    payload = {"direction": call.direction.value, "outcome": call.outcome.value, "callback": _payload(callback)}
    record(session, "CallLogged", subject=subject_of(thread, message), now=now, actor=actor, payload=payload)
    if call.direction == CallDirection.OUTGOING and call.outcome == CallOutcome.REACHED:
        after_reply(session, thread, actor=actor, now=now)
    session.flush()
    return message


def _message(call: Call, actor: Actor, author_name: str, client_token: uuid.UUID | None) -> NewMessage:
    other_side = {"to": [{"name": "", "address": call.number}]} if call.number else {}
    values = {
        "kind": "phone_call",
        "sender_user_id": actor.user_id,
        "sender": {"name": author_name},
        "recipients": other_side,
        "client_token": client_token,
        "meta": {CALL_META: {"direction": call.direction.value, "outcome": call.outcome.value, "minutes": call.minutes}},
    }
    return NewMessage(MessageType.PHONE_CALL, "phone", occurred_at=call.at, text=call.notes, values=values)


def _preview(thread: Thread, message: Message, call: Call) -> None:
    """Show the call's number as the thread's preview if the call has no notes."""
    if not message.text and thread.last_message_at == message.occurred_at:
        thread.preview = call.number


def _payload(callback: Callback | None) -> dict[str, Any] | None:
    if callback is None:
        return None
    due = {"due_date": callback.due_date.isoformat(), "due_time": MORNING.isoformat("minutes")}
    return {"title": callback.title, "zone": callback.zone, **due}


def is_no_missed_call() -> sa.ColumnElement[bool]:
    """Return the SQL condition for messages that are not records of missed calls."""
    missed: sa.ColumnElement[str] = Message.meta[CALL_META]["missed"].astext
    return missed.is_distinct_from("true")


def next_working_day(today: date) -> date:
    """Return the first day after `today` that is neither Saturday nor Sunday."""
    day = today + timedelta(days=1)
    while day.weekday() >= SATURDAY:
        day += timedelta(days=1)
    return day
