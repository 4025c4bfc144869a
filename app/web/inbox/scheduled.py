"""Routes of scheduled replies and forwards: send now, change the time, take back."""

from __future__ import annotations

import json
import uuid
from typing import Any

from flask import flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.runtime import runtime
from app.core.translation import gettext as _
from app.core.translation import told
from app.domain.connections.models import Channel
from app.domain.delivery.actions import UnableToReply
from app.domain.delivery.models import ScheduledReply
from app.domain.delivery.queries import find_scheduled
from app.domain.delivery.recall import TakenBack
from app.domain.delivery.scheduled import (
    BROKEN,
    CHANNEL_OFF,
    NEWER,
    SPAM,
    WINDOW,
    WRITER_GONE,
    NoLongerScheduled,
    NotTheScheduler,
    cancel_scheduled,
    reschedule,
    send_scheduled_now,
)
from app.domain.delivery.scheduled_forward import is_forward, original_id
from app.domain.threads.actions import ThreadMovedOn
from app.domain.threads.forward_drafts import KIND as FORWARD
from app.domain.threads.models import Message
from app.domain.threads.queries import ThreadMissing, get_thread, get_thread_head
from app.web.accounts.session import current_viewer
from app.web.inbox.blueprint import bp, parse_uuid
from app.web.inbox.composer import reply_context
from app.web.inbox.forward import forward_again
from app.web.inbox.forward_form import put_back
from app.web.inbox.recall import keep_composer, put_into_composer, say
from app.web.inbox.send_time import picked_time
from app.web.inbox.snooze import zone
from app.web.inbox.thread import list_uploads, thread_context
from app.web.inbox.triage_words import until_words
from app.web.pages import page


@bp.app_template_global()
def held_words(why: str) -> str:
    """Return why a scheduled reply was held, in words for its writer."""
    words = {
        NEWER: _("Not sent: a newer message came in. Read it, then choose “Send now” or “Do not send”."),
        WINDOW: _("Not sent: the 24-hour window is closed. Choose “Edit”, then send a template or use another channel."),
        CHANNEL_OFF: _("Not sent: the channel is switched off. Choose “Edit”, then choose another channel."),
        SPAM: _("Not sent: the thread was marked as spam. Choose “Send now” or “Do not send”."),
        WRITER_GONE: _("Not sent: the author can no longer sign in. If you need the text, copy it; then choose “Do not send”."),
        BROKEN: _("Not sent: something went wrong. Choose “Send now” or “Do not send”."),
    }
    return words.get(why) or _("Not sent: %(why)s", why=told(why))


@bp.app_template_filter()
def date_field(at: Any) -> str:
    """Return an instant as the value of a date-and-time field, in the reader's zone."""
    return str(at.astimezone(zone()).strftime("%Y-%m-%dT%H:%M"))


@bp.post("/scheduled/<uuid:scheduled_id>/sending")
def send_scheduled(scheduled_id: uuid.UUID) -> ResponseReturnValue:
    """Send a scheduled reply now.

    If it cannot be sent, or the thread has a newer item than `last_seen_message_id`, its row shows the reason.
    """
    row, viewer = _row(scheduled_id), current_viewer()
    context = reply_context(db.session().get_one(Channel, row.channel_id))
    try:
        with transaction() as session:
            seen = parse_uuid(request.form.get("last_seen_message_id"))
            send_scheduled_now(session, scheduled_id, actor=viewer.actor, context=context, seen=seen)
    except (NoLongerScheduled, NotTheScheduler, ThreadMovedOn, UnableToReply) as error:
        return _refused(row, error)
    people = ", ".join(row.reply[FORWARD]["to"]) if is_forward(row) else ""
    return _done(row, _("Forwarded to %(people)s", people=people) if people else _("Reply sent"))


