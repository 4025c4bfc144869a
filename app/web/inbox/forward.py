"""Routes that forward a message by mail: form, draft, send."""

from __future__ import annotations

import json
import uuid
from typing import Any

import sqlalchemy as sa
from flask import flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request

from app.core.db import db, transaction
from app.core.ids import new_id
from app.core.runtime import runtime
from app.core.translation import gettext as _
from app.core.translation import told
from app.domain.connections.models import Channel, Medium
from app.domain.delivery.actions import UnableToReply, find_scheduled_by_token
from app.domain.delivery.forward import FORWARDED_TYPES, Forward, queue_forward
from app.domain.delivery.scheduled import schedule_forward
from app.domain.delivery.scheduled_forward import kept_forward
from app.domain.delivery.third_parties import addresses_of
from app.domain.threads.actions import ThreadMovedOn, find_by_client_token, lock_thread
from app.domain.threads.models import Attachment, Message
from app.domain.threads.queries import ThreadMissing, get_message, get_thread_head
from app.domain.threads.recall_state import AlreadyTakenBack
from app.web.accounts.session import current_viewer
from app.web.inbox.blueprint import bp, parse_uuid
from app.web.inbox.composer import (
    UploadRefused,
    composer_again,
    files_of_form,
    reply_context,
    scheduled_toast,
    sent_toast,
)
from app.web.inbox.forward_form import (
    form_of_request,
    form_to_offer,
    forward_of_form,
    keep_request,
    quoted_original,
)
from app.web.inbox.mail_fields import signature_of
from app.web.inbox.send_time import send_time_of_form
from app.web.inbox.thread import UPLOAD_BYTES, list_uploads, thread_context
from app.web.pages import page


@bp.get("/messages/<uuid:message_id>/forward")
def forward_form(message_id: uuid.UUID) -> ResponseReturnValue:
    """Show the form of a forward in place of the composer."""
    return _form(_message(message_id))


@bp.post("/messages/<uuid:message_id>/forward")
def forward_message(message_id: uuid.UUID) -> ResponseReturnValue:
    """Send the forward, now or at the chosen time.

    Answers 409 if the thread has newer items, and shows them, or if this form was already sent with other content. Answers
    422 with the reason if the forward is refused. In all these cases the form keeps what was typed.
    """
    viewer, message = current_viewer(), _message(message_id)
    thread_id = message.thread_id
    try:
        channel = _chosen_mailbox(message)
        forward, at, context = _asked_for(message), send_time_of_form(), reply_context(channel)
        if _sent_otherwise(forward):
            words = _(
                "An earlier version of this message was already sent, from another tab or before the connection dropped. Send "
                "only what you added since."
            )
            return _refused(message_id, 409, error=("to", words), token=new_id())
        if at is not None:
            with transaction() as session:
                kept = schedule_forward(session, forward, at=at, channel=channel, author=viewer.actor, context=context)
            return composer_again(thread_id, toast=scheduled_toast(kept))
        with transaction() as session:
            sent = queue_forward(session, forward, channel=channel, author=viewer.actor, author_name=viewer.name, context=context)
    except AlreadyTakenBack:
        return composer_again(thread_id)
    except ThreadMovedOn as held:
        return _refused(message_id, 409, newer=held.newer)
    except UploadRefused as error:
        return _refused(message_id, 422, error=("attachments", str(error)))
    except UnableToReply as error:
        return _refused(message_id, 422, error=(error.field, told(str(error))))
    said = _("Forwarded to %(people)s", people=", ".join(forward.to))
    return composer_again(thread_id, toast={**(sent_toast(sent, forward.wait_seconds) or {}), "text": said})


@bp.post("/messages/<uuid:message_id>/forward/draft")
def keep_forward(message_id: uuid.UUID) -> ResponseReturnValue:
    """Save the forward that is being typed as a draft. Answers 204; with the query parameter `back` it answers with the
    composer of a reply."""
    message = _message(message_id)
    thread_id = message.thread_id
    _keep(message)
    if not request.args.get("back"):
        return "", 204
    if not request.htmx:
        return redirect(url_for("inbox.show_thread", thread_id=thread_id, _anchor="composer"), 303)
    head = get_thread_head(db.session(), viewer=current_viewer(), thread_id=thread_id)
    return render_template("inbox/composer_fragment.html", **thread_context(head))


