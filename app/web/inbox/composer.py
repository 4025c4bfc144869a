"""Routes of the composer: send replies and notes, save drafts, upload files. If sending is refused, the typed text is never
lost."""

from __future__ import annotations

import json
import uuid
from typing import Any

from flask import jsonify, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from htmx_flask import request
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.ids import new_id
from app.core.runtime import runtime
from app.core.storage import StorageFailed
from app.core.text import storable
from app.core.translation import told
from app.domain.connections.models import Channel, Medium
from app.domain.connections.queries import ChannelMissing, get_channel
from app.domain.delivery.actions import Reply, ReplyContext, UnableToReply, find_scheduled_by_token, queue_reply
from app.domain.delivery.models import ScheduledReply
from app.domain.delivery.read_marks import show_typing
from app.domain.delivery.scheduled import schedule_reply
from app.domain.threads.actions import ThreadMovedOn, add_note, find_by_client_token, lock_thread, save_draft
from app.domain.threads.models import Attachment, Message, ThreadStatus
from app.domain.threads.queries import get_thread, get_thread_head
from app.domain.threads.recall_state import AlreadyTakenBack, keep_draft_options
from app.mail.filenames import safe_filename
from app.mail.filetypes import real_content_type
from app.web.accounts.session import current_viewer
from app.web.inbox.blueprint import bp, parse_uuid
from app.web.inbox.call_form import fields_of_request
from app.web.inbox.chat_fields import chat_fields, chat_options
from app.web.inbox.formatting import read_writing, writing_of_draft
from app.web.inbox.mail_fields import mail_fields, options_of_form
from app.web.inbox.send_time import send_time_of_form, snooze_time_of_form
from app.web.inbox.template_files import take_kept_file
from app.web.inbox.templates import fill_template
from app.web.inbox.thread import UPLOAD_BYTES, closed_here, thread_context
from app.web.inbox.triage_words import until_words
from app.web.pages import page

KINDS = ("reply", "note", "call")
AFTER_SEND = {"resolved": ThreadStatus.RESOLVED, "waiting_customer": ThreadStatus.WAITING_CUSTOMER}


class UploadRefused(Exception):
    """Raised when an uploaded file is refused. The exception's text says why; `status` is the HTTP status of the answer."""

    def __init__(self, why: str, status: int) -> None:
        super().__init__(why)
        self.status = status


@bp.post("/threads/<uuid:thread_id>/messages")
def send_message(thread_id: uuid.UUID) -> ResponseReturnValue:
    """Queue a reply, or schedule it for later.

    Answer 409 with the newer items if the thread has got new ones, and 422 with the reason if the reply cannot be sent. In
    both cases the typed text stays in the composer.
    """
    viewer = current_viewer()
    thread = get_thread(db.session(), viewer=viewer, thread_id=thread_id)
    token = parse_uuid(request.form.get("client_token"))
    if thread.id != thread_id and find_by_client_token(db.session(), viewer.user_id, token) is None:
        merged = _("This thread is now part of #%(number)s: check the recipient, then send again.", number=thread.number)
        return _refused(thread.id, 422, composer_error=merged)
    try:
        channel = get_channel(db.session(), parse_uuid(request.form.get("channel_id")) or thread.channel_id or new_id())
        reply = _reply(thread.id, channel)
        at, context = send_time_of_form(), reply_context(channel)
        if _sent_otherwise(reply):
            words = _(
                "An earlier version of this message was already sent, from another tab or before the connection dropped. Send "
                "only what you added since."
            )
            return _refused(thread.id, 409, composer_error=words, client_token=new_id())
        if at is not None:
            with transaction() as session:
                kept = schedule_reply(session, reply, at=at, channel=channel, author=viewer.actor, context=context)
            return composer_again(thread.id, toast=scheduled_toast(kept))
        with transaction() as session:
            sent = queue_reply(session, reply, channel=channel, author=viewer.actor, author_name=viewer.name, context=context)
            if reply.template is not None:
                _keep_beside_template(session, sent[0].thread_id)
    except AlreadyTakenBack:
        return composer_again(thread.id)
    except ThreadMovedOn as held:
        return _refused(thread.id, 409, newer=held.newer)
    except (UnableToReply, UploadRefused) as error:
        return _refused(thread.id, 422, composer_error=told(str(error)), composer_field=getattr(error, "field", ""))
    except ChannelMissing:
        return _refused(thread.id, 422, composer_error=_("Choose the channel to answer on"))
    return composer_again(thread.id, toast=sent_toast(sent[0], reply.wait_seconds), goes_on=True)


