"""Check and add the parts that only a chat message has: the quoted message, buttons and lists, a template's file.

The checks come before anything is written, and each error names its form field."""

from __future__ import annotations

import uuid
from collections import Counter
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.base import ChannelRules
from app.contract.choices import BUTTONS, NUMBER, ChoiceLimits, Choices, read_choices
from app.core.text import known
from app.core.text import mark as N_
from app.domain.connections.models import Channel
from app.domain.delivery.errors import UnableToReply
from app.domain.delivery.models import Delivery
from app.domain.threads.models import Attachment, Message, Thread

TOO_MANY = known("Use at most %(limit)s choices")
TOO_LONG = known("“%(text)s” has %(count)s characters; the maximum is %(limit)s")
TWICE = known("“%(text)s” appears twice")
TEXT_TOO_LONG = known("With buttons or a list, the text can have at most %(limit)s characters")


class Asked(Protocol):
    """The parts of a Reply that this module reads."""

    @property
    def text(self) -> str: ...
    @property
    def template(self) -> dict[str, Any] | None: ...
    @property
    def attachment_ids(self) -> tuple[uuid.UUID, ...]: ...
    @property
    def answers_message_id(self) -> uuid.UUID | None: ...
    @property
    def choices(self) -> dict[str, Any] | None: ...


def check_chat_parts(session: Session, thread: Thread, asked: Asked, channel: Channel, rules: ChannelRules) -> None:
    """Raise UnableToReply if the channel cannot send the quoted message, buttons or list of a reply."""
    if asked.answers_message_id is not None and find_answered(session, thread, asked.answers_message_id, channel) is None:
        raise UnableToReply("answers", N_("You cannot quote this message on this channel: answer without quoting it"))
    choices = read_choices(asked.choices)
    if choices is None:
        return
    if rules.choices is None:
        raise UnableToReply("choices_kind", N_("This channel does not support buttons or lists"))
    if asked.attachment_ids or asked.template:
        raise UnableToReply(
            "choices_kind", N_("A message with buttons or a list cannot have a file: send the file in a separate message")
        )
    if len(asked.text) > rules.choices.text:
        raise UnableToReply("message_content", TEXT_TOO_LONG % {"limit": rules.choices.text})
    _check_choices(choices, rules.choices)


def _check_choices(choices: Choices, limits: ChoiceLimits) -> None:
    if choices.kind == NUMBER:
        return
    is_buttons = choices.kind == BUTTONS
    field, most = ("button_1", limits.buttons) if is_buttons else ("row_title_1", limits.rows)
    if not choices.options:
        raise UnableToReply(field, N_("Enter at least one choice"))
    if len(choices.options) > most:
        raise UnableToReply(field, TOO_MANY % {"limit": most})
    if not is_buttons and not choices.label:
        raise UnableToReply("list_label", N_("Enter the text of the button that opens the list"))
    _check_length("list_label", choices.label, limits.label)
    for number, option in enumerate(choices.options, start=1):
        title_field = f"button_{number}" if is_buttons else f"row_title_{number}"
        if not option.title:
            raise UnableToReply(title_field, N_("A row with a description needs a title"))
        _check_length(title_field, option.title, limits.button_title if is_buttons else limits.row_title)
        _check_length(f"row_description_{number}", option.description, limits.row_description)
    twice = [title for title, count in Counter(option.title for option in choices.options).items() if count > 1]
    if twice:
        number = max(n for n, option in enumerate(choices.options, start=1) if option.title == twice[0])
        raise UnableToReply(f"button_{number}" if is_buttons else f"row_title_{number}", TWICE % {"text": twice[0]})


def _check_length(field: str, text: str, limit: int) -> None:
    if len(text) > limit:
        raise UnableToReply(field, TOO_LONG % {"text": text, "count": len(text), "limit": limit})


def find_answered(session: Session, thread: Thread, message_id: uuid.UUID, channel: Channel) -> Message | None:
    """Return the message of this thread that a reply quotes, or None if the channel's provider does not know it."""
    known_there = (Message.id == message_id, Message.thread_id == thread.id, Message.external_id.is_not(None))
    way = (Message.medium == channel.medium.value, Message.medium != "email", Message.revoked_at.is_(None))
    return session.execute(sa.select(Message).where(*known_there, *way)).scalar_one_or_none()


def add_chat_parts(
    session: Session, thread: Thread, message: Message, delivery: Delivery, asked: Asked, channel: Channel
) -> None:
    """Store the quoted message, buttons or list of a checked reply on its first message and delivery."""
    if asked.answers_message_id is not None:
        answered = find_answered(session, thread, asked.answers_message_id, channel)
        if answered is not None:
            message.reply_to_message_id = answered.id
            delivery.outgoing = {**delivery.outgoing, "reply_to_external_id": answered.external_id}
    if asked.choices:
        message.meta = {**message.meta, "choices": asked.choices}
        delivery.outgoing = {**delivery.outgoing, "choices": asked.choices}
    session.flush()


def check_files(session: Session, attachment_ids: tuple[uuid.UUID, ...], rules: ChannelRules) -> None:
    """Raise UnableToReply, naming the file, if the provider would refuse one of these files."""
    if rules.find_file_problem is None or not attachment_ids:
        return
    columns = (Attachment.filename, Attachment.content_type, Attachment.size_bytes)
    for row in session.execute(sa.select(*columns).where(Attachment.id.in_(attachment_ids)).order_by(Attachment.id)):
        problem = rules.find_file_problem(row.content_type, row.size_bytes or 0)
        if problem is not None:
            said = " · ".join(filter(None, [row.filename, problem.title, problem.advice]))
            raise UnableToReply("attachments", said)


HEADER_MISSING = {
    "image": N_("Choose the picture for the template"),
    "video": N_("Choose the video for the template"),
    "document": N_("Choose the document for the template"),
}


def check_template_file(session: Session, asked: Asked, rules: ChannelRules) -> None:
    """Raise `UnableToReply` if the template's header needs a file and none is given, or if the provider would refuse the file."""
    header = (asked.template or {}).get("header")
    if not header or rules.find_header_problem is None:
        return
    columns = (Attachment.filename, Attachment.content_type, Attachment.size_bytes)
    row = session.execute(sa.select(*columns).where(Attachment.id.in_(asked.attachment_ids))).one_or_none()
    if row is None:
        raise UnableToReply("template_file", HEADER_MISSING[header])
    problem = rules.find_header_problem(header, row.content_type, row.size_bytes or 0)
    if problem is not None:
        raise UnableToReply("template_file", " · ".join(filter(None, [row.filename, problem.title, problem.advice])))


def takes_caption(session: Session, attachment_id: uuid.UUID, rules: ChannelRules) -> bool:
    """Return True if the text can be sent as the caption of this file, or False if it must be a message of its own before the
    file."""
    if rules.takes_caption is None:
        return True
    query = sa.select(Attachment.content_type).where(Attachment.id == attachment_id)
    return rules.takes_caption(session.execute(query).scalar_one_or_none() or "")
