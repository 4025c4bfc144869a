"""Queue the reminder of a visit by WhatsApp or SMS, in the visit's thread or in a new one. The caller owns the transaction.

If free text is not allowed, the channel's approved template in the contact's language is sent. The channel settings
`reminder_template…` name the template, and `reminder_values` names the values for its placeholders.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from sqlalchemy.orm import Session

from app.core.text import known
from app.core.text import mark as N_
from app.domain.connections.models import Channel
from app.domain.contacts.models import Contact
from app.domain.delivery.actions import Reply, ReplyContext, queue_reply, window_closes_at
from app.domain.delivery.approved_templates import FilledTemplate, TemplateChoice, fill_choice, template_choices
from app.domain.delivery.errors import UnableToReply
from app.domain.events.actions import SYSTEM
from app.domain.threads.actions import NewThread, change_status, create_thread, lock_thread
from app.domain.threads.models import Message, Thread, ThreadStatus
from app.domain.threads.write_first import reach_by

VALUES = "customer_name; visit_date; visit_time"
NO_TEMPLATE = N_("The 24-hour window is closed, and the channel has no approved template for reminders.")
OTHER_COUNT = known(
    "The template %(name)s needs %(wanted)s values, but the settings of the channel list %(given)s. "
    "Separate the values with a semicolon (;)."
)
NOT_KNOWN = known("The reminder on this channel uses the value %(name)s, which does not exist")
BLANK = known("The template %(name)s needs a value that this visit does not have")
_MARKS = re.compile(r"[{}\s]")


def queue_chat_reminder(
    session: Session,
    text: str,
    facts: Mapping[str, str],
    *,
    contact: Contact,
    channel: Channel,
    home: Thread | None,
    author_name: str,
    context: ReplyContext,
) -> Message:
    """Queue the reminder of a visit as a chat message and return the message. It goes into the thread `home` if that uses the
    channel, otherwise into a new thread.

    Raises `UnableToReply` if the channel cannot reach the contact.
    """
    reach_by(session, contact, channel, now=context.now)
    thread = home if home is not None and home.channel_id == channel.id else _begin(session, facts, contact, channel, context)
    closes_at = window_closes_at(thread, context.rules)
    filled = _fill(channel, facts) if closes_at is not None and closes_at <= context.now else None
    reply = Reply(
        thread_id=thread.id,
        text=filled.text if filled else text,
        channel_id=channel.id,
        template=filled.template if filled else None,
        is_automatic=True,
        takes_thread=False,
    )
    return queue_reply(session, reply, channel=channel, author=SYSTEM, author_name=author_name, context=context)[0]


def _begin(session: Session, facts: Mapping[str, str], contact: Contact, channel: Channel, context: ReplyContext) -> Thread:
    """Create a resolved thread for the reminder, so that nobody has to work on it."""
    new = NewThread(
        brand_id=channel.brand_id,
        medium=channel.medium.value,
        subject=facts["title"],
        channel_id=channel.id,
        contact_id=contact.id,
    )
    thread = lock_thread(session, create_thread(session, new, now=context.now).id)
    change_status(session, thread_id=thread.id, status=ThreadStatus.RESOLVED, actor=SYSTEM, now=context.now)
    return thread


def _fill(channel: Channel, facts: Mapping[str, str]) -> FilledTemplate:
    choice = _choice(channel, facts["language"])
    names = choice.places if choice.named else tuple(filter(None, _names(channel)))
    if len(names) != len(choice.places):
        raise UnableToReply("template", OTHER_COUNT % {"name": choice.name, "wanted": len(choice.places), "given": len(names)})
    unknown = next((name for name in names if name not in facts), None)
    if unknown is not None:
        raise UnableToReply("template", NOT_KNOWN % {"name": unknown})
    filled = fill_choice(choice, {place: facts[name] for place, name in zip(choice.places, names, strict=True)})
    if filled.missing:
        raise UnableToReply("template", BLANK % {"name": choice.name})
    return filled


def _names(channel: Channel) -> list[str]:
    """Return the names in the setting `reminder_values`, written as "{{visit_date}}; {{visit_time}}", with or without braces."""
    return [_MARKS.sub("", part) for part in str(channel.settings.get("reminder_values") or VALUES).split(";")]


def _choice(channel: Channel, language: str) -> TemplateChoice:
    name = channel.settings.get("reminder_template")
    found = [choice for choice in template_choices(channel) if choice.name == name and not choice.header]
    if not found:
        raise UnableToReply("template", NO_TEMPLATE)
    return next((one for one in found if one.language.partition("_")[0].lower() == language), found[0])