def reply_context(channel: Channel) -> ReplyContext:
    return ReplyContext(
        rules=runtime().adapters.rules[channel.channel_type.value],
        mail_keys=runtime().mail_keys,
        mail_domain=runtime().settings.mail_domain,
        now=utc_now(),
    )


def _reply(thread_id: uuid.UUID, channel: Channel) -> Reply:
    """Return the reply in the posted form.

    Raises `UnableToReply` if the chosen template has variables without a value, and `UploadRefused` if a file is refused.
    """
    form = request.form
    filled = fill_template(channel, form) if form.get("template") else None
    if filled is not None and filled.missing:
        raise UnableToReply("template", _("Fill in every field of the template"))
    files = _file_of_template(thread_id, filled.file_field) if filled and filled.file_field else files_of_form(thread_id)
    written = read_writing(files, formatted=channel.medium == Medium.EMAIL)
    return Reply(
        thread_id=thread_id,
        text=filled.text if filled else written.text.strip(),
        html="" if filled else written.html,
        channel_id=channel.id,
        template=filled.template if filled else None,
        attachment_ids=files,
        last_seen_message_id=parse_uuid(form.get("last_seen_message_id")),
        client_token=parse_uuid(form.get("client_token")),
        wait_seconds=current_viewer().undo_send_seconds,
        then_status=_then_status(),
        snooze_until=snooze_time_of_form(),
        **mail_fields(channel, current_viewer()),
        **({} if filled else chat_fields(channel)),
    )


def _file_of_template(thread_id: uuid.UUID, field: str) -> tuple[uuid.UUID, ...]:
    """Return the id of the file for the template's header in a tuple, or () if no file was chosen.

    Raises `UploadRefused` if the file is refused.
    """
    file = request.files.get(field)
    if file is not None and file.filename:
        return (_store_upload(thread_id, file).id,)
    return take_kept_file(thread_id, f"{field}:kept")


def _keep_beside_template(session: Session, thread_id: uuid.UUID) -> None:
    """Save the typed text as a draft. It was typed before the window for free text closed, and only the template is sent."""
    text, user_id = storable(request.form.get("text", "")), current_viewer().user_id
    if text.strip():
        save_draft(session, user_id=user_id, thread_id=thread_id, kind="reply", text=text, attachment_ids=[], now=utc_now())


def _sent_otherwise(reply: Reply) -> bool:
    """Return whether this form was already sent with another text. The new text must then not be lost without a warning."""
    earlier = find_by_client_token(db.session(), current_viewer().user_id, reply.client_token)
    return earlier is not None and earlier.text.strip() != reply.text.strip()


def _then_status() -> ThreadStatus | None:
    """Return the status that the pressed button gives the thread after sending, or None if the button changes no status."""
    return AFTER_SEND.get(request.form.get("then", ""))


def attachment_ids_of_form() -> tuple[uuid.UUID, ...]:
    return tuple(i for i in (parse_uuid(text) for text in request.form.getlist("attachment_id")) if i is not None)


@bp.post("/threads/<uuid:thread_id>/notes")
def write_note(thread_id: uuid.UUID) -> ResponseReturnValue:
    """Add an internal note."""
    viewer = current_viewer()
    thread = get_thread(db.session(), viewer=viewer, thread_id=thread_id)
    text = storable(request.form.get("text", "")).replace("\r\n", "\n").strip()
    try:
        files = files_of_form(thread.id)
    except UploadRefused as refused:
        return _refused(thread.id, 422, composer_error=str(refused))
    if not text and not files:
        return _refused(thread.id, 422, composer_error=_("Write something first"))
    with transaction() as session:
        add_note(
            session,
            thread_id=thread.id,
            text=text,
            actor=viewer.actor,
            author_name=viewer.name,
            now=utc_now(),
            client_token=parse_uuid(request.form.get("client_token")),
            attachment_ids=files,
        )
    return composer_again(thread.id)


