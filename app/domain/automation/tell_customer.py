"""Write to an order's customer for a rule: by mail, or with an approved WhatsApp template.

A mail is written in the transaction of the rule's run, so it is sent only once per rule and occasion.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.core.text import known
from app.core.text import mark as N_
from app.domain.accounts.access import Viewer
from app.domain.automation.actions import settle_intent
from app.domain.automation.order_news import (
    News,
    check_news,
    context_of,
    find_channel,
    find_home,
    find_news,
    hold_while_undoable,
    lock_home,
)
from app.domain.automation.reply import BLANKS, GONE, brand_viewer
from app.domain.connections.models import Channel, Medium
from app.domain.contacts.models import ContactIdentity
from app.domain.delivery.actions import Reply, UnableToReply, queue_reply
from app.domain.delivery.approved_templates import FilledTemplate, TemplateChoice, fill_choice, template_choices
from app.domain.delivery.first_mail import FirstMail, check_mail, queue_mail_in_thread
from app.domain.events.actions import Actor
from app.domain.events.models import Event
from app.domain.orders.template_facts import language_of
from app.domain.reply_templates.formatting import fill_html
from app.domain.reply_templates.models import ReplyTemplate
from app.domain.reply_templates.queries import TemplateMissing, find_template_in, get_facts, get_template
from app.domain.reply_templates.variables import fill
from app.domain.reply_templates.views import date_in
from app.domain.threads.macros import OutsideCall
from app.domain.threads.models import Message, Thread
from app.domain.threads.write_first import reach_by
from app.mail.rich import rich_to_text

WHATSAPP = "whatsapp_template"
NO_ADDRESS = N_("The customer has no email address")
NO_NUMBER = N_("The customer has no WhatsApp or phone number")
NOT_APPROVED = known("The WhatsApp template %(name)s is missing, is not approved, or has fields that we cannot fill in")
OTHER_COUNT = known(
    "The template %(name)s needs %(wanted)s values, but the rule has %(given)s. Separate the values with a semicolon (;)."
)
WANTS_FILE = known("The template %(name)s needs a file as its header")


def is_for_mail(template: ReplyTemplate) -> bool:
    """Return whether the template is for mail: it is for all media, or its media include mail."""
    return not template.media or Medium.EMAIL.value in template.media


def write_mail(
    session: Session, news: News, template_id: uuid.UUID, *, viewer: Viewer, now: datetime
) -> tuple[FirstMail, Channel]:
    """Fill in the mail template in the customer's language. Raises `UnableToReply` if the mail may not or cannot be sent."""
    check_news(session, news)
    template = _template(session, template_id, news, viewer)
    channel = find_channel(session, news, Medium.EMAIL)
    address = _best(session, news.contact.id, ("email",))
    if address is None:
        raise UnableToReply("contact", NO_ADDRESS)
    facts = {**_facts(session, news, viewer, now), "date.today": date_in(template.language, now)}
    subject, text = fill(template.subject or template.name, facts), fill(template.text, facts)
    if subject.missing or text.missing:
        raise UnableToReply("template", BLANKS)
    html = fill_html(template.html, facts)
    mail = FirstMail(
        to=address,
        name=news.contact.name,
        subject=subject.text,
        text=rich_to_text(html) if html else text.text,
        html=html,
        meta={"order_id": str(news.order.id)} if news.order else {},
    )
    check_mail(session, mail, channel)
    return mail, channel


def send_mail(session: Session, news: News, template_id: uuid.UUID, *, viewer: Viewer, actor: Actor, now: datetime) -> Message:
    """Queue the mail in the customer's thread about the order. Raises UnableToReply."""
    mail, channel = write_mail(session, news, template_id, viewer=viewer, now=now)
    message = queue_mail_in_thread(
        session,
        mail,
        thread=lock_home(session, news, channel, subject=mail.subject, now=now),
        channel=channel,
        author=actor,
        author_name=viewer.name,
        context=context_of(channel, now),
    )
    hold_while_undoable(session, [message], news)
    return message


