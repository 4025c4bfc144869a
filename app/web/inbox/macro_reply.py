"""Fill in a macro's reply template, and put it into the composer or send it."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.db import db
from app.core.ids import new_id
from app.core.text import mark as N_
from app.core.translation import gettext as _
from app.domain.connections.models import Channel, Medium
from app.domain.connections.queries import ChannelMissing, get_channel
from app.domain.delivery.actions import Reply, queue_reply, window_closes_at
from app.domain.delivery.recall import TakenBack
from app.domain.reply_templates.actions import note_use
from app.domain.reply_templates.formatting import fill_html
from app.domain.reply_templates.models import ReplyTemplate
from app.domain.reply_templates.queries import TemplateMissing, get_facts, get_template
from app.domain.reply_templates.variables import Filled, fill
from app.domain.reply_templates.views import date_in
from app.domain.threads.actions import save_draft
from app.domain.threads.macro_run import Run, StepFailed
from app.domain.threads.macros import MacroSteps
from app.domain.threads.models import Draft, Message, Thread
from app.domain.threads.recall_state import keep_draft_options
from app.mail.rich import rich_to_text
from app.web.accounts.session import current_viewer
from app.web.inbox.blueprint import parse_uuid
from app.web.inbox.composer import reply_context
from app.web.inbox.mail_fields import mail_fields, signature_of
from app.web.inbox.recall import put_into_composer

GONE = N_("The template is archived, or not for this brand")
NO_CHANNEL = N_("There is no channel to answer on")
OTHER_CHANNEL = N_("The template is not for this channel")
NO_REPLY_OPEN = N_("You are writing a note: choose a channel to reply on, then run the macro again")
WINDOW_CLOSED = N_("The 24-hour window is closed: send a template, or use another channel")


@dataclass(frozen=True)
class Plan:
    """The reply that a macro will write, and the channel through which it goes."""

    template: ReplyTemplate
    filled: Filled
    channel: Channel
    html: str = ""  # with its formatting, for a mail that is sent


def plan_reply(thread: Thread, steps: MacroSteps) -> Plan:
    """Return the reply that the macro's steps ask for.

    Raises StepFailed if the template is gone or belongs to another brand, if a reply to be sent lacks a value, or if no
    channel can carry it.
    """
    session, viewer = db.session(), current_viewer()
    if thread.is_ticket:
        raise StepFailed("template_id", NO_CHANNEL)
    try:
        row = get_template(session, viewer=viewer, template_id=steps.template_id or new_id())
        channel = get_channel(session, parse_uuid(request.form.get("channel_id")) or thread.channel_id or new_id())
    except TemplateMissing as error:
        raise StepFailed("template_id", GONE) from error
    except ChannelMissing as error:
        raise StepFailed("template_id", NO_CHANNEL) from error
    if row.template.archived_at is not None or (row.brand_ids and thread.brand_id not in row.brand_ids):
        raise StepFailed("template_id", GONE)
    _check_place(thread, channel, row.template, steps)
    facts = get_facts(session, thread=thread, viewer=viewer, now=utc_now())
    values = {**facts, "date.today": date_in(row.template.language, utc_now())}
    html = fill_html(row.template.html, values) if channel.medium == Medium.EMAIL else ""
    filled = fill(row.template.text, values)
    if filled.missing and steps.sends:
        raise StepFailed("template_id", _("We have no value for %(names)s in the template", names=", ".join(filled.missing)))
    return Plan(row.template, filled, channel, html)


def _check_place(thread: Thread, channel: Channel, template: ReplyTemplate, steps: MacroSteps) -> None:
    """Raise StepFailed if the reply cannot go into this conversation.

    That is so if the channel does not carry the template, its reply window is closed, or the open composer is that of a
    note.
    """
    if template.media and channel.medium.value not in template.media:
        raise StepFailed("template_id", OTHER_CHANNEL)
    closes_at = window_closes_at(thread, reply_context(channel).rules)
    if closes_at is not None and closes_at <= utc_now():
        raise StepFailed("template_id", WINDOW_CLOSED)
    if not steps.sends and request.form.get("composer_kind") == "note":
        raise StepFailed("template_id", NO_REPLY_OPEN)


def send_reply(session: Session, thread: Thread, plan: Plan, steps: MacroSteps, run: Run) -> Message:
    """Queue the planned reply as the composer would, and return its message. The viewer's draft on the thread stays.

    Raises ThreadMovedOn if the thread has newer items, UnableToReply if it cannot be sent.
    """
    viewer = current_viewer()
    draft = session.get(Draft, (viewer.user_id, thread.id, "reply"))
    kept = (draft.text, list(draft.attachment_ids), dict(draft.options)) if draft else None
    mail = mail_fields(plan.channel, viewer)
    if plan.channel.medium == Medium.EMAIL and "signature_shown" not in request.form:
        mail["signature"] = signature_of(session, plan.channel.brand_id, viewer)
    reply = Reply(
        thread_id=thread.id,
        text=rich_to_text(plan.html) if plan.html else plan.filled.text,
        html=plan.html,
        channel_id=plan.channel.id,
        last_seen_message_id=parse_uuid(request.form.get("last_seen_message_id") or request.form.get("seen")),
        client_token=run.token,
        wait_seconds=viewer.undo_send_seconds,
        then_status=steps.status,
        snooze_until=run.until,
        **mail,
    )
    _note_use(session, thread, plan, run)
    context = reply_context(plan.channel)
    sent = queue_reply(session, reply, channel=plan.channel, author=run.actor, author_name=run.author_name, context=context)
    if kept is not None:
        text, files, options = kept
        where = {"user_id": viewer.user_id, "thread_id": thread.id, "kind": "reply"}
        save_draft(session, **where, text=text, attachment_ids=files, now=run.now)  # type: ignore[arg-type]
        keep_draft_options(session, **where, options=options)  # type: ignore[arg-type]
    return sent[0]


def insert_later(session: Session, thread: Thread, plan: Plan) -> None:
    """Put the planned reply into the draft, for a browser without scripts."""
    viewer = current_viewer()
    text = TakenBack(thread.id, plan.channel.id, plan.filled.text, (), {})
    put_into_composer(session, viewer.user_id, text)


def _note_use(session: Session, thread: Thread, plan: Plan, run: Run) -> None:
    note_use(session, plan.template, thread=thread, kind="reply", medium=plan.channel.medium.value, now=run.now, actor=run.actor)