def composer_again(
    thread_id: uuid.UUID, *, toast: dict[str, Any] | None = None, goes_on: bool = False, **more: Any
) -> ResponseReturnValue:
    """Answer a change made in the composer with a new composer and a toast, or without htmx with a redirect to the thread.

    `goes_on`: the page moves on to the next thread if this one is closed or snoozed.
    """
    runtime().nudger.nudge()
    if not request.htmx:
        return redirect(url_for("inbox.show_thread", thread_id=thread_id, view=request.args.get("view"), _anchor="composer"), 303)
    response = make_response(render_template("inbox/composer_fragment.html", **_thread_again(thread_id, **more)))
    closed = closed_here(get_thread(db.session(), viewer=current_viewer(), thread_id=thread_id)) if goes_on else {}
    response.headers["HX-Trigger"] = json.dumps({**closed, "thread-changed-here": True, **({"toast": toast} if toast else {})})
    return response


def sent_toast(message: Message, wait_seconds: int) -> dict[str, Any] | None:
    """Return the toast that says a reply was sent and offers to undo it. Return None if the reply leaves at once."""
    if not wait_seconds:
        return None
    undo = {"undo_label": _("Undo"), "undo_url": url_for("inbox.take_message_back", message_id=message.id)}
    return {"text": _("Reply sent"), **undo, "undo_target": "#composer", "undo_thread": str(message.thread_id)}


def scheduled_toast(kept: ScheduledReply | Message) -> dict[str, Any] | None:
    """Return the toast that says when a reply will be sent and offers to undo it.

    Return None if the same form was sent before and its reply is no longer waiting to be sent.
    """
    if isinstance(kept, Message) or kept.state != "ready":
        return None
    undo = {"undo_label": _("Undo"), "undo_url": url_for("inbox.cancel_scheduled_reply", scheduled_id=kept.id)}
    text = _("Will be sent %(when)s", when=until_words(kept.run_at))
    return {"text": text, **undo, "undo_target": "#composer", "undo_thread": str(kept.thread_id)}


def _refused(thread_id: uuid.UUID, status: int, **why: Any) -> ResponseReturnValue:
    kind = "note" if request.endpoint == "inbox.write_note" else "reply"
    return refused(thread_id, status, kind=kind, **why)


def refused(thread_id: uuid.UUID, status: int, *, kind: str, **why: Any) -> ResponseReturnValue:
    """Save the typed text as a draft and render the composer with this text and the reason of the refusal.

    `why` is the template context for the reason. Without htmx, the whole page is rendered.
    """
    db.session.rollback()
    form = request.form
    keep_typed(thread_id, kind)
    typed = {"typed_text": form.get("text", ""), "client_token": form.get("client_token"), "composer_kind": kind}
    if form.get("html"):
        typed["typed_html"] = read_writing(attachment_ids_of_form(), formatted=True).html
    context = _thread_again(thread_id, **{**typed, **why})
    if request.htmx:
        return make_response(render_template("inbox/composer_fragment.html", **context), status)
    return page("inbox/page.html", status=status, **context)


def _thread_again(thread_id: uuid.UUID, **more: Any) -> dict[str, Any]:
    return thread_context(get_thread_head(db.session(), viewer=current_viewer(), thread_id=thread_id), **more)


def keep_typed(thread_id: uuid.UUID, kind: str, *, text: str | None = None) -> None:
    """Save the typed text (or `text` instead) as a draft, unless this form was sent meanwhile.

    The thread is locked, so that a late save cannot restore a draft after it was sent.
    """
    with transaction() as session:
        lock_thread(session, thread_id)
        form_of = (current_viewer().user_id, parse_uuid(request.form.get("client_token")))
        if find_by_client_token(session, *form_of) or find_scheduled_by_token(session, *form_of):
            return
        written = writing_of_draft(session, thread_id, kind, attachment_ids_of_form())
        save_draft(
            session,
            user_id=current_viewer().user_id,
            thread_id=thread_id,
            kind=kind,
            text=written.text if text is None else text,
            attachment_ids=[str(i) for i in attachment_ids_of_form()],
            now=utc_now(),
        )
        options = {**_options(kind), "client_token": request.form.get("client_token"), "html": written.html}
        keep_draft_options(session, user_id=current_viewer().user_id, thread_id=thread_id, options=options, kind=kind)