def write_whatsapp(
    session: Session, news: News, call: OutsideCall, *, viewer: Viewer, now: datetime
) -> tuple[FilledTemplate, Channel]:
    """Fill in the approved WhatsApp template in the customer's language, with the values of the call. Raises `UnableToReply` if
    the message may not or cannot be sent."""
    check_news(session, news)
    channel = find_channel(session, news, Medium.WHATSAPP)
    if _best(session, news.contact.id, ("wa_id", "phone")) is None:
        raise UnableToReply("contact", NO_NUMBER)
    choice = _choice(channel, call.target.strip(), news)
    if choice.header:
        raise UnableToReply("template", WANTS_FILE % {"name": choice.name})
    given = [part.strip() for part in call.words.split(";") if part.strip()]
    if len(given) != len(choice.places):
        count = {"wanted": len(choice.places), "given": len(given)}
        raise UnableToReply("template", OTHER_COUNT % {"name": choice.name, **count})
    facts = {**_facts(session, news, viewer, now), "date.today": date_in(choice.language[:2], now)}
    texts = [fill(part, facts) for part in given]
    if any(text.missing for text in texts):
        raise UnableToReply("template", BLANKS)
    return fill_choice(choice, dict(zip(choice.places, (text.text for text in texts), strict=True))), channel


def send_asked_template(session: Session, event: Event) -> None:
    """`OutsideCallAsked`: send the WhatsApp template that a rule or macro names. If it cannot be sent, the reason is stored in
    the event's payload, and the other steps are still taken."""
    if event.payload["call"]["kind"] != WHATSAPP or event.brand_id is None:
        return
    try:
        with session.begin_nested():
            message = _send_whatsapp(session, event, OutsideCall.model_validate(event.payload["call"]))
        state, said = "done", {"is_told": True, "told_message_id": str(message.id)}
    except UnableToReply as error:
        state, said = "failed", {"why_not": str(error)}
    settle_intent(session, event, state=state, said=said)


def _send_whatsapp(session: Session, event: Event, call: OutsideCall) -> Message:
    assert event.brand_id is not None
    news = find_news(session, session.get(Event, event.caused_by_id or new_id()), thread_id=event.thread_id)
    viewer, now = brand_viewer(session, event.brand_id), event.occurred_at
    filled, channel = write_whatsapp(session, news, call, viewer=viewer, now=now)
    thread = lock_home(session, news, channel, subject="", now=now)
    reach_by(session, news.contact, channel, now=now)
    actor = Actor(user_id=event.actor_user_id, caused_by=event, by=event.payload.get("by"))
    reply = Reply(
        thread_id=thread.id,
        text=filled.text,
        channel_id=channel.id,
        template=filled.template,
        is_automatic=True,
        takes_thread=False,
    )
    sent = queue_reply(session, reply, channel=channel, author=actor, author_name=viewer.name, context=context_of(channel, now))
    hold_while_undoable(session, sent, news)
    return sent[0]


def _template(session: Session, template_id: uuid.UUID, news: News, viewer: Viewer) -> ReplyTemplate:
    try:
        row = get_template(session, viewer=viewer, template_id=template_id)
    except TemplateMissing as error:
        raise UnableToReply("template", GONE) from error
    if row.template.archived_at is not None or (row.brand_ids and news.brand_id not in row.brand_ids):
        raise UnableToReply("template", GONE)
    return find_template_in(session, row.template, language=language_of(news.contact.language), brand_id=news.brand_id)


def _choice(channel: Channel, name: str, news: News) -> TemplateChoice:
    """Return the approved template of this name in the customer's language ("nl_BE" fits "nl"), or else in another language.
    Raises `UnableToReply` if no template of this name is approved."""
    found = [choice for choice in template_choices(channel) if choice.name == name]
    if not found:
        raise UnableToReply("template", NOT_APPROVED % {"name": name})
    wanted = language_of(news.contact.language)
    return next((one for one in found if one.language.partition("_")[0].lower() == wanted), found[0])


def _best(session: Session, contact_id: uuid.UUID, kinds: tuple[str, ...]) -> str | None:
    """Return the value of the contact's preferred identity among these kinds, or None if the contact has none."""
    theirs = (ContactIdentity.contact_id == contact_id, ContactIdentity.kind.in_(kinds), ContactIdentity.former_since.is_(None))
    query = sa.select(ContactIdentity.value).where(*theirs)
    query = query.order_by(ContactIdentity.is_primary.desc(), ContactIdentity.created_at, ContactIdentity.id).limit(1)
    return session.execute(query).scalar_one_or_none()


def _facts(session: Session, news: News, viewer: Viewer, now: datetime) -> Mapping[str, str]:
    """Return the template values by variable for the customer's thread. If there is no thread, the values are those of a new
    thread."""
    home = find_home(session, news)
    if home is None:
        home = Thread(
            id=uuid.UUID(int=0), number=0, subject="", brand_id=news.brand_id, contact_id=news.contact.id, medium="email"
        )
    return get_facts(session, thread=home, viewer=viewer, now=now, order=news.order)