@bp.post("/scheduled/<uuid:scheduled_id>/time")
def set_scheduled_time(scheduled_id: uuid.UUID) -> ResponseReturnValue:
    """Set the time of a scheduled reply to `send_at`, in the reader's time zone. A held reply is scheduled again."""
    row, viewer = _row(scheduled_id), current_viewer()
    context = reply_context(db.session().get_one(Channel, row.channel_id))
    try:
        at, seen = picked_time(), parse_uuid(request.form.get("last_seen_message_id"))
        with transaction() as session:
            reschedule(session, scheduled_id, at=at, seen=seen, actor=viewer.actor, context=context)
    except (NoLongerScheduled, NotTheScheduler, ThreadMovedOn, UnableToReply) as error:
        return _refused(row, error)
    return _done(row, _("Will be sent %(when)s", when=until_words(at)))


@bp.post("/scheduled/<uuid:scheduled_id>/cancellation")
def cancel_scheduled_reply(scheduled_id: uuid.UUID) -> ResponseReturnValue:
    """Cancel a scheduled reply. Its text and files go back into its writer's composer; with the field `again`, its time goes
    back too."""
    row, viewer = _row(scheduled_id), current_viewer()
    try:
        with transaction() as session:
            gone = cancel_scheduled(session, scheduled_id, actor=viewer.actor, now=utc_now())
            put_in = put_back if is_forward(gone) else put_into_composer
            files = put_in(session, gone.user_id, _kept(gone))
    except NoLongerScheduled:
        return say(row.thread_id, _("The message was already sent or cancelled"))
    if gone.user_id != viewer.user_id:
        return say(row.thread_id, _("Cancelled: the text is back in its author’s reply box"))
    more: dict[str, Any] = {"send_at": date_field(row.run_at)} if request.form.get("again") else {}
    if is_forward(row) and db.session.get(Message, original_id(row)) is not None:
        keep_composer(row.thread_id)
        return forward_again(original_id(row), **more)
    return say(row.thread_id, _("Not sent: your text is back in the reply box"), uploads=list_uploads(files), **more)


def _kept(row: ScheduledReply) -> TakenBack:
    return TakenBack(
        thread_id=row.thread_id,
        channel_id=row.channel_id,
        text=row.reply["text"],
        attachment_ids=tuple(uuid.UUID(text) for text in row.reply.get("attachment_ids", ())),
        options=row.reply.get("options", {}),
        html=row.reply.get("html", ""),
        kind=FORWARD if is_forward(row) else "reply",
    )


def _row(scheduled_id: uuid.UUID) -> ScheduledReply:
    """Return a scheduled reply. Raises ThreadMissing if it does not exist or the viewer does not see its thread."""
    row = find_scheduled(db.session(), scheduled_id)
    if row is None:
        raise ThreadMissing(str(scheduled_id))
    get_thread(db.session(), viewer=current_viewer(), thread_id=row.thread_id)
    return row


def _done(row: ScheduledReply, said: str) -> ResponseReturnValue:
    runtime().nudger.nudge()
    if not request.htmx:
        flash(said)
        return redirect(url_for("inbox.show_thread", thread_id=row.thread_id), 303)
    return "", 204, {"HX-Trigger": json.dumps({"thread-changed-here": True, "toast": {"text": said}})}


def _refused(row: ScheduledReply, error: Exception) -> ResponseReturnValue:
    """Render the reply's row with the reason of the refusal; without JavaScript, the whole page.

    If the reply is no longer scheduled, answer that it was already sent or cancelled.
    """
    if isinstance(error, NoLongerScheduled):
        return _done(row, _("The message was already sent or cancelled"))
    words = {
        NotTheScheduler: _("Only the author can send or reschedule this message; you can choose “Do not send”"),
        ThreadMovedOn: _("A newer message came in: read it above, then send yours again"),
    }
    db.session.rollback()
    head = get_thread_head(db.session(), viewer=current_viewer(), thread_id=row.thread_id)
    context = thread_context(head, scheduled_error=(row.id, words.get(type(error)) or told(str(error))))
    status = 409 if isinstance(error, ThreadMovedOn) else 422
    if not request.htmx:
        return page("inbox/page.html", status=status, **context)
    again = next((shown for shown in context["scheduled"] if shown.id == row.id), None)
    if again is None:
        return _done(row, _("The message was already sent or cancelled"))
    response = make_response(render_template("inbox/scheduled_row.html", row=again, **context), status)
    response.headers["HX-Trigger"] = json.dumps({"thread-changed-here": True})
    return response