def _options(kind: str) -> dict[str, Any]:
    """Return the values that a draft of this kind stores besides its text."""
    if kind == "call":
        return {"call": fields_of_request()}
    return {**options_of_form(), "chat": chat_options()} if kind == "reply" else {}


def kind_of_form(name: str) -> str:
    """Return the kind of message being written, from the form field `name`. Return "reply" if the kind is unknown."""
    said = request.form.get(name, "")
    return said if said in KINDS else "reply"


@bp.post("/threads/<uuid:thread_id>/composer")
def switch_composer(thread_id: uuid.UUID) -> ResponseReturnValue:
    """Render the composer for another channel, or for a note. The typed text is saved first and shown in the new composer."""
    thread = get_thread(db.session(), viewer=current_viewer(), thread_id=thread_id)
    if "text" in request.form:
        keep_typed(thread.id, kind_of_form("composer_kind"))
    if not request.htmx:
        where: dict[str, Any] = {name: request.args.get(name) for name in ("kind", "channel_id", "view")}
        return redirect(url_for("inbox.show_thread", thread_id=thread.id, **where, _anchor="composer"), 303)
    return render_template("inbox/composer_fragment.html", **_thread_again(thread.id))


@bp.post("/threads/<uuid:thread_id>/draft")
def keep_draft(thread_id: uuid.UUID) -> ResponseReturnValue:
    """Save what is being typed as a draft."""
    thread = get_thread(db.session(), viewer=current_viewer(), thread_id=thread_id)
    keep_typed(thread.id, kind_of_form("kind"))
    _tell_of_typing(thread.id)
    return "", 204


def _tell_of_typing(thread_id: uuid.UUID) -> None:
    """Show the customer in the chat that an answer is being written, if the channel supports it."""
    if kind_of_form("kind") == "reply" and request.form.get("text", "").strip():
        with transaction() as session:
            show_typing(session, lock_thread(session, thread_id), now=utc_now())
        runtime().nudger.nudge()


@bp.post("/threads/<uuid:thread_id>/attachments")
def upload(thread_id: uuid.UUID) -> ResponseReturnValue:
    """Store one file for a reply or note that is being written. Only its uploader can use it until it is sent."""
    thread = get_thread(db.session(), viewer=current_viewer(), thread_id=thread_id)
    file = request.files.get("file")
    if file is None:
        return jsonify(error=_("The file is empty")), 422
    try:
        attachment = _store_upload(thread.id, file)
    except UploadRefused as refused:
        return jsonify(error=str(refused)), refused.status
    return jsonify(id=str(attachment.id), filename=attachment.filename, size_bytes=attachment.size_bytes), 201


def _store_upload(thread_id: uuid.UUID, file: FileStorage) -> Attachment:
    """Store a file under a safe name and with the content type that its bytes show. Raises `UploadRefused` if it cannot be
    stored."""
    content = file.stream.read(UPLOAD_BYTES + 1)
    if not content:
        raise UploadRefused(_("The file is empty"), 422)
    if len(content) > UPLOAD_BYTES:
        raise UploadRefused(_("The file is larger than 25 MB"), 413)
    name = safe_filename(file.filename or "")
    try:
        kept = runtime().storage.put(content)
    except StorageFailed as error:
        raise UploadRefused(_("We cannot save files right now. Try again in a few minutes."), 503) from error
    attachment = Attachment(
        id=new_id(),
        thread_id=thread_id,
        uploaded_by_user_id=current_viewer().user_id,
        filename=name,
        content_type=real_content_type(file.mimetype, content, filename=name),
        size_bytes=kept.size_bytes,
        sha256=kept.sha256,
        storage_key=kept.key,
        created_at=utc_now(),
    )
    with transaction() as session:
        session.add(attachment)
    return attachment


def files_of_form(thread_id: uuid.UUID) -> tuple[uuid.UUID, ...]:
    """Return the ids of the files uploaded before, and of the files in the posted form itself (sent by a page without scripts).

    Raises `UploadRefused` if a file is refused.
    """
    with_form = [file for file in request.files.getlist("file") if file.filename]
    return (*attachment_ids_of_form(), *(_store_upload(thread_id, file).id for file in with_form))
