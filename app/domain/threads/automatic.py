"""Which messages a machine wrote by itself, and which a person did."""

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
