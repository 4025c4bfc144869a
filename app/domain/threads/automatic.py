"""Distinguish messages written by a machine from those of people, and messages that began their thread from later ones."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.events.models import Event
from app.domain.threads.models import Message, MessageType


def is_automatic_answer() -> sa.ColumnElement[bool]:
    """Return the SQL condition for messages that are automatic answers.

    Visit reminders and survey questions are sent automatically, too, but they answer nobody and do not match.
    """
    others = (~Message.meta.has_key(name) for name in ("appointment_id", "survey_invitation_id"))
    return sa.and_(Message.message_type == MessageType.AUTO_RESPONSE, *others)


def by_people(session: Session, events: Iterable[Event]) -> list[Event]:
    """Return those events whose message was written by a person."""
    messages = ((event, session.get(Message, event.message_id)) for event in events if event.message_id)
    return [event for event, message in messages if message is not None and message.automatic is None]


BEGINS = {"begins_thread": True}
"""In the payload of a `MessageReceived`: its thread was created with the message, in the same transaction."""


def in_older_threads(events: Iterable[Event]) -> list[Event]:
    """Return those events whose message did not begin its thread. Only in an existing thread can a user be waiting or watching,
    or have planned something."""
    return [event for event in events if not event.payload.get("begins_thread")]