def forward_again(message_id: uuid.UUID, **more: Any) -> ResponseReturnValue:
    """Render the form of a forward that was not sent after all, with its text, and a toast that says so."""
    words = _("Not sent: your text is back in the form")
    if not request.htmx:
        flash(words)
        return redirect(url_for("inbox.forward_form", message_id=message_id), 303)
    runtime().nudger.nudge()
    response = make_response(_form(_message(message_id), **more))
    response.headers["HX-Trigger"] = json.dumps({"thread-changed-here": True, "toast": {"text": words}})
    return response


def _message(message_id: uuid.UUID) -> Message:
    """Return the message to forward. Raises ThreadMissing if its type cannot be forwarded, such as a note."""
    message = get_message(db.session(), viewer=current_viewer(), message_id=message_id)
    if message.message_type not in FORWARDED_TYPES:
        raise ThreadMissing(str(message_id))
    return message


def _chosen_mailbox(message: Message) -> Channel:
    channels, chosen = _mailboxes(message), parse_uuid(request.form.get("mailbox_id"))
    if not channels:
        raise UnableToReply("mailbox_id", _("No mailbox is connected for this brand"))
    return next((channel for channel in channels if channel.id == chosen), channels[0])


def _asked_for(message: Message) -> Forward:
    """Return the forward that the posted form describes. Raises UnableToReply if a field is wrong, UploadRefused if a file is
    refused."""
    viewer, uploads = current_viewer(), files_of_form(message.thread_id)
    signature = signature_of(db.session(), message.brand_id, viewer)
    return forward_of_form(message, uploads, signature=signature, viewer=viewer)


def _sent_otherwise(forward: Forward) -> bool:
    """Return True if this form was sent before with another text or to other recipients. The caller then has to say so, because
    the new text was not sent."""
    form_of = (db.session(), current_viewer().user_id, forward.client_token)
    earlier, promised = find_by_client_token(*form_of), find_scheduled_by_token(*form_of)
    if promised is not None:
        return promised.reply != kept_forward(forward)
    if earlier is None:
        return False
    asked = (*forward.to, *forward.cc, *forward.bcc)
    return earlier.text.strip() != forward.text.strip() or not addresses_of(earlier.recipients).issuperset(asked)


def _keep(message: Message) -> None:
    """Save the forward that is being typed as a draft, unless the same form was sent meanwhile.

    The thread is locked, so that a late save cannot store the draft again after the forward was sent.
    """
    with transaction() as session:
        lock_thread(session, message.thread_id)
        form_of = (session, current_viewer().user_id, parse_uuid(request.form.get("client_token")))
        if find_by_client_token(*form_of) is None and find_scheduled_by_token(*form_of) is None:
            keep_request(session, message)


def _refused(message_id: uuid.UUID, status: int, **why: Any) -> ResponseReturnValue:
    """Render the form with what was typed and the reason of the refusal. What was typed is kept as a draft too."""
    db.session.rollback()
    message = _message(message_id)
    _keep(message)
    return _form(message, status=status, typed=True, **why)


def _mailboxes(message: Message) -> list[Channel]:
    """List the active mailboxes of the message's brand. The mailbox through which the message came is first, then the others by
    name."""
    query = sa.select(Channel).where(Channel.brand_id == message.brand_id, Channel.is_active).order_by(Channel.name)
    found = [channel for channel in db.session.execute(query).scalars() if channel.medium == Medium.EMAIL]
    return sorted(found, key=lambda channel: channel.id != message.channel_id)


def _form(
    message: Message,
    *,
    status: int = 200,
    typed: bool = False,
    error: tuple[str, str] | None = None,
    token: uuid.UUID | None = None,
    **more: Any,
) -> ResponseReturnValue:
    """Render the form of a forward. `typed`: fill it with the posted values, not with the draft. `error`: a pair (wrong field,
    message)."""
    session, viewer = db.session(), current_viewer()
    stored = sa.and_(Attachment.message_id == message.id, Attachment.storage_key.is_not(None))
    files = session.execute(sa.select(Attachment).where(stored).order_by(Attachment.position)).scalars().all()
    form = form_of_request(message) if typed else form_to_offer(session, message, files)
    forwarding = {
        "message": message,
        "channels": _mailboxes(message),
        "files": files,
        "form": form,
        "quoted": quoted_original(message),
        "token": token or form.token,
        "signature": signature_of(session, message.brand_id, viewer),
        "error": error,
    }
    context = thread_context(
        get_thread_head(session, viewer=viewer, thread_id=message.thread_id),
        forwarding=forwarding,
        typed_html=form.html,
        uploads=list_uploads(list(form.upload_ids)),
        upload_bytes=UPLOAD_BYTES,
        **more,
    )
    if request.htmx:
        return make_response(render_template("inbox/composer_fragment.html", **context), status)
    return page("inbox/page.html", status=status, **context)
