"""Which messages a machine wrote by itself, which a person did, and which began their conversation."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.events.models import Event
from app.domain.threads.models import Message, MessageType


def is_automatic_answer() -> sa.ColumnElement[bool]:
    """True for messages that answered somebody by themselves; a reminder of a visit and a question afterwards answer nobody."""
    others = (~Message.meta.has_key(name) for name in ("appointment_id", "survey_invitation_id"))
    return sa.and_(Message.message_type == MessageType.AUTO_RESPONSE, *others)


def by_people(session: Session, events: Iterable[Event]) -> list[Event]:
    """Those events of messages that a person wrote and no machine."""
    messages = ((event, session.get(Message, event.message_id)) for event in events if event.message_id)
    return [event for event, message in messages if message is not None and message.automatic is None]


BEGINS = {"begins_thread": True}
"""In the payload of a `MessageReceived`: its conversation was made with it, in the same transaction."""


def in_older_threads(events: Iterable[Event]) -> list[Event]:
    """Those events whose conversation was there before. In another one nobody waits, watches or has planned anything yet."""
    return [event for event in events if not event.payload.get("begins_thread")]
