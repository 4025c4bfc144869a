"""Check, write and queue the reply of a rule. A rule never replies to automatic mail, and not twice within an hour to a
contact."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.core.runtime import runtime
from app.core.text import mark as N_
from app.domain.accounts.access import Viewer
from app.domain.accounts.models import Brand, Role
from app.domain.automation.conditions import Facts
from app.domain.connections.models import Channel, Medium
from app.domain.delivery.actions import Reply, ReplyContext, UnableToReply, check_reply, queue_reply
from app.domain.events.actions import Actor
from app.domain.reply_templates.formatting import fill_html
from app.domain.reply_templates.models import ReplyTemplate
from app.domain.reply_templates.queries import TemplateMissing, get_facts, get_template
from app.domain.reply_templates.variables import fill
from app.domain.reply_templates.views import date_in
from app.domain.threads.automatic import is_automatic_answer
from app.domain.threads.models import Message, MessageType, Thread
from app.mail.rich import rich_to_text

ONCE_IN = timedelta(hours=1)
TO_A_MACHINE = N_("The last message was sent automatically, so we do not answer it")
NOBODY_WROTE = N_("No messages received yet")
LATELY = N_("This contact got an automatic answer within the last hour")
GONE = N_("The template is archived, or not for this brand")
NO_CHANNEL = N_("There is no channel to answer on")
OTHER_CHANNEL = N_("The template is not for this channel")
BLANKS = N_("The template has fields that we cannot fill in")


@dataclass(frozen=True)
class Answerable:
    """The facts that decide which of many threads a rule may answer with a template. They are read once for all these threads."""

    template: ReplyTemplate | None
    brand_ids: tuple[uuid.UUID, ...]
    channel_ids: frozenset[uuid.UUID]
    by_machines: frozenset[uuid.UUID]  # threads whose last message from outside is automatic
    written_to: frozenset[uuid.UUID]  # threads in which somebody wrote at all
    lately: frozenset[uuid.UUID]  # contacts that had an automatic answer

    def why_not(self, facts: Facts) -> str:
        """Return the reason why the rule may not answer this thread, or "" if it may."""
        template = self.template
        if template is None or template.archived_at is not None or (self.brand_ids and facts.brand_id not in self.brand_ids):
            return GONE
        if facts.is_ticket or facts.channel_id not in self.channel_ids:
            return NO_CHANNEL
        if template.media and facts.medium not in template.media:
            return OTHER_CHANNEL
        if facts.thread_id not in self.written_to:
            return NOBODY_WROTE
        if facts.thread_id in self.by_machines:
            return TO_A_MACHINE
        return LATELY if facts.contact_id in self.lately else ""


def read_answerable(
    session: Session, template_id: uuid.UUID, *, thread_ids: Collection[uuid.UUID], viewer: Viewer, now: datetime
) -> Answerable:
    """Read the facts that decide which of these threads may be answered. Five queries however many threads."""
    try:
        row = get_template(session, viewer=viewer, template_id=template_id)
        template, brand_ids = row.template, tuple(row.brand_ids)
    except TemplateMissing:
        template, brand_ids = None, ()
    sendable = sorted(runtime().adapters.senders)
    channels = session.execute(sa.select(Channel.id).where(Channel.is_active, Channel.adapter_key.in_(sendable))).scalars()
    newest = sa.select(Message.thread_id, Message.automatic).where(
        Message.thread_id.in_(thread_ids), Message.message_type == MessageType.INCOMING
    )
    newest = newest.ext(postgresql.distinct_on(Message.thread_id)).order_by(Message.thread_id, Message.seq.desc())
    last = session.execute(newest).all()
    sent = sa.select(Thread.contact_id).join(Message, Message.thread_id == Thread.id)
    sent = sent.where(is_automatic_answer(), Message.created_at > now - ONCE_IN)
    return Answerable(
        template=template,
        brand_ids=brand_ids,
        channel_ids=frozenset(channels),
        by_machines=frozenset(row.thread_id for row in last if row.automatic is not None),
        written_to=frozenset(row.thread_id for row in last),
        lately=frozenset(contact_id for contact_id in session.execute(sent).scalars() if contact_id),
    )


@dataclass(frozen=True)
class Written:
    """A reply that passed all checks made before sending, with its channel and context."""

    reply: Reply
    channel: Channel
    context: ReplyContext


def check_can_write(session: Session, thread: Thread, template: ReplyTemplate, *, viewer: Viewer, now: datetime) -> None:
    """Check that `write_reply` can write the reply, and raise its `UnableToReply` if not. For a template without variables this
    is quicker, because no thread facts are read."""
    needs_nothing = not fill(template.text, {}).missing
    write_reply(session, thread, template, viewer=viewer, now=now, facts={} if needs_nothing else None)


def write_reply(
    session: Session,
    thread: Thread,
    template: ReplyTemplate,
    *,
    viewer: Viewer,
    now: datetime,
    facts: dict[str, str] | None = None,
) -> Written:
    """Fill in the template for the thread. Raises `UnableToReply` if a variable has no value or the channel cannot send the
    reply."""
    channel = session.get(Channel, thread.channel_id) if thread.channel_id else None
    if channel is None:
        raise UnableToReply("channel_id", NO_CHANNEL)
    facts = get_facts(session, thread=thread, viewer=viewer, now=now) if facts is None else facts
    values = {**facts, "date.today": date_in(template.language, now)}
    filled = fill(template.text, values)
    if filled.missing:
        raise UnableToReply("template", BLANKS)
    html = fill_html(template.html, values) if channel.medium == Medium.EMAIL else ""
    house = runtime()
    rules = house.adapters.rules[channel.channel_type.value]
    context = ReplyContext(rules=rules, mail_keys=house.mail_keys, mail_domain=house.settings.mail_domain, now=now)
    text = rich_to_text(html) if html else filled.text
    signature = viewer.name if channel.medium == Medium.EMAIL else ""
    reply = Reply(thread_id=thread.id, text=text, html=html, channel_id=channel.id, signature=signature, is_automatic=True)
    check_reply(session, thread, reply, channel, context)
    return Written(reply, channel, context)


def send_reply(
    session: Session, thread: Thread, template: ReplyTemplate, *, viewer: Viewer, actor: Actor, now: datetime
) -> Message:
    """Queue the reply of a rule, marked as automatic, and return its message. Raises UnableToReply."""
    written = write_reply(session, thread, template, viewer=viewer, now=now)
    sent = queue_reply(
        session, written.reply, channel=written.channel, author=actor, author_name=viewer.name, context=written.context
    )
    return sent[0]


def brand_viewer(session: Session, brand_id: uuid.UUID) -> Viewer:
    """Return a viewer that writes in the name of the brand. Templates then show the brand's name as the name of the writer."""
    name = session.execute(sa.select(Brand.name).where(Brand.id == brand_id)).scalar_one()
    nobody = uuid.UUID(int=0)
    return Viewer(user_id=nobody, contact_id=nobody, name=name, email="", role=Role.LEAD, brand_ids=(brand_id,))
