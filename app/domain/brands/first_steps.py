"""Read which first steps of the installation (the onboarding checklist) are done. Hide the checklist for a user."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.accounts.models import User
from app.domain.auto_replies.models import AutoReply
from app.domain.connections.models import Channel
from app.domain.routing.models import RoutingRule
from app.domain.threads.models import Message, MessageType


@dataclass(frozen=True)
class FirstSteps:
    """Which first steps are done. `is_hidden` is True if the user hid the checklist."""

    channel: bool
    colleague: bool
    message: bool
    answer: bool
    routing: bool
    auto_replies: bool
    is_hidden: bool

    @property
    def left(self) -> int:
        return sum(not done for name, done in vars(self).items() if name != "is_hidden")


def read_first_steps(session: Session, user_id: uuid.UUID) -> FirstSteps:
    """Read which first steps are done, in one query."""
    answered = sa.and_(Message.message_type == MessageType.OUTGOING, Message.sent_at.is_not(None))
    steps = {
        "channel": sa.exists().where(Channel.is_active),
        "colleague": sa.exists().where(User.id != user_id, User.disabled_at.is_(None)),
        "message": sa.exists().where(Message.message_type == MessageType.INCOMING),
        "answer": sa.exists().where(answered),
        "routing": sa.exists().where(RoutingRule.is_on),
        "auto_replies": sa.exists().where(AutoReply.is_on),
        "is_hidden": sa.exists().where(User.id == user_id, User.hides_first_steps),
    }
    row = session.execute(sa.select(*(step.label(name) for name, step in steps.items()))).one()
    return FirstSteps(**row._mapping)


def hide_first_steps(session: Session, user_id: uuid.UUID, *, is_hidden: bool) -> None:
    """Hide the first steps for one user, or show them again."""
    session.execute(sa.update(User).where(User.id == user_id).values(hides_first_steps=is_hidden))
